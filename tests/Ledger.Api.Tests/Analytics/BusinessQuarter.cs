using System.Globalization;
using Ledger.Api.Tests.Contract;

namespace Ledger.Api.Tests.Analytics;

/// <summary>A small business over ten weeks, by requests, on fixed days: few enough steps that a person can work out every answer. Another tenant does the same with other names beside it.</summary>
internal static class BusinessQuarter
{
    public const string End = "2026-03-10T12:00:00Z";

    public static async Task LiveAsync(ContractService service)
    {
        foreach (var (client, prefix) in new[] { (service.Admin, ""), (service.As("other:admin"), "foreign-") })
        {
            // Each tenant lives through all of it before the next one begins: accounts are their own, so time may begin again.
            await LiveAsync(service, client, prefix);
        }

        await SetAsync(service, End);
    }

    /// <summary>Sets business time.</summary>
    public static Task SetAsync(ContractService service, string time) => service.QueryAsync<object>($"update ledger.clock set shift = timestamptz '{time}' - clock_timestamp() returning shift");

    /// <summary>Waits until what is written is in the read models.</summary>
    public static async Task CaughtUpAsync(ContractService service)
    {
        var position = await service.QueryAsync<long>("select max(seq_id) from ledger.mt_events");
        for (var tries = 0; !await service.QueryAsync<bool>($"select min(last_seq_id) >= {position} from ledger.mt_event_progression"); tries++)
        {
            tries.ShouldBeLessThan(600, "the read models stand still");
            await Task.Delay(50);
        }
    }

    private static async Task LiveAsync(ContractService service, Client client, string prefix)
    {
        var number = 0;
        Task At(string day) => SetAsync(service, $"2026-{day}T10:00:00Z");
        async Task<string> Post(string account, string command, string body) => (await client.Post($"/v1/accounts/{prefix}{account}/{command}", body, string.Create(CultureInfo.InvariantCulture, $"{prefix}{++number}"))).ShouldBe(201)["id"];
        Task<string> Buy(string account, int credits, int price, string more = "") => Post(account, "purchases", $$$"""{"creditAmount":{{{credits}}},"price":{"amount":{{{price}}},"currency":"usd"}{{{more}}}}""");
        Task<string> Use(string account, int amount, string service, string more = "") => Post(account, "consumptions", $$"""{"amount":{{amount}},"service":"{{service}}"{{more}}}""");
        string Tokens(int input, int output) => $$$""","usage":{"inputTokens":{{{input}}},"outputTokens":{{{output}}},"success":true}""";

        await At("01-05");
        foreach (var (account, owner) in new[] { ("ann", "u_ann"), ("bob", "u_bob"), ("cy", "u_cy"), ("dee", "u_dee"), ("eve", "u_eve") })
            (await client.Put($"/v1/accounts/{prefix}{account}", $$"""{"owner":{"kind":"user","id":"{{prefix}}{{owner}}"}{{(account == "eve" ? ",\"overdraftLimit\":100" : "")}}}""")).ShouldBe(201);
        await Buy("ann", 1000, 1000);
        await Buy("bob", 500, 600);
        await Post("ann", "grants", """{"amount":100,"source":"bonus","expiresAt":"2026-02-10T00:00:00Z"}""");
        await Post("cy", "grants", """{"amount":50,"source":"promotion","expiresAt":"2026-01-31T00:00:00Z"}""");
        await At("01-10");
        await Use("ann", 60, "chat", Tokens(1000, 500));
        await Use("bob", 200, "image");
        await At("02-01");
        await Buy("cy", 1000, 1000);
        var returned = await Buy("dee", 200, 300);
        await Buy("bob", 100, 100, ""","expiresAt":"2026-02-20T00:00:00Z" """);
        await At("02-03");
        await Use("ann", 140, "chat", Tokens(2000, 1000));
        await At("02-15");
        await Post("dee", $"purchases/{returned}/refund", """{"reason":"not what was wanted"}""");
        await At("02-20");
        var regretted = await Use("cy", 300, "chat", Tokens(4000, 2000));
        await Use("bob", 10, "image");
        await At("03-02");
        await Buy("ann", 500, 500);
        await Use("bob", 290, "image");
        await At("03-05");
        await Use("eve", 30, "chat", Tokens(100, 100));
        await At("03-06");
        await Post("cy", $"consumptions/{regretted}/refund", """{"amount":100,"reason":"a bad answer"}""");
    }
}
