using System.Buffers;
using System.Text;
using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests;
using Ledger.Domain.Tests.Invoices;
using Ledger.Domain.Tests.Payments;
using Ledger.Domain.Tests.Profiles;
using Ledger.Domain.Tests.Quotas;
using Ledger.Domain.Tests.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Tests.Contract;

/// <summary>
/// What is stored is never written differently: every event in its stored form, with all members and with few. A file that is there stays; LEDGER_WRITE_DOCS=1 adds
/// those that are missing.
/// </summary>
public sealed class Golden_events
{
    private static string Folder => Path.Combine(MappedRoute.Root, "tests", "Ledger.Api.Tests", "Contract", "golden", "events");

    private static IReadOnlyList<(string Name, object Event)> All { get; } = [.. Samples.All.Select(sample => (sample.Name, (object)sample.Event)), .. PaymentSamples.All, .. SubscriptionSamples.All, .. InvoiceSamples.All, .. QuotaSamples.All, .. ProfileSamples.All];

    public static TheoryData<string> Names => [.. All.Select(sample => sample.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_event_is_read_and_written_as_it_was_stored(string name)
    {
        var (_, expected) = All.Single(sample => sample.Name == name);
        var file = Path.Combine(Folder, name + ".json");
        if (!File.Exists(file) && Environment.GetEnvironmentVariable("LEDGER_WRITE_DOCS") == "1") File.WriteAllBytes(file, Written(expected));
        var stored = File.ReadAllBytes(file);
        var type = EventJson.Catalog.NameOf(expected);
        name.ShouldStartWith(type);
        var read = EventJson.Catalog.Read(type, stored);
        read.ShouldBe(expected);
        Encoding.UTF8.GetString(Written(read)).ShouldBe(Encoding.UTF8.GetString(stored));
        CanonicalJson.Of(stored).ShouldBe(stored, "what is stored is canonical");
    }

    [Fact]
    public void A_flag_that_is_down_is_left_out_of_events_and_stays_in_facts_which_verification_compares_with_what_older_builds_left()
    {
        const string older = """{"amount":5,"expiresAt":"2026-11-20T12:49:56Z","id":"hold_0123456789abcdef00000005","spending":{"oncePerResource":false,"service":"chat"}}""";
        var placed = (HoldPlaced)EventJson.Catalog.Read("hold_placed", older);
        Encoding.UTF8.GetString(Written(placed)).ShouldBe(older.Replace("\"oncePerResource\":false,", "", StringComparison.Ordinal));
        EventJson.Catalog.Read("hold_placed", Written(placed)).ShouldBe(placed);
        EventJson.Write(new HoldEnded(new Hold(placed.Id, placed.Amount, placed.ExpiresAt, placed.ExpiresAt, placed.Spending), HoldState.Released, placed.Amount, placed.ExpiresAt, 7)).ShouldContain(""""spending":{"oncePerResource":false,"service":"chat"}"""");
    }

    [Fact]
    public void Every_type_has_its_files_and_every_file_its_type()
    {
        var files = Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).ToList();
        files.Order(StringComparer.Ordinal).ShouldBe(All.Select(sample => sample.Name).Order(StringComparer.Ordinal));
        foreach (var type in EventJson.Catalog.Names) All.Count(sample => EventJson.Catalog.NameOf(sample.Event) == type).ShouldBeGreaterThanOrEqualTo(2, $"{type} has a sample with all members and one with few");
    }

    [Fact]
    public void Every_member_of_every_type_is_in_one_of_its_files()
    {
        foreach (var type in EventJson.EventTypes)
        {
            var info = EventJson.Catalog.Json.GetTypeInfo(type);
            var seen = All.Where(sample => sample.Event.GetType() == type)
                .SelectMany(sample => System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, sample.Name + ".json"))).RootElement.EnumerateObject().Select(member => member.Name)).ToHashSet(StringComparer.Ordinal);
            info.Properties.Select(property => property.Name).Where(member => !seen.Contains(member)).ShouldBeEmpty(type.Name);
        }
    }

    [Fact]
    public void A_member_that_a_later_version_adds_does_not_keep_this_one_from_reading()
    {
        var stored = """{"after":1,"allocations":[],"amount":1,"available":1,"before":0,"id":"txn_0123456789abcdef00000002","later":{"a":1},"lot":"lot_0123456789abcdef00000002","priority":100,"source":"bonus"}""";
        ((CreditsGranted)EventJson.Catalog.Read("credits_granted", stored)).Priority.ShouldBe(100);
    }

    private static byte[] Written(object happened)
    {
        var buffer = new ArrayBufferWriter<byte>();
        EventJson.Catalog.Write(happened, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
