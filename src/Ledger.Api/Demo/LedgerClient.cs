using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Ledger.Api.Access;

namespace Ledger.Api.Demo;

/// <summary>What the service answered.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Replayed">Whether it had done this before, under the same key.</param>
/// <param name="Body">The JSON.</param>
internal readonly record struct LedgerAnswer(int Status, bool Replayed, JsonElement Body)
{
    /// <summary>What went wrong, in one line.</summary>
    public string Problem => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("title", out var title)
        ? $"{Status} {title.GetString()}: {(Body.TryGetProperty("detail", out var detail) ? detail.GetString() : "")}"
        : $"{Status}";
}

/// <summary>
/// A client as an application would write it: what the service puts off, and what was lost on the way, is sent again with the same key, so it is done once.
/// </summary>
internal sealed class LedgerClient : IDisposable
{
    private static readonly TimeSpan AttemptMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LostPause = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient http;
    private readonly List<TimeSpan> latencies = [];
    private readonly Lock gate = new();
    private int keyed;
    private int replayed;
    private int retried;

    /// <summary>A client of the service at an address.</summary>
    /// <param name="address">Where it listens.</param>
    /// <param name="apiKey">A key that may post commands and read.</param>
    /// <param name="connections">Requests at once.</param>
    public LedgerClient(Uri address, string apiKey, int connections)
        : this(address, apiKey, new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false, AllowAutoRedirect = false })
    {
    }

    /// <summary>The same over any handler, which it disposes of.</summary>
    public LedgerClient(Uri address, string apiKey, HttpMessageHandler handler)
    {
        http = new HttpClient(handler) { BaseAddress = address, Timeout = AttemptMax };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    /// <summary>For how long a request is sent again.</summary>
    public TimeSpan PatienceMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Requests with a key that were answered.</summary>
    public int Keyed => keyed;

    /// <summary>Those of them that had been done before.</summary>
    public int Replayed => replayed;

    /// <summary>How often a request was sent again.</summary>
    public int Retried => retried;

    /// <summary>How long each answer took, in no order; and forgets them.</summary>
    public IReadOnlyList<TimeSpan> TakeLatencies()
    {
        lock (gate)
        {
            var taken = latencies.ToArray();
            latencies.Clear();
            return taken;
        }
    }

    /// <summary>Whether the service is there and takes the key.</summary>
    /// <exception cref="ConfigurationException">It is not, or does not.</exception>
    public async Task RequireServiceAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("v1/accounts?limit=1", UriKind.Relative), cancellationToken);
            if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                throw new ConfigurationException($"The service at {http.BaseAddress} does not take this API key: name one with --api-key, or the --data-dir where the service keeps its Development key.");
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable)) throw new ConfigurationException($"What answers at {http.BaseAddress} is not this service ({(int)answer.StatusCode}).");
        }
        catch (Exception failure) when (IsLost(failure, cancellationToken))
        {
            throw new ConfigurationException($"No service answers at {http.BaseAddress}: start it with ./run first, or name its address with --url.", failure);
        }
    }

    /// <summary>Reads.</summary>
    public Task<LedgerAnswer> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, null, cancellationToken);

    /// <summary>Opens or changes an account; it needs no key.</summary>
    public Task<LedgerAnswer> PutAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Put, path, body, null, cancellationToken);

    /// <summary>Sends a command under its key.</summary>
    public Task<LedgerAnswer> PostAsync(string path, string key, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, body, key, cancellationToken);

    /// <summary>Presses a button of a page that the service shows; it needs no key, and pressed again it does the same.</summary>
    public Task<LedgerAnswer> PressAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, null, null, cancellationToken);

    public void Dispose() => http.Dispose();

    private async Task<LedgerAnswer> SendAsync(HttpMethod method, string path, object? body, string? key, CancellationToken cancellationToken)
    {
        var bytes = body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web);
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan pause;
            try
            {
                var (answer, putOff) = await AttemptAsync(method, path, bytes, key, cancellationToken);
                if (putOff is null || Stopwatch.GetElapsedTime(begun) + putOff > PatienceMax)
                {
                    if (key is not null) Interlocked.Increment(ref keyed);
                    if (answer.Replayed) Interlocked.Increment(ref replayed);
                    return answer;
                }

                pause = putOff.Value;
            }
            catch (Exception failure) when (IsLost(failure, cancellationToken) && Stopwatch.GetElapsedTime(begun) < PatienceMax)
            {
                // The service may have done it: the same key finds out.
                pause = LostPause;
            }

            Interlocked.Increment(ref retried);
            await Task.Delay(pause, cancellationToken);
        }
    }

    private async Task<(LedgerAnswer Answer, TimeSpan? PutOff)> AttemptAsync(HttpMethod method, string path, byte[]? body, string? key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        var begun = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var took = Stopwatch.GetElapsedTime(begun);
        lock (gate) latencies.Add(took);
        TimeSpan? putOff = response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests && response.Headers.RetryAfter is { } after ? Pause(after) : null;
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true && bytes.Length > 0;
        return (new LedgerAnswer((int)response.StatusCode, response.Headers.Contains("Idempotent-Replayed"), isJson ? JsonSerializer.Deserialize<JsonElement>(bytes) : default), putOff);
    }

    private static TimeSpan Pause(RetryConditionHeaderValue after)
    {
        var pause = after.Delta ?? (after.Date is { } date ? date - DateTimeOffset.UtcNow : TimeSpan.Zero);
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause > PauseMax ? PauseMax : pause;
    }

    /// <summary>Whether no answer came, and not because we gave up.</summary>
    private static bool IsLost(Exception failure, CancellationToken cancellationToken) =>
        failure is HttpRequestException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
