using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>The rules in words, one test or more for each.</summary>
public sealed class BurnDownRules : AccountSpec
{
    private static readonly AccountId[] Both = [World.Main, World.Second];

    private static LotId Theirs(long version, int part = 0) => LotId.For(World.TagOf(World.Second), version, part);

    // ---- Order ----

    [Fact]
    public void Among_equals_granted_burns_before_purchased_and_the_older_before_the_newer()
    {
        Given(Open(), Buy(1), Buy(1), Grant(1), Grant(1), Buy(1, expires: Day(9)), Grant(1, Day(9)), Grant(1, Day(8)), Buy(1, expires: Day(1)));
        Account.Lots.Select(lot => lot.Id).ShouldBe([L(9), L(8), L(7), L(6), L(4), L(5), L(2), L(3)]);
        When(Consume(8)).Accepted();
        Last<CreditsConsumed>().Allocations.Select(part => part.Lot).ShouldBe([L(9), L(8), L(7), L(6), L(4), L(5), L(2), L(3)]);
    }

    [Fact]
    public void A_lower_priority_number_burns_first_even_when_it_never_ends()
    {
        Given(Open(), Grant(5, Day(1)), Grant(5, priority: 0), Grant(5, Day(1), priority: 255));
        When(Consume(12)).Then(Consumed(12, 15, 3, (L(3), 5), (L(2), 5), (L(4), 2)));
    }

    // ---- Expiry ----

    [Fact]
    public void An_expired_lot_is_never_spent_or_counted_even_before_the_sweep()
    {
        Given(Open(), Grant(10, Day(1)), Grant(3));
        Account.AvailableAt(Day(1).AddMicroseconds(-1)).ShouldBe(new Credits(13));
        Account.AvailableAt(Day(1)).ShouldBe(new Credits(3));
        At(Day(1)).When(Consume(4)).ThenRefused(new InsufficientCredits(3, 4));
        When(Consume(2)).Then(Expired(L(2), 10, 13, 3, Day(1)), Consumed(2, 3, 1, (L(3), 2)));
    }

    [Fact]
    public void What_is_due_is_written_in_due_order_holds_first_and_then_in_burn_order()
    {
        Given(Open(), Grant(1, Day(2)), Grant(2, Day(1)), Grant(4, Day(1), priority: 1), Grant(50), Hold(3, Day(1)), Hold(5, Day(2)));
        Account.NextDue.ShouldBe(Day(1));
        At(Day(3)).When(Settle()).Then(
            HoldEnded(6, 3),
            Expired(L(4), 4, 57, 48, Day(1)),
            Expired(L(3), 2, 53, 46, Day(1)),
            HoldEnded(7, 5),
            Expired(L(2), 1, 51, 50, Day(2)));
        Account.NextDue.ShouldBeNull();
        When(Settle()).ThenNothing();
    }

    [Fact]
    public void The_answer_is_the_command_s_own_event_and_not_what_was_due()
    {
        Given(Open(), Grant(1, Day(1)), Grant(5, Day(1)));
        At(Day(2));
        var decision = World.Send(Grant(9)).ShouldBeOfType<Decision.Accepted>();
        decision.Answer.ShouldBe(2);
        decision.Streams.Single().Events[2].ShouldBeOfType<CreditsGranted>();
    }

    [Fact]
    public void Next_expiry_is_all_that_ends_at_the_soonest_time()
    {
        Given(Open(), Grant(1, Day(2)), Grant(2, Day(1)), Buy(4, expires: Day(1)), Grant(50));
        Account.NextExpiryAfter(World.Now).ShouldBe((new Credits(6), Day(1)));
        Account.NextExpiryAfter(Day(1)).ShouldBe((new Credits(1), Day(2)));
        Account.NextExpiryAfter(Day(2)).ShouldBeNull();
    }

    // ---- Holds and expiry ----

    [Fact]
    public void Expiry_takes_nothing_that_a_hold_made_before_needs()
    {
        Given(Open(), Grant(30, Day(1)), Hold(20, Day(5)));
        At(Day(1)).When(Settle()).Then(Expired(L(2), 10, 30, 0, Day(1))).Balance(20, 0);
        When(Consume(1)).ThenRefused(new InsufficientCredits(0, 1));
        Given(Grant(5));
        When(Consume(5)).Then(Consumed(5, 25, 0, (L(5), 5)));
        At(Day(2)).When(Capture(3)).Then(Captured(3, 20, 20, 0, (L(2), 20))).Balance(0, 0);
        World.Lot(World.Main, L(2))!.Ended.ShouldBe(LotEnd.Depleted);
    }

    [Fact]
    public void What_was_kept_for_a_hold_expires_when_it_ends()
    {
        Given(Open(), Grant(20, Day(1)), Hold(20, Day(5)));
        Account.NextDue.ShouldBe(Day(5));
        At(Day(1)).When(Settle()).ThenNothing();
        When(Release(3)).Then(Released(3, 20), Expired(L(2), 20, 20, 0, Day(1)));
    }

    [Fact]
    public void What_a_capture_leaves_of_a_kept_lot_expires_with_it()
    {
        Given(Open(), Grant(20, Day(1)), Hold(20, Day(5)));
        At(Day(2));
        When(Capture(3, 5)).Then(Captured(3, 5, 20, 15, (L(2), 5)), Expired(L(2), 15, 15, 0, Day(2)));
    }

    [Fact]
    public void A_hold_that_ends_by_time_lets_kept_lots_go_at_its_own_end()
    {
        Given(Open(), Grant(20, Day(1)), Hold(20, Day(5)));
        At(Day(9)).When(Settle()).Then(HoldEnded(3, 20), Expired(L(2), 20, 20, 0, Day(5)));
    }

    [Fact]
    public void A_hold_made_after_the_end_keeps_nothing_and_lots_that_last_serve_holds_first()
    {
        Given(Open(overdraft: 50), Grant(30, Day(1)), Grant(10), Hold(15, Day(5)));
        At(Day(1)).When(Hold(10, Day(5))).Then(Expired(L(2), 25, 40, 0, Day(1)), new HoldPlaced { Id = H(6), Amount = 10, ExpiresAt = Day(5) });
        When(Release(4)).Then(Released(4, 15), Expired(L(2), 5, 15, 0, Day(1)));
    }

    [Fact]
    public void Kept_credits_stay_for_the_hold_when_new_ones_come()
    {
        Given(Open(), Grant(20, Day(1)), Hold(20, Day(5)));
        At(Day(2)).Given(Grant(100));
        When(Settle()).ThenNothing();
        When(Consume(100)).Then(Consumed(100, 120, 0, (L(4), 100)));
        When(Capture(3)).Then(Captured(3, 20, 20, 0, (L(2), 20)));
    }

    [Fact]
    public void A_capture_leaves_of_a_kept_lot_what_another_hold_alone_can_use()
    {
        // The first hold can use both lots, the second, made after the end of the first lot, only the one that burns first.
        Given(Open(overdraft: 20), Grant(10, Day(1)), Grant(10, Day(3), priority: 1), Hold(15, Day(9)));
        At(Day(2)).Given(Hold(5, Day(9)));
        At(Day(4)).When(Capture(4, 10)).Accepted();
        var capture = World.Stream(World.Main).Select(entry => entry.Event).OfType<HoldCaptured>().Single();
        capture.Allocations.ShouldBe(Parts((L(3), 5), (L(2), 5)));
        When(Capture(6)).Accepted();
        World.Stream(World.Main).Select(entry => entry.Event).OfType<HoldCaptured>().Last().Allocations.ShouldBe(Parts((L(3), 5)));
    }

    [Fact]
    public void No_debt_is_made_by_a_capture_while_credits_are_kept_for_it()
    {
        Given(Open(overdraft: 10), Grant(10, Day(1)), Hold(10, Day(9)), Hold(10, Day(9)));
        At(Day(2)).When(Capture(3)).Then(Captured(3, 10, 10, -10, (L(2), 10)));
        When(Capture(4)).Then(Captured(4, 10, 0, -10, Debt(10)));
    }

    [Fact]
    public void Beyond_what_was_held_a_capture_takes_nothing_that_is_kept_for_others()
    {
        Given(Open(), Grant(20, Day(1)), Hold(10, Day(9)), Hold(10, Day(9)));
        At(Day(2)).Given(Grant(5));
        When(Capture(3, 15)).Then(Captured(3, 15, 25, 0, (L(2), 10), (L(5), 5)));
        When(Capture(4)).Then(Captured(4, 10, 10, 0, (L(2), 10)));
    }

    [Fact]
    public void A_capture_of_no_more_than_was_held_always_succeeds_by_debt_if_need_be()
    {
        Given(Open(), Buy(20), Hold(15), Revoke(2, 20, allowDebt: true));
        Balance(0, -15);
        When(Capture(3)).Then(Captured(3, 15, 0, -15, Debt(15))).Balance(-15, -15, 15);
    }

    [Fact]
    public void What_is_left_over_of_a_capture_is_free_again_and_it_repeats_the_hold()
    {
        var hold = Hold(10, on: new("chat", "completion", new("doc", "d_1"))) with { Note = new("u_1", "call", "req_1", Metadata.Of([new("a", "1")]), World.Start) };
        Given(Open(), Grant(10), hold);
        At(World.Start.AddMinutes(1)).Given(Capture(3, 4, new(Operation: "edit", Usage: new(InputTokens: 5))) with { Note = new(Reference: "req_2") });
        var capture = Last<HoldCaptured>();
        capture.Spending.ShouldBe(new Spending("chat", "edit", new("doc", "d_1"), false, new(InputTokens: 5)));
        capture.Note.ShouldBe(new Note("u_1", "call", "req_2", Metadata.Of([new("a", "1")])));
        Balance(6, 6);
    }

    [Fact]
    public void Holds_may_use_the_overdraft()
    {
        Given(Open(overdraft: 10), Grant(5), Hold(15));
        Balance(5, -10);
        When(Hold(0.000001m)).ThenRefused(new InsufficientCredits(-10, 0.000001m));
    }

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
            Id = L(3), Kind = LotKind.Purchased, Origin = LotOrigin.Purchase, Amount = 5, Remaining = 0, Priority = 100, Cost = new(1000, "usd"), CreatedAt = World.Start, TransactionId = T(3), Ended = LotEnd.Depleted,
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
        When(Revoke(2, allowDebt: true)).Then(Revoked(2, 3, 10, 7, (L(3), 3)) with { Lots = [World.Lot(World.Main, L(2))! with { Revoked = 10 }] });
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
            Id = default, Negative = true, Amount = 7, Reason = "correction", Before = 10, After = 3, Available = 3, Allocations = Parts((L(3), 5), (L(2), 2)),
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
            Id = TransactionId.For(World.TagOf(World.Second), 3), From = World.Main, Amount = 3, Before = 1, After = 4, Available = 4, Allocations = Parts((Theirs(3), 2), (Theirs(3, 1), 1)),
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
