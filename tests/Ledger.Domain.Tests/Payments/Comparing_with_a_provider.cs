using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

public sealed class Comparing_with_a_provider
{
    private readonly PaymentWorld world = new();

    private ProviderFact Paid => world.Told(PaymentStatus.Succeeded);

    private (DifferenceKind Kind, string? Ledger, string? Provider, bool IsForPeople)[] Compare(params ProviderFact[] facts) =>
        [.. PaymentComparison.Compare(world.Payment, PaymentTelling.Of(facts).ShouldNotBeNull(), 6, world.Payment.Purchase is null ? null : 15).Select(found => (found.Kind, found.Ledger, found.Provider, found.IsForPeople))];

    [Fact]
    public void What_was_heard_agrees_at_every_step()
    {
        world.Buy();
        world.Page();
        Compare(world.Told(PaymentStatus.Pending)).ShouldBeEmpty();
        world.Pay();
        Compare(Paid).ShouldBeEmpty();
        world.Tell(PaymentWorld.Refunded(500));
        Compare(Paid, PaymentWorld.Refunded(500), PaymentWorld.Total(500)).ShouldBeEmpty();
        world.Tell(PaymentWorld.Refunded(500, status: RefundStatus.Failed));
        Compare(Paid, PaymentWorld.Refunded(500, status: RefundStatus.Failed)).ShouldBeEmpty();
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Open));
        Compare(Paid, PaymentWorld.Refunded(500, status: RefundStatus.Failed), PaymentWorld.Disputed(DisputeStatus.Open)).ShouldBeEmpty();
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Lost));
        Compare(Paid, PaymentWorld.Refunded(500, status: RefundStatus.Failed), PaymentWorld.Disputed(DisputeStatus.Lost)).ShouldBeEmpty();
    }

    [Fact]
    public void What_was_not_heard_differs_in_status_and_money()
    {
        world.Buy();
        world.Page();
        Compare(Paid).ShouldBe([(DifferenceKind.Status, "pending", "succeeded", false)]);
        world.Pay();
        Compare(Paid, PaymentWorld.Refunded(500)).ShouldBe([(DifferenceKind.Amount, "0 usd", "500 usd", false), (DifferenceKind.Status, "succeeded", "partially_refunded", false)]);
        Compare(Paid, PaymentWorld.Disputed(DisputeStatus.Open)).ShouldBe([(DifferenceKind.Status, "succeeded", "disputed", false)]);
        Compare(world.Told(PaymentStatus.Canceled)).ShouldBe([(DifferenceKind.Status, "succeeded", "canceled", false)]);
        world.Tell(PaymentWorld.Refunded(500));
        Compare(Paid).ShouldBe([(DifferenceKind.Amount, "500 usd", "0 usd", false), (DifferenceKind.Status, "partially_refunded", "succeeded", false)]);
    }

    [Fact]
    public void Other_money_than_was_asked_is_for_people_until_it_went_back()
    {
        world.Buy();
        world.Tell(world.Told(PaymentStatus.Succeeded, 1400));
        Compare(world.Told(PaymentStatus.Succeeded, 1400)).ShouldBe([(DifferenceKind.Amount, "1500 usd", "1400 usd", true)]);
        Compare(world.Told(PaymentStatus.Succeeded, 1400), PaymentWorld.Refunded(1400)).ShouldBeEmpty();
    }

    [Fact]
    public void A_refund_that_is_yet_to_be_asked_for_is_no_difference()
    {
        world.Buy();
        world.Page();
        world.Pay();
        world.Send(new StartRefund { Payment = PaymentWorld.First, Refund = "rfd_1", Amount = 500, Reason = "r" }).ShouldBeOfType<PaymentDecision.Accepted>();
        Compare(Paid).ShouldBeEmpty();
        Compare(Paid, PaymentWorld.Refunded(500, ours: "rfd_1")).Select(found => found.Kind).ShouldBeEmpty("it was done, and its answer is under way");
        Compare(Paid, PaymentWorld.Refunded(700)).Select(found => found.Kind).ShouldBe([DifferenceKind.Amount]);
    }

    [Fact]
    public void A_second_payment_is_for_people_and_a_declined_try_is_nothing()
    {
        world.Buy();
        world.Page();
        world.Pay();
        var other = new ProviderRefs { PaymentIntentId = "pi_2" };
        Compare(world.Told(PaymentStatus.Failed) with { Refs = other }).ShouldBeEmpty();
        Compare(world.Told(PaymentStatus.Succeeded) with { Refs = other }).ShouldBe([(DifferenceKind.MissingHere, null, "1500 usd", true)]);
    }

    [Fact]
    public void Credits_are_compared_with_the_account_and_with_what_is_written_on_the_payment()
    {
        world.Buy();
        world.Page();
        world.Pay();
        PaymentComparison.Compare(world.Payment, PaymentTelling.Of([Paid])!, 6, 14).ShouldHaveSingleItem().ShouldSatisfyAllConditions(found => found.Kind.ShouldBe(DifferenceKind.Credits), found => found.Ledger.ShouldBe("14"), found => found.IsForPeople.ShouldBeTrue());
        Compare(world.Told(PaymentStatus.Succeeded) with { Marks = new("default", "acct_1", null, "15.0") }).ShouldBeEmpty("the same number");
        Compare(world.Told(PaymentStatus.Succeeded) with { Marks = new("default", "acct_1", null, "16") }).ShouldBe([(DifferenceKind.Credits, "15", "16", true)]);
        PaymentComparison.Unknown(world.Payment)!.Kind.ShouldBe(DifferenceKind.MissingThere);
    }

    [Fact]
    public void Nothing_is_added_up_where_nothing_was_told_of_money()
    {
        PaymentTelling.Of([]).ShouldBeNull();
        PaymentTelling.Of([new DetailsTold { Provider = "stripe" }, new IgnoredFact("nothing") { Provider = "stripe" }]).ShouldBeNull();
        world.Buy();
        PaymentComparison.Unknown(world.Payment).ShouldBeNull();
        // A page and what was paid at it are one payment, whichever is told first.
        var page = world.Told(PaymentStatus.Pending) with { Refs = new() { CheckoutSessionId = "cs_1" } };
        foreach (var facts in new ProviderFact[][] { [page, Paid], [Paid, page] })
        {
            var told = PaymentTelling.Of(facts)!;
            (told.Status, told.Refs.CheckoutSessionId, told.Refs.PaymentIntentId).ShouldBe((PaymentStatus.Succeeded, "cs_1", "pi_1"));
        }
    }
}
