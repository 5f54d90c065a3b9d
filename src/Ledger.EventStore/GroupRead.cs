using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore;

/// <summary>A stream's state as it is saved.</summary>
internal sealed record SavedState(long Version, DateTimeOffset RecordedAt, short Format, byte[] State, DateTimeOffset Now);

/// <summary>
/// Reads the states of many streams in one query: the counterpart of <see cref="GroupCommit"/>. A query begins at once where fewer than <see cref="UnderWayMax"/> are under way; what is asked
/// meanwhile goes together in the next. Each query begins after all that it answers were asked, so whoever asks sees what was acknowledged before.
/// </summary>
internal sealed class GroupRead(NpgsqlDataSource source)
{
    /// <summary>At most so many queries at once.</summary>
    public const int UnderWayMax = 2;

    /// <summary>At most so many streams in one query.</summary>
    public const int StreamsMax = 500;

    private const string Query =
        """
        select q.i, s.version, s.recorded_at, s.format, s.state, clock_timestamp() + c.shift
        from unnest($1::text[], $2::text[]) with ordinality as q(tenant, id, i)
        join ledger.stream_states s on s.tenant_id = q.tenant and s.stream_id = q.id
        cross join ledger.clock c
        """;

    private readonly Lock gate = new();
    private readonly Queue<Ask> waiting = new();
    private int underWay;

    /// <summary>The saved state of a stream; null where it has none.</summary>
    public Task<SavedState?> AskAsync(StreamRef stream, CancellationToken cancellationToken)
    {
        var ask = new Ask(stream);
        var begins = false;
        lock (gate)
        {
            waiting.Enqueue(ask);
            if (underWay < UnderWayMax)
            {
                underWay++;
                begins = true;
            }
        }

        if (begins) _ = RunAsync();
        return cancellationToken.CanBeCanceled ? ask.Task.WaitAsync(cancellationToken) : ask.Task;
    }

    private async Task RunAsync()
    {
        var asks = new List<Ask>();
        while (true)
        {
            asks.Clear();
            lock (gate)
            {
                while (asks.Count < StreamsMax && waiting.TryDequeue(out var ask)) asks.Add(ask);
                if (asks.Count == 0)
                {
                    underWay--;
                    return;
                }
            }

            try
            {
                await LoadAsync(asks);
            }
            catch (Exception fault)
            {
                foreach (var ask in asks) ask.TrySetException(fault);
            }
        }
    }

    private async Task LoadAsync(List<Ask> asks)
    {
        await using var command = source.CreateCommand(Query);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. asks.Select(ask => Tenants.Stored(ask.Stream.Tenant))], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. asks.Select(ask => ask.Stream.Id)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                asks[(int)reader.GetInt64(0) - 1].Found = new SavedState(
                    reader.GetInt64(1), new DateTimeOffset(reader.GetDateTime(2), TimeSpan.Zero), reader.GetInt16(3), reader.GetFieldValue<byte[]>(4), new DateTimeOffset(reader.GetDateTime(5), TimeSpan.Zero));
            }
        }

        foreach (var ask in asks) ask.TrySetResult(ask.Found);
    }

    private sealed class Ask(StreamRef stream) : TaskCompletionSource<SavedState?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public StreamRef Stream => stream;

        public SavedState? Found { get; set; }
    }
}
