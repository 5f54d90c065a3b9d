using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Ledger.Testing;

/// <summary>
/// Midtrans on loopback, Snap and API at one address: pages, status, refund, cancel and expire. It refuses wrong keys, unknown parameters, amounts that do not add up, order ids and refund keys that come again, and refunds of what is not settled.
/// </summary>
public sealed partial class MidtransDouble(string serverKey = "SB-Mid-server-double0123456789") : ProviderDouble
{
    private static readonly TimeSpan Jakarta = TimeSpan.FromHours(7);
    private static readonly string[] Refundable = ["credit_card", "gopay", "qris", "shopeepay", "dana", "ovo", "kredivo", "akulaku"];

    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        [""] = ["transaction_details", "item_details", "customer_details", "credit_card", "enabled_payments", "callbacks", "expiry", "page_expiry", "custom_field1", "custom_field2", "custom_field3"],
        ["transaction_details"] = ["order_id", "gross_amount"],
        ["item_details"] = ["id", "price", "quantity", "name", "brand", "category", "merchant_name", "url"],
        ["customer_details"] = ["first_name", "last_name", "email", "phone"],
        ["credit_card"] = ["secure"],
        ["callbacks"] = ["finish"],
        ["expiry"] = ["start_time", "unit", "duration"],
        ["refund"] = ["refund_key", "amount", "reason"],
    };

    private readonly Dictionary<string, (DateTimeOffset At, DoubleAnswer Answer)> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _pages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _transactions = new(StringComparer.Ordinal);
    private int _last;

    /// <summary>What callers must show, and what notifications are signed with.</summary>
    public string ServerKey => serverKey;

    /// <summary>The order ids of all pages, oldest first.</summary>
    public IReadOnlyList<string> Orders
    {
        get
        {
            lock (Gate) return [.. _pages.Keys];
        }
    }

    /// <summary>
    /// The payer of a page chose a way to pay and this came of it; or it is what happened to the transaction later. Gives the notification.
    /// </summary>
    /// <param name="order">The order id.</param>
    /// <param name="status">Midtrans's word: <c>pending</c>, <c>capture</c>, <c>settlement</c>, <c>deny</c>, <c>cancel</c>, <c>expire</c>, <c>failure</c>, <c>chargeback</c> ...</param>
    /// <param name="method">The way to pay, when it is chosen.</param>
    /// <param name="fraud">What the fraud check says; null leaves it out.</param>
    public byte[] Move(string order, string status, string method = "credit_card", string? fraud = "accept")
    {
        lock (Gate)
        {
            if (!_transactions.TryGetValue(order, out var transaction)) _transactions[order] = transaction = Begin(order, method);
            transaction["transaction_status"] = status;
            transaction.Remove("fraud_status");
            if (fraud is not null) transaction["fraud_status"] = fraud;
            transaction["status_code"] = (status, fraud) switch
            {
                ("pending", _) or (_, "challenge") => "201",
                ("deny" or "expire" or "failure", _) => "202",
                _ => "200",
            };
            if (status is "capture" && method == "credit_card") transaction["approval_code"] = "1785726000123";
            if (status is "settlement") transaction["settlement_time"] = Time();
            return Notification(order);
        }
    }

    /// <summary>A refund from the dashboard, or by our call: the notification before or after the bank's word.</summary>
    public byte[] ConfirmRefunds(string order)
    {
        lock (Gate)
        {
            foreach (var refund in _transactions[order]["refunds"]!.AsArray()) refund!["bank_confirmed_at"] = Time();
            return Notification(order);
        }
    }

    /// <summary>Somebody refunds in the dashboard: such refunds have no key.</summary>
    public byte[] RefundInDashboard(string order, long rupiah)
    {
        lock (Gate)
        {
            Refund(_transactions[order], null, rupiah, "in the dashboard");
            return Notification(order);
        }
    }

    /// <summary>The notification of an order as it stands.</summary>
    public byte[] Notification(string order)
    {
        lock (Gate)
        {
            var told = (JsonObject)_transactions[order].DeepClone();
            told["status_message"] = "midtrans payment notification";
            return JsonSerializer.SerializeToUtf8Bytes(Signed(told));
        }
    }

    protected override DoubleAnswer Answer(DoubleRequest request)
    {
        var snap = request.Path.StartsWith("/snap/", StringComparison.Ordinal);
        if (request.Headers.GetValueOrDefault("Authorization") != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(serverKey + ":"))}")
            return snap ? Errors(401, "Access denied due to unauthorized transaction, please check client or server key") : Code(401, "Transaction cannot be authorized with the current client/server key.", 401);
        if (request.Headers.GetValueOrDefault("Accept")?.Contains("application/json", StringComparison.Ordinal) != true) return Code(400, "The double speaks JSON only.", 400);
        if (snap) return request is { Method: "POST", Path: "/snap/v1/transactions" } ? Keyed(request, () => Start(request)) : Errors(404, "no such page");
        if (ApiPath().Match(request.Path) is not { Success: true } match) return Code(404, "The requested resource is not found", 404);
        var (id, what) = (match.Groups[1].Value, match.Groups[2].Value);
        if (what == "status" != (request.Method == "GET")) return Code(405, "Method not allowed", 405);
        if (Find(id) is not { } transaction) return Code(404, "Transaction doesn't exist.");
        var status = ((string)transaction["transaction_status"]!).ToLowerInvariant();
        switch (what)
        {
            case "status":
                var told = (JsonObject)transaction.DeepClone();
                told["status_message"] = "Success, transaction is found";
                if (status == "expire") told["status_code"] = "407";
                return new DoubleAnswer(200, Signed(told));
            case "refund":
                return RefundCall(transaction, status, request.Body);
            case "cancel":
                if (status is not ("pending" or "authorize" or "capture")) return Code(412, "Merchant cannot modify the status of the transaction");
                transaction["transaction_status"] = "cancel";
                transaction["status_code"] = "200";
                return Done(transaction, "200", "Success, transaction is canceled");
            default:
                if (status != "pending") return Code(412, "Merchant cannot modify the status of the transaction");
                transaction["transaction_status"] = "expire";
                transaction["status_code"] = "202";
                return Done(transaction, "407", "Success, transaction has expired");
        }
    }

    protected override JsonNode Failure(int status) =>
        new JsonObject { ["status_code"] = status.ToString(CultureInfo.InvariantCulture), ["status_message"] = "A failure that was asked for.", ["error_messages"] = new JsonArray("A failure that was asked for.") };

    // A key protects for five minutes, only what succeeded, and only where it is short enough to count at all.
    private DoubleAnswer Keyed(DoubleRequest request, Func<DoubleAnswer> answer)
    {
        var key = request.Headers.GetValueOrDefault("Idempotency-Key");
        if (key is not { Length: > 0 and <= 46 }) return answer();
        if (_keys.TryGetValue(key, out var earlier) && Now() - earlier.At < TimeSpan.FromMinutes(5)) return earlier.Answer;
        var made = answer();
        if (made.Status is >= 200 and <= 299) _keys[key] = (Now(), made);
        return made;
    }

    private DoubleAnswer Start(DoubleRequest request)
    {
        if (Read(request.Body) is not { } body) return Errors(400, "the body is no JSON object");
        if (Stranger(body, "") is { } stranger) return Errors(400, $"{stranger} is not a known parameter");
        if (body["transaction_details"] is not JsonObject details || (string?)details["order_id"] is not { } order || !OrderId().IsMatch(order)) return Errors(400, "transaction_details.order_id is required, with at most 50 of A-Z a-z 0-9 - _ ~ .");
        if (details["gross_amount"] is not JsonValue gross || !Whole().IsMatch(gross.ToJsonString()) || (long)gross < 1) return Errors(400, "transaction_details.gross_amount must be a whole number of rupiah above 0");
        if (body["item_details"] is JsonArray items && items.Sum(item => (long)item!["price"]! * (long)item["quantity"]!) != (long)gross) return Errors(400, "transaction_details.gross_amount is not equal to the sum of item_details");
        if (body["item_details"] is JsonArray named && named.Any(item => ((string?)item!["name"])?.Length is null or > 50)) return Errors(400, "item_details name is required, with at most 50 characters");
        if (body["expiry"] is JsonObject expiry && (!Units().IsMatch((string?)expiry["unit"] ?? "") || (long?)expiry["duration"] is not > 0)) return Errors(400, "expiry has a unit and a duration above 0");
        if (!_pages.TryAdd(order, body)) return Errors(400, "transaction_details.order_id has already been taken");
        var token = Guid.NewGuid().ToString();
        return new DoubleAnswer(201, new JsonObject { ["token"] = token, ["redirect_url"] = $"https://snap.example.test/v3/redirection/{token}" });
    }

    private DoubleAnswer RefundCall(JsonObject transaction, string status, string text)
    {
        if (Read(text) is not { } body) return Code(400, "The body is no JSON object.", 400);
        if (body.Select(one => one.Key).FirstOrDefault(name => !Known["refund"].Contains(name)) is { } stranger) return Code(400, $"{stranger} is not a known parameter", 400);
        if ((string?)body["refund_key"] is not { } key || !RefundKey().IsMatch(key)) return Code(400, "Every refund of ours has a key of letters, digits, - and _.", 400);
        if (transaction["refunds"] is JsonArray before && before.Any(refund => (string?)refund!["refund_key"] == key)) return Code(406, "Duplicate refund ID");
        if (status is not ("settlement" or "partial_refund") || !Refundable.Contains((string)transaction["payment_type"]!)) return Code(412, "Merchant cannot modify the status of the transaction");
        if (body["amount"] is JsonValue given && !Whole().IsMatch(given.ToJsonString())) return Code(400, "amount is a whole number of rupiah", 400);
        var amount = (long?)body["amount"] ?? Left(transaction);
        if (amount < 1 || amount > Left(transaction)) return Code(414, "Refund request is rejected due to invalid amount");
        Refund(transaction, key, amount, (string?)body["reason"]);
        var answer = Done(transaction, "200", "Success, refund request is approved");
        answer.Body!["refund_amount"] = Decimals(amount);
        answer.Body["refund_key"] = key;
        answer.Body["refund_chargeback_id"] = _last;
        return answer;
    }

    private void Refund(JsonObject transaction, string? key, long amount, string? reason)
    {
        if (transaction["refunds"] is not JsonArray refunds) transaction["refunds"] = refunds = [];
        var refund = new JsonObject { ["refund_chargeback_id"] = ++_last, ["refund_amount"] = Decimals(amount), ["created_at"] = Time(), ["reason"] = reason, ["refund_method"] = key is null ? "offline" : "online" };
        if (key is not null) refund["refund_key"] = key;
        refunds.Add(refund);
        var all = refunds.Sum(one => Rupiah(one!["refund_amount"]));
        transaction["refund_amount"] = Decimals(all);
        transaction["transaction_status"] = Left(transaction) == 0 ? "refund" : "partial_refund";
        transaction["status_code"] = "200";
    }

    private JsonObject Begin(string order, string method)
    {
        var page = _pages[order];
        var transaction = new JsonObject
        {
            ["transaction_id"] = Guid.NewGuid().ToString(),
            ["order_id"] = order,
            ["gross_amount"] = Decimals((long)page["transaction_details"]!["gross_amount"]!),
            ["currency"] = "IDR",
            ["payment_type"] = method,
            ["merchant_id"] = "G000000001",
            ["transaction_time"] = Time(),
            ["transaction_status"] = "pending",
            ["status_code"] = "201",
        };
        foreach (var name in (string[])["custom_field1", "custom_field2", "custom_field3"])
            if (page[name] is { } field) transaction[name] = field.DeepClone();
        if (method == "credit_card") (transaction["masked_card"], transaction["bank"]) = ("48111111-1114", "bni");
        if (method == "bank_transfer") transaction["va_numbers"] = new JsonArray(new JsonObject { ["bank"] = "bca", ["va_number"] = "812785002530231" });
        return transaction;
    }

    private JsonObject? Find(string id) => _transactions.GetValueOrDefault(id) ?? _transactions.Values.FirstOrDefault(transaction => (string?)transaction["transaction_id"] == id);

    private JsonObject Signed(JsonObject told)
    {
        var text = string.Concat((string)told["order_id"]!, (string)told["status_code"]!, (string)told["gross_amount"]!, serverKey);
        told["signature_key"] = Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(text)));
        return told;
    }

    private static long Left(JsonObject transaction) => Rupiah(transaction["gross_amount"]) - (transaction["refund_amount"] is { } gone ? Rupiah(gone) : 0);

    private static long Rupiah(JsonNode? text) => (long)decimal.Parse((string)text!, CultureInfo.InvariantCulture);

    private static string Decimals(long rupiah) => string.Create(CultureInfo.InvariantCulture, $"{rupiah}.00");

    private string Time() => Now().ToOffset(Jakarta).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static DoubleAnswer Errors(int status, string message) => new(status, new JsonObject { ["error_messages"] = new JsonArray(message) });

    private static DoubleAnswer Code(int code, string message, int status = 200) => new(status, new JsonObject { ["status_code"] = code.ToString(CultureInfo.InvariantCulture), ["status_message"] = message });

    private static DoubleAnswer Done(JsonObject transaction, string code, string message)
    {
        var done = new JsonObject { ["status_code"] = code, ["status_message"] = message };
        foreach (var name in (string[])["transaction_id", "order_id", "payment_type", "transaction_time", "transaction_status", "gross_amount", "currency"]) done[name] = transaction[name]?.DeepClone();
        return new DoubleAnswer(200, done);
    }

    private static JsonObject? Read(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Stranger(JsonObject body, string below)
    {
        foreach (var (name, value) in body)
        {
            if (!Known[below].Contains(name)) return name;
            if (!Known.ContainsKey(name)) continue;
            foreach (var inner in value is JsonArray list ? list.OfType<JsonObject>() : value is JsonObject one ? [one] : [])
                if (Stranger(inner, name) is { } stranger) return $"{name}.{stranger}";
        }

        return null;
    }

    [GeneratedRegex("^/v2/([A-Za-z0-9_~.-]+)/(status|refund|cancel|expire)$")]
    private static partial Regex ApiPath();

    [GeneratedRegex("^[A-Za-z0-9_~.-]{1,50}$")]
    private static partial Regex OrderId();

    [GeneratedRegex("^[A-Za-z0-9_-]{1,100}$")]
    private static partial Regex RefundKey();

    [GeneratedRegex("^-?[0-9]+$")]
    private static partial Regex Whole();

    [GeneratedRegex("^(minute|minutes|hour|hours|day|days)$")]
    private static partial Regex Units();
}
