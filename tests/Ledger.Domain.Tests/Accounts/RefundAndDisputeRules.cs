using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>What payments do to the lots that they bought: purchases on any account, refunds, shortfalls, failed refunds and disputes, one test or more for each rule.</summary>
public sealed class RefundAndDisputeRules : AccountSpec
{
    // ---- Purchases that a provider tells ----

    [Fact]
    public void A_paid_purchase_is_accepted_on_a_frozen_account()
    {
        Given(Open(overdraft: 5), Consume(5), Freeze(), Buy(20, payment: "pay_1") with { FromProvider = true });
        Balance(15, 15);
    }

    [Fact]
    public void On_a_closed_account_a_paid_purchase_waits_in_a_lot_that_only_refunds_touch()
    {
        Given(Open(), Open(id: World.Second), Close());
        When(Buy(20)).ThenRefused(new AccountIsClosed(World.Main));
        Given(Buy(20, payment: "pay_1", expires: Day(9)) with { FromProvider = true });
        When(Buy(20, payment: "pay_1") with { FromProvider = true }).ThenAlready(3);
        Lots((L(3), 20));
        foreach (var command in new AccountCommand[] { Consume(1), Hold(1), Transfer(1), Adjust(-1), Revoke(3) }) When(command).ThenRefused(new AccountIsClosed(World.Main));
        Given(Take(3, 5, fromProvider: false), Dispute(3), EndDispute(3), Take(3, 10), Restore(3, 4));
        Balance(9, 9);
        At(Day(9)).Given(Settle());
        Balance(0, 0);
    }

    [Fact]
    public void A_closed_account_makes_no_debt()
    {
        Given(Open(), Buy(20, 100), Consume(20), Close());
        When(Take(2, 20, allowDebt: true, fromProvider: false)).ThenRefused(new Conflict($"Of {T(2)}, 0 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        When(Take(2, 15, allowDebt: true)).Then(new ShortfallRecorded { RefundOf = T(2), Lot = L(2), Shortfall = Lacking(15, 75), Reason = "returned", Refund = "re_1", Lots = [World.Lot(World.Main, L(2))! with { Revoked = 15, Claims = new() { Shortfall = 15 } }] });
    }

    [Fact]
    public void A_paid_purchase_passes_the_limit_of_lots()
    {
        Given(Open());
        var full = Account with { Lots = [.. Enumerable.Range(10, Account.LotsMax).Select(version => new Lot { Id = L(version), Kind = LotKind.Granted, Origin = LotOrigin.Grant, Amount = 1, Remaining = 1, Priority = 100, CreatedAt = World.Start, TransactionId = T(version) })], Balance = Account.LotsMax, Version = 20_000 };
        Buy(1).Decide(full, null, Recollection.Empty, World.Now).ShouldBe(Decision.Refuse(new LimitReached("lots that hold something", Account.LotsMax)));
        (Buy(1) with { FromProvider = true }).Decide(full, null, Recollection.Empty, World.Now).ShouldBeOfType<Decision.Accepted>();
    }

    // ---- Refunds of payments ----

    [Fact]
    public void What_a_provider_tells_takes_what_the_lot_holds_and_the_rest_is_a_shortfall_with_its_money()
    {
        Given(Open(), Buy(100, 999), Grant(50), Consume(80));
        // The grant went first, then 30 of the purchase.
        When(Take(2, 100)).Then(Revoked(2, 70, 70, 0, (L(2), 70)) with { Shortfall = Lacking(30, 300), Refund = "re_1" });
        World.Lot(World.Main, L(2))!.Revoked.ShouldBe(new Credits(100));
        World.Lot(World.Main, L(2))!.Claims.ShouldBe(new LotClaims { Shortfall = 30 });
        World.Lot(World.Main, L(2))!.Ended.ShouldBe(LotEnd.Revoked);
        When(Take(2, 1)).ThenNothing();
        When(Revoke(2, allowDebt: true)).ThenRefused(new AlreadyRefunded(T(2), 0));
    }

    [Fact]
    public void What_a_provider_tells_takes_what_is_held_too_and_the_capture_makes_debt()
    {
        Given(Open(), Buy(10), Hold(8));
        When(Take(2, 5, fromProvider: false)).ThenRefused(new Conflict($"Of {T(2)}, 2 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        Given(Take(2, 5)).Balance(5, -3);
        When(Capture(3)).Then(Captured(3, 8, 5, -3, (L(2), 5), Debt(3)));
    }

    [Fact]
    public void What_a_provider_tells_takes_what_is_kept_for_holds_too()
    {
        Given(Open(), Buy(10, expires: Day(1)), Hold(6, Day(5)));
        At(Day(2)).Given(Settle());
        When(Take(2, 6, fromProvider: false)).ThenRefused(new Conflict($"Of {T(2)}, 0 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        When(Take(2, 10)).Then(Revoked(2, 6, 6, -6, (L(2), 6)) with { Shortfall = Lacking(4, 400), Refund = "re_1" });
    }

    [Fact]
    public void With_debt_allowed_others_pay_and_then_it_is_debt_but_nothing_that_is_disputed_pays()
    {
        Given(Open(), Buy(10), Buy(10), Grant(3), Consume(11), Dispute(3));
        // 3 of the grant and 8 of the first went.
        When(Take(2, 10, allowDebt: true)).Then(Revoked(2, 10, 12, -8, (L(2), 2), Debt(8)) with { Refund = "re_1" }).Balance(2, -8, 8);
        World.Lot(World.Main, L(2))!.Claims.ShouldBe(new LotClaims { Elsewhere = 8 });
    }

    [Fact]
    public void Refunds_in_parts_never_take_more_than_was_bought_and_their_money_adds_up()
    {
        Given(Open(), Buy(3, 100), Consume(3));
        foreach (var cents in new long[] { 33, 33, 34 })
        {
            Given(Take(2, 1));
            Last<ShortfallRecorded>().Shortfall.ShouldBe(Lacking(1, cents));
        }

        When(Take(2, 1)).ThenNothing();
        Given(Buy(2));
        When(Take(7, 5)).Then(Revoked(7, 2, 2, 0, (L(7), 2)) with { Refund = "re_1" });
    }

    [Fact]
    public void A_refund_that_we_start_is_refused_like_one_of_the_account()
    {
        Given(Open(), Buy(10), Consume(4));
        When(Take(2, 11, fromProvider: false)).ThenRefused(new AlreadyRefunded(T(2), 10));
        When(Take(2, 7, fromProvider: false)).ThenRefused(new Conflict($"Of {T(2)}, 6 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        When(Take(2, 6, fromProvider: false, refund: null)).Then(Revoked(2, 6, 6, 0, (L(2), 6)) with { Refund = RevokePurchase.Unnamed });
    }

    [Fact]
    public void Nothing_and_less_than_nothing_that_a_provider_tells_changes_nothing()
    {
        Given(Open(), Buy(10));
        foreach (var amount in new[] { 0m, -1m })
        {
            When(Take(2, amount)).ThenNothing();
            When(Restore(2, amount)).ThenNothing();
        }

        When(Take(2, 0.0000001m)).ThenRefused(new InvalidAmount("amount", "may have at most 6 decimals on this account"));
        When(Restore(2, 0.0000001m)).ThenRefused(new InvalidAmount("amount", "may have at most 6 decimals on this account"));
    }

    // ---- Refunds that fail ----

    [Fact]
    public void A_failed_refund_opens_the_lot_again()
    {
        Given(Open(), Buy(10), Consume(4), Take(2, 6));
        World.Lot(World.Main, L(2))!.Ended.ShouldBe(LotEnd.Revoked);
        When(Restore(2, 6)).Then(Restored(2, 6, 0, 6, (L(2), 6)) with { Lots = [World.Lot(World.Main, L(2))! with { Revoked = 0, Remaining = 6, Ended = null }] });
        Account.Totals.Revoked.ShouldBe(Credits.Zero);
        When(Restore(2, 6)).ThenNothing();
        When(Revoke(2)).Then(Revoked(2, 6, 6, 0, (L(2), 6)));
    }

    [Fact]
    public void The_shortfall_comes_off_first_so_it_does_not_matter_which_refund_fails()
    {
        Given(Open(), Buy(100, 1000), Consume(60), Take(2, 50));
        Last<PurchaseRefunded>().Shortfall.ShouldBe(Lacking(10, 100));
        Given(Take(2, 50));
        Last<ShortfallRecorded>().Shortfall.ShouldBe(Lacking(50, 500));
        When(Restore(2, 50)).Then(new ShortfallLifted { RefundOf = T(2), Lot = L(2), Shortfall = Lacking(50, 500), Refund = "re_1", Reason = "failed", Lots = [World.Lot(World.Main, L(2))! with { Revoked = 50, Claims = new() { Shortfall = 10 } }] });
        When(Restore(2, 99)).Then(Restored(2, 40, 0, 40, (L(2), 40)) with { Shortfall = Lacking(10, 100), Lots = [World.Lot(World.Main, L(2))! with { Revoked = 0, Remaining = 40, Ended = null, Claims = null }] });
    }

    [Fact]
    public void What_was_debt_comes_back_as_a_lot_of_its_like_after_it_has_paid_debt()
    {
        Given(Open(), Buy(10, expires: Day(9)), Consume(4), Take(2, 10, allowDebt: true));
        // 6 of the lot, 4 debt.
        Given(Grant(1));
        Balance(-3, -3, 3);
        When(Restore(2, 10)).Then(Restored(2, 10, -3, 7, Debt(3), (L(2), 6), (L(6), 1)) with
        {
            Pays = [new(4, L(6), 3)],
            Elsewhere = 4,
            Lots =
            [
                new()
                {
                    Id = L(6), Kind = LotKind.Purchased, Origin = LotOrigin.Refund, Amount = 4, Remaining = 1, Priority = 100, ExpiresAt = Day(9), CreatedAt = World.Now, TransactionId = T(6),
                },
                World.Lot(World.Main, L(2))! with { Revoked = 0, Remaining = 6, Ended = null, Claims = null },
            ],
        });
        // The consumption can still go back to the lot in full.
        Given(Refund(3));
        Lots((L(2), 10), (L(6), 1));
    }

    [Fact]
    public void What_comes_back_pays_debt_first()
    {
        Given(Open(overdraft: 9), Buy(10), Take(2, 8), Consume(7));
        When(Restore(2, 8)).Then(Restored(2, 8, -5, 3, Debt(5), (L(2), 3)) with { Pays = [new(4, L(2), 5)], Lots = [World.Lot(World.Main, L(2))! with { Revoked = 0, Remaining = 3, Ended = null }] });
    }

    [Fact]
    public void In_place_of_a_lot_that_has_ended_comes_one_for_30_days_with_its_share_of_the_cost()
    {
        Given(Open(), Buy(10, 1000, expires: Day(1)), Consume(4), Take(2, 6));
        At(Day(2)).When(Restore(2, 5)).Then(Restored(2, 5, 0, 5, (L(5), 5)) with
        {
            Lots =
            [
                new()
                {
                    Id = L(5), Kind = LotKind.Purchased, Origin = LotOrigin.Refund, Amount = 5, Remaining = 5, Priority = 100, ExpiresAt = Day(32), Cost = new(500, "usd"), CreatedAt = World.Now, TransactionId = T(5),
                },
                World.Lot(World.Main, L(2))! with { Revoked = 1, Moved = 5 },
            ],
        });
        Given(Restore(2, 1), Refund(3));
        Account.Lots.Sum(lot => lot.Cost!.Value.Amount).ShouldBe(1000);
    }

    [Fact]
    public void A_consumption_refunded_after_a_shortfall_and_a_failed_refund_fit_into_the_lot_together()
    {
        Given(Open(), Buy(10), Consume(6), Take(2, 10), Refund(3), Restore(2, 10));
        Lots((L(2), 10));
    }

    // ---- Disputes ----

    [Fact]
    public void A_disputed_lot_counts_and_is_not_spent()
    {
        Given(Open(overdraft: 5), Open(id: World.Second), Buy(20), Grant(5));
        When(Dispute(2)).Then(new LotFrozen { Lot = L(2), Dispute = "dp_1", Amount = 20 }).Balance(25, 5);
        Account.Frozen.ShouldBe(new Credits(20));
        When(Dispute(2)).ThenNothing();
        When(Transfer(6)).ThenRefused(new InsufficientCredits(5, 6));
        When(Adjust(-6)).ThenRefused(new InsufficientCredits(5, 6));
        When(Consume(11)).ThenRefused(new InsufficientCredits(5, 11));
        When(Hold(11)).ThenRefused(new InsufficientCredits(5, 11));
        When(Consume(7)).Then(Consumed(7, 25, -2, (L(3), 5), Debt(2))).Balance(18, -2, 2);
    }

    [Fact]
    public void A_dispute_that_is_won_frees_the_lot_which_pays_the_debt_that_stands_first()
    {
        Given(Open(overdraft: 5), Buy(20), Dispute(2), Consume(3), Consume(1));
        When(EndDispute(2, "dp_other")).ThenNothing();
        When(EndDispute(2)).Then(new LotUnfrozen { Lot = L(2), Dispute = "dp_1", Amount = 20, Pays = [new(4, L(2), 3), new(5, L(2), 1)] }).Balance(16, 16);
        When(EndDispute(2)).ThenNothing();
        Lots((L(2), 16));
        // What it paid goes back to it.
        Given(Refund(4));
        Lots((L(2), 19));
    }

    [Fact]
    public void A_lot_whose_credits_all_pay_debt_ends_with_its_dispute()
    {
        Given(Open(overdraft: 50), Buy(20), Dispute(2), Consume(30), EndDispute(2));
        Balance(-10, -10, 10);
        World.Lot(World.Main, L(2))!.Ended.ShouldBe(LotEnd.Depleted);
    }

    [Fact]
    public void A_dispute_that_is_lost_revokes_what_was_frozen_and_debt_that_stands_stays()
    {
        Given(Open(overdraft: 50), Buy(20, 1000), Consume(4), Dispute(2), Consume(3));
        When(Take(2, 20, refund: "dp_1")).Then(Revoked(2, 16, 13, -3, (L(2), 16)) with { Shortfall = Lacking(4, 200), Refund = "dp_1" });
        When(EndDispute(2)).Then(new LotUnfrozen { Lot = L(2), Dispute = "dp_1", Amount = 0, Lots = [World.Lot(World.Main, L(2))! with { Claims = new() { Shortfall = 4 } }] });
        Balance(-3, -3, 3);
    }

    [Fact]
    public void One_commit_decides_several_commands_with_what_the_ones_before_left()
    {
        Given(Open(), Buy(20), Dispute(2));
        var past = Recollection.Empty;
        var revoked = (Decision.Accepted)Take(2, 20).Decide(Account, null, past, World.Now);
        var after = Account.Evolve(revoked.Streams[0].Events[0], World.Now);
        EndDispute(2).Decide(after, null, past, World.Now).ShouldBe(Decision.Refuse(new TransactionNotFound(T(2))), "the lot is a fact now");
        EndDispute(2).Decide(after, null, past.And(after.Left), World.Now).ShouldBeOfType<Decision.Accepted>();
    }

    [Fact]
    public void Two_disputes_freeze_until_both_are_over()
    {
        Given(Open(), Buy(20), Dispute(2, "dp_1"));
        When(Dispute(2, "dp_2")).Then(new LotFrozen { Lot = L(2), Dispute = "dp_2", Amount = 0 });
        When(EndDispute(2, "dp_1")).Then(new LotUnfrozen { Lot = L(2), Dispute = "dp_1", Amount = 0 }).Balance(20, 0);
        When(EndDispute(2, "dp_2")).Then(new LotUnfrozen { Lot = L(2), Dispute = "dp_2", Amount = 20 }).Balance(20, 20);
        Account.FindLot(L(2))!.Claims.ShouldBeNull();
    }

    [Fact]
    public void What_comes_back_to_a_disputed_lot_is_frozen_and_pays_no_debt()
    {
        Given(Open(overdraft: 5), Buy(10), Consume(10));
        When(Dispute(2)).Then(new LotFrozen { Lot = L(2), Dispute = "dp_1", Amount = 0, Lots = [World.Lot(World.Main, L(2))! with { Claims = new() { Disputes = ["dp_1"] } }] });
        Given(Consume(5));
        When(Refund(3)).Then(Refunded(3, 10, -5, -5, SoFar(lots: 10), (L(2), 10)) with { Lots = [World.Lot(World.Main, L(2))! with { Remaining = 10, Ended = null }] }).Balance(5, -5, 5);
        Given(Take(2, 4));
        When(Restore(2, 4)).Then(Restored(2, 4, 1, -5, (L(2), 4)) with { Lots = [Account.FindLot(L(2))! with { Remaining = 10, Revoked = 0 }] }).Balance(5, -5, 5);
    }

    [Fact]
    public void A_capture_up_to_what_was_held_takes_nothing_that_is_disputed_and_makes_debt()
    {
        Given(Open(), Buy(10), Grant(3), Hold(8), Dispute(2));
        Balance(13, -5);
        When(Capture(4)).Then(Captured(4, 8, 13, -5, (L(3), 3), Debt(5))).Balance(5, -5, 5);
    }

    [Fact]
    public void A_disputed_lot_still_ends_and_nothing_of_it_is_kept_for_holds()
    {
        Given(Open(), Buy(10, expires: Day(1)), Buy(4, expires: Day(2)), Hold(9, Day(5)), Dispute(2));
        At(Day(1)).When(Settle()).Then(Expired(L(2), 10, 14, -5, Day(1)));
        // The other one serves the hold, and is kept for it.
        At(Day(2)).When(Settle()).ThenNothing();
        Lots((L(3), 4));
    }

    [Fact]
    public void A_frozen_lot_does_not_stand_in_for_one_that_ends_where_holds_need_it()
    {
        Given(Open(), Buy(10), Grant(10, Day(1)), Hold(6, Day(5)), Dispute(2));
        At(Day(2)).When(Settle()).Then(Expired(L(3), 4, 20, 0, Day(1)));
        When(Capture(4)).Then(Captured(4, 6, 16, 0, (L(3), 6)));
    }

    [Fact]
    public void What_is_kept_of_a_lot_for_holds_expires_when_it_is_disputed()
    {
        Given(Open(), Buy(10, expires: Day(1)), Hold(6, Day(5)));
        At(Day(2)).Given(Settle());
        When(Dispute(2)).Then(
            Expired(L(2), 6, 6, -6, Day(2)),
            new LotFrozen { Lot = L(2), Dispute = "dp_1", Amount = 0, Lots = [World.Lot(World.Main, L(2))! with { Remaining = 0, Claims = new() { Disputes = ["dp_1"] }, Ended = LotEnd.Expired }] });
    }

    [Fact]
    public void A_refund_of_the_account_takes_its_own_disputed_lot_and_nobody_else_s()
    {
        Given(Open(), Buy(10), Buy(10), Dispute(2), Dispute(3), Grant(4), Hold(4));
        When(Revoke(2)).Then(Revoked(2, 10, 24, 0, (L(2), 10)));
        When(Revoke(3, 12, allowDebt: true)).ThenRefused(new AlreadyRefunded(T(3), 10));
    }

    [Fact]
    public void Closing_with_forfeit_ends_disputes_first()
    {
        Given(Open(overdraft: 9), Buy(5), Dispute(2), Dispute(2, "dp_2"), Consume(5));
        Balance(0, -5, 5);
        When(Close()).ThenRefused(new Conflict("Account acct_1 has 5 in lots whose payment is disputed. Wait until the dispute is decided, or close it with forfeit."));
        When(Close(forfeit: true)).Then(
            new LotUnfrozen { Lot = L(2), Dispute = "dp_1", Amount = 0 },
            new LotUnfrozen { Lot = L(2), Dispute = "dp_2", Amount = 5, Pays = [new(5, L(2), 5)] },
            new AccountClosed());
        When(EndDispute(2)).ThenNothing();
        When(Take(2, 5)).Accepted();
        Last<ShortfallRecorded>().Shortfall.Amount.ShouldBe(new Credits(5));
    }
}
