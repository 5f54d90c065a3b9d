using System.Data;
using Ledger.Domain;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Exports;

/// <summary>A read model that an export is of has not taken in all that the ledger had when the export began.</summary>
internal sealed class ReadModelBehindException(string message) : Exception(message)
{
    public static ReadModelBehindException Late(string projection, long position, long last) => new(FormattableString.Invariant(
        $"The read model {projection} has come to position {position} of {last}: try again in a moment. Where it stays there, look at `projections status`; without a running service nothing brings it further."));

    public static ReadModelBehindException Parked(string projection) => new(
        $"The read model {projection} has put accounts of this tenant aside, so what it says of the tenant is not whole: an operator has to retry or rebuild it (look at `projections status`).");
}

/// <summary>
/// Sums that change as events come, of one moment: one statement in one transaction that sees nothing newer. It waits until the read models have come as far as the ledger had when
/// it was asked for. There is no position to go on from.
/// </summary>
internal abstract class SnapshotExport : Export
{
    // So long the read model may take.
    private static readonly TimeSpan FreshWaitMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FreshPause = TimeSpan.FromMilliseconds(50);

    // The transaction keeps PostgreSQL from clearing away what it may still see, so a client may not take for ever.
    private const int StatementMinutesMax = 30;

    private const int RowsBetweenReports = 1_000;

    public sealed override bool CanGoOn => false;

    /// <summary>The projections that write what it reads.</summary>
    protected abstract IReadOnlyList<string> Projections { get; }

    /// <summary>The rows in order; tenant <c>$1</c>, from <c>$2</c>, to <c>$3</c>.</summary>
    protected abstract string Query { get; }

    /// <summary>Writes the row that the reader stands on.</summary>
    protected abstract void Write(NpgsqlDataReader reader, RecordWriter writer);

    public sealed override async Task<long> EndAsync(NpgsqlDataSource source, ExportRequest request, CancellationToken cancellationToken)
    {
        var last = await PositionAsync(source, "select coalesce(max(seq_id), 0) from ledger.mt_events", cancellationToken);
        var waited = System.Diagnostics.Stopwatch.StartNew();
        foreach (var projection in Projections)
        {
            while (await PositionAsync(source, $"select coalesce((select last_seq_id from ledger.projections where name = '{projection}'), 0)", cancellationToken) is var position && position < last)
            {
                if (waited.Elapsed >= FreshWaitMax) throw ReadModelBehindException.Late(projection, position, last);
                await Task.Delay(FreshPause, cancellationToken);
            }
        }

        await WholeAsync(source, request, cancellationToken);
        await using var command = source.CreateCommand($"select count(*) from ({Query}) rows");
        AddTo(command, request);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public sealed override async Task WriteAsync(
        NpgsqlDataSource source, ExportRequest request, long after, long end, RecordWriter writer, Func<long, ValueTask> reached, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var limit = new NpgsqlCommand($"set local statement_timeout = '{StatementMinutesMax}min'; set transaction read only", connection)) await limit.ExecuteNonQueryAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Query, connection);
        AddTo(command, request);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            writer.Begin();
            Write(reader, writer);
            await writer.EndAsync(cancellationToken);
            // What was counted and what is there may differ by what came between.
            if (writer.Rows % RowsBetweenReports == 0) await reached(Math.Min(writer.Rows, end));
        }

        await reached(end);
    }

    protected static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    protected static Credits? AmountOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : new Credits(reader.GetDecimal(column));

    protected static long? WholeOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : (long)reader.GetDecimal(column);

    /// <summary>Refuses where one of the projections has put aside a stream of the tenant: looked at last, as a stream is put aside by the step that passes its event.</summary>
    private async Task WholeAsync(NpgsqlDataSource source, ExportRequest request, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select projection from ledger.projection_parked where tenant_id = $1 and projection = any($2) limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(request.Tenant));
        command.Parameters.AddWithValue(Projections.ToArray());
        if (await command.ExecuteScalarAsync(cancellationToken) is string parked) throw ReadModelBehindException.Parked(parked);
    }

    private static void AddTo(NpgsqlCommand command, ExportRequest request)
    {
        command.Parameters.AddWithValue(Tenants.Stored(request.Tenant));
        foreach (var time in new[] { request.From, request.To }) command.Parameters.Add(new NpgsqlParameter<DateTime?> { TypedValue = time?.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
    }

    private static async Task<long> PositionAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
