using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

public sealed class Giving_back
{
    private readonly PaymentWorld world = new();

    private static StartRefund Refund(long? amount = null, string id = "rfd_1", bool keeps = false, bool debt = false) => new() { Payment = PaymentWorld.First, Refund = id, Amount = amount, Reason = "returned", KeepsCredits = keeps, AllowsDebt = debt };

    private void Paid()
    {
        world.Buy();
        world.Pay();
    }

    private void Spend(decimal amount) => world.Do(new ConsumeCredits { Account = PaymentWorld.Id, Amount = amount });

    [Fact]
    public void A_refund_is_recorded_and_its_credits_revoked_before_the_provider_is_asked()
    {
        Paid();
        world.Send(Refund(500)).ShouldBeOfType<PaymentDecision.Accepted>();
        (world.Payment.Status, world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((PaymentStatus.PartiallyRefunded, 500L, (Credits)5, (Credits)10));
        world.Payment.DueBy(world.Now).Single().ShouldBe((ProviderCall.Refund, world.Payment.Refunds[0]));
        world.Tell(PaymentWorld.Refunded(500, ours: "rfd_1"));
        (world.Payment.Refunds.Single().Status, world.Payment.Refunds[0].ProviderId, world.Payment.NextDue).ShouldBe((RefundStatus.Succeeded, "re_1", null));
        world.Tell(PaymentWorld.Refunded(500)).ShouldBeOfType<PaymentDecision.Nothing>();
        world.Tell(PaymentWorld.Total(500)).ShouldBeOfType<PaymentDecision.Accepted>();
        world.Account.Balance.ShouldBe(10);
        world.Send(Refund(id: "rfd_2"));
        (world.Payment.Status, world.Account.Balance).ShouldBe((PaymentStatus.Refunded, Credits.Zero));
        world.Send(Refund(id: "rfd_3")).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NothingLeftToRefund>();
    }

    [Fact]
    public void A_refund_that_begins_here_comes_on_top_of_a_sum_that_was_told_before_and_is_in_one_that_is_told_after()
    {
        Paid();
        // Somebody refunds 3 dollars in the dashboard; only the sum is told so far.
        world.Tell(PaymentWorld.Total(300));
        (world.Payment.Refunded, world.Account.Balance).ShouldBe((300L, (Credits)12));
        world.Send(Refund(500)).ShouldBeOfType<PaymentDecision.Accepted>();
        (world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((800L, (Credits)8, (Credits)7), "ours is not in the sum");
        world.Send(Refund(701, "rfd_2")).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NothingLeftToRefund>().Left.Amount.ShouldBe(700);

        // Whatever comes in which order, no more is taken than has gone.
        world.Tell(PaymentWorld.Refunded(500, "re_ours", ours: "rfd_1"));
        world.Payment.Refunded.ShouldBe(800L);
        world.Tell(PaymentWorld.Total(800));
        world.Tell(PaymentWorld.Refunded(300, "re_dashboard"));
        (world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((800L, (Credits)8, (Credits)7));
        world.Tell(PaymentWorld.Refunded(500, "re_ours", RefundStatus.Failed));
        (world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((300L, (Credits)3, (Credits)12));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_refund_beside_a_sum_that_fails_leaves_the_sum(bool named)
    {
        Paid();
        world.Tell(PaymentWorld.Total(300));
        world.Send(Refund(500));
        if (named) world.Tell(PaymentWorld.Refunded(500, "re_ours", RefundStatus.Failed, "rfd_1"));
        else world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Refund, Refund = "rfd_1", Reason = "no", IsFinal = true });
        (world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((300L, (Credits)3, (Credits)12));
    }

    [Fact]
    public void A_refund_that_the_provider_refuses_gives_the_credits_back_at_once_and_one_that_fails_weeks_later_too()
    {
        Paid();
        world.Send(Refund(500));
        world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Refund, Refund = "rfd_1", Reason = "insufficient funds", IsFinal = true });
        (world.Payment.Status, world.Payment.Refunded, world.Payment.Revoked, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, 0L, Credits.Zero, (Credits)15));

        world.Send(Refund(id: "rfd_2"));
        world.Tell(PaymentWorld.Refunded(1500, ours: "rfd_2"));
        world.Tell(PaymentWorld.Total(1500));
        world.Now = world.Now.AddDays(21);
        world.Tell(PaymentWorld.Refunded(1500, status: RefundStatus.Failed));
        (world.Payment.Status, world.Payment.Refunded, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, 0L, (Credits)15));
    }

    [Fact]
    public void More_than_can_be_revoked_is_refused_unless_debt_is_allowed_or_the_payer_keeps_the_credits()
    {
        Paid();
        Spend(12);
        world.Send(Refund()).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NotRefundable>().State.ShouldBe(PaymentStatus.Succeeded);
        world.Payment.Refunds.ShouldBeEmpty();
        world.Send(Refund(300)).ShouldBeOfType<PaymentDecision.Accepted>();
        world.Send(Refund(600, "rfd_2", keeps: true)).ShouldBeOfType<PaymentDecision.Accepted>();
        (world.Account.Balance, world.Payment.Refunded, world.Payment.Revoked).ShouldBe((Credits.Zero, 900L, (Credits)3));
        world.Send(Refund(600, "rfd_3", debt: true)).ShouldBeOfType<PaymentDecision.Accepted>();
        (world.Account.Balance, world.Account.Debt).ShouldBe(((Credits)(-6), (Credits)6), "what the payer was left stays");
    }

    [Fact]
    public void What_a_provider_tells_is_never_refused_and_what_was_spent_is_a_shortfall_or_debt_as_the_tenant_wants()
    {
        Paid();
        Spend(12);
        world.Tell(PaymentWorld.Refunded(1500));
        (world.Payment.Revoked, world.Payment.Shortfall, world.Account.Balance, world.Account.Debt).ShouldBe(((Credits)3, (Credits)12, Credits.Zero, Credits.Zero));
        world.Tell(PaymentWorld.Refunded(1500, status: RefundStatus.Failed));
        (world.Payment.Revoked, world.Payment.Shortfall, world.Account.Balance).ShouldBe((Credits.Zero, Credits.Zero, (Credits)3));

        var lenient = new PaymentWorld { AllowsDebt = true };
        lenient.Buy();
        lenient.Pay();
        lenient.Do(new ConsumeCredits { Account = PaymentWorld.Id, Amount = 12 });
        lenient.Tell(PaymentWorld.Refunded(1500));
        (lenient.Payment.Revoked, lenient.Payment.Shortfall, lenient.Account.Debt).ShouldBe(((Credits)15, Credits.Zero, (Credits)12));
    }

    [Fact]
    public void Credits_are_revoked_by_the_floor_of_the_share_at_the_units_scale()
    {
        world.Open(scale: 2);
        Paid();
        foreach (var (total, revoked) in new[] { (1L, 0.01m), (2, 0.02m), (333, 3.33m), (1000, 10m), (1499, 14.99m), (1500, 15m) })
        {
            world.Tell(PaymentWorld.Total(total));
            world.Payment.Revoked.ShouldBe((Credits)revoked);
        }

        var payment = Payment.None(PaymentWorld.First) with { CreditAmount = 10, Amount = new(3, "jpy"), RefundTotal = 1 };
        new[] { 0, 2, 6 }.Select(payment.CreditsGone).ShouldBe([3, 3.33m, 3.333333m]);
        (payment with { RefundTotal = 3 }).CreditsGone(0).ShouldBe(10);
        (payment with { CreditAmount = Credits.AmountMax, Amount = new(1_000_000_000_000_000, "idr"), RefundTotal = 999_999_999_999_999 }).CreditsGone(6).ShouldBe(999_999_999_999.999m, "the largest of all");
    }

    [Fact]
    public void Refunds_count_by_their_id_and_sums_by_their_maximum()
    {
        Paid();
        world.Tell(PaymentWorld.Total(700));
        world.Tell(PaymentWorld.Refunded(300));
        world.Payment.Refunded.ShouldBe(700);
        world.Tell(PaymentWorld.Refunded(400, "re_2"));
        world.Payment.Refunded.ShouldBe(700);
        world.Tell(PaymentWorld.Total(300)).ShouldBeOfType<PaymentDecision.Nothing>();
        world.Tell(PaymentWorld.Refunded(300, status: RefundStatus.Failed));
        (world.Payment.Refunded, world.Account.Balance).ShouldBe((400L, (Credits)11));
        world.Tell(PaymentWorld.Refunded(300, status: RefundStatus.Succeeded)).ShouldBeOfType<PaymentDecision.Nothing>();
    }

    [Fact]
    public void A_refund_of_ours_that_was_told_before_it_was_known_as_ours_counts_once()
    {
        Paid();
        world.Send(Refund(500));
        world.Tell(PaymentWorld.Refunded(500, "re_9"));
        world.Account.Balance.ShouldBe(5, "two, as far as is known");
        world.Tell(PaymentWorld.Refunded(500, "re_9", ours: "rfd_1"));
        (world.Payment.Refunds.Count, world.Payment.Refunded, world.Account.Balance).ShouldBe((1, 500L, (Credits)10));
    }

    [Fact]
    public void A_dispute_freezes_what_is_left_of_the_lot_and_ends_with_it_free_or_revoked()
    {
        Paid();
        Spend(5);
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Inquiry));
        (world.Payment.Status, world.Account.Frozen).ShouldBe((PaymentStatus.Succeeded, Credits.Zero));
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Open));
        (world.Payment.Status, world.Account.Balance, world.Account.Available).ShouldBe((PaymentStatus.Disputed, (Credits)10, Credits.Zero));
        world.Send(Refund()).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NotRefundable>();
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Won));
        (world.Payment.Status, world.Account.Available).ShouldBe((PaymentStatus.Succeeded, (Credits)10));
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Open)).ShouldBeOfType<PaymentDecision.Nothing>();

        world.Tell(PaymentWorld.Disputed(DisputeStatus.Open, id: "dp_2"));
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Lost, id: "dp_2"));
        (world.Payment.Status, world.Account.Balance, world.Account.Frozen, world.Payment.Revoked, world.Payment.Shortfall).ShouldBe((PaymentStatus.DisputeLost, Credits.Zero, Credits.Zero, (Credits)10, (Credits)5));
    }

    [Fact]
    public void Money_that_a_bank_withdrew_takes_its_credits_and_the_payment_stays_disputed()
    {
        Paid();
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Withdrawn, 500));
        (world.Payment.Status, world.Account.Balance, world.Account.Frozen).ShouldBe((PaymentStatus.Disputed, (Credits)10, Credits.Zero));
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Won, 500));
        (world.Payment.Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, (Credits)15));
    }

    [Fact]
    public void What_has_no_money_is_not_refunded()
    {
        world.Send(Refund()).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<PaymentNotFound>();
        world.Buy();
        world.Send(Refund()).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NotRefundable>();
        world.Pay();
        world.Send(Refund(1501)).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NothingLeftToRefund>().Left.ShouldBe(new Money(1500, "usd"));
        world.Send(Refund(0)).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<InvalidRequest>();
        world.Tell(PaymentWorld.Refunded(1501)).ShouldBeOfType<PaymentDecision.Refused>();
        world.Tell(PaymentWorld.Total(1501)).ShouldBeOfType<PaymentDecision.Refused>();
    }

    /// <summary>The same facts in any order, some twice, those that wait sent again: the payment and the account come to the same.</summary>
    [Fact]
    public void Facts_in_any_order_come_to_the_same()
    {
        ProviderFact[] facts =
        [
            world.Told(PaymentStatus.RequiresAction), world.Told(PaymentStatus.Failed, again: true, reason: "declined"), world.Told(PaymentStatus.Expired), world.Told(PaymentStatus.Succeeded),
            PaymentWorld.Refunded(200, status: RefundStatus.Pending), PaymentWorld.Refunded(200), PaymentWorld.Total(200), PaymentWorld.Refunded(300, "re_2"), PaymentWorld.Total(500),
            PaymentWorld.Refunded(300, "re_2", RefundStatus.Failed), PaymentWorld.Disputed(DisputeStatus.Open, 600), PaymentWorld.Disputed(DisputeStatus.Lost, 600),
        ];
        var expected = Run(facts);
        expected.ShouldBe("dispute_lost 200 8 0 7 0 0");
        var seed = int.Parse(Environment.GetEnvironmentVariable("LEDGER_SEED") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
        for (var round = 0; round < 300; round++)
        {
            var random = new Random(seed + round);
            var shuffled = facts.Concat(facts.Where(_ => random.Next(3) == 0)).ToArray();
            random.Shuffle(shuffled);
            Run(shuffled).ShouldBe(expected, $"LEDGER_SEED={seed + round}");
        }
    }

    private static string Run(ProviderFact[] facts)
    {
        var world = new PaymentWorld();
        world.Buy();
        var waiting = facts.ToList();
        for (var left = -1; waiting.Count != left;)
        {
            left = waiting.Count;
            waiting = [.. waiting.Where(fact => world.Tell(fact) is PaymentDecision.Waits)];
        }

        waiting.ShouldBeEmpty();
        var (payment, account) = (world.Payment, world.Account);
        payment.Attention.ShouldBeNull();
        return $"{(payment.Status == PaymentStatus.DisputeLost ? "dispute_lost" : payment.Status)} {payment.Refunded} {payment.Revoked} {payment.Shortfall} {account.Balance} {account.Frozen} {account.Debt}";
    }
}
