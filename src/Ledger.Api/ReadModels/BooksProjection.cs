using System.Collections.Immutable;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// Lots and the journal: what became of every lot, and every event as balanced postings, in units and, by the cost of the lots, in money. Both in one, as the postings in money follow
/// from the lots.
/// </summary>
internal sealed class BooksProjection : Projection
{
    public const string ProjectionName = "books";

    public override string Name => ProjectionName;

    public override int Version => 1;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type>
    {
        typeof(AccountOpened), typeof(CreditsPurchased), typeof(CreditsGranted), typeof(CreditsConsumed), typeof(HoldCaptured), typeof(ConsumptionRefunded), typeof(PurchaseRefunded),
        typeof(PurchaseRestored), typeof(ShortfallRecorded), typeof(ShortfallLifted), typeof(LotFrozen), typeof(LotUnfrozen),
        typeof(CreditsAdjusted), typeof(CreditsTransferredOut), typeof(CreditsTransferredIn), typeof(LotExpired),
    };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [LotTable.Table, JournalTables.Days, JournalTables.Totals, JournalTables.Units, JournalTables.Transfers];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        var (tenant, account) = Names(happened);
        needs.Row(JournalTables.Units, (tenant, account));
        if (happened.Data is AccountOpened) return;
        var day = DayOf(happened);
        needs.Row(JournalTables.Days, new JournalDayKey(tenant, account, day));
        needs.Row(JournalTables.Totals, (tenant, day));
        switch (happened.Data)
        {
            case ShortfallRecorded { Lot: var lot }: Look(lot); break;
            case ShortfallLifted { Lot: var lot }: Look(lot); break;
            case LotFrozen { Lot: var lot }: Look(lot); break;
            case LotUnfrozen { Lot: var lot }: Look(lot); break;
            case PurchaseRestored { Lot: var lot }: Look(lot); break; // the only other lot begins with it
            case ConsumptionRefunded refund:
                foreach (var part in refund.Allocations) Look(part.Lot);
                foreach (var payment in refund.Pays ?? []) Look(payment.Lot);
                foreach (var lot in refund.Lots ?? []) Look(lot.Id);
                break;
            case CreditsTransferredIn received:
                needs.Row(JournalTables.Transfers, (tenant, received.From.Value, account));
                break;
            case IncomingEvent and not CreditsAdjusted { Negative: true }:
                break; // its lots begin with it, so there is nothing to look up
            case TransactionEvent e:
                foreach (var part in e.Allocations) Look(part.Lot);
                if (e is PurchaseRefunded revoked) Look(revoked.Lot);
                if (e is CreditsTransferredOut sent) needs.Row(JournalTables.Transfers, (tenant, account, sent.To.Value));
                break;
        }

        void Look(LotId? lot)
        {
            if (lot is { } id) needs.Row(LotTable.Table, new LotKey(tenant, account, id.Value));
        }
    }

    public override void Apply(StoredEvent happened, Rows rows) => Book(happened, rows);

    /// <summary>Applies one event; gives its postings, or null for one that moves no credits.</summary>
    internal static JournalEntry? Book(StoredEvent happened, Rows rows)
    {
        var (tenant, account) = Names(happened);
        if (happened.Data is AccountOpened opened)
        {
            rows.Put(JournalTables.Units, new JournalUnitRow(tenant, account, opened.Unit));
            return null;
        }

        var e = (AccountEvent)happened.Data;
        var unit = rows.Find(JournalTables.Units, (tenant, account)) ?? throw new InvalidOperationException($"Account {account} moves credits before it is opened.");
        var key = new JournalDayKey(tenant, account, DayOf(happened));
        var day = rows.Find(JournalTables.Days, key) ?? new JournalDayRow { Key = key, FirstVersion = happened.Version, LastVersion = happened.Version };
        var books = new Bookkeeping(happened, tenant, account, rows, day);
        books.Book(e);
        if (e is LotFrozen or LotUnfrozen { Pays: null }) return null; // it says something of a lot, and moves nothing
        books.Entry.CheckBalanced();
        rows.Put(JournalTables.Days, day.With(books.Entry, happened.Version, books.Opening));
        var total = rows.Find(JournalTables.Totals, (tenant, key.Day)) ?? new JournalTotalRow { Tenant = tenant, Day = key.Day };
        rows.Put(JournalTables.Totals, total.With(books.Entry, unit.Unit));
        return books.Entry;
    }

    private static (string Tenant, string Account) Names(StoredEvent happened) => (Tenants.Stored(happened.Stream.Tenant), AccountModel.AccountOf(happened.Stream).Value);

    private static DateOnly DayOf(StoredEvent happened) => DateOnly.FromDateTime(happened.RecordedAt.UtcDateTime);
}
