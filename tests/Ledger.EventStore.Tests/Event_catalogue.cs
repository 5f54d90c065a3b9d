using System.Buffers;
using System.Text;
using Ledger.EventStore;

namespace Ledger.EventStore.Tests;

public sealed class Event_catalogue
{
    private static string Json(EventCatalog catalog, object @event)
    {
        var buffer = new ArrayBufferWriter<byte>();
        catalog.Write(@event, buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    [Fact]
    public void names_are_martens_and_the_json_is_canonical()
    {
        var catalog = ThingModel.Catalog();
        catalog.NameOf(new ThingCounted(1)).ShouldBe("thing_counted");
        var json = Json(catalog, new ThingCounted(1.500m, "ä<", new DateTimeOffset(2026, 1, 2, 3, 4, 5, 0, 7, TimeSpan.FromHours(2))));
        json.ShouldBe("""{"by":1.5,"dueAt":"2026-01-02T01:04:05.000007Z","note":"ä<"}""");
        Encoding.UTF8.GetString(CanonicalJson.Of(json)).ShouldBe(json);
        Json(catalog, new ThingCounted(1m)).ShouldBe("""{"by":1}""");
    }

    [Fact]
    public void an_older_form_is_brought_up_to_date_and_never_written()
    {
        var catalog = ThingModel.Catalog().WithOlderForm("thing_counted_v1", old => new ThingCounted(old.GetProperty("count").GetDecimal()));
        catalog.Read("thing_counted_v1", """{"count": 5}""").ShouldBe(new ThingCounted(5));
        Should.Throw<ArgumentException>(() => catalog.WithOlderForm("thing_counted", _ => new object()));
    }

    [Fact]
    public void an_unknown_event_is_told_by_name() =>
        Should.Throw<UnknownEventException>(() => ThingModel.Catalog().Read("thing_lost", "{}")).TypeName.ShouldBe("thing_lost");

    [Fact]
    public void members_of_a_newer_program_are_read_over() =>
        ThingModel.Catalog().Read("thing_counted", """{"by": 5, "colour": "red"}""").ShouldBe(new ThingCounted(5));

    [Fact]
    public void a_flag_that_is_down_by_default_is_written_only_when_it_is_up()
    {
        var catalog = new EventCatalog([typeof(ThingFlagged)], []);
        Json(catalog, new ThingFlagged(false)).ShouldBe("""{"isKnown":false}""");
        Json(catalog, new ThingFlagged(true, true)).ShouldBe("""{"isKnown":true,"isOnce":true}""");
        catalog.Read("thing_flagged", """{"isKnown":true}""").ShouldBe(new ThingFlagged(true));
        catalog.Read("thing_flagged", """{"isKnown":true,"isOnce":false}""").ShouldBe(new ThingFlagged(true), "as it was written before");
        System.Text.Json.JsonSerializer.Serialize(new ThingFlagged(true), catalog.Json).ShouldBe("""{"isKnown":true,"isOnce":false}""", "facts and states that older builds left are compared with this");
    }

    private sealed record ThingFlagged(bool IsKnown, bool IsOnce = false);
}
