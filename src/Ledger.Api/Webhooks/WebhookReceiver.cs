using System.Buffers;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Providers;
using Npgsql;

namespace Ledger.Api.Webhooks;

/// <summary>What a provider is answered.</summary>
/// <param name="Id">Our id of the delivery.</param>
/// <param name="Duplicate">Whether it had come before.</param>
public sealed record ReceivedBody(string Id, bool Duplicate);

/// <summary>
/// Takes notifications in. The signature over the raw body is checked before anything is read from it; what does not hold leaves nothing behind but a count. A good one is
/// answered once it is durable, and applied afterwards.
/// </summary>
internal sealed class WebhookReceiver : IDisposable
{
    private const int RetryAfterSeconds = 5;
    private const int UnsignedRetryAfterSeconds = 60;

    private readonly FreshCache<string, TenantRow> tenants;
    private readonly ProviderDirectory providers;
    private readonly SettingsOfAMoment settingsNow;
    private readonly UnsignedLimit unsigned;
    private readonly DeliveryStore store;
    private readonly InboxWorker worker;
    private readonly RefusalCounts refusals;
    private readonly InboxOptions options;
    private readonly TimeProvider clock;
    private readonly ILogger<WebhookReceiver> logger;

    public WebhookReceiver(
        AccessStore access, ProviderDirectory providers, SettingsOfAMoment settingsNow, UnsignedLimit unsigned, DeliveryStore store, InboxWorker worker, RefusalCounts refusals, InboxOptions options, TimeProvider clock, ILogger<WebhookReceiver> logger)
    {
        (this.settingsNow, this.unsigned) = (settingsNow, unsigned);
        (this.providers, this.store, this.worker, this.refusals, this.options, this.clock, this.logger) = (providers, store, worker, refusals, options, clock, logger);
        tenants = new FreshCache<string, TenantRow>(access.FindTenantAsync, clock);
    }

    /// <inheritdoc/>
    public void Dispose() => tenants.Dispose();

    /// <summary>The way of one notification.</summary>
    public async Task ReceiveAsync(HttpContext http, string provider)
    {
        var adapter = providers.Find(provider) ?? throw new InvalidOperationException($"There is no adapter for {provider}.");
        var tenant = (string)http.Request.RouteValues["tenant"]!;
        try
        {
            // What a provider tells of a suspended tenant is true all the same.
            if (!TenantId.IsValid(tenant) || await tenants.GetAsync(tenant) is null)
            {
                await RefuseAsync(http, provider, "unknown_tenant", new Problem(ProblemTypes.NotFound, "There is no such tenant."));
                return;
            }

            if (await settingsNow.FindAsync(tenant, provider, http.RequestAborted) is not { WebhookSecrets.IsDefaultOrEmpty: false } settings)
            {
                await RefuseAsync(http, provider, "not_set_up", new Problem(ProblemTypes.BadSignature, $"No signature can be checked: this tenant has set no secret for the notifications of {provider}. Set it with PUT /v1/settings."));
                return;
            }

            var body = await ReadAsync(http);
            if (body.Problem is { } unread)
            {
                await RefuseAsync(http, provider, unread.Type.Slug.Replace('-', '_'), unread);
                return;
            }

            if (adapter.Verify(settings, name => http.Request.Headers[name] is [var value, ..] ? value : null, body.Value, clock.GetUtcNow(), out var fault) is not { } told)
            {
                refusals.Add(tenant, provider, fault);
                await RefuseAsync(http, provider, Words.Of(fault), Explain(fault));
                return;
            }

            if (!told.IsSigned && !unsigned.TryTake(tenant, provider, told.ObjectId ?? told.EventId))
            {
                refusals.Add(tenant, provider, SignatureFault.TooMany);
                await RefuseAsync(http, provider, Words.Of(SignatureFault.TooMany), new Problem(ProblemTypes.RateLimited, "It has no signature, and more of its kind have come than are taken in. Send it again.") { RetryAfterSeconds = UnsignedRetryAfterSeconds });
                return;
            }

            var (id, repeated) = await store.AddAsync(tenant, provider, told, body.Value, http.RequestAborted);
            worker.Wake(provider);
            InboxMetrics.Received(provider, repeated ? "repeated" : "stored");
            await Answer.Ok(http, new ReceivedBody(id, repeated));
        }
        catch (Exception failure) when (failure is UnconfirmedException or NpgsqlException and not PostgresException { SqlState: ['2', ..] } && !http.RequestAborted.IsCancellationRequested)
        {
            logger.LogWarning(failure, "A notification of {Provider} could not be stored; it is asked to come again.", provider);
            await RefuseAsync(http, provider, "not_stored", Problem.Overloaded("It can't be stored at the moment. Send it again.", RetryAfterSeconds));
        }
    }

    private static Task RefuseAsync(HttpContext http, string provider, string why, Problem problem)
    {
        InboxMetrics.Received(provider, why);
        return problem.WriteAsync(http);
    }

    private static Problem Explain(SignatureFault fault) => fault switch
    {
        SignatureFault.Missing => new Problem(ProblemTypes.BadSignature, "The notification has no signature that can be read."),
        SignatureFault.Stale => new Problem(ProblemTypes.BadSignature, "The signature is too old or from the future. Look at the clocks, and send it anew."),
        SignatureFault.Unreadable => Problem.Invalid(RequestReader.Body, "is signed rightly, but is no notification that can be read"),
        _ => new Problem(ProblemTypes.BadSignature, "The signature does not fit the body and any secret of this tenant."),
    };

    /// <summary>The raw bytes. Their size is bounded, and so is the time that they take: a slow sender holds neither memory nor a connection for long.</summary>
    private async Task<Parsed<byte[]>> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > RequestReader.BodyBytesMax) return RequestReader.TooLarge();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(options.BodyTimeMax);
        var reader = http.Request.BodyReader;
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(limit.Token);
                if (read.Buffer.Length > RequestReader.BodyBytesMax)
                {
                    reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    return RequestReader.TooLarge();
                }

                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    reader.AdvanceTo(read.Buffer.End);
                    return body;
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return new Problem(ProblemTypes.RequestTimeout, $"The body did not arrive within {options.BodyTimeMax.TotalSeconds:0.#} seconds.");
        }
    }
}
