using System.Net.Http.Headers;
using Ledger.Api.Verification;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Reliability;

public sealed class Notifications_shuffled(ITestOutputHelper output)
{
    // Versions, times and positions tell the order in which it was applied; all else must be the same.
    private const string State =
        """
        select string_agg(line, E'\n' order by line) from (
            select concat_ws(' ', 'payment', id, account_id, purpose, status, provider, amount, currency, refunded, credit_amount, revoked, shortfall, needs_attention) as line from ledger.payments
        ) x
        """;

    [Fact]
    public async Task with_a_third_doubled_and_kills_in_between_they_come_to_the_same_as_in_order()
    {
        var seed = Run.Seed(output);
        var random = new Random(seed);
        var stories = new StripeStories(seed, Run.Of(70, 2_300), Run.Of(7, 50));
        var inOrder = stories.Tell();
        var shuffled = inOrder.Concat(inOrder.Where(_ => random.NextDouble() < 0.3)).ToArray();
        random.Shuffle(shuffled);

        await using var sortedDatabase = await Run.DatabaseAsync();
        await using var shuffledDatabase = await Run.DatabaseAsync();
        await using var sorted = await NodeAsync(sortedDatabase, ("Webhooks__AtOnceMax", "1"));
        await using var shaken = await NodeAsync(shuffledDatabase);
        await OpenAsync(sorted, stories);
        await OpenAsync(shaken, stories);

        foreach (var (_, body) in inOrder) await TellAsync(sorted, body);
        await SettledAsync(sortedDatabase, inOrder.Count);

        var sending = Parallel.ForEachAsync(shuffled, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (told, _) => await TellAsync(shaken, told.Body));
        var kills = Run.Of(3, 25);
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(random.Next(50, 500));
            await shaken.KillAsync();
            await shaken.RestartAsync();
        }

        await sending;
        await SettledAsync(shuffledDatabase, inOrder.Count);
        output.WriteLine($"{inOrder.Count} events of {stories.Paid} payments in {shuffled.Length} deliveries, {kills} kills");

        (await AskAsync<string>(shuffledDatabase, State)).ShouldBe(await AskAsync<string>(sortedDatabase, State));
        foreach (var account in stories.Accounts) (await MoneyAsync(shaken, account)).ShouldBe(await MoneyAsync(sorted, account), account);
        foreach (var database in new[] { sortedDatabase, shuffledDatabase })
        {
            (await AskAsync<long>(database, "select count(*) from ledger.mt_events where type = 'credits_purchased'")).ShouldBe(stories.Paid, "each payment has bought its credits once");
            (await AskAsync<long>(database, "select count(*) from ledger.payments p where not exists (select from ledger.mt_events e where e.stream_id = 'account/' || p.account_id and e.type = 'credits_purchased' and e.data ->> 'paymentId' = p.id)")).ShouldBe(0, "no payment is without its credits");
            (await AskAsync<string>(database, "select coalesce(string_agg(status || ': ' || coalesce(reason, ''), ', '), '') from ledger.webhook_deliveries where status not in ('applied', 'ignored')")).ShouldBe("");
        }

        await using var source = StoreConnections.Readers(shuffledDatabase.ConnectionString, TimeSpan.FromMinutes(5));
        (await VerificationServices.Verification(source).RunAsync(new VerificationOptions())).First.Select(finding => finding.ToString()).ShouldBeEmpty();
    }

    private static Task<ServiceProcess> NodeAsync(TestDatabase database, params (string, string)[] more) => Run.NodeAsync(database.ConnectionString,
    [
        ("Stripe__SecretKey", "sk_test_reliability"), ("Stripe__WebhookSecret", StripeStories.Secret), ("Stripe__ApiBase", "http://127.0.0.1:9"),
        ("Webhooks__Lease", "00:00:02"), ("Webhooks__WaitMin", "00:00:00.2"), ("Webhooks__WaitMax", "00:00:01"), ("Webhooks__LookEvery", "00:00:00.1"), .. more,
    ]);

    private static async Task OpenAsync(ServiceProcess service, StripeStories stories)
    {
        using var client = new Client(service);
        foreach (var account in stories.Accounts) (await client.OpenAsync(account)).Status.ShouldBe(201);
    }

    /// <summary>Sends it as Stripe does: again and again, each time signed anew, until it is taken.</summary>
    private static async Task TellAsync(ServiceProcess service, byte[] body)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/stripe/default") { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.TryAddWithoutValidation("Stripe-Signature", StripeStories.Sign(body));
                using var answer = await service.Http.SendAsync(request);
                if ((int)answer.StatusCode == 200) return;
                ((int)answer.StatusCode).ShouldBe(503, await answer.Content.ReadAsStringAsync());
            }
            catch (HttpRequestException) when (attempt < 600)
            {
                // It was killed; Stripe would come again later.
            }

            await Task.Delay(50);
        }
    }

    private static Task SettledAsync(TestDatabase database, int events) => Run.UntilAsync(
        async () => await AskAsync<string>(database, "select concat_ws(' ', count(*), count(*) filter (where next_attempt_at is not null)) from ledger.webhook_deliveries") == $"{events} 0",
        TimeSpan.FromSeconds(Run.Of(60, 600)), "all is settled");

    private static async Task<string> MoneyAsync(ServiceProcess service, string account)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/accounts/{account}");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Run.Key);
        using var answer = await service.Http.SendAsync(request);
        var json = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return string.Join(' ', new[] { "balance", "held", "frozen", "available", "debt", "totals" }.Select(member => $"{member} {json.GetProperty(member).GetRawText()}"));
    }

    private static async Task<T> AskAsync<T>(TestDatabase database, string sql)
    {
        await using var session = await database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
