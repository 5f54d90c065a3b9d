using System.Globalization;
using System.Text;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Accounts;

/// <summary>
/// <c>GET .../usage</c>. Whole hours come from the sums by the hour; what lies in parts of hours at the ends of the period, and whatever is grouped by resource, is summed
/// up from the transactions. A refund counts where its consumption does.
/// </summary>
internal sealed class UsageQueries(EventReader reader, AccountFinder accounts)
{
    /// <summary>An answer has at most so many groups; a query that has more is refused, since nobody reads them and there are no pages.</summary>
    public const int GroupsMax = 10_000;

    private static readonly TimeSpan OneHour = TimeSpan.FromHours(1);

    internal static readonly string[] ReadModels = [TransactionsProjection.ItsName, UsageProjection.ItsName];

    /// <summary>What can be grouped by, in the order of the answer's members, with the expression for it over the columns of a call.</summary>
    internal static readonly (string Word, string Sql)[] Dimensions =
    [
        ("service", "service"), ("operation", "operation"), ("resourceType", "resource_type"), ("resourceId", "resource_id"), ("actor", "actor"),
        ("day", "to_char(at at time zone 'UTC', 'YYYY-MM-DD')"), ("month", "to_char(at at time zone 'UTC', 'YYYY-MM')"),
    ];

    /// <summary>What a call is grouped by and summed up over, in each part of the union.</summary>
    internal const string Columns = "at, service, operation, resource_type, resource_id, actor, amount, refunded, count, successes, failures, input_tokens, output_tokens, processing_ms";

    internal const string OccurredAt = "coalesce(occurred_at, recorded_at)";

    /// <summary>Answers.</summary>
    public async Task UsageAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var words = query.WordList("groupBy", [.. Dimensions.Select(d => d.Word)]) ?? [];
        var period = Period.Read(query);
        if (await accounts.FindAsync(http, query, readModels: ReadModels) is not { } now) return;

        await using var command = reader.Source.CreateCommand();
        await BuildAsync(command, now.Stream, period, words, http.RequestAborted);
        var groups = new List<UsageGroupBody>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) groups.Add(Read(rows));
        }

        if (groups.Count > GroupsMax)
        {
            await Problem.Invalid("groupBy", string.Create(CultureInfo.InvariantCulture, $"gives more than {GroupsMax} groups: take a shorter period (from, to) or group by less")).WriteAsync(http);
            return;
        }

        await Answer.Ok(http, new UsageReportBody(groups));
    }

    private async Task BuildAsync(NpgsqlCommand command, StreamRef stream, Period period, IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        string Parameter(object value)
        {
            command.Parameters.AddWithValue(value);
            return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
        }

        var account = $"tenant_id = {Parameter(Tenants.Stored(stream.Tenant))} and account_id = {Parameter(AccountModel.AccountOf(stream).Value)}";
        string In(string time, Period within) =>
            (within.From is { } from ? $" and {time} >= {Parameter(from.UtcDateTime)}" : "") + (within.To is { } to ? $" and {time} < {Parameter(to.UtcDateTime)}" : "");

        var parts = new List<string>();
        var (hours, rest) = words.Contains("resourceType") || words.Contains("resourceId") ? (null, [period]) : Split(period);
        if (hours is { } whole)
        {
            parts.Add($"select hour, nullif(service, ''), nullif(operation, ''), null, null, nullif(actor, ''), amount, 0::numeric, count, successes, failures, input_tokens, output_tokens, processing_ms "
                + $"from ledger.usage_hours where {account}{In("hour", whole)}");
        }

        foreach (var span in rest)
        {
            var recorded = await RecordedAsync(stream, span, cancellationToken);
            parts.Add($"select {OccurredAt}, service, operation, resource_type, resource_id, actor, -change, 0, 1, case when success then 1 else 0 end, case when not success then 1 else 0 end, input_tokens, output_tokens, processing_ms "
                + $"from ledger.transactions where {account} and type = 3 and version > {Parameter(recorded.Above)} and version <= {Parameter(recorded.UpTo)}{In(OccurredAt, span)}");
        }

        parts.Add($"select occurred_at, service, operation, resource_type, resource_id, actor, 0, 0, 1, case when success then 1 else 0 end, case when not success then 1 else 0 end, input_tokens, output_tokens, processing_ms "
            + $"from ledger.uncharged_calls where {account}{In("occurred_at", period)}");
        // A refund comes after its consumption, so neither lies below what may have occurred in the period.
        var consumed = await RecordedAsync(stream, period, cancellationToken);
        var above = Parameter(consumed.Above);
        parts.Add($"select {OccurredAt}, service, operation, resource_type, resource_id, actor, 0, r.refunded, 0, 0, 0, null, null, null "
            + $"from (select change as refunded, refund_of as refunds from ledger.transactions where {account} and type = 4 and version > {above}) r "
            + $"join ledger.transactions on {account} and version = r.refunds where version > {above} and version <= {Parameter(consumed.UpTo)}{In(OccurredAt, period)}");

        var dimensions = Dimensions.Select(d => words.Contains(d.Word) ? d.Sql : "null::text").ToList();
        var grouped = string.Join(", ", Dimensions.Where(d => words.Contains(d.Word)).Select(d => d.Sql));
        var sql = new StringBuilder(
            $"select {string.Join(", ", dimensions)}, sum(amount), sum(refunded), sum(count)::bigint, sum(input_tokens), sum(output_tokens), sum(processing_ms), sum(successes)::bigint, sum(failures)::bigint from (")
            .AppendJoin(" union all ", parts).Append(CultureInfo.InvariantCulture, $") calls ({Columns})");
        if (grouped.Length > 0) sql.Append(CultureInfo.InvariantCulture, $" group by {grouped}");
        sql.Append(" having sum(count) > 0");
        if (grouped.Length > 0) sql.Append(CultureInfo.InvariantCulture, $" order by {grouped}");
        command.CommandText = sql.Append(CultureInfo.InvariantCulture, $" limit {GroupsMax + 1}").ToString();
    }

    /// <summary>The whole hours of a period, where there are any, and what of it is left on both sides.</summary>
    internal static (Period? Hours, IReadOnlyList<Period> Parts) Split(Period period)
    {
        if (DateTimeOffset.MaxValue - period.From < OneHour) return (null, [period]);
        var (first, last) = (period.From is { } from ? Hour(from + OneHour - TimeSpan.FromTicks(1)) : (DateTimeOffset?)null, period.To is { } to ? Hour(to) : (DateTimeOffset?)null);
        if (first > last) return (null, [period]);
        var rest = new List<Period>();
        if (period.From < first) rest.Add(new(period.From, first));
        if (last < period.To) rest.Add(new(last, period.To));
        return (new Period(first, last), rest);
    }

    private static DateTimeOffset Hour(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    /// <summary>The versions that may have occurred in a period: an app may tell of what occurred a bounded time ago, or a bounded time ahead.</summary>
    private Task<(long Above, long UpTo)> RecordedAsync(StreamRef stream, Period occurred, CancellationToken cancellationToken)
    {
        var from = occurred.From is { } f && f - DateTimeOffset.MinValue > Note.AheadMax ? f - Note.AheadMax : (DateTimeOffset?)null;
        var to = occurred.To is { } t && DateTimeOffset.MaxValue - t > Note.AgeMax ? t + Note.AgeMax : (DateTimeOffset?)null;
        return new Period(from, to).VersionsAsync(reader, stream, cancellationToken);
    }

    internal static UsageGroupBody Read(NpgsqlDataReader row)
    {
        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        decimal? Sum(int column) => row.IsDBNull(column) ? null : row.GetDecimal(column);
        long? Some(int column) => row.GetInt64(column) is var count and > 0 ? count : null;
        return new UsageGroupBody
        {
            Service = Text(0),
            Operation = Text(1),
            ResourceType = Text(2),
            ResourceId = Text(3),
            Actor = Text(4),
            Day = Text(5),
            Month = Text(6),
            Amount = new Credits(row.GetDecimal(7)),
            Refunded = new Credits(row.GetDecimal(8)),
            Count = row.GetInt64(9),
            Usage = new UsageSumsBody { InputTokens = Sum(10), OutputTokens = Sum(11), ProcessingTimeMs = Sum(12), Succeeded = Some(13), Failed = Some(14) },
        };
    }
}
