namespace Ledger.Api.Tests.Contract;

/// <summary>401, 403, 413, 415, 400, the key (replay or 422), 404 and what only the account can tell (400), 412, 409, 402: of two faults the earlier one is answered.</summary>
[Collection(ContractCollection.Name)]
public sealed class Order_of_checks(ContractService service)
{
    private static readonly string TooLarge = $$"""{"amount":0,"reason":"{{new string('x', 256 * 1024)}}"}""";

    /// <summary>Every fault in the contract's order, with what each changes of a good request.</summary>
    private sealed record Fault(string Name, int Status, string Problem, Func<Request, Request> Plant);

    private sealed record Request(string? Credential, string Account, string Body, string MediaType, string? Key, string? IfMatch, string Query);

    private static IReadOnlyList<Fault> Faults(Cast cast) =>
    [
        new("no credential", 401, "unauthenticated", r => r with { Credential = "lk_no" }),
        new("another role", 403, "forbidden", r => r with { Credential = r.Credential == cast.Admin ? cast.Reader : r.Credential }),
        new("too large", 413, "too-large", r => r with { Body = TooLarge }),
        new("another media type", 415, "unsupported-media-type", r => r with { MediaType = "text/plain" }),
        new("an unknown parameter", 400, "invalid-request", r => r with { Query = "?x=1" }),
        new("a wrong If-Match", 400, "invalid-request", r => r with { IfMatch = "7" }),
        new("a key used for another request", 422, "idempotency-key-reused", r => r with { Key = cast.UsedKey }),
        new("no such account", 404, "account-not-found", r => r with { Account = ContractService.NewId() }),
        new("too many decimals for the account", 400, "invalid-request", r => r with { Body = r.Body == TooLarge ? TooLarge : """{"amount":-0.001,"reason":"r"}""" }),
        new("a stale version", 412, "version-mismatch", r => r with { IfMatch = r.IfMatch ?? "\"1\"" }),
        new("a closed account", 409, "account-closed", r => r with { Account = r.Account == cast.Open ? cast.Closed : r.Account }),
        new("not enough", 402, "insufficient-credits", r => r with { Body = r.Body == cast.Good ? """{"amount":-99,"reason":"r"}""" : r.Body }),
    ];

    private sealed record Cast(string Reader, string Admin, string Open, string Closed, string UsedKey, string Good);

    [Fact]
    public async Task Of_two_faults_the_earlier_is_answered_for_every_pair()
    {
        var cast = await CastAsync();
        var faults = Faults(cast);
        var good = new Request(cast.Admin, cast.Open, cast.Good, "application/json", null, null, "");
        var before = await service.WrittenAsync();
        var wrong = new List<string>();
        for (var first = 0; first < faults.Count; first++)
        {
            await Check(faults[first].Name, faults[first], faults[first].Plant(good));
            // A later one gives way where both would change the same.
            for (var second = first + 1; second < faults.Count; second++)
                await Check($"{faults[first].Name} and {faults[second].Name}", faults[first], faults[second].Plant(faults[first].Plant(good)));
        }

        wrong.ShouldBeEmpty();
        (await service.WrittenAsync()).ShouldBe(before);

        async Task Check(string name, Fault expected, Request request)
        {
            var reply = await SendAsync(request);
            if ((reply.Status, reply.Problem) != (expected.Status, expected.Problem)) wrong.Add($"{name}: {reply.Status} {reply.Body}");
        }
    }

    [Fact]
    public async Task A_missing_key_comes_with_the_400s_and_after_the_body()
    {
        var cast = await CastAsync();
        var client = service.Admin;
        (await client.Post($"/v1/accounts/{ContractService.NewId()}/grants", """{"amount":1,"source":"bonus"}""", Client.NoKey)).ShouldBe(400, "idempotency-key-missing");
        (await client.Send(HttpMethod.Post, $"/v1/accounts/{cast.Open}/grants", "x", "text/plain")).ShouldBe(415);
        (await client.Send(HttpMethod.Post, $"/v1/accounts/{cast.Open}/grants", TooLarge, "text/plain")).ShouldBe(413);
        (await service.As("reader").Post($"/v1/accounts/{cast.Open}/grants", "{", Client.NoKey)).ShouldBe(403);
        (await service.With(null).Post("/v1/accounts/!/grants", "{", Client.NoKey)).ShouldBe(401).Headers["WWW-Authenticate"].ShouldBe("Bearer");
    }

    [Fact]
    public async Task A_replay_comes_before_everything_that_has_changed_since()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        var first = (await account.Post("consumptions", """{"amount":10}""", account.Id)).ShouldBe(201);
        (await account.Post("close", "{}")).ShouldBe(200);
        var again = await account.Post("consumptions", """{"amount":10}""", account.Id, ("If-Match", "\"1\""));
        (again.Status, again.Body, again.Replayed).ShouldBe((201, first.Body, true));
        (await account.Post("consumptions", """{"amount":10}""", account.Id, ("If-Match", "x"))).ShouldBe(400);
        (await service.As("reader").Post(account.Path + "/consumptions", """{"amount":10}""", account.Id)).ShouldBe(403);
    }

    [Theory]
    [InlineData("""{"amount":1}""", 201)]
    [InlineData("""{"amount":1,"reason":"r"}""", 400)]
    public async Task A_body_is_read_whatever_its_media_types_case_and_charset(string body, int status)
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        foreach (var type in new[] { "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"" })
            (await account.Client.Send(HttpMethod.Post, account.Path + "/consumptions", body, type, ("Idempotency-Key", Guid.NewGuid().ToString()))).ShouldBe(status);
        foreach (var type in new[] { null, "", "text/json", "application/json; charset=latin1", "application/json; version=2", "application/problem+json", "application/x-ndjson", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x" })
            (await account.Client.Send(HttpMethod.Post, account.Path + "/consumptions", body, type, ("Idempotency-Key", Guid.NewGuid().ToString()))).ShouldBe(415, "unsupported-media-type");
        (await account.Client.Send(HttpMethod.Post, account.Path + "/consumptions", body, "application/json", ("Idempotency-Key", Guid.NewGuid().ToString()), ("Content-Encoding", "gzip"))).ShouldBe(415);
    }

    private async Task<Reply> SendAsync(Request request)
    {
        List<(string, string)> headers = [("Idempotency-Key", request.Key ?? Guid.NewGuid().ToString())];
        if (request.IfMatch is not null) headers.Add(("If-Match", request.IfMatch));
        return await service.With(request.Credential).Send(HttpMethod.Post, $"/v1/accounts/{request.Account}/adjustments{request.Query}", request.Body, request.MediaType, [.. headers]);
    }

    private async Task<Cast> CastAsync()
    {
        var (open, closed) = (await service.OpenAsync(""","scale":2"""), await service.OpenAsync(""","scale":2"""));
        await open.Grant("10");
        await closed.Grant("1");
        (await closed.Post("close", """{"forfeit":true}""")).ShouldBe(200);
        var used = Guid.NewGuid().ToString();
        (await open.Post("grants", """{"amount":1,"source":"bonus"}""", used)).ShouldBe(201);
        return new Cast(service.As("reader").Credential!, service.Admin.Credential!, open.Id, closed.Id, used, """{"amount":-1,"reason":"r"}""");
    }
}
