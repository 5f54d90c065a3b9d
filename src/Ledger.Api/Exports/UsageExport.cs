using Ledger.Api.Accounts;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>Usage by the hour.</summary>
internal sealed class UsageExport : SnapshotExport
{
    public override string Name => "usage";

    public override string Summary => "Calls and what they cost, by account, hour, service, operation and actor.";

    public override string Order => "By hour, account, service, operation and actor.";

    public override TimeSpan Step => TimeSpan.FromHours(1);

    public override IReadOnlyList<ExportColumn> Columns { get; } =
    [
        new("hour", "time", "The hour in which the calls occurred."),
        new("accountId", "text", "The account."),
        new("service", "text", "The app's service."),
        new("operation", "text", "What the service did."),
        new("actor", "text", "Who did it."),
        new("calls", "integer", "How many calls, those that cost nothing too."),
        new("succeeded", "integer", "How many said that they succeeded."),
        new("failed", "integer", "How many said that they failed."),
        new("amount", "decimal", "Credits consumed."),
        new("refunded", "decimal", "Of that: refunded, whenever that was."),
        new("inputTokens", "integer", "Tokens read."),
        new("outputTokens", "integer", "Tokens written."),
        new("processingTimeMs", "integer", "Time taken, in milliseconds."),
    ];

    protected override IReadOnlyList<string> Projections => UsageQueries.ReadModels;

    protected override string Query =>
        """
        select u.hour, u.account_id, u.service, u.operation, u.actor, sum(u.count), sum(u.successes), sum(u.failures), sum(u.amount), sum(u.refunded), sum(u.input_tokens), sum(u.output_tokens), sum(u.processing_ms)
        from ledger.usage u
        where u.tenant_id = $1 and ($2::timestamptz is null or u.hour >= $2) and ($3::timestamptz is null or u.hour < $3)
        group by u.hour, u.account_id, u.service, u.operation, u.actor
        order by u.hour, u.account_id, u.service nulls first, u.operation nulls first, u.actor nulls first
        """;

    protected override void Write(NpgsqlDataReader reader, RecordWriter writer)
    {
        writer.Time("hour", new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero));
        writer.Text("accountId", reader.GetString(1));
        writer.Text("service", TextOf(reader, 2));
        writer.Text("operation", TextOf(reader, 3));
        writer.Text("actor", TextOf(reader, 4));
        writer.Number("calls", WholeOf(reader, 5));
        writer.Number("succeeded", WholeOf(reader, 6));
        writer.Number("failed", WholeOf(reader, 7));
        writer.Amount("amount", AmountOf(reader, 8));
        writer.Amount("refunded", AmountOf(reader, 9));
        writer.Number("inputTokens", WholeOf(reader, 10));
        writer.Number("outputTokens", WholeOf(reader, 11));
        writer.Number("processingTimeMs", WholeOf(reader, 12));
    }
}
