using Ledger.Domain.Catalog;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

// ---- Events: what happened. Names and members are stored for ever; a member is only ever added, and then optional. No personal data. ----

/// <summary>
/// Something that happened to a payment. A closed family. <see cref="Status"/>, <see cref="Refunded"/> and <see cref="NeedsAttention"/> are witnesses of how it stands after: lists, answers and audits read them, the
/// state never does.
/// </summary>
public abstract record PaymentEvent
{
    private protected PaymentEvent()
    {
    }

    /// <summary>The status after this.</summary>
    public PaymentStatus Status { get; init; }

    /// <summary>What had gone back of the money after this, in minor units of the payment's currency.</summary>
    public long Refunded { get; init; }

    /// <summary>Whether somebody has to look at it after this.</summary>
    public bool NeedsAttention { get; init; }
}

/// <summary>Somebody wants to buy something. Nothing has been asked of a provider.</summary>
public sealed record PaymentIntended : PaymentEvent
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>What it is for.</summary>
    public required PaymentPurpose Purpose { get; init; }

    /// <summary>What is bought, as it was then.</summary>
    public required SoldItem Item { get; init; }

    /// <summary>What is to be paid.</summary>
    public required Money Amount { get; init; }

    /// <summary>What it costs without a discount.</summary>
    public required Money ListPrice { get; init; }

    /// <summary>The credits that it buys; null where it buys none.</summary>
    public Credits? CreditAmount { get; init; }

    /// <summary>The subscription that it opens or renews; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>The provider; null where nothing is to be paid.</summary>
    public string? Provider { get; init; }

    /// <summary>The saved method that is charged without the payer; null where a page is opened.</summary>
    public SavedMethod? Charge { get; init; }

    /// <summary>Whether the payer's method is kept for later charges; null where it is not.</summary>
    public bool? KeepsMethod { get; init; }

    /// <summary>When the provider's page closes; of a charge, when it is given up.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }
}

/// <summary>A provider told of a payment that no checkout of ours began and that names an account and credits.</summary>
public sealed record PaymentReported : PaymentEvent
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The provider.</summary>
    public required string Provider { get; init; }

    /// <summary>What was paid.</summary>
    public required Money Amount { get; init; }

    /// <summary>The credits that it buys.</summary>
    public required Credits CreditAmount { get; init; }
}

/// <summary>A provider charges by itself what a subscription costs, a period or what settles a change: its invoice says so, and nobody began that here. What it pays for is delivered with the paid invoice alone.</summary>
public sealed record PaymentBilled : PaymentEvent
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The provider.</summary>
    public required string Provider { get; init; }

    /// <summary>The subscription that it is for.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>What is charged; more than 0.</summary>
    public required Money Amount { get; init; }

    /// <summary>The plan, where it is known.</summary>
    public SoldItem? Item { get; init; }

    /// <summary>Its references; the invoice is among them.</summary>
    public required ProviderRefs Refs { get; init; }
}

/// <summary>The provider's page waits for the payer.</summary>
public sealed record CheckoutPageOpened : PaymentEvent
{
    /// <summary>Its references.</summary>
    public required ProviderRefs Refs { get; init; }

    /// <summary>Where the payer is sent.</summary>
    public required string RedirectUrl { get; init; }

    /// <summary>A token for the provider's script.</summary>
    public string? Token { get; init; }

    /// <summary>Which attempt it was, from 1.</summary>
    public required int Attempt { get; init; }
}

/// <summary>A call to the provider came to nothing, or told nothing new; it is made again at <see cref="NextAt"/>.</summary>
public sealed record ProviderCallTried : PaymentEvent
{
    /// <summary>What was asked.</summary>
    public required ProviderCall Call { get; init; }

    /// <summary>The refund that it was about.</summary>
    public string? Refund { get; init; }

    /// <summary>What the provider, or the way to it, said; null where nothing went wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>When it is tried again.</summary>
    public required DateTimeOffset NextAt { get; init; }
}

/// <summary>The provider is about to be asked for the charge: from here on it may have been made, and the payment can't be called off here any more.</summary>
public sealed record ChargeBegun : PaymentEvent;

/// <summary>The payment came to another standing, without money.</summary>
public sealed record PaymentAdvanced : PaymentEvent
{
    /// <summary>Pending, requires action, authorized, challenged, failed, canceled or expired.</summary>
    public required PaymentStatus To { get; init; }

    /// <summary>Why it failed or was canceled; of a try that failed while another may succeed too.</summary>
    public string? Reason { get; init; }

    /// <summary>References that were told with it.</summary>
    public ProviderRefs? Refs { get; init; }

    /// <summary>What was to be paid with.</summary>
    public MethodShown? Method { get; init; }
}

/// <summary>The money is ours.</summary>
public sealed record PaymentSucceeded : PaymentEvent
{
    /// <summary>What was received; where the provider charged it by itself, that is the payment's amount from now on.</summary>
    public required Money Received { get; init; }

    /// <summary>When, by the provider's clock.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>References that were told with it.</summary>
    public ProviderRefs? Refs { get; init; }

    /// <summary>What was paid with.</summary>
    public MethodShown? Method { get; init; }
}

/// <summary>What it buys was delivered, once.</summary>
public sealed record PaymentFulfilled : PaymentEvent
{
    /// <summary>The account's purchase; null where no credits were bought.</summary>
    public TransactionId? Purchase { get; init; }
}

/// <summary>Money came, and not as was asked: nothing is delivered for it until somebody has looked.</summary>
public sealed record PaymentMismatched : PaymentEvent
{
    /// <summary>What is wrong with it.</summary>
    public required string Reason { get; init; }

    /// <summary>What was received.</summary>
    public Money? Received { get; init; }

    /// <summary>References that were told with it.</summary>
    public ProviderRefs? Refs { get; init; }
}

/// <summary>Money that had been ours was taken back by the provider (a void, a reversal): what was delivered goes back.</summary>
public sealed record PaymentReversed : PaymentEvent
{
    /// <summary>Failed or canceled.</summary>
    public required PaymentStatus To { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>References that were told with it.</summary>
    public ProviderRefs? Refs { get; init; }
}

/// <summary>Details were told that change nothing else.</summary>
public sealed record PaymentDetailsLearnt : PaymentEvent
{
    /// <summary>References.</summary>
    public ProviderRefs? Refs { get; init; }

    /// <summary>What was paid with.</summary>
    public MethodShown? Method { get; init; }

    /// <summary>Whether the provider's invoice among them leads here from now on; null where that stays as it is.</summary>
    public bool? ByInvoice { get; init; }
}

/// <summary>A refund was begun here; the provider has yet to be asked.</summary>
public sealed record RefundStarted : PaymentEvent
{
    /// <summary>Its id, <c>rfd_...</c>.</summary>
    public required string Refund { get; init; }

    /// <summary>How much goes back.</summary>
    public required Money Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the payer keeps the credits.</summary>
    public bool KeepsCredits { get; init; }

    /// <summary>Whether credits that were spent become debt.</summary>
    public bool AllowsDebt { get; init; }
}

/// <summary>A refund came to another status, or was told of for the first time.</summary>
public sealed record RefundAdvanced : PaymentEvent
{
    /// <summary>Ours, or the provider's where it was not begun here.</summary>
    public required string Refund { get; init; }

    /// <summary>The provider's id.</summary>
    public string? ProviderId { get; init; }

    /// <summary>How much goes back; as it was begun, where it was begun here.</summary>
    public required Money Amount { get; init; }

    /// <summary>How it stands.</summary>
    public required RefundStatus To { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Reason { get; init; }
}

/// <summary>The provider told how much it has given back in all.</summary>
public sealed record RefundTotalTold : PaymentEvent
{
    /// <summary>All refunds together.</summary>
    public required Money Total { get; init; }
}

/// <summary>A dispute came to another status, or was told of for the first time.</summary>
public sealed record DisputeAdvanced : PaymentEvent
{
    /// <summary>The provider's id.</summary>
    public required string Dispute { get; init; }

    /// <summary>How much is disputed.</summary>
    public required Money Amount { get; init; }

    /// <summary>How it stands.</summary>
    public required DisputeStatus To { get; init; }

    /// <summary>Why, in the bank's word.</summary>
    public string? Reason { get; init; }
}

/// <summary>Credits that it had bought were taken back; what could not be is a shortfall.</summary>
public sealed record PaymentCreditsRevoked : PaymentEvent
{
    /// <summary>Taken back, debt included; 0 or more.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What could not be taken back; 0 or more.</summary>
    public Credits Shortfall { get; init; }
}

/// <summary>Credits went back to the account, since the money did not go back after all.</summary>
public sealed record PaymentCreditsRestored : PaymentEvent
{
    /// <summary>Gone back; 0 or more.</summary>
    public required Credits Amount { get; init; }

    /// <summary>By how much the shortfall was lowered; 0 or more.</summary>
    public Credits Shortfall { get; init; }
}

/// <summary>Somebody has to look at it.</summary>
public sealed record AttentionNeeded : PaymentEvent
{
    /// <summary>Why, and what to do.</summary>
    public required string Reason { get; init; }
}

/// <summary>Somebody has looked at it and done what was to be done.</summary>
public sealed record AttentionResolved : PaymentEvent
{
    /// <summary>What was done, or why nothing was to be done.</summary>
    public required string Reason { get; init; }
}

/// <summary>What a payment is for.</summary>
public enum PaymentPurpose
{
    /// <summary>Credits.</summary>
    Credits,

    /// <summary>A subscription.</summary>
    Subscription,

    /// <summary>Access to a product.</summary>
    Product,
}

/// <summary>What is asked of a provider.</summary>
public enum ProviderCall
{
    /// <summary>To open the page where it is paid.</summary>
    Open,

    /// <summary>To give money back.</summary>
    Refund,

    /// <summary>How the payment stands.</summary>
    Ask,

    /// <summary>To charge a saved method without the payer.</summary>
    Charge,
}

/// <summary>A method that a provider keeps for a customer, and that can be charged without it.</summary>
/// <param name="CustomerId">The provider's customer.</param>
/// <param name="MethodId">The provider's method.</param>
public sealed record SavedMethod(string CustomerId, string MethodId);

/// <summary>What was sold, as it was when it was sold.</summary>
/// <param name="Kind">Package, plan or product.</param>
/// <param name="Id">Its id in the catalogue.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">As the payer read it.</param>
/// <param name="Quantity">How many; from 1.</param>
/// <param name="UnitPrice">The price of one.</param>
/// <param name="ExpiresAfterDays">After how many days the credits end; null for never.</param>
public sealed record SoldItem(ItemKind Kind, string Id, long Version, string Name, long Quantity, Money UnitPrice, int? ExpiresAfterDays = null);
