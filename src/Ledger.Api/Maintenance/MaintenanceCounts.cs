using Ledger.Domain.Accounts;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Maintenance;

/// <summary>What a run of maintenance did.</summary>
public sealed record MaintenanceBody
{
    /// <summary>Business time at its end.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Trials that ended, whatever came after.</summary>
    public required long TrialsEnded { get; init; }

    /// <summary>Ends of trials that were announced, three days before.</summary>
    public required long Announced { get; init; }

    /// <summary>Periods that followed another one.</summary>
    public required long Renewed { get; init; }

    /// <summary>Periods whose credits were given, after those that were left had ended or rolled.</summary>
    public required long PeriodsGranted { get; init; }

    /// <summary>Subscriptions whose payment is missing from now on.</summary>
    public required long PastDue { get; init; }

    /// <summary>Subscriptions that ended as somebody wanted, or because a payment stayed away.</summary>
    public required long SubscriptionsCanceled { get; init; }

    /// <summary>Subscriptions that ended by themselves.</summary>
    public required long SubscriptionsExpired { get; init; }

    /// <summary>Subscriptions that were given up because their first payment never came.</summary>
    public required long IncompleteExpired { get; init; }

    /// <summary>Lots whose time ended.</summary>
    public required long LotsExpired { get; init; }

    /// <summary>Holds whose time ended.</summary>
    public required long HoldsExpired { get; init; }

    /// <summary>Alerts that were raised.</summary>
    public required long AlertsRaised { get; init; }

    /// <summary>Purchases that began by themselves.</summary>
    public required long TopUpsStarted { get; init; }

    /// <summary>Accounts, subscriptions and others on which something was done.</summary>
    public required long Settled { get; init; }

    /// <summary>Those on which it could not be done; it is tried again, and the log says why.</summary>
    public required long Failed { get; init; }

    /// <summary>Whether the time was over before all was done: it goes on by itself, or with another run.</summary>
    public required bool More { get; init; }
}

/// <summary>Adds up what a run does.</summary>
internal sealed class MaintenanceCounts
{
    private long trialsEnded, announced, renewed, periodsGranted, pastDue, canceled, expired, incomplete, lots, holds, alerts, topUps, settled, failed;

    /// <summary>One stream was done, or tried.</summary>
    public void Add(Settled done)
    {
        if (done.HasFailed) failed++;
        else if (done.Events.Count > 0) settled++;
        if (done.TrialEnded) trialsEnded++;
        foreach (var stored in done.Events)
        {
            switch (stored.Data)
            {
                case TrialEndAnnounced: announced++; break;
                case PeriodStarted { Period: > 1 }: renewed++; break;
                case PeriodGranted: periodsGranted++; break;
                case SubscriptionPastDue: pastDue++; break;
                case SubscriptionEnded { As: SubscriptionStatus.Canceled }: canceled++; break;
                case SubscriptionEnded { As: SubscriptionStatus.Expired }: expired++; break;
                case SubscriptionEnded { As: SubscriptionStatus.IncompleteExpired }: incomplete++; break;
                case LotExpired: lots++; break;
                case HoldExpired: holds++; break;
                case AlertRaised: alerts++; break;
                case TopUpStarted: topUps++; break;
            }
        }
    }

    /// <summary>All of it.</summary>
    public MaintenanceBody ToBody(DateTimeOffset at, bool more) => new()
    {
        At = at,
        TrialsEnded = trialsEnded,
        Announced = announced,
        Renewed = renewed,
        PeriodsGranted = periodsGranted,
        PastDue = pastDue,
        SubscriptionsCanceled = canceled,
        SubscriptionsExpired = expired,
        IncompleteExpired = incomplete,
        LotsExpired = lots,
        HoldsExpired = holds,
        AlertsRaised = alerts,
        TopUpsStarted = topUps,
        Settled = settled,
        Failed = failed,
        More = more,
    };
}
