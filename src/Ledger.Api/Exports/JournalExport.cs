using Ledger.Api.ReadModels;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>The journal, as it is kept: the sums of each account on each day by code.</summary>
internal sealed class JournalExport : SnapshotExport
{
    public override string Name => "journal";

    public override string Summary => "The double-entry journal: the sum of the postings of each account on each day by code of the chart.";

    public override string Order => "By day, account, code, then credits before money.";

    public override TimeSpan Step => TimeSpan.FromDays(1);

    public override IReadOnlyList<ExportColumn> Columns { get; } =
    [
        new("day", "word", "The day (UTC) on which things were recorded, such as 2026-01-31."),
        new("accountId", "text", "The account whose credits they are."),
        new("code", "integer", "The code of the chart of accounts; docs/analysts.md explains each."),
        new("name", "word", "Its name."),
        new("unit", "text", "The unit of the credits; absent in a row of money."),
        new("credits", "decimal", "Debits less credits, in the unit: above 0 a debit, below 0 a credit."),
        new("currency", "word", "The currency; absent in a row of credits."),
        new("money", "integer", "Debits less credits, in the currency's minor unit."),
    ];

    protected override IReadOnlyList<string> Projections => [BooksProjection.ProjectionName];

    protected override string Query =>
        """
        select to_char(j.day, 'YYYY-MM-DD'), j.account_id, j.code::numeric, c.name, j.measure, j.asset, j.amount
        from ledger.journal_daily j join ledger.journal_accounts c on c.code = j.code
        where j.tenant_id = $1 and ($2::timestamptz is null or j.day >= ($2 at time zone 'UTC')::date) and ($3::timestamptz is null or j.day < ($3 at time zone 'UTC')::date)
        order by j.day, j.account_id, j.code, j.asset
        """;

    protected override void Write(NpgsqlDataReader reader, RecordWriter writer)
    {
        var units = reader.GetString(4) == "units";
        writer.Word("day", reader.GetString(0));
        writer.Text("accountId", reader.GetString(1));
        writer.Number("code", WholeOf(reader, 2));
        writer.Word("name", reader.GetString(3));
        writer.Text("unit", units ? reader.GetString(5) : null);
        writer.Amount("credits", units ? AmountOf(reader, 6) : null);
        writer.Word("currency", units ? null : reader.GetString(5));
        writer.Number("money", units ? null : WholeOf(reader, 6));
    }
}
