using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ledger.EventStore.Verification;

/// <summary>Short digests of facts, so that a pass remembers many of them in little memory. 16 bytes of SHA-256: two that differ never meet by chance.</summary>
internal static class FactDigest
{
    public static UInt128 OfName(string kind, string key) => Of(Encoding.UTF8.GetBytes($"{kind.Length} {kind}{key}"));

    /// <summary>Of the canonical form of a body; of its bytes as they are where it has none.</summary>
    public static UInt128 OfBody(byte[] json)
    {
        try
        {
            return Of(CanonicalJson.Of(json));
        }
        catch (JsonException)
        {
            return Of(json);
        }
    }

    private static UInt128 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

/// <summary>Facts of whole tenants, which events of any stream write: the last position holds. They are few, and kept over all passes.</summary>
internal sealed class TenantFacts
{
    private readonly Dictionary<(string Tenant, UInt128 Name), FoldedFact> facts = [];

    public void Put(FactName name, FoldedFact fact)
    {
        var key = (name.Stream.Tenant, FactDigest.OfName(name.Kind, name.Key));
        lock (facts)
        {
            if (!facts.TryGetValue(key, out var older) || older.SeqId <= fact.SeqId) facts[key] = fact;
        }
    }

    /// <summary>Takes a fact out; false where no event wrote it.</summary>
    public bool Take(string tenant, string kind, string key, out FoldedFact fact) => facts.Remove((tenant, FactDigest.OfName(kind, key)), out fact);

    /// <summary>What was not taken.</summary>
    public IEnumerable<(string Tenant, FoldedFact Fact)> Rest => facts.Select(pair => (pair.Key.Tenant, pair.Value));
}

/// <summary>jsonb keeps the zeros at the end of a number, and the canonical form leaves them out: so a stored number is looked at as it stands there too.</summary>
internal static class PlainNumbers
{
    public static bool All(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number && !IsPlain(reader.ValueSpan)) return false;
        }

        return true;
    }

    private static bool IsPlain(ReadOnlySpan<byte> number) =>
        !number.ContainsAny("eE"u8) && (!number.Contains((byte)'.') || number[^1] != '0') && !number.SequenceEqual("-0"u8);
}
