using System.Reflection;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Exports;

/// <summary>What a column of an export is.</summary>
/// <param name="Name">Its name, in both formats.</param>
/// <param name="Type"><c>text</c>, <c>word</c>, <c>decimal</c>, <c>integer</c>, <c>time</c>, <c>boolean</c> or <c>json</c>.</param>
/// <param name="Description">What it says.</param>
internal record ExportColumn(string Name, string Type, string Description);

/// <summary>Something that can be exported: whole, of one tenant, as of one moment.</summary>
internal abstract class Export
{
    /// <summary>All of them, by name. Found by reflection once, so a new export is a new file.</summary>
    public static IReadOnlyList<Export> All { get; } =
    [
        .. from type in Assembly.GetExecutingAssembly().GetTypes()
           where type.IsAssignableTo(typeof(Export)) && !type.IsAbstract
           let export = (Export)Activator.CreateInstance(type)!
           orderby export.Name
           select export,
    ];

    /// <summary>The last part of its route.</summary>
    public abstract string Name { get; }

    /// <summary>One line on what it holds.</summary>
    public abstract string Summary { get; }

    /// <summary>The order of its rows, for people.</summary>
    public abstract string Order { get; }

    /// <summary>Its columns, in order.</summary>
    public abstract IReadOnlyList<ExportColumn> Columns { get; }

    /// <summary>What <c>from</c> and <c>to</c> must be whole steps of, where its rows are sums: an hour or a day (UTC); zero where any time will do.</summary>
    public virtual TimeSpan Step => TimeSpan.Zero;

    /// <summary>Whether it can go on from a position, with the same rows as if it had never stopped.</summary>
    public abstract bool CanGoOn { get; }

    /// <summary>Where it ends when it begins now: a position for one that can go on, else how many rows there are about.</summary>
    public abstract Task<long> EndAsync(NpgsqlDataSource source, ExportRequest request, CancellationToken cancellationToken);

    /// <summary>Writes the rows.</summary>
    /// <param name="source">Connections of <see cref="ExportSource"/>.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="after">The position after which it goes on; 0 at the beginning.</param>
    /// <param name="end">What <see cref="EndAsync"/> gave when it began.</param>
    /// <param name="writer">Takes the rows; it is not flushed at the end.</param>
    /// <param name="reached">Is told how far it has come.</param>
    /// <param name="cancellationToken">Ends the writing, and the query with it.</param>
    public abstract Task WriteAsync(NpgsqlDataSource source, ExportRequest request, long after, long end, RecordWriter writer, Func<long, ValueTask> reached, CancellationToken cancellationToken);

    /// <summary>What is wrong with a period, as the end of a sentence that begins with the parameter; null where nothing is.</summary>
    public (string Parameter, string What)? Check(DateTimeOffset? from, DateTimeOffset? to)
    {
        foreach (var (parameter, time) in new[] { ("from", from), ("to", to) })
        {
            if (Step > TimeSpan.Zero && time is { } t && t.UtcTicks % Step.Ticks != 0)
                return (parameter, Step == TimeSpan.FromHours(1) ? "must be a whole hour, such as 2026-01-31T12:00:00Z" : "must be the beginning of a day (UTC), such as 2026-01-31T00:00:00Z");
        }

        return from > to ? ("to", "must not be before from") : null;
    }
}

/// <summary>
/// Rows that follow from events, in the order of positions. Events never change and become visible in the order of their positions, so what stands up to a position is one
/// consistent moment, whenever it is read: it is read in short statements, no transaction stays open, and it can go on after any of them.
/// </summary>
/// <typeparam name="TRow">A row.</typeparam>
internal abstract class LogExport<TRow> : Export
{
    // So many positions a statement: however few of them belong to the tenant or the period, no statement takes long.
    private const int SpanOfPositions = 2_000;

    public sealed override bool CanGoOn => true;

    public override string Order => "By position: the order in which the ledger recorded them.";

    public sealed override IReadOnlyList<ExportColumn> Columns => Fields;

    /// <summary>The columns with their values.</summary>
    protected abstract IReadOnlyList<Field> Fields { get; }

    /// <summary>What is selected, of <c>ledger.mt_events e</c> and what is joined to it.</summary>
    protected abstract string Select { get; }

    /// <summary>A condition beside tenant, position and period; its parameter is <c>$6</c>.</summary>
    protected virtual (string Sql, string[] Value) Condition => ("true", []);

    /// <summary>The row that the reader stands on.</summary>
    protected abstract TRow Read(NpgsqlDataReader reader, string tenant);

    public sealed override async Task<long> EndAsync(NpgsqlDataSource source, ExportRequest request, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select coalesce(max(seq_id), 0) from ledger.mt_events");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public sealed override async Task WriteAsync(
        NpgsqlDataSource source, ExportRequest request, long after, long end, RecordWriter writer, Func<long, ValueTask> reached, CancellationToken cancellationToken)
    {
        var fields = Fields;
        var (condition, value) = Condition;
        var sql = $"""
            {Select}
            where e.seq_id > $2 and e.seq_id <= $3 and e.tenant_id = $1 and ($4::timestamptz is null or e.timestamp >= $4) and ($5::timestamptz is null or e.timestamp < $5) and ({condition})
            order by e.seq_id
            """;
        while (after < end)
        {
            var upTo = Math.Min(after + SpanOfPositions, end);
            await using var command = source.CreateCommand(sql);
            command.Parameters.AddWithValue(Tenants.Stored(request.Tenant));
            command.Parameters.AddWithValue(after);
            command.Parameters.AddWithValue(upTo);
            command.Parameters.Add(Time(request.From));
            command.Parameters.Add(Time(request.To));
            if (value.Length > 0) command.Parameters.AddWithValue(value);
            await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    var row = Read(reader, request.Tenant);
                    writer.Begin();
                    foreach (var field in fields) field.Write(writer, row);
                    await writer.EndAsync(cancellationToken);
                }
            }

            after = upTo;
            await reached(after);
        }
    }

    protected static DateTimeOffset TimeOf(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    protected static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static NpgsqlParameter<DateTime?> Time(DateTimeOffset? time) => new() { TypedValue = time?.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    /// <summary>A column with its value of a row.</summary>
    protected sealed record Field(string Name, string Type, string Description, Action<RecordWriter, TRow> Write) : ExportColumn(Name, Type, Description);

    protected static Field Text(string name, string description, Func<TRow, string?> of) => new(name, "text", description, (writer, row) => writer.Text(name, of(row)));

    protected static Field Word(string name, string description, Func<TRow, string?> of) => new(name, "word", description, (writer, row) => writer.Word(name, of(row)));

    protected static Field Amount(string name, string description, Func<TRow, Domain.Credits?> of) => new(name, "decimal", description, (writer, row) => writer.Amount(name, of(row)));

    protected static Field Number(string name, string description, Func<TRow, long?> of) => new(name, "integer", description, (writer, row) => writer.Number(name, of(row)));

    protected static Field Time(string name, string description, Func<TRow, DateTimeOffset?> of) => new(name, "time", description, (writer, row) => writer.Time(name, of(row)));

    protected static Field Flag(string name, string description, Func<TRow, bool?> of) => new(name, "boolean", description, (writer, row) => writer.Flag(name, of(row)));

    protected static Field Json(string name, string description, Func<TRow, string?> of) => new(name, "json", description, (writer, row) => writer.Json(name, of(row)));

    protected static Field Value<T>(string name, string description, Func<TRow, T> of) => new(name, "json", description, (writer, row) => writer.Value(name, of(row)));
}
