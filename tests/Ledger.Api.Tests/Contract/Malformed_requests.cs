using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Ledger.Api.Tests.Contract;

/// <summary>
/// S9: requests that are wrong in one generated way or more, over every command. Each is answered 4xx with a problem document that names what is wrong; nothing is written,
/// nothing is logged as a fault, and memory stays flat. LEDGER_SEED repeats a run; LEDGER_TEST_FULL=1 makes it 20,000.
/// </summary>
public sealed class Malformed_requests(ContractService service, ITestOutputHelper output) : IClassFixture<ContractService>
{
    private const string Note = """ "actor":"a","description":"d","reference":"r","metadata":{"k":"v"}""";

    private const string Spending = """ "service":"s","operation":"o","resource":{"type":"t","id":"i"},"oncePerResource":false,"usage":{"inputTokens":1,"outputTokens":2,"processingTimeMs":3,"success":true,"errorMessage":"e","requestData":{"a":[1]}}""";

    private static readonly (string Path, string Body)[] Good =
    [
        ("purchases", $$"""{"creditAmount":1,"price":{"amount":1,"currency":"usd"},"paymentId":"p","expiresAt":"2999-01-01T00:00:00Z",{{Note}}}"""), ("grants", $$"""{"amount":1,"source":"bonus","expiresAt":"2999-01-01T00:00:00Z","priority":1,{{Note}}}"""),
        ("consumptions", $$"""{"amount":1,{{Spending}},{{Note}}}"""), ("consumptions/txn_0/refund", $$"""{"amount":1,"reason":"r",{{Note}}}"""), ("purchases/txn_0/refund", $$"""{"amount":1,"reason":"r","allowDebt":true,{{Note}}}"""),
        ("adjustments", $$"""{"amount":-1,"reason":"r",{{Note}}}"""), ("holds", $$"""{"amount":1,{{Spending}},{{Note}}}"""), ("holds/hold_0/capture", $$"""{"amount":1,{{Spending}},{{Note}}}"""),
        ("holds/hold_0/release", $$"""{"usage":{"inputTokens":1},{{Note}}}"""), ("transfers", $$"""{"toAccountId":"b","amount":1,{{Note}}}"""), ("freeze", $$"""{"reason":"r",{{Note}}}"""), ("close", $$"""{"forfeit":true,"reason":"r",{{Note}}}"""),
    ];

    /// <summary>Values that no member of any command takes, as JSON text; which member takes which is beside the point.</summary>
    private static readonly string[] Wrong =
    [
        "{}", "[]", "[1]", "{\"a\":1}", "\"\\u0000\"", "\"a\\u001fb\"", "\"\\u007f\"", "\"\\u0085\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ud83d\"", "1e99999", "-1e99999", "1e-99999", "123456789012345678901234567890.5", "0.00000001", "-0.5e-30",
        "\"" + new string('9', 600) + "\"", "\"" + new string('ä', 501) + "\"", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
    ];

    [Fact]
    public async Task Whatever_is_wrong_is_answered_4xx_and_writes_nothing()
    {
        var full = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";
        var count = full ? 20_000 : 2_000;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        var account = await service.OpenAsync();
        await account.Grant("1000");
        var before = await service.WrittenAsync();
        await RunAsync(seed, 0, count / 4, account);
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        await RunAsync(seed, count / 4, count, account);
        (GC.GetTotalMemory(forceFullCollection: true) - memory).ShouldBeLessThan(48 << 20, "memory is flat");
        (await service.WrittenAsync()).ShouldBe(before, "nothing is written");
        service.Faults.ShouldBeEmpty();
    }

    private async Task RunAsync(int seed, int from, int to, TestAccount account) =>
        await Parallel.ForAsync(from, to, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var random = new Random(HashCode.Combine(seed, number));
            var request = Make(random, account.Id);
            try
            {
                var reply = await service.Admin.SendBytes(request.Method, request.Path, request.Body, request.MediaType, request.Headers);
                // The client checks the form of every problem.
                reply.Status.ShouldBeInRange(400, 499, reply.Body);
                if (request.Member is { } member) (reply.Status == 400 && reply.Problem == "invalid-request" && reply.WrongMembers.Any(wrong => wrong == member || wrong.StartsWith(member + ".", StringComparison.Ordinal))).ShouldBeTrue(reply.Body);
            }
            catch (Exception wrong)
            {
                throw new InvalidOperationException($"LEDGER_SEED={seed}, request {number}: {request.Method} {request.Path} {Encoding.Latin1.GetString(request.Body ?? [])} ({request.MediaType}; {string.Join(", ", request.Headers)})", wrong);
            }
        });

    private sealed record Bad(HttpMethod Method, string Path, byte[]? Body, string? MediaType, string? Member, params (string, string)[] Headers);

    private static Bad Make(Random random, string account)
    {
        var (command, body) = Good[random.Next(Good.Length)];
        (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());
        var path = $"/v1/accounts/{account}/{command}";
        Bad Post(string text, string? member = null) => new(HttpMethod.Post, path, Encoding.UTF8.GetBytes(text), "application/json", member, key);
        var json = JsonNode.Parse(body)!.AsObject();
        var names = json.Select(member => member.Key).ToList();
        var name = names[random.Next(names.Count)];
        switch (random.Next(22))
        {
            case 0: // an unknown member, at the top or within
                var unknown = "u" + random.Next(1000).ToString(CultureInfo.InvariantCulture);
                var inner = names.FirstOrDefault(n => n is "usage" or "resource" or "price");
                return inner is not null && random.Next(2) == 0 ? Post(Insert(json, inner, unknown), $"{inner}.{unknown}") : Post(body[..^1] + $",\"{unknown}\":1}}", unknown);
            case 1: // a value of another type or beyond every bound
            case 2:
                return name is "metadata" or "usage" ? Post(body[..^1] + ",\"x\":1}", "x") : Post(With(body, json, name, Wrong[random.Next(Wrong.Length)]), null);
            case 3: // twice the same
                return Post($"{body[..^1]},\"{name}\":{json[name]!.ToJsonString()}}}", name);
            case 4: // cut short
                return Post(body[..random.Next(1, body.Length)].TrimEnd('}'));
            case 5: // more after the end
                return Post(body + new[] { "x", "{}", ",", "\u0000", "null", "//", "]" }[random.Next(7)]);
            case 6: // no object
                return Post(new[] { "null", "[]", "1", "\"a\"", "true", "[{}]", " ", "\n", "\u0001", "undefined", "{]", "{\"a\"}", "{,}", "{'a':1}", "{a:1}", "/**/{}", "{\"amount\":1,}" }[random.Next(17)]);
            case 7: // no UTF-8
                var bytes = Encoding.UTF8.GetBytes(body);
                bytes[Array.IndexOf(bytes, (byte)'d')] = new byte[] { 0x80, 0xC0, 0xFF, 0xED, 0xF5 }[random.Next(5)];
                return new Bad(HttpMethod.Post, path, bytes, "application/json", null, key);
            case 8: // a mark of byte order, or another encoding
                return new Bad(HttpMethod.Post, path, [.. new[] { Encoding.UTF8, Encoding.Unicode, Encoding.UTF32, Encoding.BigEndianUnicode }[random.Next(4)] is var encoding ? encoding.GetPreamble() : [], .. encoding.GetBytes(body)], "application/json", null, key);
            case 9: // too deep
                var depth = random.Next(17, 2000);
                return Post($"{body[..^1]},\"{(random.Next(2) == 0 ? "deep" : "metadata")}\":{string.Concat(Enumerable.Repeat("{\"a\":", depth))}1{new string('}', depth)}}}");
            case 10: // too large
                return Post($"{body[..^1]},\"description\":\"{new string('x', (256 * 1024) + random.Next(1000))}\"}}");
            case 11: // another media type
                return new Bad(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), new[] { null, "text/plain", "application/xml", "application/json;charset=utf-16", "x/y/z", "application/jsonp", "*/*" }[random.Next(7)], null, key);
            case 12: // a wrong or missing header
                return random.Next(3) switch
                {
                    0 => new Bad(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", null),
                    1 => new Bad(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", null, ("Idempotency-Key", new string('k', random.Next(256, 4000)))),
                    _ => new Bad(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", "If-Match", key, ("If-Match", new[] { "x", "\"", "W/\"1\"", "\"-1\"", "\"1", "1", "\"1e1\"" }[random.Next(7)])),
                };
            case 13: // parameters that there are not
                return new Bad(HttpMethod.Post, $"{path}?{new[] { "a=1", "%00=1", "limit=1", "=", "a[]=1", "%ff=%ff", "atomic=true", new string('q', 3000) }[random.Next(8)]}", Encoding.UTF8.GetBytes(body), "application/json", null, key);
            case 14: // a path that leads nowhere
                return new Bad(HttpMethod.Post, $"/v1/accounts/{new[] { "nobody", "a%2fb", "%20", "a%00b".Replace("%00", "%01", StringComparison.Ordinal), "%C3%28", new string('a', 2000), "a;b=c", "%2e%2e", "-", "a%0d%0aX:1" }[random.Next(10)]}/{command}", Encoding.UTF8.GetBytes(body), "application/json", null, key);
            case 15: // a query with wrong parameters
                var list = new[] { "transactions", "lots", "holds", "events" }[random.Next(4)];
                var parameter = new[] { "limit", "cursor", "minVersion", "state", "type", "from" }[random.Next(6)];
                var value = new[] { "", "%00", "-1", "1e3", "99999999999999999999", "NaN", "%F0%9F%92%A9", "null", "'", "a%20b", "2026-13-01T00:00:00Z", new string('9', 2000), "1&" + parameter + "=2" }[random.Next(13)];
                return new Bad(HttpMethod.Get, $"/v1/accounts/{account}/{list}?{parameter}={value}", null, null, parameter);
            case 16: // an account that is opened wrongly
                var owner = new[] { "1", "null", "{}", "[]", "\"u\"", """{"kind":"user"}""", """{"kind":1,"id":"u"}""", """{"kind":"user","id":"\ud800"}""", """{"kind":"user","id":"u","x":1}""" }[random.Next(9)];
                return new Bad(HttpMethod.Put, $"/v1/accounts/{ContractService.NewId()}", Encoding.UTF8.GetBytes($$"""{"owner":{{owner}}}"""), "application/json", "owner");
            case 17: // amounts
                var amount = names.FirstOrDefault(n => n is "amount" or "creditAmount");
                if (amount is null) return Post(body[..^1] + ",\"amount\":1}", "amount");
                return Post(With(body, json, amount, new[] { "0", "0.000000", "1000000000000.1", "1e13", "0.0000001", "\"1,5\"", "\"1e1\"", "\"١\"", "\"0x1\"", "\"-\"", "\"- 1\"", "\"NaN\"", "\"Infinity\"", "false", "\"1\\u0030\"", "1" + new string('0', 400), "0." + new string('0', 400) + "1" }[random.Next(17)]), amount);
            case 18: // metadata
                var metadata = new[] { "1", "[]", "\"x\"", "{\"a\":1}", "{\"a\":{}}", "{\"\":\"x\"}", "{\"\\u0000\":\"x\"}", "{\"a\":\"\\u0001\"}", "{\"\\ud800\":\"x\"}", $"{{\"{new string('n', 65)}\":\"x\"}}", $"{{\"a\":\"{new string('v', 501)}\"}}", "{\"a\":\"1\",\"a\":\"2\"}", $"{{{string.Join(',', Enumerable.Range(0, 51).Select(i => $"\"{i}\":\"\""))}}}" };
                return Post(With(body, json, "metadata", metadata[random.Next(metadata.Length)]), "metadata");
            case 19: // usage and its free object
                if (!names.Contains("service")) return Post(body[..^1] + ",\"service\":1}", "service");
                var usage = new[] { "1", "[]", "{\"inputTokens\":-1}", "{\"inputTokens\":1.5}", "{\"inputTokens\":9223372036854775808}", "{\"success\":\"yes\"}", "{\"requestData\":[]}", "{\"requestData\":{\"a\":\"\\u0000\"}}", "{\"requestData\":{\"\\udfff\":1}}", "{\"requestData\":{\"a\":\"\\ud800\"}}", "{\"requestData\":{\"a\":1,\"a\":2}}", "{\"requestData\":{\"a\":1e999}}", "{\"requestData\":{\"a\":1e999999999999}}", "{\"requestData\":{\"a\":0.12345678901234567890123456789}}", $"{{\"requestData\":{{\"a\":\"{new string('x', 8192)}\"}}}}", "{\"requestData\":{\"a\":[[[[[[[[1]]]]]]]]}}", $"{{\"errorMessage\":\"{new string('e', 501)}\"}}" };
                return Post(With(body, json, "usage", usage[random.Next(usage.Length)]), "usage");
            case 20: // times
                var time = new[] { "\"2026-01-01\"", "\"now\"", "1767225600", "\"2026-01-01T00:00:00\"", "\"2026-01-01T24:00:00Z\"", "\"2026-02-29T00:00:00Z\"", "\"2999-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00+14:00\"", "\"9999-12-31T23:59:59-14:00\"", "\"2026-01-01T00:00:00+25:00\"", "\"2020-01-01T00:00:00Z\"", "\"２０２６-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.Z\"" };
                return new Bad(HttpMethod.Post, $"/v1/accounts/{account}/grants", Encoding.UTF8.GetBytes($$"""{"amount":1,"source":"bonus","occurredAt":{{time[random.Next(time.Length)]}}}"""), "application/json", "occurredAt", key);
            default: // bytes changed at random, on an account that there is not: what happens to be right is 404
                var changed = Encoding.UTF8.GetBytes(body);
                for (var i = random.Next(1, 6); i > 0; i--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
                return new Bad(HttpMethod.Post, $"/v1/accounts/{ContractService.NewId("nobody")}/{command}", changed, "application/json", null, key);
        }
    }

    private static string With(string body, JsonObject json, string member, string value)
    {
        var all = json.Where(each => each.Key != member).Select(each => $"\"{each.Key}\":{each.Value?.ToJsonString()}");
        return body.Length == 0 ? body : $"{{{string.Join(',', all.Append($"\"{member}\":{value}"))}}}";
    }

    private static string Insert(JsonObject json, string within, string member)
    {
        var copy = json.DeepClone().AsObject();
        copy[within]![member] = 1;
        return copy.ToJsonString();
    }
}
