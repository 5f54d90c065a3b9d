using System.Net.Sockets;
using System.Text;

namespace Ledger.Api.Tests.Contract;

/// <summary>S9 below HTTP clients: what only a raw socket sends.</summary>
[Collection(ContractCollection.Name)]
public sealed class Malformed_connections(ContractService service)
{
    private const string Good = """{"amount":1,"source":"bonus"}""";

    /// <summary>What reaches the service as a request is answered with a problem document.</summary>
    public static TheoryData<string, int, string> Requests => new()
    {
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n0\r\n\r\n", 400, "invalid-request" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", 400, "invalid-request" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 400, "invalid-request" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n{}", 413, "too-large" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", 400, "invalid-request" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key:\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", 400, "" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nIf-Match: \"1\"\r\nIf-Match: \"1\"\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", 400, "invalid-request" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", 415, "unsupported-media-type" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", 401, "unauthenticated" },
        { "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\nIdempotency-Key: {key}\r\nContent-Length: 0\r\n\r\n", 401, "unauthenticated" },
        { "POST /v1/accounts/x/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n{auth}Content-Length: 0\r\n\r\n", 404, "not-found" },
        { "GET /v1/accounts/%2e%2e/%2e%2e/health HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 404, "not-found" },
        { "GET /v1/accounts/a%2fb HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "GET /v1/accounts/%ff%fe HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "GET //v1//accounts HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 404, "not-found" },
        { "GET /v1/accounts?limit=%zz HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "GET /v1/accounts?&&&=&limit=1&limit=1 HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "GET /v1/accounts?{many} HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "GET /v1/accounts/{long} HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 400, "invalid-request" },
        { "TRACE /v1/accounts HTTP/1.1\r\nHost: x\r\n{auth}\r\n", 405, "method-not-allowed" },
        { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {long}\r\n\r\n", 401, "unauthenticated" },
    };

    /// <summary>What is no HTTP, or beyond the server's own bounds, is turned away by the server: a bare 4xx, and the connection is closed.</summary>
    public static TheoryData<string, int> NoRequests => new()
    {
        { "nonsense\r\n\r\n", 400 }, { "GET\r\n\r\n", 400 }, { "GET /v1/accounts HTTP/9.9\r\nHost: x\r\n\r\n", 505 }, { "GET /v1/accounts HTTP/1.1\r\n\r\n", 400 }, { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400 },
        { "GET /v1/accounts/a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400 }, { "GET /v1/accounts/a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 400 }, { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n", 400 },
        { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400 }, { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400 }, { "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400 }, { "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400 },
        { "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400 }, { "POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400 }, { "GET /v1/accounts/{huge} HTTP/1.1\r\nHost: x\r\n\r\n", 414 }, { "GET /v1/accounts?{huge} HTTP/1.1\r\nHost: x\r\n\r\n", 414 },
        { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nX: {huge}{huge}{huge}{huge}\r\n\r\n", 431 }, { "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n{headers}\r\n", 431 }, { "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n", 400 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_that_is_wrong_on_the_wire_is_answered_with_a_problem(string request, int status, string problem)
    {
        var account = await service.OpenAsync();
        var before = await service.WrittenAsync();
        var faults = service.Faults.Count;
        var (answered, head, body) = await SendAsync(request.Replace("Host: x\r\n", "Host: x\r\nConnection: close\r\n", StringComparison.Ordinal), account.Path + "/grants");
        answered.ShouldBe(status, $"{head}\n{body}");
        head.ShouldContain("application/problem+json", Case.Insensitive, body);
        var reply = new Reply(answered, "application/problem+json", body, new Dictionary<string, string>());
        reply.CheckProblem();
        if (problem.Length > 0) reply.Problem.ShouldBe(problem);
        (await service.WrittenAsync()).ShouldBe(before);
        service.Faults.Count.ShouldBe(faults);
        await account.ShouldHave(("version", "1"));
    }

    [Theory]
    [MemberData(nameof(NoRequests))]
    public async Task What_is_no_request_is_turned_away(string request, int status)
    {
        var faults = service.Faults.Count;
        var (answered, head, body) = await SendAsync(request, "/v1/accounts/a/grants");
        answered.ShouldBe(status, head);
        head.ShouldContain("Connection: close", Case.Insensitive);
        body.ShouldBe("");
        service.Faults.Count.ShouldBe(faults);
        (await service.With(null).Get("/health/ready")).ShouldBe(200);
    }

    /// <summary>Bodies that end before they should.</summary>
    public static TheoryData<string> Cut =>
    [
        "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"amount\":", "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{good}",
        "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"amo", "POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n{good}\r\n",
        "POST /v1/batch HTTP/1.1\r\nHost: x\r\n{auth}Content-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n{line}\n", "POST /v1/batch HTTP/1.1\r\nHost: x\r\n{auth}Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"key",
    ];

    [Fact]
    public async Task A_body_that_stops_coming_is_given_up_with_408()
    {
        var account = await service.OpenAsync();
        var before = await service.WrittenAsync();
        var replies = await Task.WhenAll(Cut.Select(request => SendAsync(Line(request.Data, account), account.Path + "/grants")));
        foreach (var (status, head, body) in replies)
        {
            status.ShouldBe(408, head);
            new Reply(status, "application/problem+json", body, new Dictionary<string, string>()).Problem.ShouldBe("request-timeout");
        }

        (await service.WrittenAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Whoever_hangs_up_amid_a_request_has_done_nothing()
    {
        var account = await service.OpenAsync();
        var before = await service.WrittenAsync();
        var faults = service.Faults.Count;
        foreach (var request in Cut)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(service.Address.Host, service.Address.Port);
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(Fill(Line(request.Data, account), account.Path + "/grants")));
            await Task.Delay(20);
        }

        await Task.Delay(200);
        (await service.WrittenAsync()).ShouldBe(before);
        service.Faults.Count.ShouldBe(faults, string.Join('\n', service.Faults));
        await account.Grant("1");
    }

    [Fact]
    public async Task A_chunked_body_of_any_length_is_counted()
    {
        var account = await service.OpenAsync();
        var before = await service.WrittenAsync();
        foreach (var (path, type, bytes, bound) in new[] { (account.Path + "/grants", "application/json", 300 * 1024, "262144"), (account.Path + "/grants", "application/json", 9 << 20, "262144"), ("/v1/batch", "application/x-ndjson", 9 << 20, "8388608") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            request.Headers.Add("Authorization", "Bearer " + service.Admin.Credential);
            request.Headers.Add("Idempotency-Key", "k");
            request.Headers.TransferEncodingChunked = true;
            request.Content = new StreamContent(new MemoryStream(Encoding.ASCII.GetBytes(new string(' ', bytes))));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            try
            {
                using var response = await service.Http.SendAsync(request);
                ((int)response.StatusCode).ShouldBe(413);
                (await response.Content.ReadAsStringAsync()).ShouldContain(bound);
            }
            catch (HttpRequestException closed) when (closed.InnerException is IOException or SocketException)
            {
                // The server closed before it had read all: its answer may be lost on the way to a client that still sends.
            }
        }

        (await service.WrittenAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Requests_one_after_the_other_on_a_connection_are_answered_one_by_one()
    {
        var account = await service.OpenAsync();
        var one = Fill("POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{good}", account.Path + "/grants");
        var bad = Fill("POST {path} HTTP/1.1\r\nHost: x\r\n{auth}Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", account.Path + "/grants");
        var text = await RawAsync(one + bad + one.Replace("Host: x", "Connection: close\r\nHost: x", StringComparison.Ordinal));
        System.Text.RegularExpressions.Regex.Matches(text, "HTTP/1.1 (\\d+)").Select(match => match.Groups[1].Value).ShouldBe(["201", "400", "201"]);
        text.ShouldContain("Idempotent-Replayed: true");
        await account.ShouldHave(("balance", "1"));
    }

    private static string Line(string request, TestAccount account) =>
        request.Replace("{line}", $$"""{"key":"{{account.Id}}","accountId":"{{account.Id}}","command":"grant","amount":1,"source":"bonus"}""", StringComparison.Ordinal);

    private async Task<(int Status, string Head, string Body)> SendAsync(string request, string path)
    {
        var text = await RawAsync(Fill(request, path));
        text.ShouldStartWith("HTTP/1.1 ");
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), text[..end], text[(end + 4)..]);
    }

    private string Fill(string request, string path) => request.Replace("{path}", path, StringComparison.Ordinal).Replace("{auth}", $"Authorization: Bearer {service.Admin.Credential}\r\n", StringComparison.Ordinal)
        .Replace("{key}", Guid.NewGuid().ToString(), StringComparison.Ordinal).Replace("{good}", Good, StringComparison.Ordinal).Replace("{long}", new string('a', 7000), StringComparison.Ordinal)
        .Replace("{huge}", new string('a', 9000), StringComparison.Ordinal).Replace("{many}", string.Join('&', Enumerable.Range(0, 1000).Select(i => $"p{i}=1")), StringComparison.Ordinal)
        .Replace("{headers}", string.Concat(Enumerable.Range(0, 70).Select(i => $"X-{i}: 1\r\n")), StringComparison.Ordinal);

    private async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
