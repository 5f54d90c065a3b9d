using System.Security.Cryptography;

namespace Ledger.EventStore;

/// <summary>SHA-256 with one hash object a thread: making one takes longer than it does to hash a few hundred bytes.</summary>
public static class Sha256
{
    [ThreadStatic]
    private static IncrementalHash? kept;

    /// <summary>The hash of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="hash">Takes the hash: <see cref="EventHash.Size"/> bytes.</param>
    public static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash)
    {
        // Given back only where all goes well, so a fault leaves nothing behind for the next one.
        var hasher = kept ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        kept = null;
        hasher.AppendData(bytes);
        hasher.GetHashAndReset(hash);
        kept = hasher;
    }
}
