using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Quotas;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Quotas;

/// <summary>What accounts use and may use: queries from the state, limits of their own, and the history by day.</summary>
internal sealed class QuotaEndpoints(QuotaHallway quotas, AccountFinder accounts, EventReader reader)
{
    private const string DayFormat = "yyyy-MM-dd";

    /// <summary><c>GET /v1/accounts/{accountId}/quotas</c>, by metric.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!, Metrics.IsName);
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        var sheet = await quotas.SheetAsync(caller.Tenant, now, http.RequestAborted);
        var names = sheet.Names().Where(name => list.After is not { } after || string.CompareOrdinal(name, after) > 0).Take(list.Limit + 1).ToList();
        var page = list.Page(names, name => name);
        await Answer.Ok(http, new Page<QuotaBody>([.. page.Data.Select(name => QuotaBody.Of(sheet.Of(name)))], page.NextCursor));
    }

    /// <summary><c>GET /v1/accounts/{accountId}/quotas/{metric}</c>: whether so much more would fit.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var metric = MetricOf(http, query);
        var need = NeedOf(query);
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        var standing = (await quotas.SheetAsync(caller.Tenant, now, http.RequestAborted)).Of(metric);
        await Answer.Ok(http, QuotaBody.Of(standing) with { Allowed = standing.Allows(need) });
    }

    /// <summary><c>PUT /v1/accounts/{accountId}/quotas/{metric}</c>: a limit of the account's own.</summary>
    public async Task PutAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<OverrideLimitRequest>(http);
        var query = QueryParameters.Of(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        var metric = MetricOf(http, query);
        if (read.Value is { IsGiven: false }) errors.Add("limit", "is required; null takes the account's own limit away");
        if (read.Value?.Limit is { Value.IsNegative: true }) errors.Add("limit", "must be 0 or more");
        var problem = read.Problem ?? errors.Problem ?? query.Problem();
        if (problem is null)
        {
            var result = await quotas.SendAsync(caller.Tenant, new OverrideLimit { Account = account, Metric = metric, Limit = read.Value!.Limit?.Value }, CommandHandler.MetaOf(http, caller, null), cancellationToken: http.RequestAborted);
            problem = result.Problem;
        }

        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }

        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        await Answer.Ok(http, QuotaBody.Of((await quotas.SheetAsync(caller.Tenant, now, http.RequestAborted)).Of(metric)));
    }

    /// <summary><c>GET /v1/accounts/{accountId}/quotas/{metric}/history</c>, the newest day first.</summary>
    public async Task HistoryAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var metric = MetricOf(http, query);
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (to < from) query.Add("to", "must not be before from");
        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!, text => DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        await using var command = reader.Source.CreateCommand(
            """
            select day, sum(added), sum(posts)::bigint, (array_agg(used order by version desc) filter (where used is not null))[1], max(peak),
                   array_agg(category order by category) filter (where category <> ''), array_agg(added order by category) filter (where category <> '')
            from ledger.usage_days
            where tenant_id = $1 and account_id = $2 and metric = $3 and ($4::date is null or day >= $4) and ($5::date is null or day < $5) and ($6::date is null or day < $6)
            group by day order by day desc limit $7
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(((Domain.Accounts.Account)now.State).Id.Value);
        command.Parameters.AddWithValue(Metrics.Metered(metric));
        // Whole days: the day that from is in, and up to the day that to is in where that has begun by then.
        foreach (var day in new[] { DayOf(from), DayOf(to is { } end && end.UtcDateTime.TimeOfDay > TimeSpan.Zero && end < DateTimeOffset.MaxValue.AddDays(-1) ? end.AddDays(1) : to), list.After is { } after ? DateOnly.ParseExact(after, DayFormat, CultureInfo.InvariantCulture) : null })
            command.Parameters.Add(new NpgsqlParameter<DateOnly?> { TypedValue = day, NpgsqlDbType = NpgsqlDbType.Date });
        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<UsageDayBody>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add(Read(rows, metric));
        }

        var page = list.Page(found, day => day.Day);
        await Answer.Ok(http, page);
    }

    private static UsageDayBody Read(NpgsqlDataReader row, string metric)
    {
        Credits Shown(decimal amount) => Metrics.FromMetered(metric, amount);
        var categories = row.IsDBNull(5) ? null : row.GetFieldValue<string[]>(5).Zip(row.GetFieldValue<decimal[]>(6)).ToDictionary(pair => pair.First, pair => Shown(pair.Second), StringComparer.Ordinal);
        return new UsageDayBody(
            row.GetFieldValue<DateOnly>(0).ToString(DayFormat, CultureInfo.InvariantCulture), Shown(row.GetDecimal(1)), row.GetInt64(2), row.IsDBNull(3) ? null : Shown(row.GetDecimal(3)), row.IsDBNull(4) ? null : Shown(row.GetDecimal(4)), categories);
    }

    private static DateOnly? DayOf(DateTimeOffset? time) => time is { } at ? DateOnly.FromDateTime(at.UtcDateTime) : null;

    private static string MetricOf(HttpContext http, QueryParameters query)
    {
        var metric = (string)http.Request.RouteValues["metric"]!;
        if (!Metrics.IsName(metric)) query.Add("metric", "must have 1 to 64 of the characters A-Z a-z 0-9 . _ : -");
        return metric;
    }

    private static Credits NeedOf(QueryParameters query)
    {
        if (query.Text("need") is not { } text) return 1;
        if (Credits.TryParse(text, out var need) && !need.IsNegative && need <= Metrics.QuantityMax && need.Scale <= Credits.ScaleMax) return need;
        query.Add("need", "must be a plain decimal number, 0 or more, with at most 6 decimals");
        return 0;
    }
}
