using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Maintenance;

/// <summary>A stream that this node is at.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="At">Since when something is due on it.</param>
/// <param name="Tries">Which attempt this is, from 1.</param>
internal readonly record struct Claim(StreamRef Stream, DateTimeOffset At, int Tries);

/// <summary>How much is due on streams of a kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Count">On how many streams; at most <see cref="DueDesk.MeasuredMax"/> over all kinds.</param>
/// <param name="OldestSeconds">Since when, by business time.</param>
internal sealed record DueLag(string Kind, long Count, double OldestSeconds);

/// <summary>
/// Who is at what is due, over all nodes: a row for each stream that somebody is at, good for a while by real time, so that what a node that died was at is taken by another. It follows from no event.
/// </summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class DueDesk(NpgsqlDataSource source)
{
    /// <summary>No more streams are counted than this.</summary>
    public const int MeasuredMax = 10_000;

    // So many candidates are looked at for each one that is wanted, since one tenant may have more than its share of them.
    private const int LookedAtEach = 4;

    /// <summary>Takes streams of a kind on which something is due by now, the longest due first.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ofTenant">How many more of a tenant may be taken.</param>
    /// <param name="full">Tenants of which no more are taken: theirs are not even looked at, however many are due.</param>
    /// <param name="lease">For how long they are this node's.</param>
    /// <param name="holder">The run that takes them; null for a worker, which takes nothing while a run is under way.</param>
    /// <param name="until">What is due later than this is left; null for all that is due by now.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<IReadOnlyList<Claim>> TakeAsync(string kind, int limit, Func<string, int> ofTenant, IEnumerable<string> full, TimeSpan lease, string? holder, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var candidates = new List<(string Tenant, string Stream, DateTimeOffset At)>();
        await using (var look = source.CreateCommand(
            """
            select d.tenant_id, d.stream_id, d.at from ledger.due d, ledger.clock c, ledger.maintenance_turn t
            where d.stream_id like $1 and d.tenant_id <> all($5) and d.at <= clock_timestamp() + c.shift and ($2::timestamptz is null or d.at <= $2) and (t.until <= clock_timestamp() or t.holder = $3)
              and not exists (select from ledger.due_claims l where l.tenant_id = d.tenant_id and l.stream_id = d.stream_id and l.until > clock_timestamp())
            order by d.at, d.tenant_id, d.stream_id limit $4
            """))
        {
            look.Parameters.AddWithValue(kind + "/%");
            look.Parameters.Add(new NpgsqlParameter<DateTime?> { TypedValue = until?.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
            look.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = holder, NpgsqlDbType = NpgsqlDbType.Text });
            look.Parameters.AddWithValue(limit * LookedAtEach);
            look.Parameters.AddWithValue(full.Select(Tenants.Stored).ToArray());
            await using var rows = await look.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken)) candidates.Add((rows.GetString(0), rows.GetString(1), new DateTimeOffset(rows.GetDateTime(2), TimeSpan.Zero)));
        }

        var chosen = new List<(string Tenant, string Stream, DateTimeOffset At)>(Math.Min(limit, candidates.Count));
        foreach (var ofOne in candidates.GroupBy(c => c.Tenant, StringComparer.Ordinal)) chosen.AddRange(ofOne.Take(Math.Max(0, ofTenant(Tenants.Named(ofOne.Key)))));
        if (chosen.Count == 0) return [];
        chosen = [.. chosen.OrderBy(c => c.At).Take(limit)];

        // In one order everywhere, so that two nodes that take the same ones at once don't wait for each other in a circle.
        var ordered = chosen.OrderBy(c => c.Tenant, StringComparer.Ordinal).ThenBy(c => c.Stream, StringComparer.Ordinal).ToList();
        await using var take = source.CreateCommand(
            """
            insert into ledger.due_claims as l (tenant_id, stream_id, until, tries)
            select q.tenant_id, q.stream_id, clock_timestamp() + $3, 1 from unnest($1::text[], $2::text[]) as q(tenant_id, stream_id)
            on conflict on constraint due_claims_pkey do update set until = excluded.until, tries = l.tries + 1 where l.until <= clock_timestamp()
            returning l.tenant_id, l.stream_id, l.tries
            """);
        take.Parameters.AddWithValue(ordered.Select(c => c.Tenant).ToArray());
        take.Parameters.AddWithValue(ordered.Select(c => c.Stream).ToArray());
        take.Parameters.AddWithValue(lease);
        var tries = new Dictionary<(string, string), int>();
        await using (var rows = await take.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken)) tries.Add((rows.GetString(0), rows.GetString(1)), rows.GetInt32(2));
        }

        return [.. chosen.Where(c => tries.ContainsKey((c.Tenant, c.Stream))).Select(c => new Claim(new StreamRef(Tenants.Named(c.Tenant), c.Stream), c.At, tries[(c.Tenant, c.Stream)]))];
    }

    /// <summary>Takes one stream, whether something is due on it or not; null where somebody else is at it.</summary>
    public async Task<Claim?> TakeAsync(StreamRef stream, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            insert into ledger.due_claims as l (tenant_id, stream_id, until, tries) values ($1, $2, clock_timestamp() + $3, 1)
            on conflict on constraint due_claims_pkey do update set until = excluded.until, tries = l.tries + 1 where l.until <= clock_timestamp() returning l.tries
            """);
        command.Parameters.AddWithValue(Tenants.Stored(stream.Tenant));
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(lease);
        return await command.ExecuteScalarAsync(cancellationToken) is int tries ? new Claim(stream, default, tries) : null;
    }

    /// <summary>Keeps a stream for longer; false where somebody else has it by now.</summary>
    public async Task<bool> KeepAsync(Claim claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update ledger.due_claims set until = clock_timestamp() + $4 where tenant_id = $1 and stream_id = $2 and tries = $3");
        command.Parameters.AddWithValue(Tenants.Stored(claim.Stream.Tenant));
        command.Parameters.AddWithValue(claim.Stream.Id);
        command.Parameters.AddWithValue(claim.Tries);
        command.Parameters.AddWithValue(lease);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Gives streams back: those that are done, and those that are left alone for a while.</summary>
    public async Task GiveBackAsync(IReadOnlyList<(Claim Claim, TimeSpan? LeaveAlone)> ended)
    {
        if (ended.Count == 0) return;
        // Whoever took one meanwhile, because this node was longer at it than its lease, keeps it.
        await using var command = source.CreateCommand(
            """
            with ended as (select * from unnest($1::text[], $2::text[], $3::integer[], $4::interval[]) as q(tenant_id, stream_id, tries, wait)),
            later as (
                update ledger.due_claims l set until = clock_timestamp() + e.wait from ended e
                where l.tenant_id = e.tenant_id and l.stream_id = e.stream_id and l.tries = e.tries and e.wait is not null
            )
            delete from ledger.due_claims l using ended e where l.tenant_id = e.tenant_id and l.stream_id = e.stream_id and l.tries = e.tries and e.wait is null
            """);
        command.Parameters.AddWithValue(ended.Select(e => Tenants.Stored(e.Claim.Stream.Tenant)).ToArray());
        command.Parameters.AddWithValue(ended.Select(e => e.Claim.Stream.Id).ToArray());
        command.Parameters.AddWithValue(ended.Select(e => e.Claim.Tries).ToArray());
        command.Parameters.Add(new NpgsqlParameter<TimeSpan?[]> { TypedValue = [.. ended.Select(e => e.LeaveAlone)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Interval });
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Whether somebody took a stream of a kind and may still be at it; those that are known to be left alone for a while do not count.</summary>
    public async Task<bool> AreOthersAtItAsync(string kind, TimeSpan lease, IReadOnlyCollection<string> left, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select exists (
                select from ledger.due_claims l join ledger.due d on d.tenant_id = l.tenant_id and d.stream_id = l.stream_id cross join ledger.clock c
                where l.stream_id like $1 and l.stream_id <> all($3) and l.until > clock_timestamp() and l.until <= clock_timestamp() + $2 and d.at <= clock_timestamp() + c.shift
            )
            """);
        command.Parameters.AddWithValue(kind + "/%");
        command.Parameters.AddWithValue(lease);
        command.Parameters.AddWithValue(left.ToArray());
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Takes the word for a run, or keeps it; false where another run has it.</summary>
    public async Task<bool> TakeTurnAsync(string holder, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update ledger.maintenance_turn set holder = $1, until = clock_timestamp() + $2 where until <= clock_timestamp() or holder = $1");
        command.Parameters.AddWithValue(holder);
        command.Parameters.AddWithValue(lease);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Gives the word back.</summary>
    public async Task EndTurnAsync(string holder)
    {
        await using var command = source.CreateCommand("update ledger.maintenance_turn set holder = null, until = '-infinity' where holder = $1");
        command.Parameters.AddWithValue(holder);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>How much is due by now, by kind.</summary>
    public async Task<IReadOnlyList<DueLag>> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select split_part(d.stream_id, '/', 1), count(*), extract(epoch from max(d.now - d.at))::double precision
            from (select stream_id, at, clock_timestamp() + c.shift as now from ledger.due, ledger.clock c where at <= clock_timestamp() + c.shift order by at limit {MeasuredMax}) d group by 1
            """);
        var lags = new List<DueLag>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) lags.Add(new DueLag(rows.GetString(0), rows.GetInt64(1), Math.Max(0, rows.GetDouble(2))));
        return lags;
    }
}
