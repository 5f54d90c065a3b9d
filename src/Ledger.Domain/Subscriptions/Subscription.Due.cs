namespace Ledger.Domain.Subscriptions;

// What time does: each step has its due time, which is part of the state.
public sealed partial record Subscription
{
    /// <summary>How long before its trial ends that is announced.</summary>
    public static readonly TimeSpan AnnouncedBefore = TimeSpan.FromDays(3);

    /// <summary>How long after a period or trial its provider's word is waited for, before a payment counts as missing.</summary>
    public static readonly TimeSpan ProviderWait = TimeSpan.FromHours(1);

    /// <summary>How long before the end of a period its provider is asked for periods of another length, which it begins at once.</summary>
    public static readonly TimeSpan ChangedBefore = TimeSpan.FromHours(1);

    /// <summary>How long after a period was to begin its credits are taken to be on their way: providers charge a renewal an hour or so after it has begun, and try again within the day.</summary>
    public static readonly TimeSpan CreditsWait = TimeSpan.FromHours(24);

    /// <summary>When something is due on it next: the end of its trial, period or grace, an announcement, a call to its provider. Null where nothing is.</summary>
    public DateTimeOffset? NextDue => Sooner(NextStep?.At, NextCall);

    /// <summary>When time does something to it next: <see cref="NextDue"/> without calls to the provider. Null where time does nothing.</summary>
    public DateTimeOffset? NextStepAt => NextStep?.At;

    /// <summary>What time does to it next, and when; null where time does nothing. Calls to the provider are not in it.</summary>
    internal (DueStep Step, DateTimeOffset At)? NextStep
    {
        get
        {
            if (!Exists || HasEnded) return null;
            (DueStep Step, DateTimeOffset At)? next = null;
            foreach (var (step, at) in Steps())
            {
                if (at is { } time && (next is null || time < next.Value.At)) next = (step, time);
            }

            return next;
        }
    }

    // At equal times what comes first here is done first: credits roll before the period ends.
    private IEnumerable<(DueStep Step, DateTimeOffset? At)> Steps()
    {
        switch (Status)
        {
            case SubscriptionStatus.Incomplete:
                yield return (DueStep.Begin, StartsAt);
                yield return (DueStep.GiveUp, WaitsUntil);
                break;
            case SubscriptionStatus.Trialing:
                yield return (DueStep.Announce, IsTrialEndAnnounced ? null : TrialEnd - AnnouncedBefore);
                yield return (DueStep.EndTrial, WaitsForProvider ? TrialEnd + ProviderWait : TrialEnd);
                break;
            case SubscriptionStatus.Active:
                yield return (DueStep.Roll, FirstRoll);
                yield return (DueStep.Change, ChangesLength && !IsChangeAsked && !CancelAtPeriodEnd ? CurrentPeriodEnd - ChangedBefore : null);
                yield return (DueStep.EndPeriod, WaitsForProvider ? CurrentPeriodEnd + ProviderWait : CurrentPeriodEnd);
                break;
            case SubscriptionStatus.PastDue:
                yield return (DueStep.Roll, FirstRoll);
                yield return (DueStep.EndPeriod, CancelAtPeriodEnd || IsLastPeriod ? CurrentPeriodEnd : null);
                yield return (DueStep.EndGrace, IsAsked ? null : GraceEndsAt);
                break;
            case SubscriptionStatus.Paused:
                yield return (DueStep.Roll, FirstRoll);
                yield return (DueStep.EndPeriod, CancelAtPeriodEnd || IsLastPeriod ? CurrentPeriodEnd : null);
                break;
        }
    }

    // Its provider's answer decides about the end of the grace.
    private bool IsAsked => Asks.Any(ask => ask.Kind == ProviderActionKind.Ask);

    /// <summary>Since when the credits of a period are on their way that its provider charges by itself: the running one has ended and nothing was told of the next, or that has begun and is not paid yet. Null where none are to come, or they were waited for long enough.</summary>
    /// <param name="now">Business time.</param>
    public DateTimeOffset? CreditsAwaitedSince(DateTimeOffset now)
    {
        if (!Exists || !WaitsForProvider || Status is not (SubscriptionStatus.Active or SubscriptionStatus.Trialing)) return null;
        if (!(Scheduled?.Plan ?? Plan).Terms.CreditsPerPeriod.IsPositive && !RolloverMax.IsPositive) return null;
        var since = CurrentPeriodEnd <= now ? CurrentPeriodEnd : GrantedPeriod < Period ? CurrentPeriodStart : null;
        return since <= now && now < since + CreditsWait ? since : null;
    }

    private bool WaitsForProvider => RenewsAtProvider && !CancelAtPeriodEnd;

    private DateTimeOffset? FirstRoll => Rolls.Count == 0 ? null : Rolls[0];

    private static DateTimeOffset? Sooner(DateTimeOffset? left, DateTimeOffset? right) => left is null || right < left ? right ?? left : left;
}

/// <summary>What time does to a subscription.</summary>
internal enum DueStep
{
    /// <summary>It begins, as was said when it was started.</summary>
    Begin,

    /// <summary>Its first payment never came.</summary>
    GiveUp,

    /// <summary>The end of its trial is announced.</summary>
    Announce,

    /// <summary>Its trial ends.</summary>
    EndTrial,

    /// <summary>What is left of a period's credits rolls that the next one followed early.</summary>
    Roll,

    /// <summary>Its provider is asked for periods of another length, just before the running one ends.</summary>
    Change,

    /// <summary>Its period ends.</summary>
    EndPeriod,

    /// <summary>Its grace ends.</summary>
    EndGrace,
}
