using System.Net;
using System.Text;
using System.Text.Json;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

/// <summary>A command as a client sends it: what its answer must look like is known from its name.</summary>
/// <param name="Name">What follows the account in the path, without ids.</param>
/// <param name="Path">The whole path.</param>
/// <param name="Body">Its JSON.</param>
/// <param name="Key">Its idempotency key; the same with every attempt.</param>
internal sealed record Sent(string Name, string Path, string Body, string Key);

/// <summary>An answer.</summary>
internal sealed record Reply(int Status, string Body, bool IsReplay, TimeSpan? RetryAfter)
{
    public bool IsDone => Status is 200 or 201;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The last part of a problem's type; empty where it is none.</summary>
    public string Problem => Status < 400 ? "" : Json.GetProperty("type").GetString()!.Split('/')[^1];

    public override string ToString() => $"{Status} {Body}";
}

/// <summary>What became of a command over all its attempts.</summary>
/// <param name="Sent">The command.</param>
/// <param name="Reply">The last answer; null where the client went away without one.</param>
/// <param name="Doubtful">Attempts after which a client can't know: a broken connection, or outcome-unknown.</param>
/// <param name="NothingDoneAt">When the service last said that nothing was done, while no attempt before it was in doubt.</param>
internal sealed record Story(Sent Sent, Reply? Reply, int Doubtful, DateTimeOffset? NothingDoneAt);

/// <summary>Speaks to one or more nodes.</summary>
internal sealed class Client : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(90) };
    private readonly ServiceProcess[] nodes;
    private int unanswered;

    public Client(params ServiceProcess[] nodes)
    {
        this.nodes = nodes;
        http.DefaultRequestHeaders.Authorization = new("Bearer", Run.Key);
    }

    /// <summary>Attempts that ended without an answer.</summary>
    public int Unanswered => Volatile.Read(ref unanswered);

    public Task<Reply> OpenAsync(string account, decimal overdraft = 0, int scale = 6) => SendAsync(
        HttpMethod.Put, $"/v1/accounts/{account}", $$"""{"owner":{"kind":"user","id":"u_{{account}}"},"overdraftLimit":{{overdraft}},"scale":{{scale}}}""", null, 0);

    public Task<Reply> PutAsync(string path, string body, int node = 0) => SendAsync(HttpMethod.Put, path, body, null, node);

    public Task<Reply> GetAsync(string path, int node = 0) => SendAsync(HttpMethod.Get, path, null, null, node);

    /// <summary>Sends once.</summary>
    /// <exception cref="HttpRequestException">No answer came.</exception>
    public Task<Reply> PostAsync(Sent sent, int node = 0, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, sent.Path, sent.Body, sent.Key, node, cancel);

    public async Task<Reply> GrantAsync(string account, decimal amount, string? key = null, string more = "")
    {
        var reply = await PostAsync(new Sent("grants", $"/v1/accounts/{account}/grants", $$"""{"amount":{{amount}},"source":"bonus"{{more}}}""", key ?? $"grant/{account}/{Guid.NewGuid():N}"));
        reply.Status.ShouldBe(201, reply.Body);
        return reply;
    }

    /// <summary>Sends the lines as one batch that is done as a whole.</summary>
    public async Task<IReadOnlyList<JsonElement>> BatchAsync(IEnumerable<string> lines, bool atomic = true)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(nodes[0].Address, $"/v1/batch?atomic={(atomic ? "true" : "false")}"));
        request.Content = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>
    /// Sends with the same key until the service has given an answer for good, whatever breaks meanwhile. <paramref name="staysAway"/> is asked after each
    /// attempt without one; true ends the story there, as a client that dies.
    /// </summary>
    public async Task<Story> UntilAnsweredAsync(Sent sent, Random random, Func<bool>? staysAway = null, TimeSpan? atMost = null)
    {
        var begun = DateTimeOffset.UtcNow;
        var doubtful = 0;
        DateTimeOffset? nothingDoneAt = null;
        while (true)
        {
            Reply? reply = null;
            try
            {
                reply = await PostAsync(sent, random.Next(nodes.Length));
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException or TaskCanceledException)
            {
                Interlocked.Increment(ref unanswered);
            }

            if (reply is { Status: not 503 }) return new Story(sent, reply, doubtful, nothingDoneAt);
            if (reply?.Problem == "overloaded")
            {
                if (doubtful == 0) nothingDoneAt = DateTimeOffset.UtcNow;
            }
            else
            {
                doubtful++;
            }

            if (staysAway?.Invoke() == true) return new Story(sent, null, doubtful, nothingDoneAt);
            if (DateTimeOffset.UtcNow - begun > (atMost ?? TimeSpan.FromSeconds(120))) throw new TimeoutException($"No answer for good to {sent} in 120 s; the last one: {reply}");
            await Task.Delay(random.Next(20, 120));
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<Reply> SendAsync(HttpMethod method, string path, string? body, string? key, int node, CancellationToken cancel = default)
    {
        using var request = new HttpRequestMessage(method, new Uri(nodes[node].Address, path));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var answer = await http.SendAsync(request, cancel);
        return new Reply((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel), answer.Headers.Contains("Idempotent-Replayed"), answer.Headers.RetryAfter?.Delta);
    }
}
