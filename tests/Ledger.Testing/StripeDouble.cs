using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Ledger.Testing;

/// <summary>An event as Stripe would post it.</summary>
public sealed record StripeEvent(string Id, string Type, byte[] Body);

/// <summary>
/// Stripe on loopback: customers, checkout, intents, refunds, disputes, subscriptions, invoices and the portal. It refuses wrong keys, another version, unknown parameters, POSTs without an idempotency key, and a key that comes again with other parameters.
/// </summary>
public sealed partial class StripeDouble(string secretKey = "sk_test_double", string webhookSecret = "whsec_double_0123456789abcdef") : ProviderDouble
{
    /// <summary>The version that it speaks.</summary>
    public const string Version = "2026-07-29.dahlia";

    // The double's own, on its objects.
    private static readonly string[] Notes = ["intent_metadata", "plan_note", "keeps_method"];

    private readonly Dictionary<string, (string Fingerprint, DoubleAnswer Answer)> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal); // when a subscription was last told of
    private readonly List<StripeEvent> _unsent = [];
    private int _last;

    /// <summary>What callers must show.</summary>
    public string SecretKey => secretKey;

    /// <summary>What events are signed with.</summary>
    public string WebhookSecret => webhookSecret;

    /// <summary>The header of an event's delivery.</summary>
    public string Sign(ReadOnlySpan<byte> body, DateTimeOffset? at = null)
    {
        var time = (at ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(webhookSecret), (byte[])[.. Encoding.UTF8.GetBytes(time + "."), .. body]))}";
    }

    /// <summary>A copy of an object as it stands; null where there is none.</summary>
    public JsonObject? Look(string id)
    {
        lock (Gate) return _objects.TryGetValue(id, out var found) ? (JsonObject)found.DeepClone() : null;
    }

    /// <summary>All objects of a kind, oldest first.</summary>
    public IReadOnlyList<JsonObject> Objects(string kind)
    {
        lock (Gate) return [.. All(kind).Select(one => (JsonObject)one.DeepClone())];
    }

    /// <summary>The events of what callers changed, which come by themselves; each once.</summary>
    public IReadOnlyList<StripeEvent> Unsent()
    {
        lock (Gate)
        {
            var all = _unsent.ToArray();
            _unsent.Clear();
            return all;
        }
    }

    /// <summary>Puts an object there as if it had been made elsewhere.</summary>
    public void Plant(JsonObject planted)
    {
        lock (Gate) Keep((JsonObject)planted.DeepClone());
    }

    protected override DoubleAnswer Answer(DoubleRequest request)
    {
        if (request.Headers.GetValueOrDefault("Authorization") != $"Bearer {secretKey}") return Error(401, "invalid_request_error", null, "Invalid API Key provided.");
        if (request.Headers.GetValueOrDefault("Stripe-Version") != Version) return Error(400, "invalid_request_error", null, "The double speaks the pinned version only.");
        var (call, id) = Call(request.Method, request.Path);
        if (!StripeParameters.Has(call)) return Error(404, "invalid_request_error", null, $"Unrecognized request URL ({request.Method}: {request.Path}).");
        var isPost = request.Method == "POST";
        if (isPost && request.Headers.GetValueOrDefault("Content-Type")?.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) != true)
            return Error(400, "invalid_request_error", null, "Bodies are form encoded.");
        var parameters = Decode(isPost ? request.Body : request.Query);
        if (StripeParameters.Unknown(call, parameters.Keys) is { } unknown) return Error(400, "invalid_request_error", "parameter_unknown", $"Received unknown parameter: {unknown}", unknown);
        if (!isPost) return Do(call, id, parameters);

        if (request.Headers.GetValueOrDefault("Idempotency-Key") is not { Length: > 0 and <= 255 } key) return Error(400, "idempotency_error", null, "Every POST of ours carries a key of up to 255 characters.");
        var fingerprint = request.Path + "\n" + string.Join('\n', parameters.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value}"));
        if (_keys.TryGetValue(key, out var earlier))
        {
            return earlier.Fingerprint == fingerprint
                ? earlier.Answer with { Headers = [.. earlier.Answer.Headers, ("Idempotent-Replayed", "true")] }
                : Error(400, "idempotency_error", null, "Keys for idempotent requests can only be used with the same parameters they were first used with.");
        }

        var answer = Do(call, id, parameters);
        // What fails its checks did not begin to execute: nothing is kept of it. What the bank refused did.
        if (answer.Status is 200 or 402) _keys[key] = (fingerprint, answer);
        return answer;
    }

    protected override JsonNode Failure(int status) => ErrorBody(status == 429 ? "invalid_request_error" : "api_error", status == 429 ? "rate_limit" : null, "A failure that was asked for.", null);

    /// <summary>Form encoding as names and values; values are still texts.</summary>
    public static Dictionary<string, string> Decode(string text) => text.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(item => item.Split('=', 2))
        .ToDictionary(item => Plain(item[0]), item => item.Length > 1 ? Plain(item[1]) : "", StringComparer.Ordinal);

    private static string Plain(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static (string Call, string? Id) Call(string method, string path)
    {
        var parts = path.Trim('/').Split('/');
        // What follows the name of a collection is the id of one of its objects.
        var at = parts is ["v1", "checkout" or "billing_portal", ..] ? 3 : 2;
        if (parts.Length <= at) return ($"{method} {path}", null);
        var id = parts[at];
        parts[at] = "{id}";
        return ($"{method} /{string.Join('/', parts)}", id);
    }

    private static DoubleAnswer Error(int status, string type, string? code, string message, string? parameter = null) => new(status, ErrorBody(type, code, message, parameter), ("Request-Id", "req_double"));

    private static JsonObject ErrorBody(string type, string? code, string message, string? parameter)
    {
        var error = new JsonObject { ["type"] = type, ["message"] = message };
        if (code is not null) error["code"] = code;
        if (parameter is not null) error["param"] = parameter;
        return new JsonObject { ["error"] = error };
    }

    private static DoubleAnswer Missing(string kind, string id) => Error(404, "invalid_request_error", "resource_missing", $"No such {kind}: '{id}'", "id");

    private DoubleAnswer Do(string call, string? id, Dictionary<string, string> parameters) => call switch
    {
        "POST /v1/customers" => Ok(Keep(new JsonObject
        {
            ["id"] = New("cus"),
            ["object"] = "customer",
            ["created"] = Seconds(),
            ["email"] = parameters.GetValueOrDefault("email"),
            ["name"] = parameters.GetValueOrDefault("name"),
            ["livemode"] = false,
            ["metadata"] = Metadata(parameters, "metadata"),
        })),
        "POST /v1/checkout/sessions" => StartSession(parameters),
        "POST /v1/checkout/sessions/{id}/expire" => ExpireSession(id!),
        "GET /v1/checkout/sessions/{id}" => Get("checkout.session", id!, parameters),
        "GET /v1/payment_intents/{id}" => Get("payment_intent", id!, parameters),
        "GET /v1/charges/{id}" => Get("charge", id!, parameters),
        "GET /v1/subscriptions/{id}" => Get("subscription", id!, parameters),
        "GET /v1/payment_intents" => List("payment_intent", call, parameters),
        "GET /v1/refunds" => List("refund", call, parameters),
        "GET /v1/disputes" => List("dispute", call, parameters),
        "GET /v1/invoices/{id}" => Get("invoice", id!, parameters),
        "GET /v1/invoice_payments" => List("invoice_payment", call, parameters),
        "POST /v1/subscriptions/{id}" => ChangeSubscription(id!, parameters),
        "POST /v1/subscriptions/{id}/resume" => ResumeByCall(id!),
        "DELETE /v1/subscriptions/{id}" => EndByCall(id!, parameters),
        "POST /v1/payment_intents" => TakeMoney(parameters),
        "POST /v1/refunds" => MakeRefund(parameters),
        "POST /v1/billing_portal/sessions" => Portal(parameters),
        _ => throw new InvalidOperationException($"{call} has parameters and no answer."),
    };

    private DoubleAnswer Portal(Dictionary<string, string> parameters)
    {
        if (!parameters.TryGetValue("customer", out var customer) || !Has("customer", customer)) return Error(400, "invalid_request_error", "resource_missing", $"No such customer: '{customer}'", "customer");
        var id = New("bps");
        return Ok(new JsonObject { ["id"] = id, ["object"] = "billing_portal.session", ["customer"] = customer, ["url"] = $"https://billing.example.test/{id}", ["return_url"] = parameters.GetValueOrDefault("return_url") });
    }

    private DoubleAnswer Get(string kind, string id, Dictionary<string, string> parameters) =>
        Has(kind, id) ? Ok(Expanded((JsonObject)_objects[id].DeepClone(), Expansions(parameters))) : Missing(kind, id);

    private DoubleAnswer List(string kind, string call, Dictionary<string, string> parameters)
    {
        var limit = parameters.TryGetValue("limit", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 10;
        if (limit is < 1 or > 100) return Error(400, "invalid_request_error", "parameter_invalid_integer", "limit is 1 to 100", "limit");
        var found = All(kind).Where(one => Fits(one, parameters)).Reverse().ToList();
        if (parameters.TryGetValue("starting_after", out var after))
        {
            var at = found.FindIndex(one => (string?)one["id"] == after);
            if (at < 0) return Error(400, "invalid_request_error", "resource_missing", $"No such object: '{after}'", "starting_after");
            found.RemoveRange(0, at + 1);
        }

        var expansions = Expansions(parameters).Select(path => path.StartsWith("data.", StringComparison.Ordinal) ? path["data.".Length..] : path);
        var page = found.Take(limit).Select(one => (JsonNode)Expanded((JsonObject)one.DeepClone(), expansions)).ToArray();
        return Ok(new JsonObject { ["object"] = "list", ["data"] = new JsonArray(page), ["has_more"] = found.Count > limit, ["url"] = call["GET ".Length..] });
    }

    private static bool Fits(JsonObject one, Dictionary<string, string> parameters)
    {
        foreach (var (name, value) in parameters)
        {
            var created = (long)one["created"]!;
            var fits = name switch
            {
                "payment_intent" or "charge" or "customer" or "invoice" => (string?)one[name] == value,
                "payment[type]" => (string?)one["payment"]?["type"] == value,
                "payment[payment_intent]" => (string?)one["payment"]?["payment_intent"] == value,
                "created[gte]" => created >= long.Parse(value, CultureInfo.InvariantCulture),
                "created[gt]" => created > long.Parse(value, CultureInfo.InvariantCulture),
                "created[lte]" => created <= long.Parse(value, CultureInfo.InvariantCulture),
                "created[lt]" => created < long.Parse(value, CultureInfo.InvariantCulture),
                _ => true,
            };
            if (!fits) return false;
        }

        return true;
    }

    private static IEnumerable<string> Expansions(Dictionary<string, string> parameters) => parameters.Where(one => one.Key.StartsWith("expand[", StringComparison.Ordinal)).Select(one => one.Value);

    private JsonObject Expanded(JsonObject one, IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            var at = one;
            foreach (var name in path.Split('.'))
            {
                if (at[name] is JsonValue id && _objects.TryGetValue((string)id!, out var whole)) at[name] = whole.DeepClone();
                if (at[name] is not JsonObject next) break;
                at = next;
            }
        }

        return one;
    }

    private static DoubleAnswer Ok(JsonObject body)
    {
        var shown = (JsonObject)body.DeepClone();
        foreach (var note in Notes) shown.Remove(note);
        return new DoubleAnswer(200, shown, ("Request-Id", "req_double"));
    }

    private bool Has(string kind, string id) => _objects.TryGetValue(id, out var found) && (string?)found["object"] == kind;

    private IEnumerable<JsonObject> All(string kind) => _order.Select(id => _objects[id]).Where(one => (string?)one["object"] == kind);

    private JsonObject Keep(JsonObject made)
    {
        var id = (string)made["id"]!;
        if (_objects.TryAdd(id, made)) _order.Add(id);
        else _objects[id] = made;
        return made;
    }

    private string New(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_double{++_last:D6}");

    private long Seconds() => Now().ToUnixTimeSeconds();

    private static JsonObject Metadata(Dictionary<string, string> parameters, string parent) =>
        new(parameters.Where(one => one.Key.StartsWith(parent + "[", StringComparison.Ordinal)).Select(one => KeyValuePair.Create(one.Key[(parent.Length + 1)..^1], (JsonNode?)one.Value)));
}
