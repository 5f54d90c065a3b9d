using Ledger.Api.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Subscriptions;

/// <summary>An account subscribes.</summary>
public sealed record StartSubscriptionRequest
{
    /// <summary>The plan, by its id in the catalogue.</summary>
    public string? PlanId { get; init; }

    /// <summary>Days of trial, 0 to 730; the plan's where it is left out.</summary>
    public int? TrialDays { get; init; }

    /// <summary>How many people use it, within the plan's bounds.</summary>
    public int? Seats { get; init; }

    /// <summary>Who is paid: stripe, midtrans, or manual (nobody; for a plan that costs something it needs an administrator). Manual where it is left out.</summary>
    public string? Provider { get; init; }

    /// <summary>When it begins; at once where it is left out. For manual alone.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>Who pays.</summary>
    public CheckoutCustomerRequest? Customer { get; init; }
}

/// <summary>Another plan, or other seats.</summary>
public sealed record ChangeSubscriptionRequest
{
    /// <summary>The plan from then on; as now where it is left out.</summary>
    public string? PlanId { get; init; }

    /// <summary>now, or period_end; now where it is left out.</summary>
    public ChangeWhen? When { get; init; }

    /// <summary>Whether the provider settles the rest of the period; true where it is left out.</summary>
    public bool? Prorate { get; init; }

    /// <summary>The seats from then on; as now where it is left out.</summary>
    public int? Seats { get; init; }
}

/// <summary>It is to end.</summary>
public sealed record CancelSubscriptionRequest
{
    /// <summary>now, or period_end; period_end where it is left out.</summary>
    public ChangeWhen? When { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>It is to rest.</summary>
public sealed record PauseSubscriptionRequest;

/// <summary>Its payment is missing.</summary>
public sealed record MarkPastDueRequest
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>It is to go on.</summary>
public sealed record ResumeSubscriptionRequest;

/// <summary>Its next period is to begin.</summary>
public sealed record RenewSubscriptionRequest
{
    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>Who pays.</summary>
    public CheckoutCustomerRequest? Customer { get; init; }
}
