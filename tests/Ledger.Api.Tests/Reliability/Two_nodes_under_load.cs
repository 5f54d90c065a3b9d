using System.Diagnostics;
using Npgsql;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class Two_nodes_under_load(TwoNodes nodes, ITestOutputHelper output) : IClassFixture<TwoNodes>
{
    [Fact]
    public async Task random_commands_of_64_clients_on_10_accounts_overspend_nothing_and_add_up()
    {
        var seed = Run.Seed(output);
        using var client = new Client(nodes.A, nodes.B);
        string[] accounts = [.. Enumerable.Range(0, 10).Select(i => $"hot.{i}")];
        var commands = new RandomCommands(seed, accounts);
        await commands.OpenAsync(client);
        var crowd = new Crowd(commands, client);
        var clock = Stopwatch.StartNew();
        await crowd.RunAsync(64, Run.Of(6_000, 100_000));
        output.WriteLine($"{crowd.Stories.Count} commands in {clock.Elapsed.TotalSeconds:f1} s: {crowd.Summary()}");
        // On a slow machine an end that was chosen a moment ahead may have passed when its grant is decided: that is refused rightly, and is no other 400.
        crowd.Stories.Where(story => !(story.Reply!.Status == 400 && story.Reply.Body.Contains("\"errors\":{\"expiresAt\":[\"has passed\"]}", StringComparison.Ordinal)))
            .ShouldAllBe(story => story.Reply!.Status == 200 || story.Reply.Status == 201 || story.Reply.Status == 402 || story.Reply.Status == 409, "nothing but done and refused, and nothing sent twice");
        crowd.Stories.ShouldAllBe(story => story.Doubtful == 0 && story.NothingDoneAt == null);
        crowd.Done.ShouldBeGreaterThan(crowd.Stories.Count / 2, "the load does something");

        await NothingDueAsync();
        var books = await Books.CheckAsync(nodes.ConnectionString);
        books.CheckNoGaps();
        books.CheckStories(crowd.Stories);
        await books.CheckAnswersAsync(client, accounts);
        await ReadModels.CheckAsync(nodes.ConnectionString, output);
    }

    [Fact]
    public async Task eight_copies_of_a_key_at_once_have_one_effect_and_one_answer()
    {
        var seed = Run.Seed(output);
        using var client = new Client(nodes.A, nodes.B);
        var random = new Random(seed);
        string[] accounts = [.. Enumerable.Range(0, 20).Select(i => $"copies.{i}")];
        foreach (var account in accounts)
        {
            await client.OpenAsync(account);
            await client.GrantAsync(account, 1_000_000);
        }

        var keys = Run.Of(400, 5_000);
        var sent = Enumerable.Range(0, keys).Select(i =>
        {
            var account = accounts[random.Next(accounts.Length)];
            var other = accounts[(Array.IndexOf(accounts, account) + 1) % accounts.Length];
            var (name, body) = random.Next(6) switch
            {
                0 => ("grants", """{"amount":3.5,"source":"bonus"}"""),
                1 => ("holds", """{"amount":2}"""),
                2 => ("transfers", $$"""{"toAccountId":"{{other}}","amount":1.25}"""),
                3 => ("purchases", $$"""{"creditAmount":5,"price":{"amount":500,"currency":"usd"},"paymentId":"copies_{{seed}}_{{i}}"}"""),
                _ => ("consumptions", """{"amount":0.000001}"""),
            };
            return new Sent(name, $"/v1/accounts/{account}/{name}", body, $"copies/{seed}/{i}");
        }).ToList();
        var stories = new List<Story>();
        foreach (var some in sent.Chunk(40))
        {
            var answers = await Task.WhenAll(some.Select(async one => (one, replies: await Task.WhenAll(Enumerable.Range(0, 8).Select(copy => client.PostAsync(one, copy % 2))))));
            foreach (var (one, replies) in answers)
            {
                replies.ShouldAllBe(reply => reply.Status == 201, $"every copy of {one} is answered alike");
                replies.Select(reply => reply.Body).Distinct().Count().ShouldBe(1, $"the answers to the copies of {one} differ:\n{string.Join('\n', replies.Select(reply => reply.Body).Distinct())}");
                replies.Count(reply => !reply.IsReplay).ShouldBe(1, $"one copy of {one} is the first, seven are replays");
                stories.Add(new Story(one, replies[0], 0, null));
            }
        }

        var books = await Books.CheckAsync(nodes.ConnectionString);
        books.CheckStories(stories).ShouldBe(keys);
        books.Rows.Select(row => row.Causation).Where(key => key?.StartsWith($"copies/{seed}/", StringComparison.Ordinal) == true).Distinct().Count().ShouldBe(keys, "as many effects as keys");
    }

    // Lots and holds of the run ended within two seconds; the sweep writes that within a second more.
    private async Task NothingDueAsync()
    {
        await using var source = NpgsqlDataSource.Create(nodes.ConnectionString);
        await Task.Delay(2_000);
        await Run.UntilAsync(
            async () =>
            {
                await using var due = source.CreateCommand("select count(*) from ledger.due where at <= clock_timestamp() + (select shift from ledger.clock)");
                return await due.ExecuteScalarAsync() is 0L;
            },
            TimeSpan.FromSeconds(10),
            "the sweep writes what has ended");
    }
}
