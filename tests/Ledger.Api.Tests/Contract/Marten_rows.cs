using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests;
using Ledger.EventStore;
using Ledger.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ledger.Api.Tests.Contract;

/// <summary>What a row of each event holds, as a team reads it that knows of Marten and of the golden files alone.</summary>
public sealed class Marten_rows
{
    // As docs/marten.md sets Marten up.
    private static readonly JsonSerializerOptions TheirJson = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter() } };

    [Fact]
    public async Task Every_event_is_stored_as_its_golden_file_and_as_marten_reads_it()
    {
        await using var database = await Http.EdgeHost.DatabaseAsync();
        using (var node = new GroupCommit(database.ConnectionString, EventJson.Catalog, new StreamModels(), [], new GroupCommitOptions(), NullLogger.Instance))
        {
            foreach (var (name, sample) in Samples.All)
            {
                var outcome = await node.SubmitAsync(new AppendWork((new StreamRef("default", "sample/" + name), 0, [sample])) { Tenant = "default", Key = name, Meta = new EventMeta("trace", name, "key_1") });
                outcome.ShouldBeOfType<Outcome.Accepted>();
            }
        }

        await using var login = await TestLogin.CreateAsync(database.ConnectionString, "ledger_marten");
        await using var session = await login.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            select d.type, d.version, d.mt_dotnet_type, d.is_archived, d.tenant_id, d.data::text, d.bdata, d.correlation_id, d.causation_id, d.headers::text, d.timestamp, s.type, s.version, s.is_archived, s.timestamp
            from ledger.mt_events d join ledger.mt_streams s on s.id = d.stream_id and s.tenant_id = d.tenant_id where d.stream_id = $1
            """, session)
        { Parameters = { new NpgsqlParameter<string> { TypedValue = "" } } };
        foreach (var (name, sample) in Samples.All)
        {
            command.Parameters[0].Value = "sample/" + name;
            await using var row = await command.ExecuteReaderAsync();
            (await row.ReadAsync()).ShouldBeTrue(name);
            // The class name in snake case; the .NET type is left to the reader, who has types of its own.
            var type = JsonNamingPolicy.SnakeCaseLower.ConvertName(sample.GetType().Name);
            (row.GetString(0), row.GetInt64(1), row.IsDBNull(2), row.GetBoolean(3), row.GetString(4), row.IsDBNull(6)).ShouldBe((type, 1, true, false, "*DEFAULT*", true), name);
            var golden = await File.ReadAllBytesAsync(Path.Combine(MappedRoute.Root, "tests", "Ledger.Api.Tests", "Contract", "golden", "events", name + ".json"));
            CanonicalJson.Of(row.GetString(5)).ShouldBe(golden, name);
            NamesOf(JsonDocument.Parse(golden).RootElement).ShouldAllBe(member => char.IsAsciiLetterLower(member[0]));
            (row.GetString(7), row.GetString(8)).ShouldBe(("trace", name));
            var headers = JsonDocument.Parse(row.GetString(9)).RootElement;
            (headers.GetProperty("actor").GetString(), headers.GetProperty("hash").GetBytesFromBase64().Length).ShouldBe(("key_1", 32));
            (row.GetString(11), row.GetInt64(12), row.GetBoolean(13), row.GetDateTime(14)).ShouldBe(("sample", 1, false, row.GetDateTime(10)), name);
            (await row.ReadAsync()).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task The_page_names_every_event_and_its_records_read_what_they_name()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(MappedRoute.Root, "docs", "marten.md"));
        foreach (var name in EventJson.Catalog.Names) page.ShouldContain($"`{name}`");
        foreach (var type in new[] { typeof(CreditsPurchased), typeof(CreditsGranted), typeof(CreditsConsumed), typeof(HoldCaptured), typeof(LotExpired) })
        {
            var members = type.GetConstructors()[0].GetParameters().Select(parameter => $"{Word(parameter)} {parameter.Name}");
            page.ShouldContain($"public sealed record {type.Name}({string.Join(", ", members)});");
            page.ShouldContain($"options.Events.AddEventType<{type.Name}>();");
            foreach (var (name, sample) in Samples.All.Where(sample => sample.Event.GetType().Name == type.Name))
            {
                var expected = (TransactionEvent)sample;
                var json = await File.ReadAllTextAsync(Path.Combine(MappedRoute.Root, "tests", "Ledger.Api.Tests", "Contract", "golden", "events", name + ".json"));
                var read = (Moved)JsonSerializer.Deserialize(json, type, TheirJson)!;
                (read.Id, (Credits)read.Amount, (Credits)read.After).ShouldBe((expected.Id.Value, expected.Amount, expected.After), name);
                if (sample is ConsumptionEvent { Spending: { } spending }) (read as CreditsConsumed)?.Spending.ShouldBe(new Spending(spending.Service, spending.Operation));
            }
        }
    }

    // The records of docs/marten.md, which the test compares by name.
    public abstract record Moved(string Id, decimal Amount, decimal After);

    public sealed record Spending(string? Service, string? Operation);

    public sealed record CreditsPurchased(string Id, decimal Amount, decimal After) : Moved(Id, Amount, After);

    public sealed record CreditsGranted(string Id, decimal Amount, decimal After, string Source) : Moved(Id, Amount, After);

    public sealed record CreditsConsumed(string Id, decimal Amount, decimal After, Spending? Spending) : Moved(Id, Amount, After);

    public sealed record HoldCaptured(string Id, decimal Amount, decimal After, Spending? Spending) : Moved(Id, Amount, After);

    public sealed record LotExpired(string Id, decimal Amount, decimal After) : Moved(Id, Amount, After);

    private static string Word(System.Reflection.ParameterInfo parameter) =>
        parameter.ParameterType == typeof(string) ? "string" : parameter.ParameterType == typeof(decimal) ? "decimal" : parameter.ParameterType.Name + "?";

    /// <summary>The names of all members but those of free JSON and metadata, which the app makes up.</summary>
    private static IEnumerable<string> NamesOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => member.Name is "metadata" or "requestData" ? [member.Name] : NamesOf(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(NamesOf),
        _ => [],
    };
}
