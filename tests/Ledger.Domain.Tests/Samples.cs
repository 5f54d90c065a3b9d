using Ledger.Domain.Accounts;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests;

/// <summary>Every event type at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class Samples
{
    /// <summary>The tag of the samples' account.</summary>
    public const string Tag = "0123456789abcdef";

    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);

    private static readonly Note FullNote = new("u_7", "A \"summary\" of é", "req_9", Metadata.Of([new("team", "blue"), new("a", "1")]), Time.AddMinutes(-5).AddMicroseconds(123456));

    private static readonly Spending FullSpending = new(
        "chat_assistant",
        "completion",
        new("workshop", "ws/3"),
        OncePerResource: true,
        new(374, 44, 812, false, "(500)", """{"a":1,"b":[true,null]}"""));

    private static readonly Lot FullLot = new()
    {
        Id = LotId.For(Tag, 9, 1),
        Kind = LotKind.Purchased,
        Source = GrantSource.Promotion,
        Origin = LotOrigin.Transfer,
        Amount = 10.5m,
        Remaining = 0,
        Priority = 7,
        ExpiresAt = Time.AddDays(30),
        Cost = new(1500, "usd"),
        CreatedAt = Time,
        TransactionId = TransactionId.For(Tag, 9),
        Revoked = 1,
        Moved = 2.25m,
        Ended = LotEnd.Depleted,
    };

    private static readonly Lot SmallLot = new()
    {
        Id = LotId.For(Tag, 10),
        Kind = LotKind.Granted,
        Origin = LotOrigin.Refund,
        Amount = 1,
        Remaining = 1,
        Priority = 100,
        CreatedAt = Time,
        TransactionId = TransactionId.For(Tag, 10),
    };

    private static readonly Lot ClaimedLot = SmallLot with
    {
        Id = LotId.For(Tag, 2),
        Kind = LotKind.Purchased,
        Origin = LotOrigin.Purchase,
        Amount = 20,
        Remaining = 0,
        Cost = new(1500, "usd"),
        TransactionId = TransactionId.For(Tag, 2),
        Revoked = 9.5m,
        Claims = new() { Disputes = ["dp_1", "dp_2"], Elsewhere = 2.25m, Shortfall = 3 },
        Ended = LotEnd.Revoked,
    };

    private static readonly Lot UncoveredLot = ClaimedLot with { Claims = new() { Shortfall = 9.5m } };

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, AccountEvent Event)> All { get; } =
    [
        ("account_opened_full", new AccountOpened { Tag = Tag, Owner = new(OwnerKind.Workspace, "w_1"), Unit = "token", Scale = 2, OverdraftLimit = 12.34m, Metadata = Metadata.Of([new("plan", "pro")]) }),
        ("account_opened_small", new AccountOpened { Tag = Tag, Owner = new(OwnerKind.User, "u_1"), Unit = "credit", Scale = 6, OverdraftLimit = 0 }),
        ("account_changed_full", new AccountChanged { OverdraftLimit = 50, Metadata = Metadata.Of([new("plan", "free")]) }),
        ("account_changed_small", new AccountChanged { Metadata = Metadata.Empty }),
        ("account_watched_full", new AccountWatched { Below = 20.5m, Above = 110, Spent = 80 }),
        ("account_watched_calls", new AccountWatched { Spent = 80, Calls = 800 }),
        ("account_watched_small", new AccountWatched()),
        ("credits_purchased_full", new CreditsPurchased
        {
            Id = Txn(2), Lot = LotId.For(Tag, 2), Amount = 100.000001m, Price = new(2999, "eur"), PaymentId = "pay_1", ExpiresAt = Time.AddDays(365), Before = -4, After = 96.000001m, Available = 90.000001m,
            Allocations = [new(null, 4), new(LotId.For(Tag, 2), 96.000001m)], Pays = [new(1, LotId.For(Tag, 2), 4)], Note = FullNote,
        }),
        ("credits_purchased_small", new CreditsPurchased { Id = Txn(2), Lot = LotId.For(Tag, 2), Amount = 5, Price = new(500, "jpy"), Before = 0, After = 5, Available = 5, Allocations = [new(LotId.For(Tag, 2), 5)] }),
        ("credits_granted_full", new CreditsGranted
        {
            Id = Txn(3), Lot = LotId.For(Tag, 3), Amount = 10, Source = GrantSource.Subscription, Priority = 0, ExpiresAt = Time.AddDays(1), Before = -3, After = 7, Available = 7,
            Allocations = [new(null, 3), new(LotId.For(Tag, 3), 7)], Pays = [new(1, LotId.For(Tag, 3), 1), new(2, LotId.For(Tag, 3), 2)], Note = FullNote,
        }),
        ("credits_granted_small", new CreditsGranted { Id = Txn(3), Lot = LotId.For(Tag, 3), Amount = 0.5m, Source = GrantSource.Bonus, Priority = 100, Before = 0, After = 0.5m, Available = 0.5m, Allocations = [new(LotId.For(Tag, 3), 0.5m)] }),
        ("credits_granted_period", new CreditsGranted
        {
            Id = Txn(3), Lot = LotId.For(Tag, 3), Amount = 100, Source = GrantSource.Subscription, Priority = 100, ExpiresAt = Time.AddDays(30), Before = 0, After = 100, Available = 100,
            Allocations = [new(LotId.For(Tag, 3), 100)], Period = new(SubscriptionId.Of(1), 4, PeriodPart.Rolled),
        }),
        ("credits_consumed_full", new CreditsConsumed
        {
            Id = Txn(4), Amount = 12, Before = 7, After = -5, Available = -5, Allocations = [new(LotId.For(Tag, 3), 7), new(null, 5)], Spending = FullSpending, Note = FullNote,
        }),
        ("credits_consumed_small", new CreditsConsumed { Id = Txn(4), Amount = 5, Before = 100, After = 95, Available = 95, Allocations = [new(LotId.For(Tag, 3), 5)] }),
        ("consumption_refunded_full", new ConsumptionRefunded
        {
            Id = Txn(10), RefundOf = Txn(4), Reason = "failed call", Amount = 12, OwnDebt = 2, SoFar = new(2, 3, 7), Freed = new("workshop", "ws/3"), Before = -5, After = 7, Available = 6,
            Allocations = [new(null, 6), new(LotId.For(Tag, 3), 5), new(LotId.For(Tag, 10), 1)], Pays = [new(8, LotId.For(Tag, 3), 4)], Lots = [SmallLot, FullLot], Note = FullNote,
        }),
        ("consumption_refunded_small", new ConsumptionRefunded
        {
            Id = Txn(10), RefundOf = Txn(4), Amount = 1, SoFar = new(0, 0, 1), Before = 5, After = 6, Available = 6, Allocations = [new(LotId.For(Tag, 3), 1)],
        }),
        ("purchase_refunded_full", new PurchaseRefunded
        {
            Id = Txn(11), RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Reason = "returned", Amount = 30, Before = 20, After = -10, Available = -10, Allocations = [new(LotId.For(Tag, 3), 20), new(null, 10)], Lots = [FullLot], Note = FullNote,
        }),
        ("purchase_refunded_small", new PurchaseRefunded { Id = Txn(11), RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Amount = 3, Before = 20, After = 17, Available = 17, Allocations = [new(LotId.For(Tag, 2), 3)] }),
        ("purchase_refunded_provider", new PurchaseRefunded
        {
            Id = Txn(11), RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Reason = "requested_by_customer", Amount = 6.5m, Elsewhere = 2.25m, Shortfall = new(3, new(225, "usd")), Refund = "re_1", Before = 20, After = 13.5m, Available = 13.5m,
            Allocations = [new(LotId.For(Tag, 2), 4.25m), new(LotId.For(Tag, 3), 2), new(null, 0.25m)], Lots = [ClaimedLot],
        }),
        ("purchase_restored_full", new PurchaseRestored
        {
            Id = Txn(17), RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Reason = "expired_or_canceled_card", Amount = 6.5m, Elsewhere = 2.25m, Shortfall = new(3, new(225, "usd")), Refund = "re_1", Before = 13.5m, After = 20, Available = 20,
            Allocations = [new(null, 0.25m), new(LotId.For(Tag, 10), 6.25m)], Pays = [new(11, LotId.For(Tag, 10), 0.25m)], Lots = [SmallLot, ClaimedLot], Note = FullNote,
        }),
        ("purchase_restored_small", new PurchaseRestored
        {
            Id = Txn(17), RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Amount = 3, Before = 17, After = 20, Available = 20, Allocations = [new(LotId.For(Tag, 2), 3)], Lots = [UncoveredLot with { Remaining = 3, Ended = null }],
        }),
        ("shortfall_recorded_full", new ShortfallRecorded { RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Shortfall = new(9.5m, new(713, "usd")), Lots = [UncoveredLot], Refund = "dp_1", Reason = "fraudulent", Note = FullNote }),
        ("shortfall_recorded_small", new ShortfallRecorded { RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Shortfall = new(9.5m, new(713, "usd")) }),
        ("shortfall_lifted_full", new ShortfallLifted { RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Shortfall = new(0.5m, new(38, "usd")), Lots = [UncoveredLot], Refund = "re_1", Reason = "lost_or_stolen_card", Note = FullNote }),
        ("shortfall_lifted_small", new ShortfallLifted { RefundOf = Txn(2), Lot = LotId.For(Tag, 2), Shortfall = new(0.5m, new(38, "usd")) }),
        ("lot_frozen_full", new LotFrozen { Lot = LotId.For(Tag, 2), Dispute = "dp_1", Amount = 0, Lots = [ClaimedLot], Note = FullNote }),
        ("lot_frozen_small", new LotFrozen { Lot = LotId.For(Tag, 2), Dispute = "dp_1", Amount = 20 }),
        ("lot_unfrozen_full", new LotUnfrozen { Lot = LotId.For(Tag, 2), Dispute = "dp_1", Amount = 20, Pays = [new(1, LotId.For(Tag, 2), 4)], Lots = [UncoveredLot], Note = FullNote }),
        ("lot_unfrozen_small", new LotUnfrozen { Lot = LotId.For(Tag, 2), Dispute = "dp_1", Amount = 20 }),
        ("credits_adjusted_full", new CreditsAdjusted
        {
            Id = Txn(12), Lot = LotId.For(Tag, 12), Amount = 9, Reason = "correction", Before = -2, After = 7, Available = 7, Allocations = [new(null, 2), new(LotId.For(Tag, 12), 7)], Pays = [new(4, LotId.For(Tag, 12), 2)], Note = FullNote,
        }),
        ("credits_adjusted_down", new CreditsAdjusted { Id = Txn(12), Negative = true, Amount = 1, Reason = "correction", Before = 7, After = 6, Available = 6, Allocations = [new(LotId.For(Tag, 3), 1)] }),
        ("credits_transferred_out_full", new CreditsTransferredOut
        {
            Id = Txn(13), To = new("acct_2"), Amount = 3, Before = 6, After = 3, Available = 3, Allocations = [new(LotId.For(Tag, 2), 1), new(LotId.For(Tag, 3), 2)], Note = FullNote,
        }),
        ("credits_transferred_out_small", new CreditsTransferredOut { Id = Txn(13), To = new("acct_2"), Amount = 3, Before = 3, After = 0, Available = 0, Allocations = [new(LotId.For(Tag, 2), 3)] }),
        ("credits_transferred_in_full", new CreditsTransferredIn
        {
            Id = Txn(14), From = new("acct_2"), Amount = 3, Before = -1, After = 2, Available = 2, Allocations = [new(null, 1), new(LotId.For(Tag, 14), 2)], Pays = [new(4, LotId.For(Tag, 9, 1), 1)], Lots = [FullLot, SmallLot], Note = FullNote,
        }),
        ("credits_transferred_in_small", new CreditsTransferredIn { Id = Txn(14), From = new("acct_2"), Amount = 1, Before = 0, After = 1, Available = 1, Allocations = [new(LotId.For(Tag, 10), 1)], Lots = [SmallLot] }),
        ("hold_placed_full", new HoldPlaced { Id = HoldId.For(Tag, 5), Amount = 20.25m, ExpiresAt = Time.AddMinutes(15), Spending = FullSpending, Note = FullNote }),
        ("hold_placed_small", new HoldPlaced { Id = HoldId.For(Tag, 5), Amount = 20, ExpiresAt = Time.AddMinutes(15) }),
        ("hold_captured_full", new HoldCaptured
        {
            Id = Txn(15), Hold = HoldId.For(Tag, 5), Amount = 12, Before = 7, After = -5, Available = -5, Allocations = [new(LotId.For(Tag, 3), 7), new(null, 5)], Spending = FullSpending, Note = FullNote,
        }),
        ("hold_captured_small", new HoldCaptured { Id = Txn(15), Hold = HoldId.For(Tag, 5), Amount = 1, Before = 7, After = 6, Available = 6, Allocations = [new(LotId.For(Tag, 3), 1)] }),
        ("hold_released_full", new HoldReleased { Hold = HoldId.For(Tag, 5), Amount = 20, Usage = new(Success: false, ErrorMessage: "timeout"), Note = FullNote }),
        ("hold_released_small", new HoldReleased { Hold = HoldId.For(Tag, 5), Amount = 20 }),
        ("hold_expired", new HoldExpired { Hold = HoldId.For(Tag, 5), Amount = 20 }),
        ("hold_expired_fraction", new HoldExpired { Hold = HoldId.For(Tag, 5), Amount = 0.000001m }),
        ("lot_expired_full", new LotExpired { Id = Txn(16), Lot = LotId.For(Tag, 3), Amount = 7, Before = 7, After = 0, Available = -1, Allocations = [new(LotId.For(Tag, 3), 7)], Note = new(OccurredAt: Time) }),
        ("lot_expired_small", new LotExpired { Id = Txn(16), Lot = LotId.For(Tag, 3), Amount = 7, Before = 7, After = 0, Available = 0, Allocations = [new(LotId.For(Tag, 3), 7)] }),
        ("account_frozen_full", new AccountFrozen { Reason = "review", Note = FullNote }),
        ("account_frozen_small", new AccountFrozen()),
        ("account_unfrozen_full", new AccountUnfrozen { Reason = "cleared", Note = FullNote }),
        ("account_unfrozen_small", new AccountUnfrozen()),
        ("account_closed_full", new AccountClosed { Reason = "left", Note = FullNote }),
        ("account_closed_small", new AccountClosed()),
    ];

    private static TransactionId Txn(long version) => TransactionId.For(Tag, version);
}
