using System.Globalization;
using Ledger.Api.Tests.Contract;
using Ledger.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>A service on which two accounts have lived through some weeks of random commands; nothing is written to it afterwards. LEDGER_SEED repeats it.</summary>
public sealed class BusyService : IAsyncLifetime
{
    private const int Steps = 220;

    private readonly List<string> consumptions = [];
    private readonly List<string> holds = [];
    private readonly List<string> purchases = [];
    private Random random = new();
    private TimeSpan shift;

    public ContractService Service { get; } = new();

    public int Seed { get; private set; }

    public IReadOnlyList<TestAccount> Accounts { get; private set; } = [];

    /// <summary>All events of the database, by position.</summary>
    public IReadOnlyList<StoredEvent> Events { get; private set; } = [];

    public EventReader Reader => Service.Services.GetRequiredService<EventReader>();

    public async ValueTask InitializeAsync()
    {
        Seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var set) ? set : Environment.TickCount;
        random = new Random(Seed);
        await Service.InitializeAsync();
        Accounts = [await Service.OpenAsync(""","overdraftLimit":50"""), await Service.OpenAsync(""","overdraftLimit":5""")];
        foreach (var account in Accounts) await account.Grant("100");
        // What chance might leave out: a call that came to nothing.
        var failed = (await Accounts[0].Hold("1", ""","service":"chat" """)).ShouldBe(201);
        (await Accounts[0].Post($"holds/{failed["id"]}/release", """{"usage":{"inputTokens":5,"success":false}}""")).ShouldBe(200);
        for (var step = 0; step < Steps; step++)
        {
            if (random.Next(8) == 0) await PassAsync(TimeSpan.FromMinutes(random.Next(1, 3000)));
            await StepAsync(Accounts[random.Next(3) == 0 ? 1 : 0]);
        }

        // What is due by now is written by the sweep; it must not write while tests look.
        await Task.Delay(2_500);
        var events = new List<StoredEvent>();
        await foreach (var stored in Reader.AllAsync()) events.Add(stored);
        Events = events;
        foreach (var account in Accounts)
        {
            var version = (await account.Get())["version"];
            (await account.Get("/transactions?limit=1&minVersion=" + version)).ShouldBe(200);
            (await account.Get("/usage?minVersion=" + version)).ShouldBe(200);
        }
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();

    private async Task PassAsync(TimeSpan time)
    {
        shift += time;
        await Service.PassAsync(time);
    }

    private string Amount(int max) => random.Next(3) == 0 ? (random.Next(1, max * 1000) / 1000m).ToString(CultureInfo.InvariantCulture) : random.Next(1, max).ToString(CultureInfo.InvariantCulture);

    private string Maybe(string member, params string[] values) => random.Next(values.Length + 1) is var at && at < values.Length ? $",\"{member}\":\"{values[at]}\"" : "";

    private string Time(string member, TimeSpan ahead) => $",\"{member}\":\"{(DateTimeOffset.UtcNow + shift + ahead).ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)}\"";

    private string Note() => Maybe("actor", "ann", "bob") + Maybe("reference", "r1", "r2") + (random.Next(3) == 0 ? Time("occurredAt", -TimeSpan.FromMinutes(random.Next(0, 50_000))) : "");

    private string Spent() => Maybe("service", "chat", "image") + Maybe("operation", "ask", "draw") + (random.Next(2) == 0 ? $$""","resource":{"type":"w","id":"{{random.Next(4)}}"}""" : "") + Usage();

    private string Usage() => random.Next(2) == 0 ? "" : random.Next(3) switch
    {
        0 => $$""","usage":{"inputTokens":{{random.Next(1000)}},"success":{{(random.Next(2) == 0 ? "true" : "false")}}}""",
        1 => $$""","usage":{"outputTokens":{{random.Next(1000)}},"processingTimeMs":{{random.NextInt64(long.MaxValue)}}}""",
        _ => ""","usage":{}""",
    };

    private async Task StepAsync(TestAccount account)
    {
        string Some(List<string> ids) => ids.Count == 0 ? "txn_0123456789abcdef00000001" : ids[random.Next(ids.Count)];
        var reply = random.Next(24) switch
        {
            < 3 => await account.Post("grants", $$"""{"amount":{{Amount(60)}},"source":"bonus"{{Note()}}{{(random.Next(2) == 0 ? Time("expiresAt", TimeSpan.FromHours(random.Next(12, 200))) : "")}}}"""),
            < 5 => await Keep(purchases, account.Post("purchases", $$"""{"creditAmount":{{Amount(60)}},"price":{"amount":{{random.Next(5000)}},"currency":"usd"}{{Note()}}}""")),
            < 12 => await Keep(consumptions, account.Consume(Amount(15), Spent() + Note())),
            < 15 => await Keep(holds, account.Hold(Amount(8), Spent() + Note() + Time("expiresAt", TimeSpan.FromHours(random.Next(12, 200))))),
            < 17 => await Keep(consumptions, account.Post($"holds/{Some(holds)}/capture", "{" + (Usage() + Note()).TrimStart(',') + "}")),
            < 19 => await account.Post($"holds/{Some(holds)}/release", "{" + (Usage() + Note()).TrimStart(',') + "}"),
            < 21 => await account.Post($"consumptions/{Some(consumptions)}/refund", $$"""{"reason":"r"{{(random.Next(2) == 0 ? $",\"amount\":{Amount(5)}" : "")}}{{Note()}}}"""),
            21 => await account.Post($"purchases/{Some(purchases)}/refund", """{"reason":"r"}"""),
            22 => await account.Post("adjustments", $$"""{"amount":{{(random.Next(2) == 0 ? "-" : "")}}{{Amount(10)}},"reason":"r"}"""),
            _ => await account.Post("transfers", $$"""{"amount":{{Amount(10)}},"toAccountId":"{{Accounts.First(each => each != account).Id}}"{{Note()}}}"""),
        };
        reply.Status.ShouldBeOneOf([200, 201, 402, 404, 409], $"LEDGER_SEED={Seed}: {reply.Body}");
    }

    private static async Task<Reply> Keep(List<string> ids, Task<Reply> sent)
    {
        var reply = await sent;
        if (reply.Status == 201) ids.Add(reply["id"]);
        return reply;
    }
}
