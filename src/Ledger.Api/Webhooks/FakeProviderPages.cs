using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ledger.Api.Webhooks;

/// <summary>
/// The page of the provider that is none, in Development alone: a payer pays, declines or gives up, and its bank refunds or disputes, by a button each. What is decided is posted to our own webhook with its
/// signature, so that all of the way from a checkout to credits can be walked without an account anywhere.
/// </summary>
internal sealed class FakeProviderPages(FakeProvider provider, ProviderDirectory providers, IServer server, ILogger<FakeProviderPages> logger) : IDisposable
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}h1{font-size:1.4rem}button{font:inherit;padding:.5rem 1.2rem;margin:.2rem .4rem .2rem 0;border-radius:6px;border:1px solid #6b7684;background:#f3f5f7;color:inherit;cursor:pointer}"
        + "form{display:inline}dt{color:#5b6672}dd{margin:0 0 .6rem}small{color:#5b6672}@media(prefers-color-scheme:dark){body{color:#e4e8ee;background:#14181d}button{background:#1f252c}}";

    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Maps the page; where nobody has said where it is, that is where the service listens.</summary>
    public void Map(WebApplication app)
    {
        if (string.IsNullOrEmpty(app.Configuration["Fake:ApiBase"])) app.Lifetime.ApplicationStarted.Register(() => app.Configuration["Fake:ApiBase"] = Address());
        app.MapGet(FakeProvider.PagePath + "{session}", ShowAsync).Page("The page of Development's provider: pay, decline or give up.").Public();
        app.MapPost(FakeProvider.PagePath + "{session}/{decision}", DecideAsync).Page("A button of that page; the decision comes in as a signed notification.").Public();
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private async Task ShowAsync(HttpContext http)
    {
        if (provider.Find(Session(http)) is { } payment) await WriteAsync(http, payment);
        else await Gone().WriteAsync(http);
    }

    private async Task DecideAsync(HttpContext http)
    {
        if (provider.Find(Session(http)) is not { } before)
        {
            await Gone().WriteAsync(http);
            return;
        }

        if (!Words.TryParse<FakeDecision>((string)http.Request.RouteValues["decision"]!, out var decision))
        {
            await Problem.Invalid("decision", Words.Rule<FakeDecision>()).WriteAsync(http);
            return;
        }

        var settings = await providers.SettingsAsync(before.Order.Tenant, provider.Name, http.RequestAborted);
        if (settings is null || provider.Decide(settings, before.Session, decision) is not { } notification)
        {
            await new Problem(ProblemTypes.Conflict, "That can't be decided as the payment stands. Go back to its page.").With("state", Words.Of(before.Status)).WriteAsync(http);
            return;
        }

        await PostAsync(notification, http.RequestAborted);
        var next = decision switch
        {
            FakeDecision.Pay => before.Order.SuccessUrl,
            FakeDecision.GiveUp => before.Order.CancelUrl,
            _ => null,
        };
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = next?.OriginalString ?? FakeProvider.PagePath + Uri.EscapeDataString(before.Session);
    }

    /// <summary>Sends a notification as a provider does, to our own route.</summary>
    private async Task PostAsync(FakeNotification notification, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(Address()), $"/webhooks/{provider.Name}/{Uri.EscapeDataString(notification.Tenant)}")) { Content = new ByteArrayContent(notification.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation(FakeProvider.SignatureHeader, notification.Signature);
        using var answer = await client.SendAsync(request, cancellationToken);
        // Like a real one it would come again; here the button may be pressed again.
        if (!answer.IsSuccessStatusCode) logger.LogWarning("A notification of Development's provider was answered {Status}.", (int)answer.StatusCode);
    }

    private string Address()
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? throw new InvalidOperationException("The server has no address yet.");
        // What listens everywhere is reached here too.
        return address.Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal).Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal).Replace("://*", "://127.0.0.1", StringComparison.Ordinal).Replace("://+", "://127.0.0.1", StringComparison.Ordinal);
    }

    private static Task WriteAsync(HttpContext http, FakePayment payment)
    {
        var page = Encoding.UTF8.GetBytes(Html(payment));
        var headers = http.Response.Headers;
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.ContentLength = page.Length;
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        return http.Response.Body.WriteAsync(page, http.RequestAborted).AsTask();
    }

    private static string Html(FakePayment payment)
    {
        var order = payment.Order;
        var path = FakeProvider.PagePath + Uri.EscapeDataString(payment.Session);
        var buttons = new StringBuilder();
        foreach (var decision in Open(payment))
        {
            buttons.Append(CultureInfo.InvariantCulture, $"<form method=\"post\" action=\"{path}/{Words.Of(decision)}\"><button>{Label(decision)}</button></form>\n");
        }

        var state = payment.Dispute is { } dispute ? $"{Words.Of(payment.Status)}, dispute {Words.Of(dispute)}" : Words.Of(payment.Status);
        return $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Development's payment page</title><style>{Style}</style></head>
            <body>
            <h1>{WebUtility.HtmlEncode(order.ItemName)}{(order.Quantity == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" x {order.Quantity}"))}</h1>
            <dl>
            <dt>To pay</dt><dd>{WebUtility.HtmlEncode(order.Total.ToString())}, in the currency's minor unit</dd>
            <dt>Account</dt><dd>{WebUtility.HtmlEncode(order.Account)} of tenant {WebUtility.HtmlEncode(order.Tenant)}</dd>
            <dt>State</dt><dd>{state}</dd>
            </dl>
            {buttons}
            <p><small>No money moves here. This page is there in Development only, and forgets all when the service ends.</small></p>
            </body></html>

            """;
    }

    private static IEnumerable<FakeDecision> Open(FakePayment payment)
    {
        if (payment.Status is PaymentStatus.Pending or PaymentStatus.Failed) return [FakeDecision.Pay, FakeDecision.Decline, FakeDecision.GiveUp];
        if (payment.Status != PaymentStatus.Succeeded) return [];
        if (payment.Dispute == DisputeStatus.Open) return [FakeDecision.WinDispute, FakeDecision.LoseDispute];
        return payment.Left.Amount > 0 && payment.Dispute is null ? [FakeDecision.Refund, FakeDecision.Dispute] : [];
    }

    private static string Label(FakeDecision decision) => decision switch
    {
        FakeDecision.Pay => "Pay",
        FakeDecision.Decline => "Decline the card",
        FakeDecision.GiveUp => "Give up",
        FakeDecision.Refund => "Refund it from the provider's side",
        FakeDecision.Dispute => "Dispute it",
        FakeDecision.WinDispute => "The dispute is won",
        _ => "The dispute is lost",
    };

    private static string Session(HttpContext http) => (string)http.Request.RouteValues["session"]!;

    private static Problem Gone() => new(ProblemTypes.NotFound, "There is no such page, or the service was started anew and forgot it. Begin another checkout.");
}
