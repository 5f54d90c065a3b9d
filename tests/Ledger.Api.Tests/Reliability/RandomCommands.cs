using System.Collections.Concurrent;
using System.Globalization;

namespace Ledger.Api.Tests.Reliability;

/// <summary>Makes commands of every kind for a few hot accounts, from what earlier answers told. Many clients use one of these at once.</summary>
internal sealed class RandomCommands(int seed, IReadOnlyList<string> accounts)
{
    private readonly ConcurrentDictionary<(string Account, string Name), ConcurrentQueue<string>> ids = new();
    private int made;

    /// <summary>Clients draw from a generator of their own, so that what each does follows from the seed.</summary>
    public Random ForClient(int client) => new(unchecked((seed * 397) + client));

    /// <summary>Opens the accounts, some with an overdraft, and gives them a first stock.</summary>
    public async Task OpenAsync(Client client)
    {
        for (var i = 0; i < accounts.Count; i++)
        {
            (await client.OpenAsync(accounts[i], i % 2 == 0 ? 0 : 50)).Status.ShouldBe(201);
            await client.GrantAsync(accounts[i], 500, $"{seed}/first/{i}");
        }
    }

    public Sent Next(Random random)
    {
        var account = accounts[random.Next(accounts.Count)];
        var number = Interlocked.Increment(ref made);
        var soon = random.Next(5) == 0 ? $",\"expiresAt\":\"{DateTimeOffset.UtcNow.AddMilliseconds(random.Next(400, 2_000)):O}\"" : "";
        var (name, tail, body) = random.Next(20) switch
        {
            < 4 => ("grants", "grants", $"\"amount\":{Amount(random, 60)},\"source\":\"bonus\",\"priority\":{random.Next(98, 103)}{soon}"),
            4 or 5 => ("purchases", "purchases", $"\"creditAmount\":{Amount(random, 60)},\"price\":{{\"amount\":100,\"currency\":\"usd\"}}{soon}{(random.Next(3) == 0 ? $",\"paymentId\":\"pay_{seed}_{number}\"" : "")}"),
            < 11 => ("consumptions", "consumptions", $"\"amount\":{Amount(random, random.Next(20) == 0 ? 3_000 : 110)},\"service\":\"chat\"{(random.Next(10) == 0 ? $",\"resource\":{{\"type\":\"page\",\"id\":\"r{random.Next(200)}\"}},\"oncePerResource\":true" : "")}"),
            11 or 12 => ("holds", "holds", $"\"amount\":{Amount(random, 30)}{soon}"),
            13 or 14 => Item(random, account, "holds", "holds/{0}/capture", random.Next(2) == 0 ? "" : $"\"amount\":{Amount(random, 35)}"),
            15 => Item(random, account, "holds", "holds/{0}/release", ""),
            16 => Item(random, account, "consumptions", "consumptions/{0}/refund", $"\"reason\":\"r\"{(random.Next(2) == 0 ? "" : $",\"amount\":{Amount(random, 20)}")}"),
            17 => Item(random, account, "purchases", "purchases/{0}/refund", $"\"reason\":\"r\"{(random.Next(2) == 0 ? "" : $",\"amount\":{Amount(random, 30)}")}{(random.Next(3) == 0 ? ",\"allowDebt\":true" : "")}"),
            18 => ("transfers", "transfers", $"\"toAccountId\":\"{Other(random, account)}\",\"amount\":{Amount(random, 40)}"),
            _ => ("adjustments", "adjustments", $"\"amount\":{(random.Next(2) == 0 ? "-" : "")}{Amount(random, 20)},\"reason\":\"r\""),
        };
        return new Sent(name, $"/v1/accounts/{account}/{tail}", $"{{{body}}}", string.Create(CultureInfo.InvariantCulture, $"{seed}/{number}"));
    }

    /// <summary>Remembers what was made, for captures and refunds to come.</summary>
    public void Heard(Sent sent, Reply reply)
    {
        if (reply.Status != 201) return;
        if (sent.Name is not ("holds" or "consumptions" or "purchases") || sent.Path.Split('/').Length != 5) return;
        ids.GetOrAdd((sent.Path.Split('/')[3], sent.Name), _ => new()).Enqueue(reply.Json.GetProperty("id").GetString()!);
    }

    private static string Amount(Random random, int max) => (random.Next(3) == 0 ? random.NextInt64(1, max * 1_000_000L) / 1_000_000m : random.Next(1, max)).ToString(CultureInfo.InvariantCulture);

    private string Other(Random random, string account)
    {
        while (true)
        {
            var other = accounts[random.Next(accounts.Count)];
            if (other != account) return other;
        }
    }

    // Some ids are used again, so that a hold is captured twice and a refund goes beyond what is left.
    private (string Name, string Tail, string Body) Item(Random random, string account, string name, string rest, string body)
    {
        if (!ids.TryGetValue((account, name), out var known) || !known.TryDequeue(out var id)) return ("consumptions", "consumptions", $"\"amount\":{Amount(random, 10)}");
        if (random.Next(4) == 0) known.Enqueue(id);
        return (rest.Replace("/{0}", "", StringComparison.Ordinal), string.Format(CultureInfo.InvariantCulture, rest, id), body);
    }
}
