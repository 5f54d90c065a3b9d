using System.Globalization;
using System.Text;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Http;

public sealed record EchoRequest
{
    public Credits? Amount { get; init; }
    public string? Description { get; init; }
}

public sealed record EchoAnswer(Credits Amount, Money Price, Colour Colour, DateTimeOffset At, string? Nothing);

/// <summary>The rings around the endpoints, on a real socket; no database is behind it.</summary>
public sealed class The_edge : IAsyncLifetime
{
    private EdgeHost host = null!;

    public async ValueTask InitializeAsync() => host = await EdgeHost.StartAsync(map: Map);

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/echo/{id}", static async http =>
        {
            var read = await RequestReader.ReadAsync<EchoRequest>(http);
            await (read.Problem is { } problem
                ? problem.WriteAsync(http)
                : Answer.Json(http, 201, new EchoAnswer(read.Value!.Amount ?? 0, new Money(5, "usd"), Colour.DarkBlue, DateTimeOffset.UnixEpoch, null)));
        }).Command<EchoRequest, EchoAnswer>("Echo").TakesIfMatch().Refuses(ProblemTypes.InsufficientCredits).RequireRoles(RoleSets.Commands);
        routes.MapGet("/v1/echoes", static http => Answer.Ok(http, Caller.Of(http).Id)).ListQuery<EchoAnswer>("Echoes").Takes("type", "A filter.").RequireRoles(RoleSets.Queries);
        routes.MapGet("/v1/fault", static _ => throw new InvalidOperationException("select secret from host")).Query<EchoAnswer>("Fails").RequireRoles(RoleSets.Queries);
        routes.MapGet("/v1/half", static async http =>
        {
            await http.Response.WriteAsync("half");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException("late");
        }).Query<EchoAnswer>("Fails late").RequireRoles(RoleSets.Queries);
        routes.MapGet("/v1/outage", AskAsync).Query<EchoAnswer>("Asks").RequireRoles(RoleSets.Queries);
        routes.MapPost("/v1/outage", AskAsync).Query<EchoAnswer>("Asks").RequireRoles(RoleSets.Queries);
        routes.MapGet("/v1/forgotten", static http => http.Response.WriteAsync("open"));
        routes.MapGet("/v1/users", static http => http.Response.WriteAsync("open")).Page("For users").RequireRoles(Roles.User);
    }

    private static async Task AskAsync(HttpContext http)
    {
        await using var connection = await http.RequestServices.GetRequiredService<Npgsql.NpgsqlDataSource>().OpenConnectionAsync();
    }

    [Fact]
    public async Task writes_numbers_words_and_times_as_the_contract_says()
    {
        var reply = await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: """{"amount":"0001.500"}""");
        (reply.Status, reply.MediaType).ShouldBe((201, "application/json"));
        reply.Text.ShouldBe("""{"amount":1.5,"price":{"amount":5,"currency":"usd"},"colour":"dark_blue","at":"1970-01-01T00:00:00Z"}""");
        reply.Headers.ContainsKey("Server").ShouldBeFalse();
        reply.Headers.ContainsKey("Preference-Applied").ShouldBeFalse();
        var strings = await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: """{"amount":1.5}""", headers: ("Prefer", "decimals=string"));
        strings.Json.GetProperty("amount").GetString().ShouldBe("1.5");
        strings.Headers["Preference-Applied"].ShouldBe("decimals=string");
    }

    [Fact]
    public async Task takes_no_body_as_an_empty_object() =>
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1")).Status.ShouldBe(201);

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("application/json; charset=utf-8", true)]
    [InlineData("Application/JSON;charset=\"UTF-8\"", true)]
    [InlineData("application/json; charset=utf-16", false)]
    [InlineData("application/json; profile=x", false)]
    [InlineData("text/json", false)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("application/problem+json", false)]
    [InlineData("", false)]
    [InlineData("json", false)]
    public async Task reads_json_in_utf_8_alone(string mediaType, bool good)
    {
        var reply = await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: "{}", mediaType: mediaType);
        if (good) reply.Status.ShouldBe(201, reply.Text);
        else reply.Problem.ShouldBe("unsupported-media-type");
    }

    [Fact]
    public async Task reads_256_kilobytes_and_no_more()
    {
        string Sized(int bytes) => "{\"description\":\"" + new string('x', bytes - 18) + "\"}";
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: Sized(RequestReader.BodyBytesMax))).Status.ShouldBe(201);
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: Sized(RequestReader.BodyBytesMax + 1))).Problem.ShouldBe("too-large");
    }

    [Fact]
    public async Task counts_the_bytes_of_a_body_without_a_length()
    {
        async Task<Reply> SendAsync(int bytes, string mediaType)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/echo/1") { Content = new Unsized(Encoding.UTF8.GetBytes("{\"description\":\"" + new string('x', bytes - 18) + "\"}")) };
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + EdgeHost.Key);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
            using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return await Reply.ReadAsync(response);
        }

        (await SendAsync(RequestReader.BodyBytesMax, "application/json")).Status.ShouldBe(201);
        (await SendAsync(RequestReader.BodyBytesMax + 1, "text/plain")).Problem.ShouldBe("too-large");
        (await SendAsync(100, "text/plain")).Problem.ShouldBe("unsupported-media-type");
    }

    [Fact]
    public async Task checks_credential_role_size_type_and_body_in_this_order()
    {
        var large = new string('x', RequestReader.BodyBytesMax + 1);
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", key: null, body: large, mediaType: "text/plain")).Problem.ShouldBe("unauthenticated");
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: large, mediaType: "text/plain")).Problem.ShouldBe("too-large");
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: "{", mediaType: "text/plain")).Problem.ShouldBe("unsupported-media-type");
        (await host.SendAsync(HttpMethod.Post, "/v1/echo/1", body: "{")).Problem.ShouldBe("invalid-request");
        (await host.SendAsync(HttpMethod.Get, "/v1/users")).Problem.ShouldBe("forbidden");
    }

    [Fact]
    public async Task refuses_a_compressed_body() =>
        (await host.RawAsync($"POST /v1/echo/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {EdgeHost.Key}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{{}}"))
        .ShouldContain("/problems/unsupported-media-type");

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("lk_")]
    [InlineData("key-of-the-test")]
    [InlineData("key-of-the-tests2")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    public async Task lets_nobody_in_without_a_credential_that_is_good(string? key)
    {
        var reply = await host.SendAsync(HttpMethod.Get, "/v1/echoes", key);
        reply.Problem.ShouldBe("unauthenticated");
        reply.Headers["WWW-Authenticate"].ShouldBe("Bearer");
    }

    [Fact]
    public async Task lets_nobody_in_where_the_route_does_not_say_whom() =>
        (await host.SendAsync(HttpMethod.Get, "/v1/forgotten")).Problem.ShouldBe("forbidden");

    [Fact]
    public async Task names_the_role_that_is_needed() =>
        (await host.SendAsync(HttpMethod.Get, "/v1/users")).Json.GetProperty("detail").GetString().ShouldBe("This needs one of the roles: user.");

    [Fact]
    public async Task says_503_where_a_credential_can_not_be_confirmed()
    {
        var reply = await host.SendAsync(HttpMethod.Get, "/v1/echoes", KeyText.New());
        reply.Problem.ShouldBe("overloaded");
        reply.Headers["Retry-After"].ShouldBe("1");
    }

    [Fact]
    public async Task answers_unknown_addresses_and_methods_with_problems()
    {
        (await host.SendAsync(HttpMethod.Get, "/nowhere", key: null)).Problem.ShouldBe("not-found");
        var wrong = await host.SendAsync(HttpMethod.Delete, "/v1/echoes");
        (wrong.Status, wrong.Problem).ShouldBe((405, "method-not-allowed"));
        wrong.Headers["Allow"].ShouldBe("GET");
    }

    [Fact]
    public async Task hides_what_went_wrong_inside()
    {
        var reply = await host.SendAsync(HttpMethod.Get, "/v1/fault");
        (reply.Status, reply.Problem).ShouldBe((500, "internal"));
        reply.Text.ShouldNotContain("secret");
        reply.Text.ShouldNotContain("Exception");
    }

    [Fact]
    public async Task keeps_the_trace_that_the_client_began() =>
        (await host.SendAsync(HttpMethod.Get, "/nowhere", headers: ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))).Json.GetProperty("traceId").GetString().ShouldBe("4bf92f3577b34da6a3ce929d0e0e4736");

    [Fact]
    public async Task breaks_off_an_answer_that_fails_half_way() =>
        await Should.ThrowAsync<HttpRequestException>(() => host.SendAsync(HttpMethod.Get, "/v1/half"));

    [Fact]
    public async Task tells_an_outage_of_the_database_from_a_fault()
    {
        (await host.SendAsync(HttpMethod.Get, "/v1/outage")).Problem.ShouldBe("overloaded");
        (await host.SendAsync(HttpMethod.Post, "/v1/outage")).Problem.ShouldBe("outcome-unknown");
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\n{}", "/problems/request-timeout")] // the rest never comes
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "/problems/invalid-request")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n", "/problems/invalid-request")]
    [InlineData("Content-Length: 99999999\r\n\r\n{}", "/problems/too-large")]
    public async Task answers_a_body_that_is_badly_framed_with_a_problem(string rest, string problem)
    {
        var answer = await host.RawAsync($"POST /v1/echo/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {EdgeHost.Key}\r\nContent-Type: application/json\r\n{rest}");
        answer.ShouldContain("application/problem+json");
        answer.ShouldContain(problem);
    }

    [Theory]
    [InlineData("GET /v1/echoes HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n")]
    [InlineData("GET HTTP/1.1\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("POST /v1/echo/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    public async Task is_never_at_fault_for_what_is_not_http(string request) => (await host.RawAsync(request)).ShouldStartWith("HTTP/1.1 4");

    [Fact]
    public async Task explains_every_kind_of_problem_on_a_page()
    {
        var list = await host.SendAsync(HttpMethod.Get, "/problems", key: null);
        ProblemTypes.All.Select(t => t.Slug).Distinct().Count().ShouldBe(ProblemTypes.All.Count);
        foreach (var type in ProblemTypes.All)
        {
            list.Text.ShouldContain($"href=\"{type.Uri}\"");
            var page = await host.SendAsync(HttpMethod.Get, type.Uri, key: null);
            (page.Status, page.MediaType).ShouldBe((200, "text/html"));
            page.Text.ShouldContain(type.Status.ToString(CultureInfo.InvariantCulture));
            page.Text.ShouldContain("What to do");
            ProblemTypes.Find(type.Slug).ShouldBe(type);
        }

        (await host.SendAsync(HttpMethod.Get, "/problems/nothing", key: null)).Problem.ShouldBe("not-found");
    }

    [Fact]
    public async Task describes_itself_as_open_api_3_1()
    {
        var reply = await host.SendAsync(HttpMethod.Get, "/openapi/v1.json", key: null);
        reply.Json.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        var echo = reply.Json.GetProperty("paths").GetProperty("/v1/echo/{id}").GetProperty("post");
        echo.GetProperty("security")[0].TryGetProperty("bearer", out _).ShouldBeTrue();
        echo.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ShouldBe(["id", "Idempotency-Key", "If-Match", "Prefer"]);
        echo.GetProperty("responses").EnumerateObject().Select(r => r.Name).ShouldBe(["201", "400", "401", "402", "403", "404", "412", "413", "415", "422", "429", "500", "503"], ignoreOrder: true);
        echo.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString().ShouldBe("#/components/schemas/EchoRequest");
        var amount = reply.Json.GetProperty("components").GetProperty("schemas").GetProperty("EchoRequest").GetProperty("properties").GetProperty("amount");
        amount.GetProperty("type").EnumerateArray().Select(t => t.GetString()).ShouldBe(["number", "string"], ignoreOrder: true);
        amount.GetProperty("pattern").GetString().ShouldNotBeNull();
        var list = reply.Json.GetProperty("paths").GetProperty("/v1/echoes").GetProperty("get");
        list.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ShouldBe(["limit", "cursor", "type", "Prefer"]);
        list.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString().ShouldBe("#/components/schemas/EchoAnswerPage");
        reply.Json.GetProperty("components").GetProperty("schemas").GetProperty("EchoAnswer").GetProperty("required").EnumerateArray().Select(r => r.GetString()).ShouldBe(["amount", "price", "colour", "at"]);
        reply.Json.GetProperty("paths").TryGetProperty("/v1/forgotten", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task counts_requests_by_route_and_status_for_those_who_are_near()
    {
        await host.SendAsync(HttpMethod.Get, "/v1/echoes");
        var page = await host.SendAsync(HttpMethod.Get, "/metrics", key: null);
        page.Headers["Content-Type"].ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        page.Text.ShouldContain("ledger_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/echoes\",status=\"200\"}");
        (await host.SendAsync(HttpMethod.Get, "/metrics", key: null, headers: ("X-Forwarded-For", "203.0.113.9"))).Problem.ShouldBe("unauthenticated");
        (await host.SendAsync(HttpMethod.Get, "/metrics", headers: ("X-Forwarded-For", "203.0.113.9"))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task knows_its_limits()
    {
        var lines = await host.RawAsync("GET /" + new string('x', EdgeLimits.RequestLineBytesMax) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        lines.ShouldStartWith("HTTP/1.1 414");
        string Headers(int count) => "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + string.Concat(Enumerable.Range(0, count - 2).Select(i => $"X-{i}: y\r\n")) + "\r\n";
        (await host.RawAsync(Headers(EdgeLimits.HeadersMax))).ShouldStartWith("HTTP/1.1 200");
        (await host.RawAsync(Headers(EdgeLimits.HeadersMax + 1))).ShouldStartWith("HTTP/1.1 431");
        (await host.RawAsync("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + new string('y', EdgeLimits.HeadersBytesMax) + "\r\n\r\n")).ShouldStartWith("HTTP/1.1 431");
    }

    private sealed class Unsized(byte[] bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => await stream.WriteAsync(bytes);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
