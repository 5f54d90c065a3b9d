using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

/// <summary>An account of a test, with the commands that tests need most. Amounts are JSON text.</summary>
public sealed record TestAccount(Client Client, string Id)
{
    public string Path => $"/v1/accounts/{Id}";

    /// <summary>What a query answers. One that a read model answers waits until the model has seen all that the account had, however busy the machine is; <see cref="Client"/>'s own does not.</summary>
    public async Task<Reply> Get(string query = "")
    {
        var fromReadModel = (query.Split('?')[0] is "/transactions" or "/usage") && !query.Contains("minVersion=", StringComparison.Ordinal);
        if (!fromReadModel || await Client.Get(Path) is not { Status: 200 } now) return await Client.Get(Path + query);
        var fresh = $"{Path}{query}{(query.Contains('?', StringComparison.Ordinal) ? '&' : '?')}minVersion={now["version"]}";
        var reply = await Client.Get(fresh);
        for (var again = 0; again < 5 && reply.Status == 503; again++) reply = await Client.Get(fresh);
        return reply;
    }

    public Task<Reply> Post(string command, string? body, string? key = null, params (string, string)[] headers) => Client.Post($"{Path}/{command}", body, key, headers);

    public async Task<Reply> Grant(string amount, string more = "") => (await Post("grants", $$"""{"amount":{{amount}},"source":"bonus"{{more}}}""")).ShouldBe(201);

    public async Task<Reply> Purchase(string amount, string more = "") => (await Post("purchases", $$"""{"creditAmount":{{amount}},"price":{"amount":1500,"currency":"usd"}{{more}}}""")).ShouldBe(201);

    public Task<Reply> Consume(string amount, string more = "") => Post("consumptions", $$"""{"amount":{{amount}}{{more}}}""");

    public Task<Reply> Hold(string amount, string more = "") => Post("holds", $$"""{"amount":{{amount}}{{more}}}""");

    /// <summary>Fails where these members of the account, as JSON text, differ.</summary>
    public async Task ShouldHave(params (string Member, string Value)[] expected)
    {
        var now = (await Get()).ShouldBe(200);
        foreach (var (member, value) in expected) now[member].ShouldBe(value, $"{member} of {now.Body}");
    }
}
