using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Quotas;

/// <summary>What can be charged without the payer: a saved method of the account.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="CustomerId">The provider's customer.</param>
/// <param name="MethodId">The provider's method.</param>
public sealed record Chargeable(string Provider, string CustomerId, string MethodId);

/// <summary>What was looked up for a command before it was sent. It is held against what is true when the command is decided.</summary>
/// <param name="Baseline">What the ledger had seen when the period began.</param>
/// <param name="Method">What could be charged; null where nothing can.</param>
/// <param name="NoMethod">Why nothing can be charged.</param>
public sealed record LookedUp(Baseline? Baseline = null, Chargeable? Method = null, string? NoMethod = null);

/// <summary>What was loaded for a command.</summary>
public sealed record QuotaStates
{
    /// <summary>The account's quotas.</summary>
    public required Quota Quota { get; init; }

    /// <summary>The account; an unopened one where there is none.</summary>
    public required Account Account { get; init; }

    /// <summary>Its live subscription; null for none.</summary>
    public Subscription? Live { get; init; }

    /// <summary>The last subscription that ended, where none is live; null for none.</summary>
    public Subscription? Ended { get; init; }

    /// <summary>Since when something is due on the live subscription that is not written down yet: its credits may be on their way. Null where nothing is.</summary>
    public DateTimeOffset? SubscriptionDueSince { get; init; }

    /// <summary>The last top-up's payment, under way or not; null where there is none that counts.</summary>
    public Payment? Last { get; init; }

    /// <summary>The payments of tries in vain that are remembered, as they stand now: one of them may have been paid late.</summary>
    public ImmutableArray<Payment> Vain { get; init; } = [];

    /// <summary>The name of the next top-up's payment; made of tenant, account and number, so that it is begun once.</summary>
    public PaymentId Next { get; init; }

    /// <summary>The package that is bought, as the catalogue has it in this very commit; null where none is wanted.</summary>
    public CatalogItem? Package { get; init; }
}

/// <summary>A command on what an account uses. Its quotas, the account's watch and a payment that begins are appended to in one commit, or none.</summary>
public abstract record QuotaCommand
{
    /// <summary>The account.</summary>
    public required AccountId Account { get; init; }

    /// <summary>What was looked up before it was sent.</summary>
    public LookedUp LookedUp { get; init; } = new();

    /// <summary>Whether it is decided on what the ledger itself sees too.</summary>
    public virtual bool NeedsBaseline => true;

    /// <summary>Whether it may begin a payment or end one, so that payments and packages have to be loaded.</summary>
    public virtual bool MayTopUp => true;

    /// <summary>The package that it is about; null for that of the settings that stand.</summary>
    public virtual string? Package => null;

    /// <summary>Hands the command to its handler.</summary>
    /// <param name="states">What was loaded.</param>
    /// <param name="now">Business time, UTC, in whole microseconds, never before the last event of any stream involved.</param>
    public abstract QuotaDecision Decide(QuotaStates states, DateTimeOffset now);
}

/// <summary>What a command on quotas comes to.</summary>
public abstract record QuotaDecision
{
    private QuotaDecision()
    {
    }

    /// <summary>Refused; nothing is appended.</summary>
    public static QuotaDecision Refuse(Refusal refusal) => new Refused(refusal);

    /// <summary>Events to append.</summary>
    /// <param name="Quota">Of the quotas; the first one answers where the command recorded something. May be none.</param>
    /// <param name="Account">Of the account.</param>
    /// <param name="Payment">Of the payment that begins: none, or one.</param>
    public sealed record Accepted(ImmutableArray<QuotaEvent> Quota, ImmutableArray<AccountEvent> Account, ImmutableArray<PaymentEvent> Payment) : QuotaDecision
    {
        /// <summary>Of the last top-up's payment: none, or one that calls it off.</summary>
        public ImmutableArray<PaymentEvent> CalledOff { get; init; } = [];
    }

    /// <summary>What was looked up is not what holds by now: look again.</summary>
    public sealed record Outdated : QuotaDecision;

    /// <summary>Refused for a reason.</summary>
    public sealed record Refused(Refusal Refusal) : QuotaDecision;
}
