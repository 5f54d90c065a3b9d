using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>The rules in words, one test or more for each.</summary>
public sealed class BurnDownRules : AccountSpec
{
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
}
