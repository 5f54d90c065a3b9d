using System.Data;
using System.Diagnostics;
using System.Globalization;
using Ledger.EventStore.Projections;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>What a verification is to look at, and in what portions.</summary>
public sealed record VerificationOptions
{
    /// <summary>Roots that were published and kept elsewhere, by day; none where nothing is given.</summary>
    public IReadOnlyList<DayRoot> Published { get; init; } = [];

    /// <summary>At most about so many streams are folded in one pass over the events: memory goes by this, not by the database.</summary>
    public int StreamsOfPass { get; init; } = 50_000;

    /// <summary>At most about so many facts are remembered in one pass.</summary>
    public int FactsOfPass { get; init; } = 1_000_000;

    /// <summary>Whether read models are built anew and compared too; that takes as long as their rebuilds.</summary>
    public bool ReadModels { get; init; } = true;

    /// <summary>How many threads fold; 0 for one a core, at most four.</summary>
    public int Workers { get; init; }
}

/// <summary>Another verification of this database is under way.</summary>
public sealed class VerificationRunningException() : Exception("Another verification of this database is under way; wait until it has ended.");

/// <summary>
/// Recomputes everything that can be recomputed: hash chains, ids, versions, times, positions, the streams' rows, states, facts, checkpoints, due times, the keys' events and the roots of
/// days. It reads one snapshot, so that it can run beside a service that writes; only one runs at a time on a database.
/// </summary>
/// <param name="source">Connections as the service's role, without a time limit of statements.</param>
/// <param name="catalog">The events.</param>
/// <param name="models">The kinds of streams.</param>
/// <param name="audits">What the rooms above know of their streams.</param>
/// <param name="projections">The read models; null where there are none.</param>
/// <param name="rules">What must hold in read models by themselves.</param>
public sealed class StoreVerification(
    NpgsqlDataSource source, EventCatalog catalog, StreamModels models, IEnumerable<IStreamAudit> audits, ProjectionCatalog? projections = null, IReadOnlyList<ReadModelRule>? rules = null)
{
    /// <summary>Takes the snapshot. From here on nobody else verifies, until it is disposed.</summary>
    /// <exception cref="VerificationRunningException">Somebody does already.</exception>
    public async Task<OpenVerification> OpenAsync(VerificationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            return await OpenVerification.BeginAsync(source, connection, options, new FoldContext(
                catalog, models, audits.ToDictionary(audit => audit.Kind, StringComparer.Ordinal), new Findings(), new TenantFacts()),
                found => projections is null ? null : new ReadModelCheck(source, catalog, projections, rules ?? [], found), cancellationToken);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens, runs and closes.</summary>
    /// <param name="options">What to look at.</param>
    /// <param name="progress">Is told now and then how far it is; null where nobody asks.</param>
    /// <param name="cancellationToken">Ends it; nothing stays behind.</param>
    public async Task<VerificationReport> RunAsync(VerificationOptions options, Action<VerificationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var open = await OpenAsync(options, cancellationToken);
        return await open.RunAsync(progress, cancellationToken);
    }
}

/// <summary>A verification with its snapshot.</summary>
public sealed class OpenVerification : IAsyncDisposable
{
    private const long VerifyLock = 0x4C65646765720501; // "Ledger", 1281

    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(200);

    private readonly NpgsqlConnection connection;
    private readonly FoldContext context;
    private readonly VerificationOptions options;
    private readonly ReadModelCheck? readModels;
    private readonly NpgsqlTransaction transaction;
    private long sequence;

    private OpenVerification(NpgsqlConnection connection, NpgsqlTransaction transaction, VerificationOptions options, FoldContext context, ReadModelCheck? readModels) =>
        (this.connection, this.transaction, this.options, this.context, this.readModels) = (connection, transaction, options, context, readModels);

    internal static async Task<OpenVerification> BeginAsync(
        NpgsqlDataSource source, NpgsqlConnection connection, VerificationOptions options, FoldContext context, Func<Findings, ReadModelCheck?> readModels, CancellationToken cancellationToken)
    {
        // The sequence knows no snapshot, so both are taken while no writer is at work: it holds its lock from the load to the commit.
        await using var writer = await source.OpenConnectionAsync(cancellationToken);
        await using var held = await writer.BeginTransactionAsync(cancellationToken);
        await using (var wait = new NpgsqlCommand($"set local lock_timeout = '30s'; select pg_advisory_xact_lock({WriterConnection.WriterLock})", writer)) await wait.ExecuteNonQueryAsync(cancellationToken);

        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var set = new NpgsqlCommand("set transaction read only; set local statement_timeout = 0; set local enable_seqscan = off; set local enable_sort = off", connection)) await set.ExecuteNonQueryAsync(cancellationToken);
        await using var first = new NpgsqlCommand($"select pg_try_advisory_xact_lock({VerifyLock}), case when is_called then last_value else 0 end from ledger.mt_events_sequence", connection);
        await using var reader = await first.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(0)) throw new VerificationRunningException();
        return new OpenVerification(connection, transaction, options, context, options.ReadModels ? readModels(context.Findings) : null) { sequence = reader.GetInt64(1) };
    }

    /// <summary>Looks at everything.</summary>
    /// <param name="progress">Is told now and then how far it is; null where nobody asks.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<VerificationReport> RunAsync(Action<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var parts = await PartsAsync(cancellationToken);
        var teller = new Teller(progress, context.Findings, sequence * (1 + parts + (readModels?.Count ?? 0)));
        var stored = await StoredRootsAsync(cancellationToken);
        var published = ComparePublished(stored);
        var missing = await MissingRootAsync(stored, cancellationToken);
        string[] never = missing is not null && stored.Count == 0 && published.Count == 0
            ? ["No day has a root, though days with events are over: none was ever made, or all were deleted. That whole chains were not rewritten is shown by nothing here; `./run roots` makes them from now on."] : [];
        if (missing is { } day && never.Length == 0) context.Findings.Add(new Finding(day.First, null, null, null, $"{day.Name}, which is over and has events, has a root as the days before it", "a root", null) { Kind = FindingKind.Root });
        var roots = new RootPass(context.Findings);
        await roots.RunAsync(connection, sequence, stored, published, teller.Read, cancellationToken);

        var workers = options.Workers > 0 ? options.Workers : Math.Clamp(Environment.ProcessorCount, 1, 4);
        long streams = 0, facts = 0, checkpoints = 0;
        for (var part = 0; part < parts; part++)
        {
            var pass = new EventPass(context, workers);
            await pass.LoadRowsAsync(connection, EventPass.PartOf("id", part, parts), cancellationToken);
            await pass.RunAsync(connection, EventPass.PartOf("stream_id", part, parts), teller.Read, cancellationToken);
            var beside = new BesideChecks(pass, context, connection);
            await beside.RunAsync(part, parts, cancellationToken);
            streams += pass.Folds.Count(fold => fold.Version > 0);
            facts += beside.Facts;
            checkpoints += beside.Checkpoints;
        }

        facts += await BesideChecks.TenantFactsAsync(connection, context, cancellationToken);
        await using (var joins = new NpgsqlCommand("set local enable_seqscan = on; set local enable_sort = on", connection)) await joins.ExecuteNonQueryAsync(cancellationToken);
        var keys = await BesideChecks.KeysAsync(connection, context, cancellationToken);
        var skipped = readModels is not null && context.Findings.HasEvents ? "Read models were not compared: what they follow from differs itself." : null;
        if (readModels is not null && skipped is null) await readModels.RunAsync(teller.Read, cancellationToken);

        teller.End();
        return new VerificationReport
        {
            Events = roots.Events,
            Streams = streams,
            LastSeqId = roots.LastSeqId,
            Facts = facts,
            Checkpoints = checkpoints,
            Keys = keys,
            ReadModelRows = readModels?.Rows ?? 0,
            Roots = stored.Count,
            PublishedRoots = published.Count,
            RootedTo = stored.Count == 0 ? 0 : stored[^1].Day.Last,
            PublishedTo = published.Count == 0 ? 0 : published[^1].Day.Last,
            Differences = context.Findings.Count,
            First = context.Findings.First,
            Notes = [.. roots.Notes, .. never, .. skipped is null ? (string[])[] : [skipped], "The fingerprints of idempotency keys are of requests, which are kept nowhere: that a key leads to its event is verified, its fingerprint can't be. Nor can it be, of a key whose command changed nothing, which event answered it, nor that such a key was not deleted."],
            Took = Stopwatch.GetElapsedTime(started),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private async Task<int> PartsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select (select count(*) from ledger.mt_streams), (select count(*) from ledger.facts)", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (streams, facts) = (reader.GetInt64(0), reader.GetInt64(1));
        return (int)Math.Max(1, Math.Max((streams + options.StreamsOfPass - 1) / options.StreamsOfPass, (facts + options.FactsOfPass - 1) / options.FactsOfPass));
    }

    /// <summary>The stored roots, in order; that they chain is looked at here, that they are those of the events by the pass.</summary>
    private async Task<List<RangeOfDay>> StoredRootsAsync(CancellationToken cancellationToken)
    {
        var ranges = new List<RangeOfDay>();
        DayRoot? before = null;
        await using var command = new NpgsqlCommand("select day, first_seq_id, last_seq_id, events, tree, previous, root, blocks from ledger.merkle_roots order by day", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var day = DayRoots.Read(reader);
            var range = new RangeOfDay(day, reader.GetFieldValue<byte[]>(6), DayRoots.Blocks(reader.GetFieldValue<byte[]>(7)));
            if (before is not null && day.Day != before.Day.AddDays(1)) Differs(day, $"the root of {range.Name} follows the one of the day before", before.Day.AddDays(1).ToString(DayRoot.DayFormat, CultureInfo.InvariantCulture), range.Name);
            if (day.First != (before?.Last ?? 0) + 1) Differs(day, $"{range.Name} begins after the last position of the day before", Shown.Of((before?.Last ?? 0) + 1), Shown.Of(day.First));
            var previous = before?.Root ?? DayRoot.Origin.ToArray();
            if (!day.Previous.Span.SequenceEqual(previous)) Differs(day, $"the root of {range.Name} names the root before it", Shown.Hex(previous), Shown.Hex(day.Previous.Span));
            ranges.Add(range);
            before = day;
        }

        return ranges;
    }

    /// <summary>The first day behind the stored roots that ended more than an hour ago by business time and has events: by then a service that runs has sealed it.</summary>
    private async Task<(long First, string Name)?> MissingRootAsync(List<RangeOfDay> stored, CancellationToken cancellationToken)
    {
        // What is recorded on a sealed day after its sealing, by a clock that went back, belongs to the day after.
        await using var command = new NpgsqlCommand(
            """
            select q.first, to_char(q.day, 'YYYY-MM-DD') from (
                select min(seq_id) as first, min(greatest((timestamp at time zone 'UTC')::date, $2)) as day from ledger.mt_events where seq_id > $1
            ) q, ledger.clock c
            where q.day + 1 < (clock_timestamp() + c.shift - interval '1 hour') at time zone 'UTC'
            """, connection)
        { CommandTimeout = 0 };
        command.Parameters.AddWithValue(stored.Count == 0 ? 0L : stored[^1].Day.Last);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Date, stored.Count == 0 ? new DateOnly(1, 1, 1) : stored[^1].Day.Day.AddDays(1));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetString(1)) : null;
    }

    private List<RangeOfDay> ComparePublished(List<RangeOfDay> stored)
    {
        var byDay = stored.ToDictionary(range => range.Day.Day);
        var published = new List<RangeOfDay>();
        foreach (var day in options.Published.OrderBy(day => day.Day))
        {
            var range = new RangeOfDay(day, null, null);
            if (!byDay.TryGetValue(day.Day, out var own)) Differs(day, $"the published root of {range.Name} is stored", day.Hex, null);
            else if (own.Day.Hex != day.Hex) Differs(day, $"the stored root of {range.Name} is the one that was published", day.Hex, own.Day.Hex);
            published.Add(range);
        }

        return published;
    }

    private void Differs(DayRoot day, string what, string? expected, string? found) => context.Findings.Add(new Finding(day.First, null, null, null, what, expected, found) { Kind = FindingKind.Root });

    private sealed class Teller(Action<VerificationProgress>? progress, Findings findings, long total)
    {
        private long done;
        private long told = Stopwatch.GetTimestamp();

        public void Read(long events)
        {
            done += events;
            if (progress is null || Stopwatch.GetElapsedTime(told) < TellEvery) return;
            told = Stopwatch.GetTimestamp();
            progress(new VerificationProgress(Math.Min(done, total), total, findings.Count));
        }

        public void End() => progress?.Invoke(new VerificationProgress(total, total, findings.Count));
    }
}
