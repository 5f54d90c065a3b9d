using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ledger.Providers.Midtrans;

/// <summary>Midtrans's APIs as they are called. The body's own status code decides; HTTP's status is often 200 whatever came of it.</summary>
internal sealed class MidtransClient(CallLimits limits) : IDisposable
{
    /// <summary>The most characters of an idempotency key; a longer one is silently no key at all.</summary>
    public const int KeyMax = 46;

    /// <summary>What we call the refusal of an order id that was given before.</summary>
    public const string OrderIdTaken = "order_id_taken";

    private const int MessageMax = 300;

    private readonly ProviderCalls _calls = new("Midtrans", limits);

    /// <summary>Opens a Snap page.</summary>
    public async Task<JsonElement> SnapAsync(ProviderSettings settings, JsonObject body, string key, CancellationToken cancellationToken)
    {
        var snap = settings.SnapBase ?? throw new ProviderException("Midtrans's Snap address is not set.", ProviderFault.Unauthorized);
        var answer = await SendAsync(settings, HttpMethod.Post, ProviderCalls.Address(snap, "/snap/v1/transactions"), body.ToJsonString(), key, cancellationToken);
        if (answer is { Status: 200 or 201, Body: { } made } && made.Text("token") is not null) return made;
        throw Refusal(answer);
    }

    /// <summary>Reads something of the API; null where it is not there. Callers look at the status code for all else.</summary>
    public async Task<JsonElement?> FindAsync(ProviderSettings settings, string path, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(settings, HttpMethod.Get, ProviderCalls.Address(settings.ApiBase, path), null, null, cancellationToken);
        if (answer.Status == 404) return null;
        // An expired payment answers 407, a denied one 202: both are found.
        if (answer.Body is { ValueKind: JsonValueKind.Object } found && (answer.IsSuccess || (answer.Status == 407 && found.Text("transaction_status") is not null))) return found;
        throw Refusal(answer);
    }

    /// <summary>Asks the API to do something. The answer is given as it is, with the status code that counts.</summary>
    /// <exception cref="ProviderException">It could not be asked, or the key is wrong.</exception>
    public async Task<ProviderAnswer> PostAsync(ProviderSettings settings, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(settings, HttpMethod.Post, ProviderCalls.Address(settings.ApiBase, path), body?.ToJsonString() ?? "{}", null, cancellationToken);
        return answer.Status is 401 or 403 or 429 or >= 500 || answer.Body is null ? throw Refusal(answer) : answer;
    }

    public void Dispose() => _calls.Dispose();

    /// <summary>What an answer that is no success means.</summary>
    internal static ProviderException Refusal(ProviderAnswer answer)
    {
        var messages = answer.Body.Texts("error_messages");
        var said = answer.Body.Text("status_message") ?? (messages.Length > 0 ? string.Join("; ", messages) : null);
        var taken = messages.Any(message => message.Contains("order_id", StringComparison.OrdinalIgnoreCase) && message.Contains("taken", StringComparison.OrdinalIgnoreCase));
        var fault = answer.Status switch
        {
            401 or 403 => ProviderFault.Unauthorized,
            404 => ProviderFault.NotFound,
            429 => ProviderFault.Busy,
            >= 500 => ProviderFault.Unknown,
            >= 400 => ProviderFault.Refused,
            // A success that can't be read, or a call that is still at work.
            _ => ProviderFault.Unknown,
        };
        var code = taken ? OrderIdTaken : answer.Status.ToString(CultureInfo.InvariantCulture);
        var text = fault == ProviderFault.Unauthorized ? "the server key is wrong, or may not do this" : said is null ? $"status {answer.Status}" : said.Length <= MessageMax ? said : said[..MessageMax];
        return new ProviderException($"Midtrans: {text.TrimEnd('.')}.", fault, code);
    }

    private Task<ProviderAnswer> SendAsync(ProviderSettings settings, HttpMethod method, Uri address, string? body, string? key, CancellationToken cancellationToken) =>
        _calls.SendAsync(
            settings,
            () =>
            {
                var message = new HttpRequestMessage(method, address);
                message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(settings.SecretKey + ":")));
                message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                if (key is { Length: <= KeyMax }) message.Headers.Add("Idempotency-Key", key);
                if (body is not null) message.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
                return message;
            },
            Read,
            cancellationToken);

    // A success without a body is asked for again: the call is still at work, or its answer was lost. 406 says that an order or a refund was made before, which a try after a lost answer may well hear: it is no reason for another one.
    private static ProviderAnswer Read(HttpResponseMessage response, JsonElement? body)
    {
        var http = (int)response.StatusCode;
        var own = body is { } there && MidtransSignature.IsStatusCode(there.Written("status_code")) ? int.Parse(there.Written("status_code")!, NumberStyles.None, CultureInfo.InvariantCulture) : http;
        // A fault of the way there has no code of its own.
        var status = http is 401 or 429 or >= 500 && own < 400 ? http : own;
        return new ProviderAnswer(status, status is 429 or >= 500 || (response.IsSuccessStatusCode && body is null), ProviderCalls.RetryAfter(response), null, body);
    }
}
