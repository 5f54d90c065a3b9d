using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Ledger.Providers.Stripe;

/// <summary>What Stripe answered.</summary>
/// <param name="Body">The object.</param>
/// <param name="At">When it was so, by Stripe's clock, in whole seconds as its events have them; null where it does not say.</param>
/// <param name="IsReplay">Whether it is the stored answer to an earlier call with the same key: how it stood then.</param>
internal readonly record struct StripeAnswer(JsonElement Body, DateTimeOffset? At, bool IsReplay);

/// <summary>Stripe's API as it is called: the pinned version, one idempotency key for all tries of a POST, and errors as what they mean.</summary>
internal sealed class StripeClient(CallLimits limits) : IDisposable
{
    /// <summary>The version that every call names, and whose shapes are read.</summary>
    public const string Version = "2026-07-29.dahlia";

    /// <summary>The most characters of an idempotency key.</summary>
    public const int KeyMax = 255;

    private const int PageMax = 100;
    private const int PagesMax = 10_000;
    private const int MessageMax = 300;

    private readonly ProviderCalls _calls = new("Stripe", limits);

    /// <summary>Makes or changes something.</summary>
    public async Task<JsonElement> PostAsync(ProviderSettings settings, string path, StripeForm form, string key, CancellationToken cancellationToken) =>
        (await ChangeAsync(settings, path, form, key, cancellationToken)).Body;

    /// <summary>Makes or changes something; says when it was so.</summary>
    public async Task<StripeAnswer> ChangeAsync(ProviderSettings settings, string path, StripeForm form, string key, CancellationToken cancellationToken) =>
        Whole(await SendAsync(settings, HttpMethod.Post, path, form.ToString(), Checked(key), cancellationToken));

    /// <summary>Takes money. A bank's refusal is an answer too: then the error is given.</summary>
    public async Task<(StripeAnswer? Done, ProviderAnswer? Declined)> TakeAsync(ProviderSettings settings, string path, StripeForm form, string key, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(settings, HttpMethod.Post, path, form.ToString(), Checked(key), cancellationToken);
        return answer.Status == 402 ? (null, answer) : (Whole(answer), null);
    }

    /// <summary>Ends something; says when it was so. It needs no key: what has ended can't end again.</summary>
    public async Task<StripeAnswer> DeleteAsync(ProviderSettings settings, string path, StripeForm query, CancellationToken cancellationToken) =>
        Whole(await SendAsync(settings, HttpMethod.Delete, With(path, query), null, null, cancellationToken));

    /// <summary>Reads something.</summary>
    public async Task<JsonElement> GetAsync(ProviderSettings settings, string path, StripeForm query, CancellationToken cancellationToken) =>
        (await ReadAsync(settings, path, query, cancellationToken)).Body;

    /// <summary>Reads something; says when it was so.</summary>
    public async Task<StripeAnswer> ReadAsync(ProviderSettings settings, string path, StripeForm query, CancellationToken cancellationToken) =>
        Whole(await SendAsync(settings, HttpMethod.Get, With(path, query), null, null, cancellationToken));

    /// <summary>Reads something; null where it is not there.</summary>
    public async Task<JsonElement?> FindAsync(ProviderSettings settings, string path, StripeForm query, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(settings, path, query, cancellationToken);
        }
        catch (ProviderException problem) when (problem.Fault == ProviderFault.NotFound)
        {
            return null;
        }
    }

    /// <summary>Reads a list to its end, page by page, newest first.</summary>
    /// <param name="settings">Of the tenant.</param>
    /// <param name="path">The list.</param>
    /// <param name="query">Makes the parameters of a page but for where it begins.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<JsonElement> ListAsync(ProviderSettings settings, string path, Func<StripeForm> query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        for (var page = 0; page < PagesMax; page++)
        {
            var answer = await GetAsync(settings, path, query().Add("limit", PageMax).Add("starting_after", after), cancellationToken);
            string? last = null;
            foreach (var item in answer.Items("data"))
            {
                last = item.Text("id");
                yield return item;
            }

            if (!answer.Is("has_more")) yield break;
            // A page that goes on and shows nothing new would be asked for ever.
            if (last is null || last == after) throw new ProviderException($"Stripe's list {path} does not go on where it says so.", ProviderFault.Unknown);
            after = last;
        }

        throw new ProviderException($"Stripe's list {path} has more than {PagesMax} pages.", ProviderFault.Refused);
    }

    public void Dispose() => _calls.Dispose();

    private static string Checked(string key) => key.Length <= KeyMax ? key : throw new ProviderException($"The idempotency key is longer than {KeyMax} characters.", ProviderFault.Refused, "idempotency_key_too_long");

    private static string With(string path, StripeForm query) => query.ToString() is { Length: > 0 } text ? $"{path}?{text}" : path;

    private Task<ProviderAnswer> SendAsync(ProviderSettings settings, HttpMethod method, string path, string? body, string? key, CancellationToken cancellationToken) =>
        _calls.SendAsync(settings, () => Request(settings, method, path, body, key), Read, cancellationToken);

    private static StripeAnswer Whole(ProviderAnswer answer)
    {
        if (!answer.IsSuccess) throw Refusal(answer);
        return answer.Body is { ValueKind: JsonValueKind.Object } whole ? new StripeAnswer(whole, answer.At, answer.IsReplay) : throw new ProviderException($"Stripe's answer can't be read.{Named(answer)}", ProviderFault.Unknown);
    }

    private static HttpRequestMessage Request(ProviderSettings settings, HttpMethod method, string path, string? body, string? key)
    {
        var message = new HttpRequestMessage(method, ProviderCalls.Address(settings.ApiBase, path));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.SecretKey);
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.Add("Stripe-Version", Version);
        if (key is not null) message.Headers.Add("Idempotency-Key", key);
        if (body is not null) message.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/x-www-form-urlencoded"));
        return message;
    }

    private static ProviderAnswer Read(HttpResponseMessage response, JsonElement? body) => new(
        (int)response.StatusCode,
        // A success whose answer can't be read is asked for again too: the key gives the same one.
        Header(response, "Stripe-Should-Retry") switch { "true" => true, "false" => false, _ => response.IsSuccessStatusCode && body is null ? true : null },
        ProviderCalls.RetryAfter(response),
        Header(response, "Request-Id"),
        body,
        response.Headers.Date,
        Header(response, "Idempotent-Replayed") == "true");

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>What an answer that is no success means. Status, header and code decide, never the message.</summary>
    internal static ProviderException Refusal(ProviderAnswer answer)
    {
        var error = answer.Body.Member("error");
        var code = error.Text("code") ?? error.Text("type");
        var fault = answer.Status switch
        {
            401 or 403 => ProviderFault.Unauthorized,
            400 or 404 when code == "resource_missing" && error.Text("param") == "customer" => ProviderFault.CustomerGone,
            404 => ProviderFault.NotFound,
            429 => ProviderFault.Busy,
            // The same key is at work elsewhere: what comes of it is not known yet.
            409 or >= 500 => ProviderFault.Unknown,
            _ when answer.ShouldRetry == true => ProviderFault.Unknown,
            >= 400 => ProviderFault.Refused,
            _ => ProviderFault.Unknown,
        };
        // What is said about a key may show a part of it.
        var said = fault == ProviderFault.Unauthorized ? "the secret key is wrong, or may not do this" : error.Text("message") is { } message ? Short(message) : $"status {answer.Status}";
        var details = string.Concat(error.Text("decline_code") is { } decline ? $" Declined: {decline}." : "", error.Text("param") is { } param ? $" Parameter: {Short(param)}." : "", Named(answer));
        return new ProviderException($"Stripe: {said.TrimEnd('.')}.{details}", fault, code);
    }

    private static string Named(ProviderAnswer answer) => answer.RequestId is { } id ? $" Request: {Short(id)}." : "";

    private static string Short(string text) => text.Length <= MessageMax ? text : text[..MessageMax];
}
