using System.Globalization;
using System.Text;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Reports;

/// <summary>
/// <c>GET /v1/reports/usage</c>: what all accounts of a tenant used, by groups, as the usage of one account is told. Whole hours come from the sums by the hour; what lies in parts of hours
/// at the ends of the period, and whatever is grouped by resource, is summed up from the transactions. A refund counts where its consumption does.
/// </summary>
internal sealed class UsageReport(EventReader reader, Freshness freshness)
{
    private const string OfCall = "service, operation, resource_type, resource_id, actor";

    /// <summary>Answers.</summary>
    public async Task UsageAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var words = query.WordList("groupBy", [.. UsageQueries.Dimensions.Select(d => d.Word)]) ?? [];
        var period = Period.Read(query);
        if ((query.Problem() ?? await freshness.BehindAsync(Caller.Of(http).Tenant, UsageQueries.ReadModels, http.RequestAborted)) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        await using var command = reader.Source.CreateCommand();
        Build(command, Tenants.Stored(Caller.Of(http).Tenant), period, words);
        var groups = new List<UsageGroupBody>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) groups.Add(UsageQueries.Read(rows));
        }

        if (groups.Count > UsageQueries.GroupsMax)
        {
            await Problem.Invalid("groupBy", string.Create(CultureInfo.InvariantCulture, $"gives more than {UsageQueries.GroupsMax} groups: take a shorter period (from, to) or group by less")).WriteAsync(http);
            return;
        }

        await Answer.Ok(http, new UsageReportBody(groups));
    }

    private static void Build(NpgsqlCommand command, string tenant, Period period, IReadOnlyList<string> words)
    {
        string Parameter(object value)
        {
            command.Parameters.AddWithValue(value);
            return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
        }

        string In(string time, Period within) =>
            (within.From is { } from ? $" and {time} >= {Parameter(from.UtcDateTime)}" : "") + (within.To is { } to ? $" and {time} < {Parameter(to.UtcDateTime)}" : "");

        var mine = $"tenant_id = {Parameter(tenant)}";
        var parts = new List<string>();
        var (hours, rest) = words.Contains("resourceType") || words.Contains("resourceId") ? (null, [period]) : UsageQueries.Split(period);
        if (hours is { } whole)
        {
            parts.Add("select hour, nullif(service, ''), nullif(operation, ''), null, null, nullif(actor, ''), amount, 0::numeric, count, successes, failures, input_tokens, output_tokens, processing_ms "
                + $"from ledger.usage_hours where {mine}{In("hour", whole)}");
        }

        foreach (var span in rest)
        {
            parts.Add($"select {UsageQueries.OccurredAt}, {OfCall}, -change, 0, 1, case when success then 1 else 0 end, case when not success then 1 else 0 end, input_tokens, output_tokens, processing_ms "
                + $"from ledger.transactions where {mine} and type = 3{In("recorded_at", Recorded(span))}{In(UsageQueries.OccurredAt, span)}");
        }

        parts.Add($"select occurred_at, {OfCall}, 0, 0, 1, case when success then 1 else 0 end, case when not success then 1 else 0 end, input_tokens, output_tokens, processing_ms "
            + $"from ledger.uncharged_calls where {mine}{In("occurred_at", period)}");
        parts.Add($"select {UsageQueries.OccurredAt}, {OfCall}, 0, r.refunded, 0, 0, 0, null, null, null "
            + $"from (select account_id as account, change as refunded, refund_of as refunds from ledger.transactions where {mine} and type = 4{In("recorded_at", new Period(Recorded(period).From, null))}) r "
            + $"join ledger.transactions on {mine} and account_id = r.account and version = r.refunds where true{In(UsageQueries.OccurredAt, period)}");

        var grouped = string.Join(", ", UsageQueries.Dimensions.Where(d => words.Contains(d.Word)).Select(d => d.Sql));
        var sql = new StringBuilder(
            $"select {string.Join(", ", UsageQueries.Dimensions.Select(d => words.Contains(d.Word) ? d.Sql : "null::text"))}, sum(amount), sum(refunded), sum(count)::bigint, sum(input_tokens), sum(output_tokens), sum(processing_ms), "
            + "sum(successes)::bigint, sum(failures)::bigint from (")
            .AppendJoin(" union all ", parts).Append(CultureInfo.InvariantCulture, $") calls ({UsageQueries.Columns})");
        if (grouped.Length > 0) sql.Append(CultureInfo.InvariantCulture, $" group by {grouped}");
        sql.Append(" having sum(count) > 0");
        if (grouped.Length > 0) sql.Append(CultureInfo.InvariantCulture, $" order by {grouped}");
        command.CommandText = sql.Append(CultureInfo.InvariantCulture, $" limit {UsageQueries.GroupsMax + 1}").ToString();
    }

    /// <summary>When what occurred in a period may have been recorded: an app may tell of what occurred a bounded time ago, or a bounded time ahead.</summary>
    private static Period Recorded(Period occurred) => new(
        occurred.From is { } from && from - DateTimeOffset.MinValue > Note.AheadMax ? from - Note.AheadMax : null,
        occurred.To is { } to && DateTimeOffset.MaxValue - to > Note.AgeMax ? to + Note.AgeMax : null);
}
