using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Fake;

/// <summary>
/// A provider that is none, for development and the demo: it lives in this process, forgets all at its end, and its page is one of our own. What is decided at the page comes back as a signed notification, like that of a real one.
/// </summary>
/// <param name="clock">The time of its notifications.</param>
public sealed class FakeProvider(TimeProvider clock) : IPaymentProvider
{
    /// <summary>The header that carries the signature.</summary>
    public const string SignatureHeader = "Fake-Signature";

    /// <summary>Where its pages are, below the address in <see cref="ProviderSettings.ApiBase"/>: this, and the page's name.</summary>
    public const string PagePath = "/fake-provider/pay/";

    /// <summary>A kept method that is declined. All others that begin so are charged.</summary>
    public const string DeclinedMethod = MethodPrefix + "declined";

    private const string MethodPrefix = "fpm_";

    /// <summary>How many pages it remembers at most.</summary>
    public const int PaymentsMax = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, FakePayment> _payments = new(StringComparer.Ordinal);

    /// <summary>With the clock of the machine.</summary>
    public FakeProvider()
        : this(TimeProvider.System)
    {
    }

    /// <inheritdoc/>
    public string Name => FakeFacts.Name;

    /// <summary>A page as it stands; null where there is none of that name.</summary>
    public FakePayment? Find(string session)
    {
        lock (_gate) return _payments.GetValueOrDefault(session);
    }

    /// <summary>
    /// Decides about a payment, and gives the notification of it: to be posted to the tenant's webhook with the header <see cref="SignatureHeader"/>. What was decided before is told once more, as real providers do.
    /// </summary>
    /// <returns>Null where there is no such page, or where that can't be decided as it stands (a refund of what was not paid).</returns>
    public FakeNotification? Decide(ProviderSettings settings, string session, FakeDecision decision)
    {
        FakePayment now;
        var at = clock.GetUtcNow();
        lock (_gate)
        {
            if (!_payments.TryGetValue(session, out var before) || Decided(before, decision) is not { } after) return null;
            now = after == before ? before : after with { Decisions = before.Decisions + 1, DecidedAt = at };
            _payments[session] = now;
        }

        var body = FakeFacts.Write(now, Word(decision), now.DecidedAt);
        return new FakeNotification(now.Order.Tenant, body, SignedHeader.Sign(settings.WebhookSecrets[0], at.ToUnixTimeSeconds(), body));
    }

    /// <inheritdoc/>
    public string? Objection(CheckoutOrder order) => order.Total.Amount > 0 ? null : "The fake provider takes amounts above 0 only.";

    /// <inheritdoc/>
    public Task<ImmutableArray<ProviderFact>> ChargeAsync(ProviderSettings settings, ChargeOrder order, CancellationToken cancellationToken)
    {
        if (order.Amount.Amount <= 0) throw new ProviderException("The fake provider takes amounts above 0 only.", ProviderFault.Refused, "invalid_amount");
        if (!order.MethodId.StartsWith(MethodPrefix, StringComparison.Ordinal)) throw new ProviderException($"The fake provider knows no method {order.MethodId}: it keeps {FakePayment.Method} and {DeclinedMethod}.", ProviderFault.Refused, "no_such_method");
        var page = new CheckoutOrder
        {
            Tenant = order.Tenant,
            Account = order.Account,
            Payment = order.Payment,
            ItemName = order.Description,
            Quantity = 1,
            UnitPrice = order.Amount,
            Total = order.Amount,
            ExpiresAt = clock.GetUtcNow(),
            CustomerId = order.CustomerId,
        };
        lock (_gate)
        {
            var payment = Opened(page);
            // Nobody tries a declined charge again; what was decided first stays.
            if (payment.Status == PaymentStatus.Pending) _payments[payment.Session] = payment = payment with { Status = order.MethodId == DeclinedMethod ? PaymentStatus.Failed : PaymentStatus.Succeeded, IsCharge = true };
            return Task.FromResult(Facts(payment));
        }
    }

    /// <inheritdoc/>
    public Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken)
    {
        FakePayment payment;
        lock (_gate) payment = Opened(order);
        return Task.FromResult(new StartedCheckout(payment.Refs, new Uri(settings.ApiBase, PagePath + Uri.EscapeDataString(payment.Session)), null));
    }

    /// <inheritdoc/>
    public Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken) =>
        Task.FromResult<string?>($"fcus_{tenant}_{account}");

    /// <inheritdoc/>
    public Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Of(refs) is { } payment && Decided(payment, FakeDecision.GiveUp) is { } after) _payments[payment.Session] = after;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken)
    {
        FakeRefund refund;
        lock (_gate)
        {
            if (Of(order.Refs) is not { } payment) throw new ProviderException("The fake provider knows no such payment.", ProviderFault.NotFound);
            if (payment.Refunds.Find(before => before.OurId == order.RefundId) is { } earlier)
            {
                refund = earlier;
            }
            else
            {
                var amount = order.Amount ?? payment.Left;
                if (amount.Currency != payment.Left.Currency || amount.Amount <= 0 || amount.Amount > payment.Left.Amount)
                    throw new ProviderException($"The fake provider can give back up to {payment.Left} of this payment.", ProviderFault.Refused, "amount_too_large");
                refund = new FakeRefund($"fre_{order.RefundId}", order.RefundId, amount);
                _payments[payment.Session] = payment with { Refunds = payment.Refunds.Add(refund) };
            }
        }

        return Task.FromResult<ImmutableArray<ProviderFact>>(
            [new RefundTold { Provider = Name, Refs = order.Refs, RefundId = refund.Id, OurRefundId = refund.OurId, Amount = refund.Amount, Status = RefundStatus.Succeeded }]);
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        FakePayment? payment;
        lock (_gate) payment = Of(refs);
        return Task.FromResult(payment is null ? [] : Facts(payment));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ProviderPayment> ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        FakePayment[] listed;
        lock (_gate) listed = [.. _payments.Values.Where(payment => payment.CreatedAt >= from && payment.CreatedAt < to).OrderByDescending(payment => payment.CreatedAt)];
        foreach (var payment in listed)
        {
            await Task.CompletedTask;
            cancellationToken.ThrowIfCancellationRequested();
            var order = payment.Order;
            var received = order.Total with { Amount = payment.Status == PaymentStatus.Succeeded ? order.Total.Amount : 0 };
            var refunded = received with { Amount = received.Amount - payment.Left.Amount };
            var status = payment.Dispute switch
            {
                DisputeStatus.Lost => PaymentStatus.DisputeLost,
                DisputeStatus.Open => PaymentStatus.Disputed,
                _ when refunded.Amount == 0 => payment.Status,
                _ => payment.Left.Amount == 0 ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded,
            };
            yield return new ProviderPayment(payment.Refs, new LedgerMarks(order.Tenant, order.Account, order.Payment), status, received, refunded, payment.CreatedAt, Facts(payment));
        }
    }

    /// <inheritdoc/>
    public Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken) => Task.FromResult<Uri?>(null);

    /// <inheritdoc/>
    public Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault)
    {
        if (!SignedHeader.Holds(headers(SignatureHeader), body, settings.WebhookSecrets, now, out fault)) return null;
        fault = SignatureFault.Unreadable;
        return JsonReading.Parse(body) is { ValueKind: JsonValueKind.Object } told && told.Text("id") is { } id && told.Text("type") is { } type
            ? new Notification(id, type, told.Member("payment").Text("session"), false, null)
            : null;
    }

    /// <inheritdoc/>
    public ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body) =>
        JsonReading.Parse(body) is { ValueKind: JsonValueKind.Object } told ? FakeFacts.Read(told) : throw new UnreadableNotificationException("The body is no JSON object.");

    // Under the gate: the page of a payment, made where there is none.
    private FakePayment Opened(CheckoutOrder order)
    {
        var session = $"fcs_{order.Payment}";
        if (_payments.TryGetValue(session, out var payment)) return payment;
        if (_payments.Count >= PaymentsMax) throw new ProviderException($"The fake provider remembers {PaymentsMax} payments and no more: start the service anew.", ProviderFault.Busy);
        return _payments[session] = new FakePayment { Session = session, Order = order, CreatedAt = clock.GetUtcNow() };
    }

    private static ImmutableArray<ProviderFact> Facts(FakePayment payment) => FakeFacts.Read(JsonReading.Parse(FakeFacts.Write(payment, "payment", payment.CreatedAt))!.Value);

    private FakePayment? Of(ProviderRefs refs) =>
        (refs.CheckoutSessionId is { } session ? _payments.GetValueOrDefault(session) : null)
        ?? (refs.PaymentIntentId is { } intent && intent.StartsWith("fpi_", StringComparison.Ordinal) ? _payments.GetValueOrDefault("fcs_" + intent["fpi_".Length..]) : null);

    // The same payment where it was decided before; null where it can't be.
    private static FakePayment? Decided(FakePayment payment, FakeDecision decision)
    {
        var open = payment.Status is PaymentStatus.Pending || (payment.Status is PaymentStatus.Failed && !payment.IsCharge);
        var paid = payment.Status == PaymentStatus.Succeeded;
        return decision switch
        {
            FakeDecision.Pay => paid ? payment : open ? payment with { Status = PaymentStatus.Succeeded } : null,
            FakeDecision.Decline => open ? payment with { Status = PaymentStatus.Failed } : null,
            FakeDecision.GiveUp => open ? payment with { Status = PaymentStatus.Expired } : payment.Status == PaymentStatus.Expired ? payment : null,
            FakeDecision.Refund => !paid ? null
                : payment.Left.Amount == 0 ? payment
                : payment with { Refunds = payment.Refunds.Add(new FakeRefund($"fre_{payment.Order.Payment}_{payment.Refunds.Count}", null, payment.Left)) },
            FakeDecision.Dispute => !paid || payment.Dispute is DisputeStatus.Won or DisputeStatus.Lost ? null : payment with { Dispute = DisputeStatus.Open },
            FakeDecision.WinDispute => payment.Dispute is DisputeStatus.Open or DisputeStatus.Won ? payment with { Dispute = DisputeStatus.Won } : null,
            FakeDecision.LoseDispute => payment.Dispute is DisputeStatus.Open or DisputeStatus.Lost ? payment with { Dispute = DisputeStatus.Lost } : null,
            _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "No such decision."),
        };
    }

    private static string Word(FakeDecision decision) => decision switch
    {
        FakeDecision.Pay => "payment.succeeded",
        FakeDecision.Decline => "payment.failed",
        FakeDecision.GiveUp => "payment.expired",
        FakeDecision.Refund => "refund.created",
        FakeDecision.Dispute => "dispute.opened",
        FakeDecision.WinDispute => "dispute.won",
        FakeDecision.LoseDispute => "dispute.lost",
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "No such decision."),
    };
}
