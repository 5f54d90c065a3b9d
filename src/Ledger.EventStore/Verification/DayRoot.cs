using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.EventStore.Verification;

/// <summary>
/// The root of a UTC day. It covers the positions after those of the day before, up to the last one recorded before the day's end (as it was when the day was sealed):
/// so every event is in exactly one day, whatever clocks did. Roots are chained, so one of them vouches for all days before it, their numbers and their order too.
/// </summary>
/// <param name="Day">The day.</param>
/// <param name="First">Its first position.</param>
/// <param name="Last">Its last position; one less than the first where the day has none.</param>
/// <param name="Events">How many events it has.</param>
/// <param name="Tree">The root of the tree over them, 32 bytes.</param>
/// <param name="Previous">The root of the day before, 32 bytes; zeros on the first day.</param>
public sealed record DayRoot(DateOnly Day, long First, long Last, long Events, ReadOnlyMemory<byte> Tree, ReadOnlyMemory<byte> Previous)
{
    /// <summary>How a day is written.</summary>
    public const string DayFormat = "yyyy-MM-dd";

    /// <summary>What stands before the first day.</summary>
    public static ReadOnlyMemory<byte> Origin { get; } = new byte[MerkleTree.Size];

    /// <summary>
    /// The root: SHA-256 over a byte 2, the previous root, the day as ten characters, then first position, last position and number of events (each 64-bit big-endian),
    /// then the tree's root.
    /// </summary>
    public byte[] Root
    {
        get
        {
            Span<byte> bytes = stackalloc byte[1 + MerkleTree.Size + 10 + (3 * 8) + MerkleTree.Size];
            bytes[0] = 2;
            Previous.Span.CopyTo(bytes[1..]);
            var rest = bytes[(1 + MerkleTree.Size)..];
            Encoding.ASCII.GetBytes(Day.ToString(DayFormat, CultureInfo.InvariantCulture), rest);
            BinaryPrimitives.WriteInt64BigEndian(rest[10..], First);
            BinaryPrimitives.WriteInt64BigEndian(rest[18..], Last);
            BinaryPrimitives.WriteInt64BigEndian(rest[26..], Events);
            Tree.Span.CopyTo(rest[34..]);
            return SHA256.HashData(bytes);
        }
    }

    /// <summary>The root in hex, as it is published.</summary>
    public string Hex => Convert.ToHexStringLower(Root);

    /// <summary>Whether a position is in this day.</summary>
    public bool Covers(long seqId) => seqId >= First && seqId <= Last;
}
