using System.Buffers;
using System.Text;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Tests.Contract;

/// <summary>An event that is written by hand has the bytes that the serializer would write: hashes rest on them.</summary>
public sealed class Plain_events
{
    [Fact]
    public void have_the_bytes_of_the_serializer()
    {
        string?[] texts = [null, "", "req_1", "a \"b\" \\ <c> & 'd'", "é\u2028\ud83d\ude00\n", new string('x', 500)];
        Credits[] amounts = [1, 0.5m, 12.30m, -7, 0, 999_999_999_999.999999m, 2_147_483_648, -0.000001m];
        var random = new Random(11);
        string? Text() => texts[random.Next(texts.Length)];
        Credits Amount() => amounts[random.Next(amounts.Length)];
        for (var round = 0; round < 5_000; round++)
        {
            var happened = new CreditsConsumed
            {
                Id = new TransactionId("txn_0123456789abcdef00000002"),
                Amount = Amount(),
                Before = Amount(),
                After = Amount(),
                Available = Amount(),
                Allocations = ValueList.Create<Allocation>([.. Enumerable.Range(0, random.Next(4)).Select(i => new Allocation(i == 2 ? null : new LotId($"lot_{i}"), Amount()))]),
                Note = random.Next(3) == 0 ? null : new Note(Text(), Text(), Text()),
                Spending = random.Next(3) == 0 ? null : new Spending(Text(), Text(), OncePerResource: random.Next(2) == 0),
            };
            var written = new ArrayBufferWriter<byte>();
            PlainEvents.TryWrite(happened, written).ShouldBeTrue();
            Encoding.UTF8.GetString(written.WrittenSpan).ShouldBe(JsonSerializer.Serialize(happened, EventJson.Catalog.Json));
        }
    }

    [Fact]
    public void are_no_others()
    {
        var plain = new CreditsConsumed { Id = new TransactionId("txn_1"), Amount = 1, Before = 2, After = 1, Available = 1, Allocations = [] };
        var written = new ArrayBufferWriter<byte>();
        PlainEvents.TryWrite(plain with { Note = new Note(Metadata: Metadata.Of([new("a", "b")])) }, written).ShouldBeFalse();
        PlainEvents.TryWrite(plain with { Note = new Note(OccurredAt: DateTimeOffset.UnixEpoch) }, written).ShouldBeFalse();
        PlainEvents.TryWrite(plain with { Spending = new Spending(Resource: new Resource("a", "b")) }, written).ShouldBeFalse();
        PlainEvents.TryWrite(plain with { Spending = new Spending(Usage: new Usage(1, 2, 3, true, null, null)) }, written).ShouldBeFalse();
        PlainEvents.TryWrite(new object(), written).ShouldBeFalse();
        written.WrittenCount.ShouldBe(0);
    }

    [Fact]
    public void have_no_members_that_are_not_known_here() =>
        EventJson.Catalog.Json.GetTypeInfo(typeof(CreditsConsumed)).Properties.Select(member => member.Name).Order(StringComparer.Ordinal)
            .Concat(EventJson.Catalog.Json.GetTypeInfo(typeof(Note)).Properties.Select(member => member.Name).Order(StringComparer.Ordinal))
            .Concat(EventJson.Catalog.Json.GetTypeInfo(typeof(Spending)).Properties.Select(member => member.Name).Order(StringComparer.Ordinal))
            .Concat(EventJson.Catalog.Json.GetTypeInfo(typeof(Allocation)).Properties.Select(member => member.Name).Order(StringComparer.Ordinal))
            .ShouldBe(["after", "allocations", "amount", "available", "before", "id", "note", "spending", "actor", "description", "metadata", "occurredAt", "reference", "oncePerResource", "operation", "resource", "service", "usage", "amount", "lot"]);
}
