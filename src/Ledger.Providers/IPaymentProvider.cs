using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers;

/// <summary>What a tenant has set for one provider. Read anew for every call, so a rotated secret counts at once.</summary>
/// <param name="SecretKey">Stripe's secret key, or Midtrans's server key. Never logged.</param>
/// <param name="WebhookSecrets">All secrets that sign notifications now; several while one is rotated. For Midtrans the server keys.</param>
/// <param name="ApiBase">Where the provider's API is.</param>
/// <param name="SnapBase">Where Midtrans's Snap is; null for other providers.</param>
/// <param name="PublicOnly">Whether the addresses come from somebody who may not reach what is inside: then nothing is connected to but public addresses.</param>
public sealed record ProviderSettings(string SecretKey, ImmutableArray<string> WebhookSecrets, Uri ApiBase, Uri? SnapBase = null, bool PublicOnly = false);

/// <summary>What is to be paid at the provider's page. Frozen with the intent: a repeat sends the same, byte for byte in meaning.</summary>
public sealed record CheckoutOrder
{
    /// <summary>The tenant, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>The account that pays.</summary>
    public required string Account { get; init; }

    /// <summary>Our payment, <c>pay_...</c>. The idempotency key of the call is made from it.</summary>
    public required string Payment { get; init; }

    /// <summary>Which attempt this is, from 1: a provider that never forgets an order id needs a new one where an answer was lost.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>What is bought, as the payer reads it.</summary>
    public required string ItemName { get; init; }

    /// <summary>How many; from 1. Price times quantity less the discount is <see cref="Total"/>.</summary>
    public required long Quantity { get; init; }

    /// <summary>The price of one.</summary>
    public required Money UnitPrice { get; init; }

    /// <summary>What is paid; more than 0.</summary>
    public required Money Total { get; init; }

    /// <summary>When the page closes, in real time. Stripe takes 30 minutes to 24 hours from the moment that it is asked.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the payer goes then.</summary>
    public Uri? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public Uri? CancelUrl { get; init; }

    /// <summary>The provider's customer, where there is one.</summary>
    public string? CustomerId { get; init; }

    /// <summary>Which customer of the account it is, from 1: one more for each that the provider deleted.</summary>
    public int CustomerNumber { get; init; } = 1;

    /// <summary>Mail address of the payer.</summary>
    public string? Email { get; init; }

    /// <summary>Name of the payer.</summary>
    public string? Name { get; init; }

    /// <summary>Whether the payer's method is kept for later charges while nobody is there; the page tells the payer so. That of a plan is kept anyway.</summary>
    public bool KeepsMethod { get; init; }

    /// <summary>The provider's price of a plan that renews by itself (mode subscription); null for a single payment.</summary>
    public string? RecurringPriceId { get; init; }

    /// <summary>Days of trial, for a plan; 1 or more.</summary>
    public int? TrialDays { get; init; }
}

/// <summary>A page at the provider that waits for the payer.</summary>
/// <param name="Refs">Its references.</param>
/// <param name="RedirectUrl">Where the payer is sent.</param>
/// <param name="Token">A token for the provider's script, where it gives one.</param>
public sealed record StartedCheckout(ProviderRefs Refs, Uri RedirectUrl, string? Token);

/// <summary>A refund that is asked of the provider.</summary>
/// <param name="Payment">Our payment.</param>
/// <param name="RefundId">Our refund, from which the idempotency key (Midtrans: the refund key) is made.</param>
/// <param name="Refs">The payment's references.</param>
/// <param name="Amount">How much; null for all that is left.</param>
/// <param name="Reason">Why, in free text.</param>
/// <param name="Tenant">The tenant, as clients name it; written on the provider's refund.</param>
/// <param name="Account">The account that paid; written on the provider's refund.</param>
/// <param name="MayHaveBeenAsked">Whether it may have been asked for before, so long ago that the provider may have forgotten the key: then what it has is looked through first.</param>
public sealed record RefundOrder(string Payment, string RefundId, ProviderRefs Refs, Money? Amount, string? Reason, string? Tenant = null, string? Account = null, bool MayHaveBeenAsked = false);

/// <summary>When a subscription ends at its provider.</summary>
public enum SubscriptionEnd
{
    /// <summary>It ends at once. Nothing is given back by that.</summary>
    Now,

    /// <summary>It ends with the period that is paid.</summary>
    PeriodEnd,

    /// <summary>It was to end, and goes on.</summary>
    Never,
}

/// <summary>What is asked of a provider about a subscription. A repeat sends the same.</summary>
public sealed record SubscriptionOrder
{
    /// <summary>The tenant, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>The account that it is for.</summary>
    public required string Account { get; init; }

    /// <summary>What names this one wish for ever, at most 200 characters: our subscription and its version. The idempotency key of the call is made from it.</summary>
    public required string Key { get; init; }

    /// <summary>The provider's subscription.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>The provider's item that a change is about; null to take the only one that there is.</summary>
    public string? ItemId { get; init; }

    /// <summary>The provider's price from now on; null to keep it.</summary>
    public string? PriceId { get; init; }

    /// <summary>The seats from now on, 1 or more; null to keep them.</summary>
    public int? Seats { get; init; }

    /// <summary>Whether the rest of the period is settled now, by an invoice that has to be paid for the change to be made. Else the next invoice is the first that asks the new price.</summary>
    public bool Prorate { get; init; }

    /// <summary>When it ends; for a cancellation alone.</summary>
    public SubscriptionEnd End { get; init; }

    /// <summary>Why, in free text, for the provider's own pages.</summary>
    public string? Reason { get; init; }
}

/// <summary>Money that is taken by a kept method, without its owner being there.</summary>
public sealed record ChargeOrder
{
    /// <summary>The tenant, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>The account that pays.</summary>
    public required string Account { get; init; }

    /// <summary>Our payment, <c>pay_...</c>. The idempotency key of the call is made from it: after a decline a new payment is charged, never the same.</summary>
    public required string Payment { get; init; }

    /// <summary>The provider's customer, whose method it is.</summary>
    public required string CustomerId { get; init; }

    /// <summary>The provider's id of the kept method.</summary>
    public required string MethodId { get; init; }

    /// <summary>How much; more than 0.</summary>
    public required Money Amount { get; init; }

    /// <summary>What for, as the payer reads it.</summary>
    public required string Description { get; init; }

    /// <summary>Whether it may have been asked for before, so long ago that the provider may have forgotten the key: then what it has is looked through first.</summary>
    public bool MayHaveBeenAsked { get; init; }
}

/// <summary>One payment as the provider's own list has it.</summary>
/// <param name="Refs">Its references.</param>
/// <param name="Marks">What we wrote on it.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Amount">What was received.</param>
/// <param name="Refunded">What went back of it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Facts">What it tells, as if it had just been notified; to heal with.</param>
public sealed record ProviderPayment(ProviderRefs Refs, LedgerMarks Marks, PaymentStatus Status, Money Amount, Money Refunded, DateTimeOffset CreatedAt, ImmutableArray<ProviderFact> Facts);

/// <summary>A notification whose signature held.</summary>
/// <param name="EventId">What names it at the provider, for ever; the same for a repeat of the same news.</param>
/// <param name="Type">The provider's word for what it is.</param>
/// <param name="ObjectId">The object that it is about. Two events of one type about one object may be one news told twice, or two (a second partial refund): the facts bear both. Null where the provider has none.</param>
/// <param name="IsLive">Whether it is about real money; null where the provider does not say.</param>
/// <param name="Version">The shape that it has (Stripe's API version).</param>
/// <param name="IsSigned">Whether a signature stands for it. What has none is a hint that anybody may send, and is taken in so often only.</param>
public sealed record Notification(string EventId, string Type, string? ObjectId, bool? IsLive, string? Version, bool IsSigned = true);

/// <summary>Why a notification was not taken in.</summary>
public enum SignatureFault
{
    /// <summary>There is no signature, or it has not the shape of one.</summary>
    Missing,

    /// <summary>It does not fit the body and any secret.</summary>
    Wrong,

    /// <summary>It is right, and too old or from the future.</summary>
    Stale,

    /// <summary>It is right, and the body can't be read.</summary>
    Unreadable,

    /// <summary>It needs none, and more such have come than are taken in.</summary>
    TooMany,
}

/// <summary>A payment provider. Adapters hold no state but their HTTP client; every call names the settings of its tenant.</summary>
public interface IPaymentProvider
{
    /// <summary>Its name in the HTTP contract.</summary>
    string Name { get; }

    /// <summary>Whether this may be paid in that currency and amount; null, or what to do about it.</summary>
    string? Objection(CheckoutOrder order);

    /// <summary>Opens the provider's page. Safe to repeat with the same order.</summary>
    /// <exception cref="ProviderException">It refused, or could not be asked.</exception>
    Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken);

    /// <summary>The customer of an account, made once. Null where the provider knows no customers.</summary>
    /// <param name="settings">Of the tenant.</param>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="account">The account.</param>
    /// <param name="email">Mail address.</param>
    /// <param name="name">Name.</param>
    /// <param name="number">Which customer of the account it is, from 1: one more for each that the provider deleted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken);

    /// <summary>Gives up a page that was not paid. What was paid meanwhile stays paid: ask <see cref="AskAsync"/>.</summary>
    Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken);

    /// <summary>Asks for a refund. Safe to repeat with the same refund id. The facts say how it stands.</summary>
    Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken);

    /// <summary>Takes money by a kept method, off session. Safe to repeat with the same order. The facts say how it stands: a declined card, or one whose owner has to authenticate, is told and not thrown.</summary>
    /// <exception cref="ProviderException">It refused (it has no such method, or takes no money so), or could not be asked.</exception>
    Task<ImmutableArray<ProviderFact>> ChargeAsync(ProviderSettings settings, ChargeOrder order, CancellationToken cancellationToken) => throw ProviderException.NotOffered(Name, "charge a kept method");

    /// <summary>Changes what is subscribed to: price, seats. Safe to repeat with the same order. The facts say how the subscription stands.</summary>
    /// <exception cref="ProviderException">It refused (an invoice over the rest of the period could not be paid, or it has no such subscription), or could not be asked.</exception>
    Task<ImmutableArray<ProviderFact>> ChangeSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken) => throw ProviderException.NotOffered(Name, "change a subscription");

    /// <summary>Ends a subscription now or with its period, or takes that back. Safe to repeat with the same order; of one that has ended already the facts say just that.</summary>
    /// <exception cref="ProviderException">It refused, or could not be asked.</exception>
    Task<ImmutableArray<ProviderFact>> CancelSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken) => throw ProviderException.NotOffered(Name, "end a subscription");

    /// <summary>Lets a subscription rest: nothing is collected until it is resumed. Safe to repeat with the same order.</summary>
    /// <exception cref="ProviderException">It refused, or could not be asked.</exception>
    Task<ImmutableArray<ProviderFact>> PauseSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken) => throw ProviderException.NotOffered(Name, "pause a subscription");

    /// <summary>Lets a subscription that rests go on. Safe to repeat with the same order.</summary>
    /// <exception cref="ProviderException">It refused, or could not be asked.</exception>
    Task<ImmutableArray<ProviderFact>> ResumeSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken) => throw ProviderException.NotOffered(Name, "resume a subscription");

    /// <summary>What the provider says now of a payment, refunds and disputes included, or of a subscription where that is all that is named. Never hints. Empty where it knows nothing of it.</summary>
    Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken);

    /// <summary>All payments made from <paramref name="from"/> until before <paramref name="to"/>, page by page. Null where the provider has no such list: then the ledger asks payment by payment.</summary>
    IAsyncEnumerable<ProviderPayment>? ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>The provider's own page for a customer's plans and methods. Null where it has none.</summary>
    Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken);

    /// <summary>Checks the signature over the raw body and then reads what it is. Pure but for <paramref name="now"/>, which is real time.</summary>
    /// <param name="settings">With every secret that is valid now.</param>
    /// <param name="headers">Gives a header's value by its name, in any case; null where it is not there.</param>
    /// <param name="body">As it came in, byte for byte.</param>
    /// <param name="now">Real time.</param>
    /// <param name="fault">Why it is refused.</param>
    /// <returns>What it is; null where it is refused.</returns>
    Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault);

    /// <summary>What a verified body tells. Never throws on what it does not know: that is an <see cref="IgnoredFact"/>.</summary>
    /// <exception cref="UnreadableNotificationException">It is of a known kind and lacks what that kind must have.</exception>
    ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body);
}

/// <summary>A notification of a known kind lacks what it must have: it is kept, and can be applied again later.</summary>
/// <param name="message">What is missing.</param>
public sealed class UnreadableNotificationException(string message) : Exception(message);

/// <summary>A provider refused, or could not be asked.</summary>
/// <param name="message">What it said, without secrets.</param>
/// <param name="fault">What that means for the caller.</param>
/// <param name="code">The provider's own code.</param>
/// <param name="inner">What lay under it.</param>
public sealed class ProviderException(string message, ProviderFault fault, string? code = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What that means for the caller.</summary>
    public ProviderFault Fault { get; } = fault;

    /// <summary>The provider's own code.</summary>
    public string? Code { get; } = code;

    /// <summary>The provider has no such thing: what it sells renews by a payment for each period, or it keeps no methods.</summary>
    public static ProviderException NotOffered(string provider, string what) => new($"{provider} can't {what}: it has no such thing. Periods are paid one by one there.", ProviderFault.Refused, "not_offered");
}

/// <summary>What a failed call means.</summary>
public enum ProviderFault
{
    /// <summary>No answer, or a fault of the server: the outcome is unknown, and the same call with the same key is safe.</summary>
    Unknown,

    /// <summary>The provider asks to slow down; nothing was done.</summary>
    Busy,

    /// <summary>The provider won't do it, now or later (a declined refund, a wrong parameter).</summary>
    Refused,

    /// <summary>What was named is not there.</summary>
    NotFound,

    /// <summary>The customer that was named is no more: forget it, and ask with a new one.</summary>
    CustomerGone,

    /// <summary>The key is wrong or lacks a permission: an operator has to act.</summary>
    Unauthorized,
}
