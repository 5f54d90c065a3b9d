using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>
/// One pass over the events in order of their positions: one thread reads, a few fold, each the streams of its shard. Where there are very many streams, a pass takes a part of them, so
/// that what is kept in memory does not grow with the database.
/// </summary>
internal sealed class EventPass
{
    private const int RowsOfPortion = 256;
    private const int PortionsWaitingMax = 16;

    private readonly FoldContext context;
    private readonly Dictionary<StreamRef, StreamFold>[] shards;

    public EventPass(FoldContext context, int workers)
    {
        this.context = context;
        shards = new Dictionary<StreamRef, StreamFold>[workers];
        for (var i = 0; i < workers; i++) shards[i] = [];
    }

    public IEnumerable<StreamFold> Folds => shards.SelectMany(shard => shard.Values);

    /// <summary>The streams of a part, in SQL; the whole where there is one part only.</summary>
    public static string PartOf(string column, int part, int parts) =>
        parts == 1 ? "true" : string.Create(CultureInfo.InvariantCulture, $"(hashtext(coalesce({column}, '')) & 2147483647) % {parts} = {part}");

    public StreamFold? Find(StreamRef stream) => Shard(stream).GetValueOrDefault(stream);

    /// <summary>Reads the streams' own rows, so that each fold has its own at hand.</summary>
    public async Task LoadRowsAsync(NpgsqlConnection connection, string part, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select tenant_id, id, type, version, timestamp, created, is_archived from ledger.mt_streams where {part}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var fold = Named(new StreamRef(StoredRow.TenantOf(reader.GetString(0)), reader.GetString(1)));
            fold.Row = new StreamRow(
                reader.IsDBNull(2) ? null : reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetInt64(3), new DateTimeOffset(reader.GetDateTime(4), TimeSpan.Zero),
                new DateTimeOffset(reader.GetDateTime(5), TimeSpan.Zero), reader.IsDBNull(6) ? null : reader.GetBoolean(6));
        }
    }

    /// <summary>Reads and folds; returns how many events there were.</summary>
    public async Task<long> RunAsync(NpgsqlConnection connection, string part, Action<long> read, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var queues = shards.Select(_ => new BlockingCollection<List<StoredRow>>(PortionsWaitingMax)).ToArray();
        var workers = shards.Select((_, i) => Task.Factory.StartNew(() => Work(queues[i], ended), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        long count = 0;
        try
        {
            count = await Task.Factory.StartNew(() => Read(connection, part, queues, read, ended.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A worker failed, and says below why.
        }
        finally
        {
            foreach (var queue in queues) queue.CompleteAdding();
            await Task.WhenAll(workers);
            foreach (var queue in queues) queue.Dispose();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return count;
    }

    private long Read(NpgsqlConnection connection, string part, BlockingCollection<List<StoredRow>>[] queues, Action<long> read, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand($"select {StoredRow.Columns} from ledger.mt_events where {part} order by seq_id", connection) { CommandTimeout = 0 };
        using var cancelling = cancellationToken.Register(command.Cancel);
        var portions = queues.Select(_ => new List<StoredRow>(RowsOfPortion)).ToArray();
        long count = 0;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = StoredRow.Read(reader);
            if (++count % RowsOfPortion == 0) read(RowsOfPortion);
            if (row.Unreadable is not null)
            {
                context.Findings.Add(new Finding(row.SeqId, null, null, null, "the row can't be read", "an event", row.Unreadable));
                continue;
            }

            var shard = ShardOf(row.Stream);
            portions[shard].Add(row);
            if (portions[shard].Count < RowsOfPortion) continue;
            queues[shard].Add(portions[shard], cancellationToken);
            portions[shard] = new List<StoredRow>(RowsOfPortion);
        }

        for (var i = 0; i < queues.Length; i++) queues[i].Add(portions[i], cancellationToken);
        read(count % RowsOfPortion);
        return count;
    }

    private void Work(BlockingCollection<List<StoredRow>> queue, CancellationTokenSource ended)
    {
        try
        {
            foreach (var portion in queue.GetConsumingEnumerable(ended.Token))
            {
                foreach (var row in portion) Named(row.Stream).Apply(row);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader tells who ended it.
        }
        catch
        {
            ended.Cancel();
            throw;
        }
    }

    private StreamFold Named(StreamRef stream)
    {
        var shard = Shard(stream);
        if (!shard.TryGetValue(stream, out var fold)) shard.Add(stream, fold = new StreamFold(stream, context));
        return fold;
    }

    private Dictionary<StreamRef, StreamFold> Shard(StreamRef stream) => shards[ShardOf(stream)];

    private int ShardOf(StreamRef stream) => (int)((uint)stream.GetHashCode() % (uint)shards.Length);
}
