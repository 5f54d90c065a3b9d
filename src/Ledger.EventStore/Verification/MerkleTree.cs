using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Ledger.EventStore.Verification;

/// <summary>
/// The Merkle tree of RFC 6962 (section 2.1) with SHA-256: a leaf is hashed behind a byte 0, a node behind a byte 1, so that none can be passed off as the
/// other. Our leaf holds a position (64-bit big-endian) and the hash of the event there.
/// </summary>
public static class MerkleTree
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    /// <summary>The subtrees over so many leaves are kept, so that a path is made without reading all leaves. A power of two.</summary>
    public const int BlockSize = 1_024;

    /// <summary>The root of no leaves.</summary>
    public static ReadOnlyMemory<byte> Empty { get; } = SHA256.HashData([]);

    /// <summary>The hash of a leaf.</summary>
    /// <param name="content">What the leaf holds.</param>
    public static byte[] Leaf(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = content.Length <= 128 ? stackalloc byte[1 + content.Length] : new byte[1 + content.Length];
        bytes[0] = 0;
        content.CopyTo(bytes[1..]);
        return SHA256.HashData(bytes);
    }

    /// <summary>The leaf of an event.</summary>
    /// <param name="seqId">Its position.</param>
    /// <param name="hash">Its hash, 32 bytes.</param>
    public static byte[] Leaf(long seqId, ReadOnlySpan<byte> hash)
    {
        if (hash.Length != Size) throw new ArgumentException("A hash has 32 bytes.", nameof(hash));
        Span<byte> content = stackalloc byte[8 + Size];
        BinaryPrimitives.WriteInt64BigEndian(content, seqId);
        hash.CopyTo(content[8..]);
        return Leaf(content);
    }

    /// <summary>The hash of a node over two others.</summary>
    public static byte[] Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> bytes = stackalloc byte[1 + (2 * Size)];
        bytes[0] = 1;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Size)..]);
        return SHA256.HashData(bytes);
    }

    /// <summary>The root to which a path leads (RFC 9162, section 2.1.3.2); null where the path is none of a tree of that size.</summary>
    /// <param name="leaf">The hash of the leaf.</param>
    /// <param name="index">Its place in the tree, from 0.</param>
    /// <param name="size">How many leaves the tree has.</param>
    /// <param name="path">The path, from the bottom up.</param>
    public static byte[]? RootOf(byte[] leaf, long index, long size, IReadOnlyList<byte[]> path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (index < 0 || index >= size) return null;
        var (at, last, root) = (index, size - 1, leaf);
        foreach (var other in path)
        {
            if (last == 0 || other.Length != Size) return null;
            if ((at & 1) == 1 || at == last)
            {
                root = Node(other, root);
                while ((at & 1) == 0 && at != 0) (at, last) = (at >> 1, last >> 1);
            }
            else
            {
                root = Node(root, other);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 ? root : null;
    }
}

/// <summary>
/// A tree in memory, level by level: two neighbours make a node of the level above, a last one without a neighbour goes up as it is, which is RFC 6962's tree. The lowest level
/// are leaves, or subtrees of which all but the last are equally large.
/// </summary>
public sealed class MerkleLevels
{
    private readonly List<IReadOnlyList<byte[]>> levels = [];

    /// <summary>Builds the tree.</summary>
    /// <param name="nodes">Its lowest level.</param>
    public MerkleLevels(IReadOnlyList<byte[]> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        levels.Add(nodes);
        while (levels[^1].Count > 1)
        {
            var below = levels[^1];
            var level = new byte[(below.Count + 1) / 2][];
            for (var i = 0; i < level.Length; i++) level[i] = (2 * i) + 1 < below.Count ? MerkleTree.Node(below[2 * i], below[(2 * i) + 1]) : below[2 * i];
            levels.Add(level);
        }
    }

    /// <summary>The root.</summary>
    public byte[] Root => levels[^1].Count == 0 ? MerkleTree.Empty.ToArray() : levels[^1][0];

    /// <summary>Adds what must be hashed with a node of the lowest level, from the bottom up, to come to the root: the audit path of RFC 6962.</summary>
    /// <param name="index">Which node, from 0.</param>
    /// <param name="path">Takes the hashes.</param>
    public void AddPath(int index, ICollection<byte[]> path)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, levels[0].Count);
        foreach (var level in levels)
        {
            var other = index ^ 1;
            if (other < level.Count) path.Add(level[other]);
            index >>= 1;
        }
    }
}

/// <summary>Makes the root of a tree of any size from its leaves one after the other, in memory that does not grow with them but by the kept blocks.</summary>
public sealed class MerkleBuilder
{
    private const int BlockLevel = 10;

    private readonly List<(int Level, byte[] Hash)> peaks = [];
    private readonly List<byte[]> blocks = [];

    /// <summary>How many leaves there were.</summary>
    public long Count { get; private set; }

    /// <summary>Adds the next leaf.</summary>
    /// <param name="leaf">Its hash, as made by <see cref="MerkleTree.Leaf(long, ReadOnlySpan{byte})"/>.</param>
    public void Add(byte[] leaf)
    {
        Count++;
        var (level, hash) = (0, leaf);
        while (peaks.Count > 0 && peaks[^1].Level == level)
        {
            hash = MerkleTree.Node(peaks[^1].Hash, hash);
            peaks.RemoveAt(peaks.Count - 1);
            if (++level == BlockLevel) blocks.Add(hash);
        }

        peaks.Add((level, hash));
    }

    /// <summary>The root over the leaves so far.</summary>
    public byte[] Root() => Fold(0) ?? MerkleTree.Empty.ToArray();

    /// <summary>The hashes of the subtrees over each <see cref="MerkleTree.BlockSize"/> leaves so far; the last may have fewer.</summary>
    public IReadOnlyList<byte[]> Blocks()
    {
        var first = peaks.FindIndex(peak => peak.Level < BlockLevel);
        return first >= 0 && Fold(first) is { } rest ? [.. blocks, rest] : [.. blocks];
    }

    private byte[]? Fold(int first)
    {
        byte[]? root = null;
        for (var i = peaks.Count - 1; i >= first; i--) root = root is null ? peaks[i].Hash : MerkleTree.Node(peaks[i].Hash, root);
        return root;
    }
}
