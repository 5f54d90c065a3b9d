using System.Collections.Immutable;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>A command on a subscription, its account, its place and its invoices. All of them are appended to in one commit, or none.</summary>
public abstract record SubscriptionCommand
{
    /// <summary>The subscription.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The plan that it wants, by its id in the catalogue; null where it wants none.</summary>
    public string? PlanId { get; init; }

    /// <summary>Payments that it may open or change; none for most.</summary>
    public virtual ImmutableArray<PaymentId> Payments => [];

    /// <summary>References of payments, as <see cref="Payment.RefName"/> has them, that say which of them it is about.</summary>
    public virtual ImmutableArray<string> PaymentRefs => [];

    /// <summary>Hands the command to its handler.</summary>
    /// <param name="draft">What was loaded; what happens is added to it.</param>
    /// <param name="plan">The catalogue's place of <see cref="PlanId"/>, as it is in this very commit; null where it wants none.</param>
    public abstract SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan);
}

/// <summary>What a command on a subscription comes to.</summary>
public abstract record SubscriptionDecision
{
    private SubscriptionDecision()
    {
    }

    /// <summary>What the draft holds is appended.</summary>
    public static SubscriptionDecision Accept { get; } = new Accepted();

    /// <summary>Refused; nothing is appended.</summary>
    public static SubscriptionDecision Refuse(Refusal refusal) => new Refused(refusal);

    /// <summary>What the draft holds is appended.</summary>
    public sealed record Accepted : SubscriptionDecision;

    /// <summary>Nothing has to change.</summary>
    /// <param name="Why">Why not, for a list of what was told.</param>
    public sealed record Nothing(string Why) : SubscriptionDecision;

    /// <summary>It can't be done yet: something else has to be known first. Try again later.</summary>
    /// <param name="Why">What is missing.</param>
    public sealed record Waits(string Why) : SubscriptionDecision;

    /// <summary>Refused for a reason.</summary>
    public sealed record Refused(Refusal Refusal) : SubscriptionDecision;
}

/// <summary>When something takes effect.</summary>
public enum ChangeWhen
{
    /// <summary>At once.</summary>
    Now,

    /// <summary>With the end of the period.</summary>
    PeriodEnd,
}
