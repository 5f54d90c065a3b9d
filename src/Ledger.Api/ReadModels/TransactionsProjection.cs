using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// The log of all transactions, and what each account came to: its totals now, and at the end of each day. One projection makes both, since a transaction's running
/// total is that of its account, and a day ends with the first event of a later one.
/// </summary>
internal sealed class TransactionsProjection : Projection
{
    /// <summary>Its name, for those that wait for it.</summary>
    public const string ItsName = "transactions";

    public override string Name => ItsName;

    public override int Version => 1;

    // What moves the balance, what reserves or freezes of it, and the opening, with which an account's days begin. Found by reflection, so a new transaction needs no entry.
    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes
        .Where(type => type.IsAssignableTo(typeof(TransactionEvent)) || type == typeof(AccountOpened) || type == typeof(HoldPlaced) || type == typeof(HoldReleased) || type == typeof(HoldExpired)
            || type == typeof(LotFrozen) || type == typeof(LotUnfrozen)).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [TransactionTables.Transactions, TransactionTables.Totals, TransactionTables.Days];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        // An opening is the first event of its account.
        if (happened.Data is not AccountOpened) needs.Row(TransactionTables.Totals, KeyOf(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        var key = KeyOf(happened);
        var recordedAt = happened.RecordedAt.UtcDateTime;
        if (happened.Data is AccountOpened)
        {
            rows.Put(TransactionTables.Totals, new TotalsRow(key, happened.Version, recordedAt, 0, 0, Totals.Zero));
            return;
        }

        var before = rows.Find(TransactionTables.Totals, key) ?? throw new InvalidOperationException($"Version {happened.Version} of {happened.Stream} comes before the account's opening.");
        if (before.Day < DateOnly.FromDateTime(recordedAt)) rows.Put(TransactionTables.Days, before);
        var now = before with { Version = happened.Version, RecordedAt = recordedAt };
        switch (happened.Data)
        {
            case TransactionEvent e:
                var (totals, total) = Add(before.Totals, e);
                // A capture changes what is held, and nothing that is frozen; others the other way round.
                var apart = (e.After - e.Available).Value;
                now = e is HoldCaptured ? now with { Held = apart - before.Frozen } : now with { Frozen = apart - before.Held };
                rows.Put(TransactionTables.Totals, now with { Balance = e.After.Value, Totals = totals });
                rows.Put(TransactionTables.Transactions, Row(happened, key, e, total));
                break;
            case HoldPlaced e:
                rows.Put(TransactionTables.Totals, now with { Held = before.Held + e.Amount.Value });
                break;
            case LotFrozen e:
                rows.Put(TransactionTables.Totals, now with { Frozen = before.Frozen + e.Amount.Value });
                break;
            case LotUnfrozen e:
                rows.Put(TransactionTables.Totals, now with { Frozen = before.Frozen - e.Amount.Value });
                break;
            case HoldReleased { Amount: var amount }:
                rows.Put(TransactionTables.Totals, now with { Held = before.Held - amount.Value });
                break;
            case HoldExpired { Amount: var amount }:
                rows.Put(TransactionTables.Totals, now with { Held = before.Held - amount.Value });
                break;
        }
    }

    private static AccountKey KeyOf(StoredEvent happened) => new(Tenants.Stored(happened.Stream.Tenant), AccountModel.AccountOf(happened.Stream).Value);

    private static Credits ChangeOf(TransactionEvent e) => e.Direction() == Direction.Credit ? e.Amount : -e.Amount;

    private static TransactionRow Row(StoredEvent happened, AccountKey key, TransactionEvent e, Credits total)
    {
        var recordedAt = happened.RecordedAt.UtcDateTime;
        var occurredAt = e.Note?.OccurredAt?.UtcDateTime;
        return new TransactionRow(new(key.Tenant, key.Account, happened.Version), happened.SeqId, recordedAt, e.Type(), ChangeOf(e).Value, e.After.Value, total.Value)
        {
            OccurredAt = occurredAt == recordedAt ? null : occurredAt,
            RefundOf = e switch { ConsumptionRefunded c => c.RefundOf.Version, PurchaseRefunded p => p.RefundOf.Version, PurchaseRestored p => p.RefundOf.Version, _ => null },
            Spending = (e as ConsumptionEvent)?.Spending,
            Actor = e.Note?.Actor,
            Reference = e.Note?.Reference,
            OtherAccount = e switch { CreditsTransferredIn i => i.From.Value, CreditsTransferredOut o => o.To.Value, _ => null },
        };
    }

    /// <summary>The account's totals with this transaction, and the one of them that it counts in.</summary>
    private static (Totals Totals, Credits Total) Add(Totals was, TransactionEvent e)
    {
        switch (e.Type())
        {
            case TransactionType.Purchase:
                var purchased = was.Purchased + e.Amount;
                return (was with { Purchased = purchased }, purchased);
            case TransactionType.Grant:
                var granted = was.Granted + e.Amount;
                return (was with { Granted = granted }, granted);
            case TransactionType.Consumption:
                var consumed = was.Consumed + e.Amount;
                return (was with { Consumed = consumed }, consumed);
            case TransactionType.ConsumptionRefund:
                var refunded = was.Refunded + e.Amount;
                return (was with { Refunded = refunded }, refunded);
            case TransactionType.PurchaseRefund:
                var revoked = was.Revoked - ChangeOf(e);
                return (was with { Revoked = revoked }, revoked);
            case TransactionType.Expiry:
                var expired = was.Expired + e.Amount;
                return (was with { Expired = expired }, expired);
            case TransactionType.Adjustment:
                var adjusted = was.Adjusted + ChangeOf(e);
                return (was with { Adjusted = adjusted }, adjusted);
            case TransactionType.Transfer:
                var transferred = was.Transferred + ChangeOf(e);
                return (was with { Transferred = transferred }, transferred);
            default:
                throw new InvalidOperationException($"{e.Type()} counts in no total.");
        }
    }
}
