using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers;

namespace Ledger.Api.Tests.Webhooks;

/// <summary>A provider of these tests: <c>{"id","type","object","intent","tenant","live"}</c>, signed with a time and an HMAC. What its type says is what it tells.</summary>
internal sealed class TestPay(string name, bool hints) : IPaymentProvider
{
    public const string Secret = "secret-of-the-inbox-tests";

    /// <summary>What it says when it is asked about an order; nothing where it is not here.</summary>
    public ConcurrentDictionary<string, PaymentStatus> Truth { get; } = new();

    /// <summary>How often it was asked about an order.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new();

    /// <summary>Tenants whose questions it never answers, by their keys.</summary>
    public ConcurrentDictionary<string, bool> Silent { get; } = new();

    /// <summary>Whether it can't be asked.</summary>
    public bool IsDown { get; set; }

    public string Name => name;

    public static byte[] Body(string id, string type = "paid", string? intent = null, string more = "") =>
        Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","type":"{{type}}","object":"ob_{{id}}","intent":"{{intent ?? "pi_" + id}}"{{more}}}""");

    public static string Sign(byte[] body, DateTimeOffset? at = null, string secret = Secret)
    {
        var t = (at ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={t},v1={Hmac(t, body, secret)}";
    }

    public Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault)
    {
        fault = SignatureFault.Missing;
        if (headers("Test-Signature")?.Split(",v1=") is not [['t', '=', .. var t], var given] || !long.TryParse(t, CultureInfo.InvariantCulture, out var at)) return null;
        fault = SignatureFault.Wrong;
        var raw = body.ToArray();
        if (!settings.WebhookSecrets.Any(secret => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hmac(t, raw, secret)), Encoding.ASCII.GetBytes(given)))) return null;
        fault = SignatureFault.Stale;
        if (Math.Abs(now.ToUnixTimeSeconds() - at) > 300) return null;
        fault = SignatureFault.Unreadable;
        try
        {
            var json = JsonDocument.Parse(raw).RootElement;
            return new Notification(json.GetProperty("id").GetString()!, json.GetProperty("type").GetString()!, json.GetProperty("object").GetString(), json.TryGetProperty("live", out var live) ? live.GetBoolean() : null, "v1");
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body)
    {
        var json = JsonDocument.Parse(body.ToArray()).RootElement;
        var refs = hints ? new ProviderRefs { OrderId = json.GetProperty("intent").GetString() } : new ProviderRefs { PaymentIntentId = json.GetProperty("intent").GetString() };
        var marks = new LedgerMarks(Tenant: json.TryGetProperty("tenant", out var tenant) ? tenant.GetString() : null);
        var usd = new Money(1500, "usd");
        return json.GetProperty("type").GetString() switch
        {
            "paid" => [new PaymentTold { Provider = name, Refs = refs, Marks = marks, Status = PaymentStatus.Succeeded, Amount = usd, IsHint = hints }],
            "pending" => [new PaymentTold { Provider = name, Refs = refs, Marks = marks, Status = PaymentStatus.Pending, IsHint = hints }],
            "refunded" => [new RefundTold { Provider = name, Refs = refs, RefundId = "re_1", Amount = usd, Status = RefundStatus.Succeeded, IsHint = hints }],
            "both" => [new PaymentTold { Provider = name, Refs = refs, Status = PaymentStatus.Succeeded, Amount = usd }, new RefundTold { Provider = name, Refs = refs, RefundId = "re_1", Amount = usd, Status = RefundStatus.Succeeded }],
            "unreadable" => throw new UnreadableNotificationException("There is no amount."),
            "broken" => throw new InvalidOperationException("A fault of the program."),
            var other => [new IgnoredFact($"{other} is nothing to the ledger.") { Provider = name }],
        };
    }

    public async Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        if (IsDown) throw new ProviderException("It is out of order.", ProviderFault.Unknown);
        Asked.AddOrUpdate(refs.OrderId!, 1, (_, n) => n + 1);
        if (Silent.ContainsKey(settings.SecretKey)) await Task.Delay(Timeout.Infinite, cancellationToken);
        return Truth.TryGetValue(refs.OrderId!, out var status) ? [new PaymentTold { Provider = name, Refs = refs, Status = status, Amount = new Money(1500, "idr") }] : [];
    }

    public string? Objection(CheckoutOrder order) => null;

    public Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<ProviderPayment>? ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => null;

    public Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static string Hmac(string t, byte[] body, string secret) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(t + ".").Concat(body).ToArray()));
}

/// <summary>The tenants' settings: <c>default</c> and <c>other</c> have both providers, with secrets of their own.</summary>
internal sealed class TestSettings : IProviderSettingsSource, IRetentionSource
{
    private int reads;

    public ConcurrentDictionary<string, int> Days { get; } = new();

    /// <summary>How often settings were read.</summary>
    public int Reads => Volatile.Read(ref reads);

    public ValueTask<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref reads);
        return new(tenant switch
        {
            "default" => new ProviderSettings("sk_test_1", [TestPay.Secret, "the-secret-before"], new Uri("http://localhost:1")),
            "other" => new ProviderSettings("sk_test_2", [TestPay.Secret + "-of-other"], new Uri("http://localhost:1")),
            _ => null,
        });
    }

    public ValueTask<int?> DaysAsync(string tenant, CancellationToken cancellationToken) => new(Days.TryGetValue(tenant, out var days) ? days : null);
}

/// <summary>A ledger of payments in memory: a success opens its payment, a refund needs one; a key counts once.</summary>
internal sealed class TestLedger : IFactApplier
{
    private readonly Lock gate = new();
    private readonly HashSet<string> keys = [];

    /// <summary>What each payment has come to.</summary>
    public Dictionary<string, List<string>> Payments { get; } = [];

    /// <summary>Every key that was sent, repeats included.</summary>
    public ConcurrentQueue<string> Sent { get; } = new();

    /// <summary>Whether it has no room.</summary>
    public bool IsFull { get; set; }

    public Task<FactOutcome> ApplyAsync(string tenant, string key, ProviderFact fact, bool dryRun, CancellationToken cancellationToken)
    {
        fact.IsHint.ShouldBeFalse("a hint is never applied");
        var payment = $"{tenant}/{fact.Refs.Leading[0]}";
        lock (gate)
        {
            if (!dryRun) Sent.Enqueue($"{tenant} {key}");
            if (IsFull) return Told(new FactOutcome.NotNow("There is no room."));
            var known = Payments.TryGetValue(payment, out var happened);
            if (fact is RefundTold && !known) return Told(new FactOutcome.Waits("The payment is not known yet."));
            if (fact is PaymentTold { Amount.Currency: "kwd" }) return Told(new FactOutcome.Refused("The currency is another."));
            var what = fact is PaymentTold told ? told.Status.ToString() : "Refunded";
            if (keys.Contains($"{tenant} {key}") || (known && happened!.Contains(what))) return Told(new FactOutcome.Unchanged(payment));
            if (dryRun) return Told(new FactOutcome.Applied(payment, [what]));
            keys.Add($"{tenant} {key}");
            if (!known) Payments[payment] = happened = [];
            happened!.Add(what);
            return Told(new FactOutcome.Applied(payment, [what]));
        }
    }

    private static Task<FactOutcome> Told(FactOutcome outcome) => Task.FromResult(outcome);
}
