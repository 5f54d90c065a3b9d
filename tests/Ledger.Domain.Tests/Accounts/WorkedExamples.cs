using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>The burn-down rules of the contract, example by example.</summary>
public sealed class WorkedExamples : AccountSpec
{
    // 1: opened, 2: A, 3: B, 4: C
    private AccountSpec ABC() => Given(Open(), Buy(10), Grant(5, Day(3)), Grant(5, priority: 10));

    [Fact]
    public void Example_1_consume_12_takes_C_5_B_5_A_2()
    {
        ABC();
        When(Consume(12)).Then(Consumed(12, 20, 8, (L(4), 5), (L(3), 5), (L(2), 2)));
        Lots((L(2), 8));
    }

    [Fact]
    public void Example_2_refund_of_6_goes_back_in_reverse_A_2_B_4()
    {
        ABC();
        Given(Consume(12));
        When(Refund(5, 6));
        Last<ConsumptionRefunded>().Allocations.ShouldBe(Parts((L(2), 2), (L(3), 4)));
        Lots((L(3), 4), (L(2), 10)).Balance(14, 14);
    }

    [Fact]
    public void Example_3_B_expires_with_4_left_and_a_later_refund_to_it_makes_a_lot_for_30_days()
    {
        ABC();
        Given(Consume(12), Refund(5, 6));
        At(Day(3)).When(Settle()).Then(Expired(L(3), 4, 14, 10, Day(3)));
        At(Day(4)).When(Refund(5, 1));
        var refund = Last<ConsumptionRefunded>();
        refund.Allocations.ShouldBe(Parts((L(8), 1)));
        var lot = Account.FindLot(L(8))!;
        lot.Kind.ShouldBe(LotKind.Granted);
        lot.Source.ShouldBe(GrantSource.Bonus);
        lot.Priority.ShouldBe(100);
        lot.ExpiresAt.ShouldBe(Day(34));
        lot.Origin.ShouldBe(LotOrigin.Refund);
        World.Lot(World.Main, L(3))!.Ended.ShouldBe(LotEnd.Expired);
    }

    [Fact]
    public void Example_4_the_overdraft_makes_debt_and_a_grant_pays_it_first()
    {
        Given(Open(overdraft: 5), Grant(3));
        When(Consume(7)).Then(Consumed(7, 3, -4, (L(2), 3), Debt(4))).Balance(-4, -4, 4);
        Lots();
        When(Grant(10)).Then(new CreditsGranted
        {
            Id = default,
            Lot = L(4),
            Amount = 10,
            Source = GrantSource.Bonus,
            Priority = 100,
            Before = -4,
            After = 6,
            Available = 6,
            Allocations = Parts(Debt(4), (L(4), 6)),
            Pays = [new(3, L(4), 4)],
        });
        Lots((L(4), 6));
        Account.FindLot(L(4))!.Amount.ShouldBe(10);
    }

    [Fact]
    public void Example_5_a_hold_reserves_and_its_end_frees()
    {
        Given(Open(), Grant(30));
        When(Hold(20)).Then(new HoldPlaced { Id = H(3), Amount = 20, ExpiresAt = World.Start.AddMinutes(15) }).Balance(30, 10);
        When(Consume(15)).ThenRefused(new InsufficientCredits(10, 15));
        At(World.Start.AddMinutes(15)).When(Settle()).Then(HoldEnded(3, 20)).Balance(30, 30);
    }

    [Fact]
    public void Example_6_a_purchase_refund_revokes_what_is_left()
    {
        Given(Open(), Buy(100), Consume(30));
        When(Revoke(2)).Then(Revoked(2, 70, 70, 0, (L(2), 70))).Balance(0, 0);
        World.Lot(World.Main, L(2))!.Ended.ShouldBe(LotEnd.Revoked);
    }

    [Fact]
    public void Example_6_more_than_is_left_needs_debt_to_be_allowed()
    {
        Given(Open(), Buy(100), Consume(30));
        When(Revoke(2, 100)).ThenRefused(new Conflict($"Of {T(2)}, 70 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        When(Revoke(2, 100, allowDebt: true)).Then(Revoked(2, 100, 70, -30, (L(2), 70), Debt(30))).Balance(-30, -30, 30);
    }
}
