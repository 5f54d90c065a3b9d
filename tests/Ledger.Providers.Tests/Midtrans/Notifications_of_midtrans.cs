using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Midtrans;

namespace Ledger.Providers.Tests.Midtrans;

public sealed class Notifications_of_midtrans
{
    private const string Failed = """
        {"event_name":"subscription.charge","transaction":{"status_code":"411","status_message":"Token id is missing"},
         "subscription":{"id":"sub-1","name":"PLAN","status":"active","schedule":{"next_execution_at":"2026-09-03T03:00:00.000000Z","current_interval":1},"metadata":{"ledger_account":"acct_1"}}}
        """;

    [Fact]
    public void a_known_vector_holds() =>
        // By another implementation: SHA-512 of "A-1" "200" "5.00" "key".
        MidtransSignature.Sign("A-1", "200", "5.00", "key").ShouldBe("b28270e3d80bd41af0464ec2de6953a63cad5475766f5a743e6451587b7b7d8059a9546651b0c7e1e51e61c7a1bedc449e9cef8b1a8724c84877c54dd73cba60");

    [Fact]
    public void the_right_signature_holds_with_any_of_the_keys_and_names_the_news()
    {
        var told = Notes.Verify(Notes.Note("settlement"), out _, "SB-Mid-server-new", Notes.ServerKey).ShouldNotBeNull();
        (told.Type, told.ObjectId, told.IsLive).ShouldBe(("settlement", "tx-1", null));
        Notes.Verify(Notes.Note("settlement"), out _)!.EventId.ShouldBe(told.EventId);
    }

    [Fact]
    public void what_is_wrong_about_one_is_said()
    {
        var good = Notes.Note("settlement");
        foreach (var (name, value, fault) in new (string, JsonNode?, SignatureFault)[]
        {
            ("signature_key", null, SignatureFault.Missing),
            ("signature_key", "", SignatureFault.Missing),
            ("signature_key", 5, SignatureFault.Missing),
            ("order_id", null, SignatureFault.Missing),
            ("signature_key", ((string)good["signature_key"]!).ToUpperInvariant(), SignatureFault.Wrong),
            ("signature_key", ((string)good["signature_key"]!)[..64], SignatureFault.Wrong),
            ("order_id", "pay_2-1", SignatureFault.Wrong),
            ("status_code", "201", SignatureFault.Wrong),
            ("gross_amount", "150000", SignatureFault.Wrong),
        })
        {
            var bad = (JsonObject)good.DeepClone();
            bad[name] = value;
            Notes.Verify(bad, out var found).ShouldBeNull($"{name} = {value}");
            found.ShouldBe(fault, $"{name} = {value}");
        }

        Notes.Verify(good, out var other, "another key").ShouldBeNull();
        other.ShouldBe(SignatureFault.Wrong);
        Notes.Verify(good, out _, "").ShouldBeNull();
    }

    [Fact]
    public void no_digit_moves_from_the_order_id_into_the_code()
    {
        var moved = Notes.Note("settlement");
        (moved["order_id"], moved["status_code"]) = ("pay_1-", "1200");
        // The text that is hashed is the same.
        MidtransSignature.Fits("pay_1-", "1200", "150000.00", Notes.ServerKey, (string)moved["signature_key"]!).ShouldBeTrue();
        Notes.Verify(moved, out var fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Wrong);
    }

    [Fact]
    public void what_is_signed_and_tells_of_no_transaction_can_not_be_read()
    {
        var note = Notes.Note("settlement");
        note.Remove("transaction_status");
        Notes.Verify(note, out var fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Unreadable);
    }

    [Fact]
    public void other_news_of_the_same_order_have_other_names()
    {
        const string Refunded = """{"refund_amount":"50000.00","refunds":[{"refund_key":"ledger-ref-1","refund_amount":"50000.00"}]}""";
        const string Confirmed = """{"refund_amount":"50000.00","refunds":[{"refund_key":"ledger-ref-1","refund_amount":"50000.00","bank_confirmed_at":"2026-08-05 11:00:00"}]}""";
        string[] names =
        [
            .. new[]
            {
                Notes.Note("pending", code: "201"), Notes.Note("capture"), Notes.Note("capture", fraud: "challenge", code: "201"), Notes.Note("settlement"), Notes.Note("settlement", fraud: null),
                Notes.Note("partial_refund", more: Refunded), Notes.Note("partial_refund", more: Confirmed), Notes.Note("settlement", more: """{"transaction_id":"tx-2"}"""),
            }.Select(note => Notes.Verify(note, out _)!.EventId),
        ];
        names.Distinct().Count().ShouldBe(names.Length);
        Notes.Verify(Notes.Note("SETTLEMENT"), out _)!.EventId.ShouldBe(Notes.Verify(Notes.Note("settlement"), out _)!.EventId);
    }

    [Theory]
    [InlineData("pending", "accept", "201", PaymentStatus.Pending)]
    [InlineData("PENDING", "ACCEPT", "200", PaymentStatus.Pending)]
    [InlineData("authorize", "accept", "200", PaymentStatus.Authorized)]
    [InlineData("capture", "accept", "200", PaymentStatus.Succeeded)]
    [InlineData("Capture", "ACCEPT", "200", PaymentStatus.Succeeded)]
    [InlineData("capture", "challenge", "201", PaymentStatus.Challenged)]
    [InlineData("capture", "deny", "200", PaymentStatus.Failed)]
    [InlineData("settlement", "accept", "200", PaymentStatus.Succeeded)]
    [InlineData("settlement", null, "200", PaymentStatus.Succeeded)]
    [InlineData("settlement", "challenge", "200", PaymentStatus.Challenged)]
    [InlineData("settlement", "deny", "202", PaymentStatus.Failed)]
    [InlineData("settlement", "accept", "202", PaymentStatus.Pending)] // a code that is no 200 grants nothing
    [InlineData("deny", "accept", "202", PaymentStatus.Failed)]
    [InlineData("deny", "deny", "202", PaymentStatus.Failed)]
    [InlineData("cancel", "accept", "200", PaymentStatus.Canceled)]
    [InlineData("expire", "accept", "202", PaymentStatus.Expired)]
    [InlineData("failure", "accept", "202", PaymentStatus.Failed)]
    public void status_and_fraud_check_together_say_how_it_stands(string word, string? fraud, string code, PaymentStatus status)
    {
        var told = Notes.Told(Notes.Note(word, fraud, code)).Only<PaymentTold>();
        (told.Status, told.Amount, told.IsHint, told.Reverses).ShouldBe((status, Orders.Rupiah(150_000), true, false));
        told.Refs.ShouldBe(new ProviderRefs { OrderId = "pay_1-1", TransactionId = "tx-1" });
        told.Marks.ShouldBe(new LedgerMarks("default", "acct_1", "pay_1"));
        told.Method.ShouldBe(new MethodShown("credit_card", "bni", "1114"));
        told.At.ShouldBe(new DateTimeOffset(2026, 8, 3, 3, 0, 0, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("deny", "202", "settlement_time", "2026-08-03 10:05:00", PaymentStatus.Failed)]
    [InlineData("cancel", "200", "approval_code", "1785726000123", PaymentStatus.Canceled)]
    public void what_ends_after_the_money_was_ours_is_a_reversal(string word, string code, string name, string value, PaymentStatus status)
    {
        var told = Notes.Told(Notes.Note(word, code: code, more: $$"""{"{{name}}":"{{value}}"}""")).Only<PaymentTold>();
        (told.Status, told.Reverses).ShouldBe((status, true));
    }

    [Fact]
    public void a_refund_tells_of_the_payment_before_of_each_refund_and_of_all_together()
    {
        var told = Notes.Told(Notes.Note("partial_refund", more:
            """{"refund_amount":"70000.00","refunds":[{"refund_key":"ledger-ref-ref_1","refund_amount":"50000.00","bank_confirmed_at":"2026-08-05 11:00:00"},{"refund_chargeback_id":7,"refund_amount":"20000.00"}]}"""));
        told.ShouldAllBe(fact => fact.IsHint);
        told.One<PaymentTold>().Status.ShouldBe(PaymentStatus.Succeeded);
        told.OfType<RefundTold>().Select(refund => (refund.RefundId, refund.OurRefundId, refund.Amount, refund.Status)).ShouldBe(
            [("ledger-ref-ref_1", "ref_1", Orders.Rupiah(50_000), RefundStatus.Succeeded), ("chargeback-7", null, Orders.Rupiah(20_000), RefundStatus.Succeeded)]);
        told.One<RefundedSoFarTold>().Total.ShouldBe(Orders.Rupiah(70_000));
    }

    [Fact]
    public void a_part_without_its_amount_is_asked_for_and_never_taken_for_the_whole()
    {
        var part = Notes.Told(Notes.Note("partial_refund"));
        part.OfType<RefundedSoFarTold>().ShouldBeEmpty();
        part.One<DetailsTold>().IsHint.ShouldBeTrue();
        Notes.Told(Notes.Note("refund")).One<RefundedSoFarTold>().Total.ShouldBe(Orders.Rupiah(150_000));
    }

    [Theory]
    [InlineData("chargeback", "{}", DisputeStatus.Withdrawn, 150_000)]
    [InlineData("partial_chargeback", """{"refund_amount":"50000.00"}""", DisputeStatus.Withdrawn, 50_000)]
    [InlineData("partial_chargeback", "{}", DisputeStatus.Open, 150_000)] // how much is not told: all of it waits
    public void a_chargeback_took_the_money(string word, string more, DisputeStatus status, long rupiah)
    {
        var told = Notes.Told(Notes.Note(word, more: more)).One<DisputeTold>();
        (told.Status, told.Amount, told.DisputeId, told.IsHint).ShouldBe((status, Orders.Rupiah(rupiah), "tx-1", true));
    }

    [Theory]
    [InlineData("""{"payment_type":"bank_transfer","bank":null,"masked_card":null,"va_numbers":[{"bank":"bca","va_number":"812785002530231"}]}""", "bank_transfer", "bca", "0231")]
    [InlineData("""{"payment_type":"bank_transfer","bank":null,"masked_card":null,"permata_va_number":"8562000087926752"}""", "bank_transfer", "permata", "6752")]
    [InlineData("""{"payment_type":"qris","bank":null,"masked_card":null,"issuer":"gopay","acquirer":"airpay"}""", "qris", "gopay", null)]
    [InlineData("""{"payment_type":"cstore","bank":null,"masked_card":null,"store":"indomaret"}""", "cstore", "indomaret", null)]
    public void each_way_to_pay_has_something_to_show(string more, string type, string brand, string? last4) =>
        Notes.Told(Notes.Note("settlement", more: more)).Only<PaymentTold>().Method.ShouldBe(new MethodShown(type, brand, last4));

    [Fact]
    public void custom_fields_that_are_not_ours_mark_nothing() =>
        Notes.Told(Notes.Note("settlement", more: """{"custom_field3":"somebody else's"}""")).Only<PaymentTold>().Marks.ShouldBe(LedgerMarks.None);

    [Fact]
    public void subscriptions_come_unsigned_and_are_hints()
    {
        var failed = (JsonObject)JsonNode.Parse(Failed)!;
        var named = Notes.Verify(failed, out _).ShouldNotBeNull();
        (named.Type, named.ObjectId).ShouldBe(("subscription.charge", "sub-1"));
        var plan = Notes.Told(failed).Only<SubscriptionTold>();
        (plan.Status, plan.ChargeFailure, plan.IsHint, plan.Marks.Account).ShouldBe((ToldSubscriptionStatus.PastDue, "Token id is missing", true, "acct_1"));

        var charged = (JsonObject)failed.DeepClone();
        charged["transaction"] = new JsonObject { ["transaction_id"] = "tx-9", ["transaction_status"] = "capture", ["status_code"] = "200" };
        var facts = Notes.Told(charged);
        facts.One<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Active);
        facts.One<DetailsTold>().Refs.ShouldBe(new ProviderRefs { SubscriptionId = "sub-1", TransactionId = "tx-9" });
        facts.ShouldAllBe(fact => fact.IsHint);
        Notes.Verify(charged, out _)!.EventId.ShouldNotBe(named.EventId);

        var created = (JsonObject)failed["subscription"]!.DeepClone();
        created["status"] = "inactive";
        Notes.Verify(created, out _)!.Type.ShouldBe("subscription");
        Notes.Told(created).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Canceled);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"event_name":"subscription.charge"}""")]
    [InlineData("""{"transaction_status":"settlement","order_id":"pay_1-1","status_code":"200","gross_amount":"150000.00"}""")]
    [InlineData("""{"order_id":"pay_1-1","id":"sub-1","schedule":{}}""")]
    [InlineData("""{"order_id":"\ud800","status_code":"200","gross_amount":"1.00","signature_key":"x"}""")] // half of a surrogate pair
    [InlineData("""{"\ud800":1,"order_id":"pay_1-1","status_code":"200","gross_amount":"1.00","signature_key":"\udc00"}""")]
    [InlineData("[]")]
    public void what_is_unsigned_and_no_subscription_is_not_taken_in(string body)
    {
        using var midtrans = new MidtransProvider();
        var settings = new ProviderSettings(Notes.ServerKey, [Notes.ServerKey], new Uri("https://api.example.test"));
        midtrans.Verify(settings, _ => null, System.Text.Encoding.UTF8.GetBytes(body), DateTimeOffset.UnixEpoch, out var fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Missing);
    }

    [Fact]
    public void words_and_amounts_that_can_not_be_read_are_kept_for_later_or_ignored()
    {
        Notes.Told(Notes.Note("never_heard_of")).Only<IgnoredFact>();
        Should.Throw<UnreadableNotificationException>(() => Notes.Told(Notes.Note("settlement", fraud: "new_word")));
        Should.Throw<UnreadableNotificationException>(() => Notes.Told(Notes.Note("settlement", more: """{"gross_amount":"much"}""")));
        Should.Throw<UnreadableNotificationException>(() => Notes.Told(Notes.Note("settlement", more: """{"gross_amount":"1.005"}""")));
        Notes.Told(Notes.Note("settlement", more: """{"gross_amount":"150000.50"}""")).Only<PaymentTold>().Amount.ShouldBe(Orders.Rupiah(150_000) with { Amount = 15_000_050 });
    }
}
