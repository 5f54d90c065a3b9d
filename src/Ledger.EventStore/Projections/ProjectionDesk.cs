using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>A projection as operators see it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>inline</c> or <c>async</c>.</param>
/// <param name="Version">The version of its rows.</param>
/// <param name="ProgramVersion">The version of this program's projection; where it differs, it must be rebuilt.</param>
/// <param name="State"><c>running</c>, <c>paused</c>, <c>failed</c>, <c>outdated</c> (its rows are of another version: rebuild it) or <c>inline</c>.</param>
/// <param name="Position">The position that it has come to.</param>
/// <param name="Highest">The highest committed position.</param>
/// <param name="LagEvents">Committed events that it has not applied.</param>
/// <param name="LagMs">How long ago the oldest of those was recorded, in milliseconds of business time; 0 where there is none.</param>
/// <param name="Leader">The node that leads it; null where none does.</param>
/// <param name="HeartbeatAgeMs">How long ago its leader was last heard of, in milliseconds; null where there is none.</param>
/// <param name="Error">What keeps it from going on; null where nothing does.</param>
/// <param name="Parked">How many streams it has put aside.</param>
/// <param name="Rebuild">Its present or last rebuild; null where there was none.</param>
public sealed record ProjectionStatus(
    string Name, string Kind, int Version, int ProgramVersion, string State, long Position, long Highest, long LagEvents, long LagMs, string? Leader, long? HeartbeatAgeMs, string? Error, int Parked, RebuildStatus? Rebuild);

/// <summary>A rebuild as operators see it.</summary>
/// <param name="Phase"><c>copying</c>, <c>indexing</c>, <c>catching_up</c>, <c>swapping</c>; or how it ended: <c>done</c>, <c>cancelled</c>, <c>failed</c>, <c>lost</c> (its process is gone).</param>
/// <param name="Position">The position that it has come to.</param>
/// <param name="Goal">The highest position when it was last looked.</param>
/// <param name="EventsPerSecond">Events a second, over all of it.</param>
/// <param name="RemainingSeconds">How long the events that are left will take at that rate; null where nothing is left or nobody knows.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
public sealed record RebuildStatus(string Phase, long Position, long Goal, long EventsPerSecond, long? RemainingSeconds, DateTimeOffset StartedAt, string? Error);

/// <summary>What queries and operators ask of projections.</summary>
/// <param name="source">A pool of <see cref="StoreConnections.Readers"/>.</param>
/// <param name="projections">All projections.</param>
/// <param name="daemon">This node's daemon, which knows at once how far those that it leads have come; null in a process without one.</param>
public sealed class ProjectionDesk(NpgsqlDataSource source, ProjectionCatalog projections, ProjectionDaemon? daemon = null)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private const string ReadStatus =
        """
        select p.name, p.version, p.state, p.last_seq_id, h.highest, p.owner, extract(epoch from clock_timestamp() - p.heartbeat_at) * 1000, p.error,
               (select count(*) from ledger.projection_parked k where k.projection = p.name),
               case when p.last_seq_id < h.highest then extract(epoch from clock_timestamp() + c.shift - o.timestamp) * 1000 else 0 end,
               case when r.phase not in ('done', 'cancelled', 'failed') and r.heartbeat_at < clock_timestamp() - interval '30 seconds' then 'lost' else r.phase end,
               r.position, r.goal, extract(epoch from r.heartbeat_at - r.started_at), r.started_at, r.error
        from ledger.projections p
        cross join (select coalesce((select seq_id from ledger.mt_events order by seq_id desc limit 1), 0) as highest) h
        cross join ledger.clock c
        left join ledger.projection_rebuilds r on r.projection = p.name
        left join lateral (select e.timestamp from ledger.mt_events e where e.seq_id > p.last_seq_id order by e.seq_id limit 1) o on true
        where p.name = any($1) order by p.name
        """;

    /// <summary>The projections that there are.</summary>
    public ProjectionCatalog Projections => projections;

    /// <summary>How every projection stands, by name. Health is told against the highest committed event, never against a mark of its own.</summary>
    public async Task<IReadOnlyList<ProjectionStatus>> StatusAsync(CancellationToken cancellationToken = default)
    {
        var all = new List<ProjectionStatus>();
        await using var command = source.CreateCommand(ReadStatus);
        command.Parameters.AddWithValue(projections.Async.Select(p => p.Name).ToArray());
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var (name, version, state, position, highest) = (reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4));
                var wanted = projections.Find(name)!.Version;
                var owner = reader.IsDBNull(5) ? null : reader.GetString(5);
                all.Add(new ProjectionStatus(
                    name, "async", version, wanted, version == wanted ? state : "outdated", position, highest, Math.Max(0, highest - position), reader.IsDBNull(9) ? 0 : Math.Max(0, (long)reader.GetDecimal(9)), owner,
                    owner is null || reader.IsDBNull(6) ? null : (long)reader.GetDecimal(6), reader.IsDBNull(7) ? null : reader.GetString(7), (int)reader.GetInt64(8), Rebuild(reader)));
            }
        }

        foreach (var projection in projections.Inline) all.Add(new ProjectionStatus(projection.Name, "inline", projection.Version, projection.Version, "inline", 0, 0, 0, 0, null, null, null, 0, null));
        return [.. all.OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    /// <summary>Waits until a projection has passed a position; false where it has not within the time, or does not run.</summary>
    /// <param name="name">The projection; an inline one has always seen what is committed.</param>
    /// <param name="seqId">The position of an event.</param>
    /// <param name="atMost">How long to wait; zero only looks.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<bool> SeenAsync(string name, long seqId, TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        var projection = projections.Find(name) ?? throw new ArgumentException($"There is no projection {name}.", nameof(name));
        if (projection.IsInline) return true;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            if (daemon?.Progress.Of(name) is not null && await daemon.Progress.WaitAsync(name, seqId, atMost - clock.Elapsed, cancellationToken)) return true;
            await using var command = source.CreateCommand("select last_seq_id, state = 'running', version from ledger.projections where name = $1");
            command.Parameters.AddWithValue(name);
            await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            {
                if (!await reader.ReadAsync(cancellationToken) || reader.GetInt32(2) != projection.Version) return false;
                if (reader.GetInt64(0) >= seqId) return true;
                if (!reader.GetBoolean(1)) return false;
            }

            if (clock.Elapsed >= atMost) return false;
            await Task.Delay(LookEvery, cancellationToken);
        }
    }

    /// <summary>The streams that a projection has put aside, the earliest first.</summary>
    public async Task<IReadOnlyList<ParkedStream>> ParkedAsync(string name, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select tenant_id, stream_id, first_seq_id, first_version, tries, error, since from ledger.projection_parked where projection = $1 order by first_seq_id limit $2");
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(limit);
        var parked = new List<ParkedStream>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) parked.Add(ProjectionStore.ParkedStream(reader));
        return parked;
    }

    private static RebuildStatus? Rebuild(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(10)) return null;
        var (phase, position, goal, seconds) = (reader.GetString(10), reader.GetInt64(11), reader.GetInt64(12), reader.GetDecimal(13));
        var rate = seconds > 0 ? position / seconds : 0;
        var remaining = rate > 0 && phase is ("copying" or "catching_up") ? (long?)Math.Ceiling(Math.Max(0, goal - position) / rate) : null;
        return new RebuildStatus(phase, position, goal, (long)rate, remaining, new DateTimeOffset(reader.GetDateTime(14), TimeSpan.Zero), reader.IsDBNull(15) ? null : reader.GetString(15));
    }
}
