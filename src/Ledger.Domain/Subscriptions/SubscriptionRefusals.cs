namespace Ledger.Domain.Subscriptions;

/// <summary>There is no such subscription (404).</summary>
public sealed record SubscriptionNotFound(SubscriptionId Subscription) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"There is no subscription {Subscription}. Take the id from the account's list of subscriptions.";
}

/// <summary>The account has a live subscription already (409).</summary>
/// <param name="Subscription">That one.</param>
/// <param name="State">How it stands.</param>
public sealed record SubscriptionExists(SubscriptionId Subscription, SubscriptionStatus State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"The account has the live subscription {Subscription}, and an account has one. Change that one, or cancel it first.";
}

/// <summary>What is asked does not go with how the subscription stands (409).</summary>
/// <param name="What">Why, and what to do about it.</param>
/// <param name="State">How the subscription stands.</param>
public sealed record SubscriptionConflict(string What, SubscriptionStatus State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => What;
}

/// <summary>The caller may not give away a plan that costs something (403).</summary>
public sealed record PaidPlanNotAllowed : Refusal
{
    /// <inheritdoc/>
    public override string Detail => "Only an administrator gives a plan that costs something without a payment. Name a provider that it is paid by, or send it with an administrator's key.";
}
