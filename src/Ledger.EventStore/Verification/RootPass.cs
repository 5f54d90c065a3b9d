using System.Globalization;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>Positions and roots: numbers without a gap up to the sequence, and the tree over each day made again.</summary>
internal sealed class RootPass(Findings findings)
{
    private readonly List<(long From, long To)> gaps = [];
    private readonly List<string> notes = [];

    public long Events { get; private set; }

    public long LastSeqId { get; private set; }

    public IReadOnlyList<string> Notes => notes;

    public async Task RunAsync(NpgsqlConnection connection, long sequence, IReadOnlyList<RangeOfDay> stored, IReadOnlyList<RangeOfDay> published, Action<long> read, CancellationToken cancellationToken)
    {
        var lanes = new[] { new Lane(stored), new Lane(published) };
        await using (var command = new NpgsqlCommand("select seq_id, headers->>'hash' from ledger.mt_events order by seq_id", connection) { CommandTimeout = 0 })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            var hash = new byte[MerkleTree.Size];
            while (await reader.ReadAsync(cancellationToken))
            {
                var seqId = reader.GetInt64(0);
                if (++Events % 1_000 == 0) read(1_000);
                if (seqId < 1) findings.Add(new Finding(seqId, null, null, null, "positions begin at 1", "1 or more", Shown.Of(seqId)));
                else if (seqId > LastSeqId + 1) gaps.Add((LastSeqId + 1, seqId - 1));
                LastSeqId = Math.Max(LastSeqId, seqId);
                // An event without a hash is told by the pass over streams; here it makes the root differ, as it should.
                if (reader.IsDBNull(1) || !Convert.TryFromBase64String(reader.GetString(1), hash, out var length) || length != hash.Length) Array.Clear(hash);
                byte[]? leaf = null;
                foreach (var lane in lanes) lane.Add(seqId, hash, ref leaf);
            }
        }

        if (LastSeqId < sequence) gaps.Add((LastSeqId + 1, sequence));
        if (LastSeqId > sequence) findings.Add(new Finding(LastSeqId, null, null, null, "the sequence of positions stands at the last event", Shown.Of(LastSeqId), Shown.Of(sequence)));
        Judge(stored, published);
    }

    private void Judge(IReadOnlyList<RangeOfDay> stored, IReadOnlyList<RangeOfDay> published)
    {
        foreach (var range in stored) range.Judge(findings, "its stored root");
        foreach (var range in published) range.Judge(findings, "its published root");
        foreach (var (from, to) in gaps)
        {
            var where = from == to ? string.Create(CultureInfo.InvariantCulture, $"position {from}") : string.Create(CultureInfo.InvariantCulture, $"positions {from} to {to}");
            // A commit that the server broke off after the numbers were moved leaves a gap. A root that was made over the gap says that it was there then.
            if (stored.Concat(published).Any(range => range.Matches && range.Day.Covers(from) && range.Day.Covers(to))) notes.Add($"There is no event at {where}; the root of that day was made without one.");
            else findings.Add(new Finding(from, null, null, null, "positions have no gap: an event was deleted, or the server broke off a commit", where, null));
        }
    }

    private sealed class Lane(IReadOnlyList<RangeOfDay> ranges)
    {
        private int at;

        public void Add(long seqId, byte[] hash, ref byte[]? leaf)
        {
            while (at < ranges.Count && seqId > ranges[at].Day.Last) at++;
            if (at >= ranges.Count || !ranges[at].Day.Covers(seqId)) return;
            ranges[at].Builder.Add(leaf ??= MerkleTree.Leaf(seqId, hash));
        }
    }
}

/// <summary>A day's root as it is stored or was published, with the tree as it is now.</summary>
internal sealed class RangeOfDay(DayRoot day, byte[]? root, IReadOnlyList<byte[]>? blocks)
{
    public DayRoot Day => day;

    public MerkleBuilder Builder { get; } = new();

    public bool Matches { get; private set; }

    /// <summary>Compares the tree over the events with that of the root.</summary>
    public void Judge(Findings findings, string whose)
    {
        var tree = Builder.Root();
        var now = Builder.Blocks();
        Matches = Builder.Count == day.Events && tree.AsSpan().SequenceEqual(day.Tree.Span) && (root is null || day.Root.AsSpan().SequenceEqual(root));
        if (Builder.Count != day.Events || !tree.AsSpan().SequenceEqual(day.Tree.Span))
        {
            var (from, to) = Where(now);
            findings.Add(new Finding(from, null, null, null,
                string.Create(CultureInfo.InvariantCulture, $"the events of {Name} at positions {from} to {to} lead to {whose}: a number, an order or an event was changed"),
                string.Create(CultureInfo.InvariantCulture, $"{day.Events} events with the tree {Shown.Hex(day.Tree.Span)}"), string.Create(CultureInfo.InvariantCulture, $"{Builder.Count} events with the tree {Shown.Hex(tree)}"))
            { Kind = FindingKind.Root });
        }
        else if (blocks is not null && !now.SelectMany(b => b).SequenceEqual(blocks.SelectMany(b => b)))
        {
            findings.Add(new Finding(day.First, null, null, null, $"the kept subtrees of {Name} are those of its events", "the subtrees over each 1,024 events", "others") { Kind = FindingKind.Root });
        }

        if (root is not null && !day.Root.AsSpan().SequenceEqual(root))
            findings.Add(new Finding(day.First, null, null, null, $"the root of {Name} follows from its tree, its positions and the root before it", Shown.Hex(day.Root), Shown.Hex(root)) { Kind = FindingKind.Root });
    }

    public string Name => day.Day.ToString(DayRoot.DayFormat, CultureInfo.InvariantCulture);

    /// <summary>The first 1,024 events that differ, where the kept subtrees tell; else the whole day.</summary>
    private (long From, long To) Where(IReadOnlyList<byte[]> now)
    {
        if (blocks is null || day.Events != day.Last - day.First + 1 || !new MerkleLevels(blocks).Root.AsSpan().SequenceEqual(day.Tree.Span)) return (day.First, Math.Max(day.First, day.Last));
        for (var i = 0; i < blocks.Count; i++)
        {
            if (i < now.Count && now[i].AsSpan().SequenceEqual(blocks[i])) continue;
            var from = day.First + ((long)i * MerkleTree.BlockSize);
            return (from, Math.Min(day.Last, from + MerkleTree.BlockSize - 1));
        }

        return (day.First, Math.Max(day.First, day.Last));
    }
}
