using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>The rules of debt, refunds, transfers, once-only charges and closing, one test or more for each.</summary>
public sealed class DebtAndRefundRules : AccountSpec
{
    private static readonly AccountId[] Both = [World.Main, World.Second];

    private static LotId Theirs(long version, int part = 0) => LotId.For(World.TagOf(World.Second), version, part);

    // ---- Debt ----

    [Fact]
    public void The_oldest_debt_is_paid_first_and_a_refund_lowers_its_own_then_gives_back_to_payers_last_first()
    {
        Given(Open(overdraft: 20), Consume(5), Consume(10), Grant(7), Buy(4));
        // 2: debt 5, paid by 4. 3: debt 10, of it 2 paid by 4 and 4 by 5; 4 stands.
        Account.Debts.ShouldBe([new Debt(3, 4)]);
        When(Refund(3, 9)).Then(Refunded(3, 9, -4, 5, SoFar(debt: 4, paid: 5), Debt(4), (L(5), 4), (L(4), 1)) with { OwnDebt = 4, Lots = [Lot(5) with { Remaining = 4 }, Lot(4) with { Remaining = 1 }] });
        When(Refund(3)).Then(Refunded(3, 1, 5, 6, SoFar(debt: 4, paid: 6), (L(4), 1)));
        Lots((L(4), 2), (L(5), 4));
    }

    [Fact]
    public void What_a_refund_gives_back_to_a_lot_pays_other_debt_that_stands_first()
    {
        Given(Open(overdraft: 20), Grant(10), Consume(10), Consume(6));
        When(Refund(3, 4)).Then(Refunded(3, 4, -6, -2, SoFar(lots: 4), Debt(4)) with { Pays = [new(4, L(2), 4)] });
        When(Refund(3)).Then(Refunded(3, 6, -2, 4, SoFar(lots: 10), Debt(2), (L(2), 4)) with { Pays = [new(4, L(2), 2)], Lots = [Lot(2) with { Remaining = 4 }] });
        // The lot paid the debt of 4, so a refund of that comes back to it.
        When(Refund(4)).Then(Refunded(4, 6, 4, 10, SoFar(paid: 6), (L(2), 6)));
        Lots((L(2), 10));
    }

    [Fact]
    public void A_refund_that_returns_to_one_ended_lot_twice_makes_one_new_lot()
    {
        // The lot was burned by 4, got 6 of 3 back, and with them paid 4's debt.
        Given(Open(overdraft: 20), Grant(10, Day(1)), Consume(6), Consume(10), Refund(3));
        At(Day(2)).When(Refund(4)).Accepted();
        var refund = Last<ConsumptionRefunded>();
        refund.SoFar.ShouldBe(SoFar(paid: 6, lots: 4));
        refund.Allocations.ShouldBe(Parts((L(6), 10)));
        Account.Lots.Single().ExpiresAt.ShouldBe(Day(32));
    }

    [Fact]
    public void A_purchase_pays_debt_first_and_keeps_its_full_amount()
    {
        Given(Open(overdraft: 20), Consume(5), Buy(5), Consume(3), Adjust(10));
        World.Lot(World.Main, L(3))!.ShouldBe(new Lot
        {
            Id = L(3),
            Kind = LotKind.Purchased,
            Origin = LotOrigin.Purchase,
            Amount = 5,
            Remaining = 0,
            Priority = 100,
            Cost = new(1000, "usd"),
            CreatedAt = World.Start,
            TransactionId = T(3),
            Ended = LotEnd.Depleted,
        });
        Account.FindLot(L(5)).ShouldBe(new Lot { Id = L(5), Kind = LotKind.Granted, Origin = LotOrigin.Adjustment, Amount = 10, Remaining = 7, Priority = 100, CreatedAt = World.Start, TransactionId = T(5) });
    }

    // ---- Purchase refunds ----

    [Fact]
    public void Without_an_amount_a_purchase_refund_takes_the_smallest_of_rest_available_and_not_refunded()
    {
        Given(Open(), Buy(10), Buy(10), Consume(3), Hold(15));
        When(Revoke(2)).Then(Revoked(2, 2, 17, 0, (L(2), 2)));
        When(Revoke(2)).ThenRefused(new AlreadyRefunded(T(2), 0));
        Given(Release(5));
        When(Revoke(2)).Then(Revoked(2, 5, 15, 10, (L(2), 5)));
        When(Revoke(2, allowDebt: true)).Then(Revoked(2, 3, 10, 7, (L(3), 3)) with { Lots = [World.Lot(World.Main, L(2))! with { Revoked = 10, Claims = new() { Elsewhere = 3 } }] });
        When(Revoke(2, allowDebt: true)).ThenRefused(new AlreadyRefunded(T(2), 0));
        When(Revoke(3, 11, allowDebt: true)).ThenRefused(new AlreadyRefunded(T(3), 10));
    }

    [Fact]
    public void With_debt_allowed_the_lot_s_rest_goes_first_then_others_in_burn_order_then_debt()
    {
        Given(Open(), Buy(10), Grant(2), Grant(2, Day(5)), Hold(3), Consume(9));
        // The consumption took 2 of the one that ends, 2 of the grant, 5 of the purchase.
        Given(Grant(1), Grant(1, Day(2)));
        When(Revoke(2, 9, allowDebt: true)).Then(Revoked(2, 9, 7, -5, (L(2), 5), (L(8), 1), (L(7), 1), Debt(2))).Balance(-2, -5, 2);
        When(Grant(5)).Accepted();
        World.Facts(World.Main)[FactName.Paid(9, 10, 0)].ShouldBe(new DebtPaid(L(10), 2));
    }

    [Fact]
    public void Credits_kept_for_holds_are_the_last_that_a_refund_with_debt_takes()
    {
        Given(Open(), Buy(10), Consume(8), Grant(10, Day(1)), Grant(3), Hold(12, Day(5)));
        At(Day(1)).Given(Settle());
        Balance(12, 0);
        When(Revoke(2)).ThenRefused(new AlreadyRefunded(T(2), 0));
        When(Revoke(2, 10, allowDebt: true)).Then(Revoked(2, 10, 12, -10, (L(2), 2), (L(5), 3), (L(4), 5)));
        When(Capture(6)).Then(Captured(6, 12, 2, -10, (L(4), 2), Debt(10)));
    }

    [Fact]
    public void A_purchase_that_ends_in_the_same_settling_can_still_be_refunded_with_debt()
    {
        Given(Open(), Buy(10, expires: Day(1)), Consume(4));
        At(Day(2)).When(Revoke(2)).ThenRefused(new AlreadyRefunded(T(2), 0));
        When(Revoke(2, allowDebt: true)).Accepted();
        Balance(-10, -10, 10);
        World.Lot(World.Main, L(2))!.Revoked.ShouldBe(new Credits(10));
    }

    // ---- Adjustments ----

    [Fact]
    public void A_negative_adjustment_burns_like_a_consumption()
    {
        Given(Open(overdraft: 5), Buy(5), Grant(5));
        When(Adjust(-7)).Then(new CreditsAdjusted
        {
            Id = default,
            Negative = true,
            Amount = 7,
            Reason = "correction",
            Before = 10,
            After = 3,
            Available = 3,
            Allocations = Parts((L(3), 5), (L(2), 2)),
        });
        Account.Totals.Adjusted.ShouldBe(new Credits(-7));
    }

    // ---- Transfers ----

    [Fact]
    public void A_transfer_moves_lots_with_kind_priority_end_and_cost_in_burn_order()
    {
        Given(Open(), Open(id: World.Second), Grant(1, to: World.Second), Buy(3, 1000), Grant(2, Day(3), 7, GrantSource.Promotion));
        When(Transfer(3)).Then(new CreditsTransferredOut { Id = default, To = World.Second, Amount = 3, Before = 5, After = 2, Available = 2, Allocations = Parts((L(3), 2), (L(2), 1)) });
        World.Stream(World.Second)[^1].Event.ShouldBe(new CreditsTransferredIn
        {
            Id = TransactionId.For(World.TagOf(World.Second), 3),
            From = World.Main,
            Amount = 3,
            Before = 1,
            After = 4,
            Available = 4,
            Allocations = Parts((Theirs(3), 2), (Theirs(3, 1), 1)),
            Lots =
            [
                new() { Id = Theirs(3), Kind = LotKind.Granted, Source = GrantSource.Promotion, Origin = LotOrigin.Transfer, Amount = 2, Remaining = 2, Priority = 7, ExpiresAt = Day(3), CreatedAt = World.Start, TransactionId = TransactionId.For(World.TagOf(World.Second), 3) },
                new() { Id = Theirs(3, 1), Kind = LotKind.Purchased, Origin = LotOrigin.Transfer, Amount = 1, Remaining = 1, Priority = 100, Cost = new(333, "usd"), CreatedAt = World.Start, TransactionId = TransactionId.For(World.TagOf(World.Second), 3) },
            ],
        });
        World.Lot(World.Main, L(3))!.Ended.ShouldBe(LotEnd.Transferred);
        Account.Totals.Transferred.ShouldBe(new Credits(-3));
        World.State(World.Second).Totals.Transferred.ShouldBe(new Credits(3));
    }

    [Fact]
    public void Costs_of_all_parts_add_up_even_when_credits_come_back_and_go_again()
    {
        Given(Open(), Open(id: World.Second), Buy(7, 100));
        foreach (var amount in new[] { 2m, 1.5m, 0.000001m }) Given(Transfer(amount));
        var consumed = Account.Version + 1;
        Given(Consume(3), Transfer(0.4m), Refund(consumed, 3));
        Given(Transfer(Account.Balance.Value));
        Both.SelectMany(World.AllLots).Where(lot => lot.Origin == LotOrigin.Transfer).Sum(lot => lot.Cost!.Value.Amount).ShouldBe(100);
    }

    [Fact]
    public void The_parts_pay_the_receiver_s_debt_first_in_burn_order()
    {
        Given(Open(), Open(overdraft: 10, id: World.Second), Consume(4, from: World.Second), Grant(3, Day(5)), Grant(5));
        Given(Transfer(6));
        var received = (CreditsTransferredIn)World.Stream(World.Second)[^1].Event;
        received.Pays.ShouldBe([new(2, Theirs(3), 3), new(2, Theirs(3, 1), 1)]);
        received.Allocations.ShouldBe(Parts(Debt(4), (Theirs(3, 1), 2)));
        World.State(World.Second).Lots.Single().Amount.ShouldBe(new Credits(3));
        World.Lot(World.Second, Theirs(3))!.Ended.ShouldBe(LotEnd.Depleted);
        When(Refund(2) with { Account = World.Second, Transaction = TransactionId.For(World.TagOf(World.Second), 2) }).Accepted();
        World.State(World.Second).Lots.Select(lot => lot.Remaining).ShouldBe([new Credits(3), new Credits(3)]);
    }

    [Fact]
    public void Both_sides_of_a_transfer_settle_first()
    {
        Given(Open(), Open(id: World.Second), Grant(1, Day(1)), Grant(5), Grant(2, Day(1), to: World.Second));
        At(Day(2));
        var decision = World.Send(Transfer(5)).ShouldBeOfType<Decision.Accepted>();
        decision.Answer.ShouldBe(1);
        decision.Streams.Select(stream => (stream.Account, stream.Events.Length)).ShouldBe([(World.Main, 2), (World.Second, 2)]);
    }

    // ---- Once ----

    [Fact]
    public void A_resource_is_charged_once_until_that_is_refunded_in_full()
    {
        Given(Open(), Grant(30), Consume(2, new(Resource: new("workshop", "ws_3"))), Consume(5, Once()));
        When(Consume(5, Once())).ThenAlready(4);
        When(Consume(7, Once())).ThenAlready(4);
        Given(Consume(1, Once("other")), Consume(1, new(Resource: new("workshop", "ws_3"))));
        Given(Refund(4, 4));
        When(Consume(5, Once())).ThenAlready(4);
        Given(Refund(4));
        Last<ConsumptionRefunded>().Freed.ShouldBe(new Resource("workshop", "ws_3"));
        Given(Consume(5, Once()));
        When(Consume(5, Once())).ThenAlready(9);
    }

    [Fact]
    public void A_resource_s_type_and_id_do_not_run_into_each_other() => FactName.Resource(new("a/b", "c")).ShouldNotBe(FactName.Resource(new("a", "b/c")));

    [Fact]
    public void A_hold_s_flag_counts_at_its_capture()
    {
        Given(Open(), Grant(30), Hold(5, on: Once()), Hold(5, on: Once()), Consume(1, Once("x")), Capture(3));
        When(Consume(5, Once())).ThenAlready(6);
        // The other hold's resource has been charged: nothing is charged, and the hold is let go.
        When(Capture(4)).ThenAlready(6);
        Account.Holds.ShouldBeEmpty();
        Last<HoldReleased>().Hold.ShouldBe(H(4));
        Balance(24, 24);
        Given(Refund(6));
        Given(Consume(5, Once()));
    }

    [Fact]
    public void A_payment_counts_once_in_a_tenant()
    {
        Given(Open(), Open(id: World.Second), Buy(10, payment: "pay_1"));
        When(Buy(10, payment: "pay_1")).ThenAlready(2);
        var conflict = new Conflict("Payment pay_1 was counted with another amount or account. A payment counts once; send the one that was paid.");
        When(Buy(11, payment: "pay_1")).ThenRefused(conflict);
        When(Buy(10, payment: "pay_1", to: World.Second)).ThenRefused(conflict);
        Given(Buy(10, payment: "pay_2"));
    }

    [Fact]
    public void What_was_done_answers_even_on_a_closed_account()
    {
        Given(Open(), Buy(10, payment: "pay_1"), Consume(10, Once()), Close());
        When(Buy(10, payment: "pay_1")).ThenAlready(2);
        When(Consume(10, Once())).ThenAlready(3);
    }

    // ---- Closing ----

    [Fact]
    public void Closing_needs_balance_0_and_no_hold()
    {
        Given(Open(overdraft: 5), Grant(5));
        When(Close()).ThenRefused(new Conflict("Account acct_1 has a balance of 5 and 0 held. Bring both to 0, or close it with forfeit."));
        Given(Hold(5), Consume(5));
        When(Close()).ThenRefused(new Conflict("Account acct_1 has a balance of 0 and 5 held. Bring both to 0, or close it with forfeit."));
        Given(Release(3));
        When(Close()).Then(new AccountClosed());
    }

    [Fact]
    public void Closing_with_forfeit_releases_holds_and_adjusts_what_is_left()
    {
        Given(Open(), Grant(5), Grant(5, Day(1)), Hold(8, Day(9)), Hold(1, Day(9)));
        At(Day(2)).When(Close(forfeit: true)).Then(
            Expired(L(3), 1, 10, 0, Day(1)),
            Released(4, 8),
            Expired(L(3), 3, 9, 5, Day(2)),
            Released(5, 1),
            Expired(L(3), 1, 6, 5, Day(2)),
            new CreditsAdjusted { Id = default, Negative = true, Amount = 5, Reason = "forfeited at closing", Before = 5, After = 0, Available = 0, Allocations = Parts((L(2), 5)) },
            new AccountClosed());
    }

    [Fact]
    public void Closing_with_forfeit_adjusts_debt_too()
    {
        Given(Open(overdraft: 5), Consume(5));
        When(Close(forfeit: true)).Then(
            new CreditsAdjusted { Id = default, Lot = L(3), Amount = 5, Reason = "forfeited at closing", Before = -5, After = 0, Available = 0, Allocations = Parts(Debt(5)), Pays = [new(2, L(3), 5)] },
            new AccountClosed());
        Account.Status.ShouldBe(AccountStatus.Closed);
    }

    // ---- Size ----

    [Fact]
    public void Thousands_of_lots_work()
    {
        Given(Open());
        var account = Account;
        for (var index = 0; index < 3_000; index++)
        {
            var granted = (Decision.Accepted)GrantCreditsHandler.Handle(Grant(1, Day(1 + (index * 7919 % 3_000)), index % 4), account, World.Now);
            account = account.Evolve(granted.Streams[0].Events[0], World.Now);
        }

        account.Lots.Length.ShouldBe(3_000);
        var consumed = ((Decision.Accepted)ConsumeCreditsHandler.Handle(Consume(2_999.5m), account, Recollection.Empty, World.Now)).Streams[0].Events[0];
        account = account.Evolve(consumed, World.Now);
        account.Lots.Length.ShouldBe(1);
        account.Left.Length.ShouldBe(2_999);
        account.Balance.ShouldBe(new Credits(0.5m));
    }

    private Lot Lot(long version) => (World.Lot(World.Main, L(version)) ?? throw new InvalidOperationException($"no lot {version}")) with { Ended = null };
}
