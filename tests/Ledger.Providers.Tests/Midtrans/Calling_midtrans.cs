using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Midtrans;
using Ledger.Testing;

namespace Ledger.Providers.Tests.Midtrans;

public sealed class Calling_midtrans : IAsyncLifetime
{
    private readonly MidtransDouble _midtrans = new();
    private readonly MidtransProvider _provider = new(Orders.Quick, TimeProvider.System);

    private ProviderSettings Settings => Orders.Of(_midtrans);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _provider.Dispose();
        await _midtrans.DisposeAsync();
    }

    [Fact]
    public async Task opens_a_page_over_whole_rupiah()
    {
        var started = await _provider.StartAsync(Settings, Order() with { Name = "Ayu", Email = "ayu@example.com" }, default);

        started.Refs.ShouldBe(new ProviderRefs { OrderId = "pay_1-1" });
        started.RedirectUrl.AbsoluteUri.ShouldContain(started.Token!);
        var body = JsonNode.Parse(_midtrans.Requests.Single().Body)!;
        body["transaction_details"]!.ToJsonString().ShouldBe("""{"order_id":"pay_1-1","gross_amount":150000}""");
        body["expiry"]!.ToJsonString().ShouldBe("""{"unit":"minute","duration":60}""");
        ((string)body["custom_field1"]!, (string)body["custom_field2"]!, (string)body["custom_field3"]!).ShouldBe(("default", "acct_1", "pay_1"));
    }

    [Fact]
    public async Task a_discount_is_a_line_below_0()
    {
        await _provider.StartAsync(Settings, Order() with { Quantity = 3, UnitPrice = Orders.Rupiah(60_000) }, default);
        var items = JsonNode.Parse(_midtrans.Requests.Single().Body)!["item_details"]!.AsArray();
        items.Select(item => ((long)item!["price"]!, (long)item["quantity"]!)).ShouldBe([(60_000L, 3L), (-30_000L, 1L)]);
    }

    [Theory]
    [InlineData("usd", 1500, "rupiah only")]
    [InlineData("idr", 15_000_050, "whole rupiah")]
    [InlineData("idr", 0, "above 0")]
    public void what_it_does_not_take_is_objected_to(string currency, long amount, string why) => _provider.Objection(Orders.Order(amount, currency)).ShouldNotBeNull().ShouldContain(why);

    [Theory]
    [InlineData("pay_1:2")]
    [InlineData("pay_0123456789012345678901234567890123456789012345")]
    public void an_id_that_is_no_order_id_is_objected_to(string payment) => _provider.Objection(Order() with { Payment = payment }).ShouldNotBeNull().ShouldContain("order id");

    [Fact]
    public void what_it_takes_is_not() => _provider.Objection(Order()).ShouldBeNull();

    [Fact]
    public async Task a_lost_answer_gives_the_same_page_within_minutes()
    {
        _midtrans.LoseNext("/snap/");
        (await _provider.StartAsync(Settings, Order(), default)).Refs.OrderId.ShouldBe("pay_1-1");
        _midtrans.Orders.ShouldBe(["pay_1-1"]);
        _midtrans.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task an_order_id_is_taken_for_ever_and_the_next_attempt_has_its_own()
    {
        await _provider.StartAsync(Settings, Order(), default);
        var now = DateTimeOffset.UtcNow;
        _midtrans.Now = () => now.AddMinutes(6);
        var problem = await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Order(), default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Refused, MidtransProvider.OrderIdTaken));
        (await _provider.StartAsync(Settings, Order() with { Attempt = 2 }, default)).Refs.OrderId.ShouldBe("pay_1-2");
    }

    [Fact]
    public async Task there_is_nothing_to_tell_until_the_payer_chose_a_way_to_pay()
    {
        var refs = (await _provider.StartAsync(Settings, Order(), default)).Refs;
        (await _provider.AskAsync(Settings, refs, default)).ShouldBeEmpty();
        (await _provider.AskAsync(Settings, ProviderRefs.None, default)).ShouldBeEmpty();

        _midtrans.Move("pay_1-1", "pending", "bank_transfer");
        (await _provider.AskAsync(Settings, refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Pending);
        _midtrans.Move("pay_1-1", "settlement");
        var told = (await _provider.AskAsync(Settings, refs, default)).Only<PaymentTold>();
        (told.Status, told.Amount, told.IsHint, told.Marks.Account).ShouldBe((PaymentStatus.Succeeded, Orders.Rupiah(150_000), false, "acct_1"));
        (await _provider.AskAsync(Settings, new ProviderRefs { OrderId = "pay_9-1", TransactionId = told.Refs.TransactionId }, default)).Only<PaymentTold>().Refs.ShouldBe(told.Refs);
    }

    [Fact]
    public async Task a_notification_of_the_double_holds_and_tells_what_asking_tells()
    {
        await _provider.StartAsync(Settings, Order(), default);
        var body = _midtrans.Move("pay_1-1", "capture");
        _provider.Verify(Settings, _ => null, body, DateTimeOffset.UtcNow, out _).ShouldNotBeNull();
        var hint = _provider.Translate(body).Only<PaymentTold>();
        hint.IsHint.ShouldBeTrue();
        (await _provider.AskAsync(Settings, hint.Refs, default)).Only<PaymentTold>().ShouldBe(hint with { IsHint = false });
    }

    [Fact]
    public async Task giving_up_is_quiet_whatever_has_become_of_it()
    {
        var refs = (await _provider.StartAsync(Settings, Order(), default)).Refs;
        await _provider.ExpireAsync(Settings, refs, default); // nobody has chosen yet
        _midtrans.Move("pay_1-1", "pending");
        await _provider.ExpireAsync(Settings, refs, default);
        (await _provider.AskAsync(Settings, refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Expired);
        _midtrans.Move("pay_1-1", "settlement");
        await _provider.ExpireAsync(Settings, refs, default);
        (await _provider.AskAsync(Settings, refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Succeeded);
        await _provider.ExpireAsync(Settings, ProviderRefs.None, default);
    }

    [Fact]
    public async Task a_refund_is_done_once_under_its_key_also_when_its_answer_is_lost()
    {
        var refs = await PaidAsync();
        var order = new RefundOrder("pay_1", "ref_1", refs, Orders.Rupiah(50_000), null);
        _midtrans.LoseNext("/v2/");
        var told = (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>();
        (told.RefundId, told.OurRefundId, told.Amount, told.Status).ShouldBe(("ledger-ref-ref_1", "ref_1", Orders.Rupiah(50_000), RefundStatus.Succeeded));

        // All that is left is what the provider says that it was.
        (await _provider.RefundAsync(Settings, order with { RefundId = "ref_2", Amount = null }, default)).Only<RefundTold>().Amount.ShouldBe(Orders.Rupiah(100_000));
        var now = await _provider.AskAsync(Settings, refs, default);
        now.OfType<RefundTold>().Select(refund => refund.OurRefundId).ShouldBe(["ref_1", "ref_2"]);
        now.One<RefundedSoFarTold>().Total.ShouldBe(Orders.Rupiah(150_000));
    }

    [Theory]
    [InlineData(200_000, "credit_card", "settlement", "414")]
    [InlineData(50_000, "bank_transfer", "settlement", "412")]
    [InlineData(50_000, "credit_card", "pending", "412")]
    [InlineData(50_000, "credit_card", "capture", "412")] // a part can't be voided
    public async Task what_can_not_be_refunded_is_refused(long rupiah, string method, string status, string code)
    {
        var refs = await PaidAsync(method, status);
        var problem = await Should.ThrowAsync<ProviderException>(_provider.RefundAsync(Settings, new RefundOrder("pay_1", "ref_1", refs, Orders.Rupiah(rupiah), null), default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Refused, code));
    }

    [Fact]
    public async Task all_of_a_card_that_is_not_settled_is_voided()
    {
        var refs = await PaidAsync(status: "capture");
        var order = new RefundOrder("pay_1", "ref_1", refs, Orders.Rupiah(150_000), null);
        (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>().Amount.ShouldBe(Orders.Rupiah(150_000));
        var told = (await _provider.AskAsync(Settings, refs, default)).Only<PaymentTold>();
        (told.Status, told.Reverses).ShouldBe((PaymentStatus.Canceled, true));
        (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>().OurRefundId.ShouldBe("ref_1");
    }

    [Fact]
    public async Task a_refund_that_the_bank_denied_is_refused()
    {
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, JsonNode.Parse("""{"status_code":"202","status_message":"Refund denied by the bank","transaction_status":"settlement","gross_amount":"150000.00","refund_amount":"0.00"}""")));
        var problem = await Should.ThrowAsync<ProviderException>(_provider.RefundAsync(Settings with { ApiBase = scripted.Address }, new RefundOrder("pay_1", "ref_1", new ProviderRefs { OrderId = "pay_1-1" }, Orders.Rupiah(5), null), default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Refused, "202"));
    }

    [Theory]
    [InlineData(401, ProviderFault.Unauthorized, 1)]
    [InlineData(400, ProviderFault.Refused, 1)]
    [InlineData(429, ProviderFault.Busy, 3)]
    [InlineData(500, ProviderFault.Unknown, 3)]
    [InlineData(503, ProviderFault.Unknown, 3)]
    public async Task failures_are_what_they_mean(int status, ProviderFault fault, int tries)
    {
        _midtrans.FailNext("/snap/", status, times: 3);
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Order(), default))).Fault.ShouldBe(fault);
        _midtrans.Requests.Count.ShouldBe(tries);
    }

    [Fact]
    public async Task an_error_never_shows_the_key()
    {
        var wrong = Settings with { SecretKey = "SB-Mid-server-wrong" };
        foreach (var call in (Func<Task>[])[() => _provider.StartAsync(wrong, Order(), default), () => _provider.AskAsync(wrong, new ProviderRefs { OrderId = "pay_1-1" }, default)])
        {
            var problem = await Should.ThrowAsync<ProviderException>(call);
            problem.Fault.ShouldBe(ProviderFault.Unauthorized);
            problem.ToString().ShouldNotContain("SB-Mid");
        }
    }

    [Fact]
    public async Task an_answer_about_another_transaction_is_not_believed()
    {
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, Notes.Note("settlement", more: """{"order_id":"pay_2-1"}""")));
        (await Should.ThrowAsync<ProviderException>(_provider.AskAsync(Settings with { ApiBase = scripted.Address }, new ProviderRefs { OrderId = "pay_1-1" }, default))).Fault.ShouldBe(ProviderFault.Unknown);
    }

    [Fact]
    public async Task the_bodys_own_code_goes_before_the_status_of_http()
    {
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, JsonNode.Parse("""{"status_code":"404","status_message":"Transaction doesn't exist."}""")));
        (await _provider.AskAsync(Settings with { ApiBase = scripted.Address }, new ProviderRefs { OrderId = "pay_1-1" }, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_subscription_is_asked_for_by_its_id()
    {
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, JsonNode.Parse("""{"id":"sub-1","name":"PLAN","status":"active","schedule":{"next_execution_at":"2026-09-03T03:00:00Z"}}""")));
        var plan = (await _provider.AskAsync(Settings with { ApiBase = scripted.Address }, new ProviderRefs { SubscriptionId = "sub-1" }, default)).Only<SubscriptionTold>();
        (plan.Status, plan.IsHint, plan.Items[0].PeriodEnd).ShouldBe((ToldSubscriptionStatus.Active, false, new DateTimeOffset(2026, 9, 3, 3, 0, 0, TimeSpan.Zero)));
        scripted.Requests.Single().Path.ShouldBe("/v1/subscriptions/sub-1");
    }

    [Fact]
    public async Task it_has_no_customers_no_list_and_no_portal()
    {
        (await _provider.CreateCustomerAsync(Settings, "default", "acct_1", null, null, 1, default)).ShouldBeNull();
        _provider.ListAsync(Settings, DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow, default).ShouldBeNull();
        (await _provider.PortalAsync(Settings, "x", null, default)).ShouldBeNull();
    }

    private static CheckoutOrder Order() => Orders.Order(15_000_000, "idr");

    private async Task<ProviderRefs> PaidAsync(string method = "credit_card", string status = "settlement")
    {
        var refs = (await _provider.StartAsync(Settings, Order(), default)).Refs;
        _midtrans.Move(refs.OrderId!, status, method);
        return refs;
    }
}
