using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ledger.EventStore.Tests;

/// <summary>What is written by hand on the way to an event's hash is what the library would write.</summary>
public sealed class Hashing_by_hand
{
    [Fact]
    public void times_have_six_decimals()
    {
        var random = new Random(3);
        for (var i = 0; i < 10_000; i++)
        {
            var time = new DateTimeOffset(random.NextInt64(DateTime.MaxValue.Ticks / 10) * 10, TimeSpan.Zero);
            if (i % 3 == 0) time = new DateTimeOffset(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            var written = new byte[Microseconds.Length];
            Microseconds.Write(time, written);
            Encoding.ASCII.GetString(written).ShouldBe(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void one_hash_leaves_nothing_behind_for_the_next()
    {
        var random = new Random(4);
        for (var length = 0; length < 300; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var hash = new byte[EventHash.Size];
            Sha256.Hash(bytes, hash);
            hash.ShouldBe(SHA256.HashData(bytes));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("key_0123456789abcdef")]
    [InlineData("")]
    [InlineData("sub:a\"b\\c\né\u2028\ud83d\ude00<>")]
    public void headers_are_canonical_json(string? actor)
    {
        var meta = new EventMeta(null, null, actor);
        var hash = SHA256.HashData([1]);
        var to = new byte[Headers.LengthMax(meta)];
        var written = to.AsSpan(0, Headers.WriteWithoutHash(meta, to)).ToArray();
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (actor is not null) members.Add("actor", actor);
        Encoding.UTF8.GetString(written).ShouldBe(Encoding.UTF8.GetString(CanonicalJson.Of(JsonSerializer.SerializeToElement(members))));
        members.Add("hash", Convert.ToBase64String(hash));
        Encoding.UTF8.GetString(Headers.WithHash(meta, hash)).ShouldBe(Encoding.UTF8.GetString(CanonicalJson.Of(JsonSerializer.SerializeToElement(members))));
    }
}
