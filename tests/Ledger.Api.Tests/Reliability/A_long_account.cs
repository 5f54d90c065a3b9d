using System.Diagnostics;
using System.Globalization;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class A_long_account(ITestOutputHelper output)
{
    private static readonly TimeSpan ReadMax = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task is_read_as_fast_and_spent_as_fast_as_a_new_one()
    {
        var seed = Run.Seed(output);
        await using var database = await Run.DatabaseAsync();
        await using var service = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(service);
        var (account, young, events, random) = ($"long.{seed}", $"young.{seed}", Run.Of(20_000, 1_000_000), new Random(seed));
        foreach (var one in (string[])[account, young])
        {
            await client.OpenAsync(one);
            await client.GrantAsync(one, 20);
        }

        var clock = Stopwatch.StartNew();
        for (var made = 0; made < events; made += 10_000)
        {
            // What comes is spent: many events, few lots. (The state, which each command writes, grows with the lots that hold something.)
            var begun = made;
            var lines = Enumerable.Range(0, 10_000).Select(i => i % 500 == 0
                ? $$"""{"key":"{{account}}/{{begun + i}}","accountId":"{{account}}","command":"grant","amount":5,"source":"bonus"}"""
                : $$"""{"key":"{{account}}/{{begun + i}}","accountId":"{{account}}","command":"consume","amount":0.01}""");
            (await client.BatchAsync(lines)).ShouldAllBe(line => line.GetProperty("status").GetInt32() == 201);
        }

        output.WriteLine($"{events} events in {clock.Elapsed.TotalSeconds:f1} s");
        var version = events + 2;
        var times = new List<DateTimeOffset>();
        for (var i = 1; i <= 20; i++)
        {
            var page = (await client.GetAsync($"/v1/accounts/{account}?version={(long)version * i / 20}")).Json;
            times.Add(page.GetProperty("updatedAt").GetDateTimeOffset());
        }

        await ReadAsync("now", () => $"/v1/accounts/{account}");
        await ReadAsync("?version", () => $"/v1/accounts/{account}?version={random.Next(1, version + 1)}");
        await ReadAsync("?at", () => $"/v1/accounts/{account}?at={Uri.EscapeDataString(times[random.Next(times.Count)].AddMilliseconds(random.Next(-50, 50)).ToString("O", CultureInfo.InvariantCulture))}");
        (await client.GetAsync($"/v1/accounts/{account}")).Json.GetProperty("version").GetInt64().ShouldBe(version);

        // In turn, so that whatever else the machine does falls on both alike.
        var (onLong, onYoung) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < 300; i++)
        {
            onLong.Add(await TimeAsync(() => client.PostAsync(new Sent("consumptions", $"/v1/accounts/{account}/consumptions", """{"amount":0.01}""", $"{account}/last/{i}"))));
            onYoung.Add(await TimeAsync(() => client.PostAsync(new Sent("consumptions", $"/v1/accounts/{young}/consumptions", """{"amount":0.01}""", $"{young}/last/{i}"))));
        }

        var (median, ratio) = (At(onLong, 50), At(onLong, 50) / At(onYoung, 50));
        output.WriteLine($"consumption: {median.TotalMilliseconds:f1} ms, {ratio:f2} times that on a new account (p99: {At(onLong, 99) / At(onYoung, 99):f2} times)");
        ratio.ShouldBeLessThan(2.5, "a consumption costs no more for a long past");

        async Task ReadAsync(string what, Func<string> path)
        {
            // The median, and the best of three: a machine that does other things is slow at times, a slow query always.
            var best = TimeSpan.MaxValue;
            for (var attempt = 0; attempt < 3 && best > ReadMax; attempt++)
            {
                var taken = new List<TimeSpan>();
                for (var i = 0; i < 150; i++) taken.Add(await TimeAsync(() => client.GetAsync(path())));
                output.WriteLine($"{what}: median {At(taken, 50).TotalMilliseconds:f1} ms, p99 {At(taken, 99).TotalMilliseconds:f1} ms");
                if (At(taken, 50) < best) best = At(taken, 50);
            }

            best.ShouldBeLessThan(ReadMax, $"reading {what}");
        }
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task<Reply>> ask)
    {
        var clock = Stopwatch.StartNew();
        (await ask()).Status.ShouldBeInRange(200, 201);
        return clock.Elapsed;
    }

    private static TimeSpan At(List<TimeSpan> times, int percent) => times.Order().ElementAt(times.Count * percent / 100);
}
