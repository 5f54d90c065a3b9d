using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Ledger.EventStore;

namespace Ledger.Api.Access;

/// <summary>The SHA-256 of a credential: all that is kept of it, in the database and in memory.</summary>
internal readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
{
    public const int Bytes = 32;

    public static KeyHash Of(ReadOnlySpan<char> credential)
    {
        Span<byte> text = stackalloc byte[256];
        byte[]? rented = null;
        if (credential.Length * 3 > text.Length) text = rented = ArrayPool<byte>.Shared.Rent(credential.Length * 3);
        var length = Encoding.UTF8.GetBytes(credential, text);
        Span<byte> hash = stackalloc byte[Bytes];
        Sha256.Hash(text[..length], hash);
        CryptographicOperations.ZeroMemory(text[..length]);
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return From(hash);
    }

    public static KeyHash From(ReadOnlySpan<byte> hash)
    {
        var parts = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(hash);
        return new KeyHash(parts[0], parts[1], parts[2], parts[3]);
    }

    /// <summary>Whether it is this hash; the time that it takes tells nothing.</summary>
    public bool IsOf(ReadOnlySpan<byte> hash)
    {
        ReadOnlySpan<ulong> parts = [A, B, C, D];
        return CryptographicOperations.FixedTimeEquals(System.Runtime.InteropServices.MemoryMarshal.AsBytes(parts), hash);
    }

    public byte[] ToArray()
    {
        ReadOnlySpan<ulong> parts = [A, B, C, D];
        return System.Runtime.InteropServices.MemoryMarshal.AsBytes(parts).ToArray();
    }
}

/// <summary>What an API key looks like: <c>lk_</c> and 256 random bits in base64url.</summary>
internal static class KeyText
{
    public const string Start = "lk_";

    /// <summary>Characters of a whole key.</summary>
    public const int Length = 46;

    /// <summary>As much of a key as is shown later, so that a person can tell keys apart; it leaves 214 bits unknown.</summary>
    public const int PrefixLength = 10;

    private static readonly SearchValues<char> Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static string New()
    {
        Span<byte> bits = stackalloc byte[32];
        RandomNumberGenerator.Fill(bits);
        return Start + Base64Url.EncodeToString(bits);
    }

    public static string NewId() => "key_" + RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 24);

    public static string Prefix(string key) => key[..PrefixLength];

    /// <summary>Whether a text can be a key at all; what can't is refused without asking the database.</summary>
    public static bool IsKey(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith(Start, StringComparison.Ordinal) && !text[Start.Length..].ContainsAnyExcept(Characters);
}
