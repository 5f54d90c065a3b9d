using Ledger.Api.Commands;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>The pure part of lots and the journal: lots against the fold, the journal against lots and balances.</summary>
public sealed class Keeping_the_books(ITestOutputHelper output)
{
    private const int Histories = 60;
    private const string Tenant = "*DEFAULT*";

    private static readonly BooksProjection Projection = new();

    [Fact]
    public void Every_event_that_moves_credits_is_booked()
    {
        var moving = typeof(AccountEvent).Assembly.GetTypes().Where(type => type.IsSealed && type.IsAssignableTo(typeof(TransactionEvent)));
        Type[] besides = [typeof(AccountOpened), typeof(ShortfallRecorded), typeof(ShortfallLifted), typeof(LotFrozen), typeof(LotUnfrozen)];
        Projection.Handles.ShouldBe(moving.Concat(besides), ignoreOrder: true);
    }

    [Fact]
    public void Every_lot_is_as_the_fold_has_it_after_every_event()
    {
        var seed = RandomEvents.Seed(output);
        var (origins, ends) = (new HashSet<LotOrigin>(), new HashSet<LotEnd>());
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var rows = new Rows();
            var fold = RandomEvents.Ids.ToDictionary(id => id.Value, Account.Unopened);
            var lots = RandomEvents.Ids.ToDictionary(id => id.Value, _ => new Dictionary<string, Lot>(StringComparer.Ordinal));
            foreach (var happened in made.Events)
            {
                var id = AccountModel.AccountOf(happened.Stream).Value;
                var account = fold[id] = fold[id].Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                foreach (var lot in account.Lots) lots[id][lot.Id.Value] = lot;
                foreach (var fact in account.Left.Select(fact => fact.Body).OfType<LotClosed>()) lots[id][fact.Lot.Id.Value] = fact.Lot;
                foreach (var lot in account.Lots) lots[id][lot.Id.Value] = lot;
                Apply(happened, rows);
                if (!Projection.Handles.Contains(happened.Data.GetType())) continue;
                var kept = rows.All(LotTable.Table).Where(row => row.Key.Account == id).ToDictionary(row => row.Key.Lot, StringComparer.Ordinal);
                kept.Keys.ShouldBe(lots[id].Keys, ignoreOrder: true, $"LEDGER_SEED={seed + history}");
                foreach (var (key, lot) in lots[id]) Same(kept[key], lot, $"LEDGER_SEED={seed + history} {happened.Data}");
            }

            foreach (var row in rows.All(LotTable.Table))
            {
                origins.Add(row.Origin);
                if (row.Ended is { } end) ends.Add(end);
                if (row.Origin == LotOrigin.Transfer) rows.Find(LotTable.Table, new LotKey(Tenant, row.ParentAccount!, row.ParentLot!)).ShouldNotBeNull().Kind.ShouldBe(row.Kind);
                if (row.Origin == LotOrigin.Refund && row.Cost > 0) rows.Find(LotTable.Table, new LotKey(Tenant, row.Key.Account, row.ParentLot!)).ShouldNotBeNull().Replaced.ShouldBeGreaterThan(0);
            }
        }

        origins.ShouldBe(Enum.GetValues<LotOrigin>(), ignoreOrder: true, "the histories have lots of every origin");
        ends.ShouldBe(Enum.GetValues<LotEnd>(), ignoreOrder: true, "the histories have every end");
    }

    [Fact]
    public void A_receiver_is_booked_though_the_payer_was_put_aside_and_only_the_parents_of_its_lots_are_not_known()
    {
        var seed = RandomEvents.Seed(output);
        var orphans = 0;
        for (var history = 0; history < Histories / 4; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var (all, alone) = (new Rows(), new Rows());
            var (receiver, payer) = (RandomEvents.Ids[1].Value, RandomEvents.Ids[0].Value);
            foreach (var happened in made.Events)
            {
                Apply(happened, all);
                if (AccountModel.AccountOf(happened.Stream).Value == receiver) Apply(happened, alone);
            }

            static LotRow WithoutParent(LotRow row) => row.Origin == LotOrigin.Transfer ? row with { ParentLot = null } : row;
            var lots = all.All(LotTable.Table).Where(row => row.Key.Account == receiver).ToList();
            alone.All(LotTable.Table).Select(WithoutParent).ShouldBe(lots.Select(WithoutParent), ignoreOrder: true, $"LEDGER_SEED={seed + history}");
            foreach (var lot in alone.All(LotTable.Table).Where(row => row.Origin == LotOrigin.Transfer))
            {
                (lot.ParentAccount, lot.ParentLot).ShouldBe((payer, null));
                orphans++;
            }

            Units(alone, receiver).ShouldBe(Units(all, receiver), $"LEDGER_SEED={seed + history}");
        }

        orphans.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Debits_are_credits_after_every_event_and_the_sums_are_what_lots_and_balances_say()
    {
        var seed = RandomEvents.Seed(output);
        var used = new HashSet<int>();
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var rows = new Rows();
            var fold = RandomEvents.Ids.ToDictionary(id => id.Value, Account.Unopened);
            foreach (var happened in made.Events)
            {
                var id = AccountModel.AccountOf(happened.Stream).Value;
                var account = fold[id] = fold[id].Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                Apply(happened, rows);
                if (!Projection.Handles.Contains(happened.Data.GetType()) || happened.Data is AccountOpened) continue;
                foreach (var total in rows.All(JournalTables.Totals))
                {
                    foreach (var sums in total.Units.Values.Concat(total.Money.Values)) sums.Sum().ShouldBe(0m, $"LEDGER_SEED={seed + history}");
                }

                var units = Units(rows, id);
                (-units[(int)UnitCode.OutstandingPaid] - units[(int)UnitCode.OutstandingFree] - units[(int)UnitCode.Receivable]).ShouldBe(account.Balance.Value, "outstanding less debt is the balance");
                units[(int)UnitCode.Receivable].ShouldBe(account.Debt.Value);
            }

            foreach (var id in RandomEvents.Ids.Select(id => id.Value))
            {
                var (units, totals) = (Units(rows, id), fold[id].Totals);
                units[(int)UnitCode.Sold].ShouldBe(totals.Purchased.Value);
                (units[(int)UnitCode.Promotion] + units[(int)UnitCode.Subscription] + units[(int)UnitCode.Compensation]).ShouldBe(totals.Granted.Value);
                (-units[(int)UnitCode.Consumed]).ShouldBe(totals.Consumed.Value);
                units[(int)UnitCode.ConsumptionRefunded].ShouldBe(totals.Refunded.Value);
                (-units[(int)UnitCode.ExpiredPaid] - units[(int)UnitCode.ExpiredFree]).ShouldBe(totals.Expired.Value);
                (-units[(int)UnitCode.Revoked]).ShouldBe(totals.Revoked.Value);
                (units[(int)UnitCode.AdjustedUp] + units[(int)UnitCode.AdjustedDown]).ShouldBe(totals.Adjusted.Value);
                units[(int)UnitCode.Transfers].ShouldBe(totals.Transferred.Value);
            }

            Money(rows, used, seed + history);
        }

        used.ShouldBe(ChartOfAccounts.All.Select(account => account.Code), ignoreOrder: true, "the histories use the whole chart");
    }

    private static void Money(Rows rows, HashSet<int> used, int seed)
    {
        var lots = rows.All(LotTable.Table);
        foreach (var currency in rows.All(JournalTables.Totals).SelectMany(total => total.Money.Keys).Distinct())
        {
            decimal Total(MoneyCode code) => rows.All(JournalTables.Totals).Sum(total => total.Money.GetValueOrDefault(currency)?[(int)code] ?? 0);
            decimal OfDays(MoneyCode code) => rows.All(JournalTables.Days).Sum(day =>
                (day.Currency == currency ? day.Money![(int)code] : 0) + (JournalTotals.Read(day.More).GetValueOrDefault(currency)?[(int)code] ?? 0));
            foreach (var account in ChartOfAccounts.Money)
            {
                OfDays((MoneyCode)account.Place).ShouldBe(Total((MoneyCode)account.Place), $"{account.Name} by account and in all, LEDGER_SEED={seed}");
                if (Total((MoneyCode)account.Place) != 0) used.Add(account.Code);
            }

            if (rows.All(JournalTables.Days).Any(day => day.Money is not null && day.Money[(int)MoneyCode.Transfers] != 0)) used.Add(2900);
            var paid = lots.Where(lot => lot.Currency == currency).ToList();
            Total(MoneyCode.Cash).ShouldBe(paid.Where(lot => lot.Origin == LotOrigin.Purchase).Sum(lot => lot.Cost), "all that was paid");
            (-Total(MoneyCode.Deferred)).ShouldBe(paid.Sum(lot => lot.Deferred), "what is deferred lies in lots");
            (-Total(MoneyCode.Revenue) - Total(MoneyCode.RevenueReversed)).ShouldBe(paid.Sum(lot => lot.CostRecognised));
            (-Total(MoneyCode.Breakage)).ShouldBe(paid.Sum(lot => lot.CostExpired));
            (-Total(MoneyCode.Forfeited)).ShouldBe(paid.Sum(lot => lot.CostAdjusted));
            var purchases = paid.Where(lot => lot.Origin == LotOrigin.Purchase).ToList();
            (-Total(MoneyCode.RefundsPayable) - Total(MoneyCode.CashRefunded)).ShouldBe(purchases.Sum(lot => lot.CostOf(lot.Amount, lot.Amount - lot.PurchaseRefunded)), "what went back is the price of what was refunded");
            // Where a restored part begins elsewhere than the lost one did, a minor unit may stay.
            Total(MoneyCode.Losses).ShouldBeInRange(purchases.Sum(lot => lot.CostOf(lot.Amount, lot.Amount - lot.Shortfall)) - 30, purchases.Sum(lot => lot.CostOf(lot.Amount, lot.Amount - lot.Shortfall)) + 30);
            Total(MoneyCode.Transfers).ShouldBe(0m, "what left one account came to another");
            foreach (var lot in paid)
            {
                // Each transfer may leave one minor unit between the share of the whole and what was deferred.
                (lot.Cost - lot.Deferred - lot.CostRecognised - lot.CostExpired - lot.CostRefunded - lot.CostAdjusted - lot.CostMoved).ShouldBeInRange(-30, 30, lot.ToString());
                lot.Deferred.ShouldBeInRange(0, lot.Cost);
            }
        }

        foreach (var total in rows.All(JournalTables.Days).Where(day => day.Units is not null))
        {
            foreach (var account in ChartOfAccounts.Units)
            {
                if (total.Units![account.Place] != 0) used.Add(account.Code);
            }
        }
    }

    private static void Same(LotRow row, Lot lot, string why)
    {
        row.Kind.ShouldBe(lot.Kind, why);
        row.Source.ShouldBe(lot.Source, why);
        row.Origin.ShouldBe(lot.Origin, why);
        row.Amount.ShouldBe(lot.Amount.Value, why);
        row.Remaining.ShouldBe(lot.Remaining.Value, why);
        row.Priority.ShouldBe(lot.Priority, why);
        row.ExpiresAt.ShouldBe(lot.ExpiresAt, why);
        row.CreatedAt.ShouldBe(lot.CreatedAt, why);
        (row.Currency is null ? null : (Money?)new Money(row.Cost, row.Currency)).ShouldBe(lot.Cost, why);
        row.Ended.ShouldBe(lot.Ended, why);
        row.PurchaseRefunded.ShouldBe(lot.Revoked.Value, why);
        row.Shortfall.ShouldBe(lot.Claims?.Shortfall.Value ?? 0, why);
        row.Disputes.ShouldBe(lot.Claims?.Disputes?.Count ?? 0, why);
        if (lot.Cost is not null) row.Moved.ShouldBe(lot.Moved.Value, why);
        ("txn_" + row.Key.Lot[4..28]).ShouldBe(lot.TransactionId.Value, why);
        row.Amount.ShouldBe(row.Remaining + row.Used - row.GivenBack + row.Expired + row.Revoked + row.Adjusted + row.Transferred, why);
    }

    private static decimal[] Units(Rows rows, string account) =>
        [.. ChartOfAccounts.Units.Select(of => rows.All(JournalTables.Days).Where(day => day.Key.Account == account).Sum(day => day.Units?[of.Place] ?? 0))];

    private static void Apply(StoredEvent happened, Rows rows)
    {
        if (Projection.Handles.Contains(happened.Data.GetType())) Projection.Apply(happened, rows);
    }
}
