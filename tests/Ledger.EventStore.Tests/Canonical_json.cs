using System.Text;
using System.Text.Json;
using Ledger.EventStore;

namespace Ledger.EventStore.Tests;

public sealed class Canonical_json
{
    [Theory]
    [InlineData("1.50", "1.5")]
    [InlineData("-0", "0")]
    [InlineData("0.0", "0")]
    [InlineData("100", "100")]
    [InlineData("1e2", "100")]
    [InlineData("1.5E+1", "15")]
    [InlineData("120e-1", "12")]
    [InlineData("-1.20e-3", "-0.0012")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("1000000000000.000000", "1000000000000")]
    [InlineData("0e99", "0")]
    public void a_number_has_one_spelling(string written, string canonical) => CanonicalJson.Number(written).ShouldBe(canonical);

    [Theory]
    [InlineData("1e400000")]
    [InlineData("1e-400000")]
    [InlineData("1e99999999999999999999")]
    public void a_number_with_too_many_digits_is_refused(string written) => Should.Throw<JsonException>(() => CanonicalJson.Number(written));

    [Fact]
    public void members_are_sorted_and_white_space_is_gone() =>
        Encoding.UTF8.GetString(CanonicalJson.Of("""{ "b": [1.0, {"z":null, "a" : true}], "a": "\u0041\u00e9/\"", "B": 1e1 }""")).ShouldBe("""{"B":10,"a":"Aé/\"","b":[1,{"a":true,"z":null}]}""");

    [Fact]
    public async Task jsonb_brings_back_the_same_canonical_text()
    {
        await using var database = await StoreDatabase.CreateAsync();
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            var canonical = Encoding.UTF8.GetString(CanonicalJson.Of(RandomJson(random, 0)));
            var back = await database.ScalarAsync<string>("select $1::jsonb::text", canonical);
            Encoding.UTF8.GetString(CanonicalJson.Of(back)).ShouldBe(canonical);
        }
    }

    [Fact]
    public void the_hash_of_an_event_is_pinned()
    {
        // The definition is public: whoever re-implements it checks against these.
        var at = new DateTimeOffset(2026, 11, 20, 12, 30, 0, 123, 456, TimeSpan.Zero);
        var first = EventHash.Of(EventHash.Origin.Span, new StreamRef("default", "thing/a"), 1, "thing_made", at, EventMeta.None, "{\"name\":\"a\"}"u8);
        Convert.ToHexStringLower(first).ShouldBe(Expected("default", "thing/a", "1", "thing_made", "2026-11-20T12:30:00.123456Z", null, null, "{\"name\":\"a\"}", "{}", new byte[32]));
        var second = EventHash.Of(first, new StreamRef("acme", "thing/ä"), 12345678901, "thing_counted", at, new EventMeta("c", "k", "a\"b"), "{}"u8);
        Convert.ToHexStringLower(second).ShouldBe(Expected("acme", "thing/ä", "12345678901", "thing_counted", "2026-11-20T12:30:00.123456Z", "c", "k", "{}", "{\"actor\":\"a\\\"b\"}", first));
        Convert.ToHexStringLower(first).ShouldBe("352322dfd7dcadefec7a2b362aa2cec0e356e9eacc36137d7079f62daf2e99d8");
        Convert.ToHexStringLower(second).ShouldBe("4d077d8e0b5b51b16ef17802f0043293935fe538985103b299f9c1f9e9c6ba7b");
    }

    private static string Expected(string tenant, string stream, string version, string type, string at, string? correlation, string? causation, string data, string headers, byte[] previous)
    {
        var bytes = new List<byte>(previous);
        foreach (var part in new[] { tenant, stream, version, type, at, correlation, causation, data, headers })
        {
            var utf8 = part is null ? [] : Encoding.UTF8.GetBytes(part);
            var length = part is null ? uint.MaxValue : (uint)utf8.Length;
            bytes.AddRange([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            bytes.AddRange(utf8);
        }

        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes.ToArray()));
    }

    private static string RandomJson(Random random, int depth) => random.Next(depth > 3 ? 4 : 6) switch
    {
        0 => $"{random.Next(-1000, 1000)}.{random.Next(1000):000}",
        1 => $"{random.Next(1, 99)}e{random.Next(-12, 12)}",
        2 => JsonSerializer.Serialize(string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => (char)random.Next(1, 0x2FF)))),
        3 => random.Next(3) switch { 0 => "null", 1 => "true", _ => "false" },
        4 => "[" + string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(_ => RandomJson(random, depth + 1))) + "]",
        _ => "{" + string.Join(", ", Enumerable.Range(0, random.Next(5)).Select(i => $"\"{(char)random.Next('A', 'z' + 1)}{i}\": ".Replace("\\", "/", StringComparison.Ordinal) + RandomJson(random, depth + 1))) + "}",
    };
}
