using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.EventStore;

namespace Ledger.Api.Reports;

/// <summary>Reports over all accounts of a tenant that follow from the journal.</summary>
internal sealed class JournalReports(EventReader reader, Freshness freshness)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMicroseconds(1); // times are kept to the microsecond

    /// <summary><c>GET /v1/reports/trial-balance</c>.</summary>
    public async Task TrialBalanceAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var at = query.Time("at");
        if (await RefusedAsync(http, query)) return;
        var now = await reader.NowAsync(http.RequestAborted);
        // What was recorded at the instant itself counts.
        var before = at is { } named && named < now && DateTimeOffset.MaxValue - named > Tick ? named + Tick : (DateTimeOffset?)null;
        var history = await JournalHistory.LoadAsync(reader.Source, Caller.Of(http).Tenant, before is { } instant ? [instant] : [], http.RequestAborted);
        await Answer.Ok(http, Trial(at ?? now, before is { } end ? history.Before(end) : history.All));
    }

    /// <summary><c>GET /v1/reports/deferred-revenue</c>.</summary>
    public Task DeferredRevenueAsync(HttpContext http) => ReportAsync(http, null, (before, after, period) => after.Money.Keys.Select(currency =>
    {
        decimal Change(MoneyCode code) => after.Of(currency, code) - before.Of(currency, code);
        return new DeferredRevenueBody
        {
            Currency = currency,
            Period = period.Label,
            Opening = -before.Of(currency, MoneyCode.Deferred),
            Added = Change(MoneyCode.Cash),
            Recognised = -Change(MoneyCode.Revenue) - Change(MoneyCode.RevenueReversed),
            Breakage = -Change(MoneyCode.Breakage),
            Refunded = -Change(MoneyCode.RefundsPayable) - Change(MoneyCode.CashRefunded) - Change(MoneyCode.RevenueRefunded) - Change(MoneyCode.Losses),
            Forfeited = -Change(MoneyCode.Forfeited),
            Rounding = -Change(MoneyCode.Rounding) - Change(MoneyCode.Transfers),
            Closing = -after.Of(currency, MoneyCode.Deferred),
        };
    }));

    /// <summary><c>GET /v1/reports/breakage</c>.</summary>
    public Task BreakageAsync(HttpContext http) => ReportAsync(http, null, (before, after, period) => after.Units.Keys.Select(unit =>
    {
        decimal Change(UnitCode code) => after.Of(unit, code) - before.Of(unit, code);
        return new BreakageBody
        {
            Unit = unit,
            Period = period.Label,
            ExpiredBought = -Change(UnitCode.ExpiredPaid),
            ExpiredGranted = -Change(UnitCode.ExpiredFree),
            Consumed = -Change(UnitCode.Consumed) - Change(UnitCode.ConsumptionRefunded),
        };
    }).Concat(after.Money.Keys.Select(currency =>
    {
        decimal Change(MoneyCode code) => after.Of(currency, code) - before.Of(currency, code);
        return new BreakageBody { Currency = currency, Period = period.Label, Breakage = -Change(MoneyCode.Breakage), Recognised = -Change(MoneyCode.Revenue) - Change(MoneyCode.RevenueReversed) };
    })));

    /// <summary><c>GET /v1/reports/credits</c>.</summary>
    public Task CreditsAsync(HttpContext http) => ReportAsync(http, "day", (before, after, period) => after.Units.Keys.Select(unit =>
    {
        decimal Change(UnitCode code) => after.Of(unit, code) - before.Of(unit, code);
        decimal Outstanding(JournalBalance at) => -at.Of(unit, UnitCode.OutstandingPaid) - at.Of(unit, UnitCode.OutstandingFree);
        return new CreditsReportBody
        {
            Unit = unit,
            Period = period.Label,
            Opening = Outstanding(before) - before.Of(unit, UnitCode.Receivable),
            Purchased = Change(UnitCode.Sold),
            Granted = Change(UnitCode.Promotion) + Change(UnitCode.Subscription) + Change(UnitCode.Compensation),
            Refunded = Change(UnitCode.ConsumptionRefunded),
            Adjusted = Change(UnitCode.AdjustedUp) + Change(UnitCode.AdjustedDown),
            Consumed = -Change(UnitCode.Consumed),
            Expired = -Change(UnitCode.ExpiredPaid) - Change(UnitCode.ExpiredFree),
            Revoked = -Change(UnitCode.Revoked),
            Closing = Outstanding(after) - after.Of(unit, UnitCode.Receivable),
            Outstanding = Outstanding(after),
            Debt = after.Of(unit, UnitCode.Receivable),
        };
    }));

    private static TrialBalanceBody Trial(DateTimeOffset at, JournalBalance balance)
    {
        static (decimal Debit, decimal Credit) Side(decimal sum) => sum > 0 ? (sum, 0) : (0, -sum);
        var units = balance.Units.Select(unit => new UnitBalanceBody(
            unit.Key, unit.Value.Where(sum => sum > 0).Sum(), -unit.Value.Where(sum => sum < 0).Sum(),
            [.. ChartOfAccounts.Units.Select(account => (account, Side: Side(unit.Value[account.Place]))).Select(each => new UnitAccountBody(each.account.Code, each.account.Name, each.Side.Debit, each.Side.Credit))])).ToList();
        var money = balance.Money.Select(currency => new MoneyBalanceBody(
            currency.Key, currency.Value.Where(sum => sum > 0).Sum(), -currency.Value.Where(sum => sum < 0).Sum(),
            [.. ChartOfAccounts.Money.Select(account => (account, Side: Side(currency.Value[account.Place]))).Select(each => new MoneyAccountBody(each.account.Code, each.account.Name, each.Side.Debit, each.Side.Credit))])).ToList();
        return new TrialBalanceBody(at, units.TrueForAll(unit => unit.Debit == unit.Credit) && money.TrueForAll(currency => currency.Debit == currency.Credit), units, money);
    }

    private async Task ReportAsync<T>(HttpContext http, string? groupByDefault, Func<JournalBalance, JournalBalance, ReportPeriod, IEnumerable<T>> rows)
    {
        var query = QueryParameters.Of(http);
        var asked = ReportPeriods.Read(query, groupByDefault);
        if (await RefusedAsync(http, query)) return;
        var now = await reader.NowAsync(http.RequestAborted);
        var history = await JournalHistory.LoadAsync(reader.Source, Caller.Of(http).Tenant, asked.Ends.Where(end => end < now), http.RequestAborted);
        if (asked.Cut(history.FirstDay, now, out var periods) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var (from, to) = asked.Whole(periods, now);
        // An end that is now or later has everything before it.
        JournalBalance Before(DateTimeOffset instant) => instant >= now ? history.All : history.Before(instant);
        await Answer.Ok(http, new ReportBody<T>(from, to, [.. periods.SelectMany(period => rows(Before(period.From), Before(period.To), period))]));
    }

    /// <summary>Tells what is wrong with the query; else waits for what has been written by now, and refuses where the books have not come so far.</summary>
    private async Task<bool> RefusedAsync(HttpContext http, QueryParameters query)
    {
        var problem = query.Problem() ?? await freshness.BehindAsync(Caller.Of(http).Tenant, [BooksProjection.ProjectionName], http.RequestAborted);
        if (problem is null) return false;
        await problem.WriteAsync(http);
        return true;
    }
}
