using System.Net;
using System.Text.Json;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Ledger.Providers;

/// <summary>How long and how often a provider is asked in one call.</summary>
/// <param name="Timeout">Of one try.</param>
/// <param name="RetriesMax">How often it is tried again; from 1.</param>
/// <param name="FirstDelay">Before the second try, with jitter; doubled for each after it.</param>
/// <param name="DelayMax">The longest wait between two tries. A provider that asks for a longer one is left alone: the caller comes again later.</param>
public sealed record CallLimits(TimeSpan Timeout, int RetriesMax, TimeSpan FirstDelay, TimeSpan DelayMax)
{
    /// <summary>30 seconds a try, two more tries, half a second doubling up to 5 seconds.</summary>
    public static CallLimits Default { get; } = new(TimeSpan.FromSeconds(30), 2, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5));
}

/// <summary>What a provider answered.</summary>
/// <param name="Status">HTTP's status, or the body's own where that is what counts.</param>
/// <param name="ShouldRetry">What the provider says about trying again; null where it says nothing.</param>
/// <param name="RetryAfter">How long it asks to be left alone.</param>
/// <param name="RequestId">Its name for the call, for its support.</param>
/// <param name="Body">The JSON; null where there is none.</param>
/// <param name="At">When it was given, by the provider's clock, in whole seconds; null where it does not say.</param>
/// <param name="IsReplay">Whether it is the stored answer to the first of several calls with one key: how things stood then.</param>
internal sealed record ProviderAnswer(int Status, bool? ShouldRetry, TimeSpan? RetryAfter, string? RequestId, JsonElement? Body, DateTimeOffset? At = null, bool IsReplay = false)
{
    public bool IsSuccess => Status is >= 200 and <= 299;

    public bool IsWorthRetrying => ShouldRetry ?? Status is 409 or 429 or >= 500;
}

/// <summary>One provider's HTTP: no redirects, bounded answers, tries that repeat the very same request, and nothing inside is reached where the settings forbid it.</summary>
internal sealed class ProviderCalls : IDisposable
{
    private const int BodyMax = 8 * 1024 * 1024;

    private readonly HttpClient _http = Client(publicOnly: false);
    private readonly HttpClient _outside = Client(publicOnly: true);
    private readonly ResiliencePipeline<ProviderAnswer> _pipeline;
    private readonly string _provider;

    public ProviderCalls(string provider, CallLimits limits)
    {
        _provider = provider;
        _pipeline = new ResiliencePipelineBuilder<ProviderAnswer>()
            .AddRetry(new RetryStrategyOptions<ProviderAnswer>
            {
                MaxRetryAttempts = limits.RetriesMax,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = limits.FirstDelay,
                MaxDelay = limits.DelayMax,
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: HttpRequestException { InnerException: InnerAddressException } } => false,
                    { Exception: HttpRequestException or IOException or TimeoutRejectedException } => true,
                    { Result: { IsWorthRetrying: true } answer } => answer.RetryAfter is null || answer.RetryAfter <= limits.DelayMax,
                    _ => false,
                }),
                DelayGenerator = arguments => ValueTask.FromResult(arguments.Outcome.Result?.RetryAfter),
            })
            .AddTimeout(limits.Timeout)
            .Build();
    }

    /// <summary>Sends what <paramref name="request"/> makes, which is asked for each try and makes the same each time.</summary>
    /// <exception cref="ProviderException">There was no answer: <see cref="ProviderFault.Unknown"/>. What it says names no host and no address: tenants read it, and could else look around inside by it.</exception>
    public async Task<ProviderAnswer> SendAsync(ProviderSettings settings, Func<HttpRequestMessage> request, Func<HttpResponseMessage, JsonElement?, ProviderAnswer> read, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async cancel =>
            {
                using var message = request();
                using var response = await (settings.PublicOnly ? _outside : _http).SendAsync(message, cancel);
                var body = await response.Content.ReadAsByteArrayAsync(cancel);
                return read(response, body.Length == 0 ? null : JsonReading.Parse(body));
            }, cancellationToken);
        }
        catch (HttpRequestException problem) when (problem.InnerException is InnerAddressException)
        {
            throw new ProviderException($"The address that is set for {_provider} is not a public one: set another with PUT /v1/settings.", ProviderFault.Unauthorized, "address_not_public", problem);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or TimeoutRejectedException)
        {
            throw new ProviderException($"{_provider} gave no answer.", ProviderFault.Unknown, inner: problem);
        }
    }

    /// <summary>How long the answer asks to be left alone.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } until } => until - DateTimeOffset.UtcNow is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>An address below the provider's base, whose own path stays.</summary>
    public static Uri Address(Uri apiBase, string path) => new(apiBase.AbsoluteUri.TrimEnd('/') + path);

    public void Dispose()
    {
        _http.Dispose();
        _outside.Dispose();
    }

    private static HttpClient Client(bool publicOnly) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
        // A proxy would be what is connected to, and would resolve the name once more.
        UseProxy = !publicOnly,
        ConnectCallback = publicOnly ? PublicAddress.ConnectAsync : null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan, // the pipeline's is the one that counts
        MaxResponseContentBufferSize = BodyMax,
    };
}
