using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore.Verification;

/// <summary>A position's way to the root of its day.</summary>
/// <param name="SeqId">The position.</param>
/// <param name="Day">The day that covers it.</param>
/// <param name="Index">Its place among the day's events, from 0.</param>
/// <param name="Path">The hashes from the bottom up, see <see cref="MerkleTree.RootOf"/>.</param>
public sealed record PositionProof(long SeqId, DayRoot Day, long Index, IReadOnlyList<byte[]> Path);

/// <summary>Events whose hash can't be read stand where a day is to be sealed: nothing is sealed over them.</summary>
public sealed class UnreadableHashException(long seqId)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"The event at position {seqId} carries no hash that can be read, so its day is not sealed. Run `./run verify`."))
{
    /// <summary>The position.</summary>
    public long SeqId { get; } = seqId;
}

/// <summary>The roots of the days that are over: makes them, reads them, and makes the paths that lead to them.</summary>
/// <param name="source">Connections as the service's role.</param>
public sealed class DayRoots(NpgsqlDataSource source)
{
    /// <summary>At most so many days are sealed in one transaction.</summary>
    public const int DaysMax = 400;

    private const long SealLock = 0x4C65646765720500; // "Ledger", 1280

    private const string Columns = "day, first_seq_id, last_seq_id, events, tree, previous";

    /// <summary>
    /// Seals the days that are over and have no root yet, at most <see cref="DaysMax"/> of them; returns how many. Several nodes may call it at once: each day is sealed once.
    /// </summary>
    /// <exception cref="UnreadableHashException">An event of such a day has no hash.</exception>
    public async Task<int> SealAsync(CancellationToken cancellationToken = default)
    {
        if (!await IsDueAsync(cancellationToken)) return 0;
        var today = await TodayAsync(cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, $"set local statement_timeout = 0; set local lock_timeout = '60s'; select pg_advisory_xact_lock({SealLock})", cancellationToken);
        var (next, after, previous) = await NextAsync(connection, cancellationToken);
        if (next is not { } day) return 0;
        var ends = await EndsAsync(connection, after, cancellationToken);
        var (sealedDays, last) = (0, after);
        for (; day < today && sealedDays < DaysMax; day = day.AddDays(1), sealedDays++)
        {
            foreach (var end in ends.Where(end => end.Day <= day)) last = Math.Max(last, end.Last);
            var builder = new MerkleBuilder();
            if (last > after) await AddLeavesAsync(connection, after, last, builder, cancellationToken);
            var root = new DayRoot(day, after + 1, last, builder.Count, builder.Root(), previous);
            await InsertAsync(connection, root, builder.Blocks(), cancellationToken);
            (after, previous) = (last, root.Root);
        }

        await transaction.CommitAsync(cancellationToken);
        return sealedDays;
    }

    /// <summary>The root of a day; null where it has none (yet).</summary>
    public async Task<DayRoot?> FindAsync(DateOnly day, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"select {Columns} from ledger.merkle_roots where day = $1");
        command.Parameters.AddWithValue(day);
        var found = await ReadAsync(command, cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Roots of the days below one, the newest first.</summary>
    /// <param name="from">Not before this day; null for all.</param>
    /// <param name="below">Only days before this one.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task<List<DayRoot>> ListDownAsync(DateOnly? from, DateOnly below, int limit, CancellationToken cancellationToken = default)
    {
        var command = source.CreateCommand($"select {Columns} from ledger.merkle_roots where day >= $1 and day < $2 order by day desc limit $3");
        command.Parameters.AddWithValue(from ?? DateOnly.MinValue);
        command.Parameters.AddWithValue(below);
        command.Parameters.AddWithValue(limit);
        return ReadAsync(command, cancellationToken);
    }

    /// <summary>All roots whose days end at or after a position, the oldest first.</summary>
    public Task<List<DayRoot>> FromAsync(long seqId, CancellationToken cancellationToken = default)
    {
        var command = source.CreateCommand($"select {Columns} from ledger.merkle_roots where last_seq_id >= $1 order by day");
        command.Parameters.AddWithValue(seqId);
        return ReadAsync(command, cancellationToken);
    }

    /// <summary>The paths of some positions to the roots of their days. Positions that no root covers yet are left out.</summary>
    /// <param name="seqIds">The positions, rising.</param>
    /// <param name="days">The roots of the days that they may lie in, rising.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<IReadOnlyList<PositionProof>> ProveAsync(IReadOnlyList<long> seqIds, IReadOnlyList<DayRoot> days, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(seqIds);
        ArgumentNullException.ThrowIfNull(days);
        var proofs = new List<PositionProof>(seqIds.Count);
        var at = 0;
        foreach (var day in days)
        {
            while (at < seqIds.Count && seqIds[at] < day.First) at++;
            var first = at;
            while (at < seqIds.Count && day.Covers(seqIds[at])) at++;
            if (at > first) await ProveAsync(day, seqIds.Skip(first).Take(at - first).ToList(), proofs, cancellationToken);
        }

        return proofs;
    }

    private async Task ProveAsync(DayRoot day, List<long> seqIds, List<PositionProof> proofs, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var blocks = new MerkleLevels(await BlocksAsync(connection, day.Day, cancellationToken));
        if (day.Events != day.Last - day.First + 1)
        {
            await ProveByIndexAsync(connection, day, seqIds, blocks, proofs, cancellationToken);
            return;
        }

        var (block, leaves) = (-1L, new List<(long SeqId, byte[] Leaf)>());
        for (var at = 0; at < seqIds.Count;)
        {
            var its = (seqIds[at] - day.First) / MerkleTree.BlockSize;
            if (its != block)
            {
                block = its;
                leaves.Clear();
                var from = day.First + (its * MerkleTree.BlockSize);
                await foreach (var leaf in LeavesAsync(connection, from - 1, Math.Min(day.Last, from + MerkleTree.BlockSize - 1), cancellationToken)) leaves.Add(leaf);
            }

            at = ProveBlock(day, block, leaves, seqIds, at, blocks, proofs);
        }
    }

    /// <summary>Numbers that a broken commit left out make places differ from positions: then the day is read through, and no more than a block of it is kept.</summary>
    private static async Task ProveByIndexAsync(NpgsqlConnection connection, DayRoot day, List<long> seqIds, MerkleLevels blocks, List<PositionProof> proofs, CancellationToken cancellationToken)
    {
        var (block, at, leaves) = (0L, 0, new List<(long SeqId, byte[] Leaf)>());
        await foreach (var leaf in LeavesAsync(connection, day.First - 1, day.Last, cancellationToken))
        {
            if (leaves.Count == MerkleTree.BlockSize)
            {
                if (seqIds[at] <= leaves[^1].SeqId) at = ProveBlock(day, block, leaves, seqIds, at, blocks, proofs);
                if (at == seqIds.Count) return;
                leaves.Clear();
                block++;
            }

            leaves.Add(leaf);
        }

        if (at < seqIds.Count && leaves.Count > 0) at = ProveBlock(day, block, leaves, seqIds, at, blocks, proofs);
        if (at < seqIds.Count) throw NotThere();
    }

    /// <summary>The paths of the positions that lie in a block; returns where the rest begins.</summary>
    private static int ProveBlock(DayRoot day, long block, List<(long SeqId, byte[] Leaf)> leaves, List<long> seqIds, int at, MerkleLevels blocks, List<PositionProof> proofs)
    {
        if (leaves.Count == 0) throw NotThere();
        var levels = new MerkleLevels([.. leaves.Select(leaf => leaf.Leaf)]);
        var positions = leaves.ConvertAll(leaf => leaf.SeqId);
        for (; at < seqIds.Count && seqIds[at] <= positions[^1]; at++)
        {
            var index = positions.BinarySearch(seqIds[at]);
            if (index < 0) throw NotThere();
            var path = new List<byte[]>();
            levels.AddPath(index, path);
            blocks.AddPath((int)block, path);
            proofs.Add(new PositionProof(seqIds[at], day, (block * MerkleTree.BlockSize) + index, path));
        }

        return at;
    }

    private static InvalidOperationException NotThere() => new("A position is proved that is not there.");

    private static async Task<List<byte[]>> BlocksAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select blocks from ledger.merkle_roots where day = $1", connection);
        command.Parameters.AddWithValue(day);
        return Blocks((byte[])(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    internal static List<byte[]> Blocks(byte[] stored)
    {
        var blocks = new List<byte[]>(stored.Length / MerkleTree.Size);
        for (var at = 0; at + MerkleTree.Size <= stored.Length; at += MerkleTree.Size) blocks.Add(stored[at..(at + MerkleTree.Size)]);
        return blocks;
    }

    /// <summary>A look that takes no lock: whether the day after the last root is over, and there is an event at all.</summary>
    private async Task<bool> IsDueAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select case when l.day is null then exists (select from ledger.mt_events) else l.day + 1 < ((clock_timestamp() + c.shift) at time zone 'UTC')::date end
            from ledger.clock c, (select max(day) as day from ledger.merkle_roots) l
            """);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// Today by business time, read while no writer commits: what came before is seen. What was decided before midnight and is committed only later falls into the next day, as does
    /// what a clock that goes back records.
    /// </summary>
    private async Task<DateOnly> TodayAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, $"set local lock_timeout = '30s'; select pg_advisory_xact_lock({WriterConnection.WriterLock})", cancellationToken);
        await using var command = new NpgsqlCommand("select ((clock_timestamp() + shift) at time zone 'UTC')::date from ledger.clock", connection);
        return (DateOnly)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<(DateOnly? Day, long After, byte[] Previous)> NextAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var command = new NpgsqlCommand("select day, last_seq_id, root from ledger.merkle_roots order by day desc limit 1", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (await reader.ReadAsync(cancellationToken)) return (reader.GetFieldValue<DateOnly>(0).AddDays(1), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2));
        }

        await using var first = new NpgsqlCommand("select (timestamp at time zone 'UTC')::date from ledger.mt_events order by seq_id limit 1", connection);
        return ((DateOnly?)await first.ExecuteScalarAsync(cancellationToken), 0, DayRoot.Origin.ToArray());
    }

    /// <summary>The last position of each day that is recorded after a position, by day.</summary>
    private static async Task<List<(DateOnly Day, long Last)>> EndsAsync(NpgsqlConnection connection, long after, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select (timestamp at time zone 'UTC')::date, max(seq_id) from ledger.mt_events where seq_id > $1 group by 1 order by 1", connection) { CommandTimeout = 0 };
        command.Parameters.AddWithValue(after);
        var ends = new List<(DateOnly, long)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) ends.Add((reader.GetFieldValue<DateOnly>(0), reader.GetInt64(1)));
        return ends;
    }

    private static async Task AddLeavesAsync(NpgsqlConnection connection, long after, long last, MerkleBuilder builder, CancellationToken cancellationToken)
    {
        await foreach (var (_, leaf) in LeavesAsync(connection, after, last, cancellationToken)) builder.Add(leaf);
    }

    private static async IAsyncEnumerable<(long SeqId, byte[] Leaf)> LeavesAsync(
        NpgsqlConnection connection, long after, long last, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select seq_id, headers->>'hash' from ledger.mt_events where seq_id > $1 and seq_id <= $2 order by seq_id", connection) { CommandTimeout = 0 };
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(last);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var hash = new byte[MerkleTree.Size];
        while (await reader.ReadAsync(cancellationToken))
        {
            var seqId = reader.GetInt64(0);
            if (reader.IsDBNull(1) || !Convert.TryFromBase64String(reader.GetString(1), hash, out var length) || length != hash.Length) throw new UnreadableHashException(seqId);
            yield return (seqId, MerkleTree.Leaf(seqId, hash));
        }
    }

    private static async Task InsertAsync(NpgsqlConnection connection, DayRoot root, IReadOnlyList<byte[]> blocks, CancellationToken cancellationToken)
    {
        var joined = new byte[blocks.Count * MerkleTree.Size];
        for (var i = 0; i < blocks.Count; i++) blocks[i].CopyTo(joined, i * MerkleTree.Size);
        await using var command = new NpgsqlCommand("insert into ledger.merkle_roots (day, first_seq_id, last_seq_id, events, tree, previous, root, blocks) values ($1, $2, $3, $4, $5, $6, $7, $8)", connection);
        command.Parameters.AddWithValue(NpgsqlDbType.Date, root.Day);
        command.Parameters.AddWithValue(root.First);
        command.Parameters.AddWithValue(root.Last);
        command.Parameters.AddWithValue(root.Events);
        command.Parameters.AddWithValue(root.Tree.ToArray());
        command.Parameters.AddWithValue(root.Previous.ToArray());
        command.Parameters.AddWithValue(root.Root);
        command.Parameters.AddWithValue(joined);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<DayRoot>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var used = command;
        var roots = new List<DayRoot>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) roots.Add(Read(reader));
        return roots;
    }

    internal static DayRoot Read(NpgsqlDataReader reader) =>
        new(reader.GetFieldValue<DateOnly>(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4), reader.GetFieldValue<byte[]>(5));

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
