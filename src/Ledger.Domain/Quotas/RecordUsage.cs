using Ledger.Domain.Accounts;

namespace Ledger.Domain.Quotas;

/// <summary>An app tells that something was used, or how much of it there is.</summary>
public sealed record RecordUsage : QuotaCommand
{
    /// <summary>The metric, by any of its names.</summary>
    public required string Metric { get; init; }

    /// <summary>How much: more than 0; of a gauge it may be taken off; of what is set 0 or more. At most 6 decimals.</summary>
    public required Credits Quantity { get; init; }

    /// <summary>Added or set.</summary>
    public required UsageMode Mode { get; init; }

    /// <summary>What part of the metric that is; null for none.</summary>
    public string? Category { get; init; }

    /// <summary>When it happened: at most 35 days back.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>Whether it is refused where it would pass the limit.</summary>
    public bool Enforce { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }

    /// <inheritdoc/>
    public override bool NeedsBaseline => Metrics.IsSeen(Metric);

    /// <inheritdoc/>
    public override bool MayTopUp => false;

    /// <inheritdoc/>
    public override QuotaDecision Decide(QuotaStates states, DateTimeOffset now) => RecordUsageHandler.Handle(this, states, now);
}

/// <summary>Records usage.</summary>
public static class RecordUsageHandler
{
    /// <summary>Checks and records in one decision, so that a limit holds under any concurrency. What happened before the running period, or before the level that was set last, is history alone.</summary>
    public static QuotaDecision Handle(RecordUsage command, QuotaStates states, DateTimeOffset now)
    {
        if (!states.Account.Exists) return QuotaDecision.Refuse(new AccountNotFound(command.Account));
        var draft = new QuotaDraft(command, states, now);
        if (draft.IsOutdated) return new QuotaDecision.Outdated();
        var metric = Metrics.Metered(command.Metric);
        var meter = states.Quota.Find(metric);
        var isGauge = meter?.IsGauge ?? Metrics.IsGauge(metric) ?? command.Mode == UsageMode.Set;
        if (Check(command, isGauge, now) is { } wrong) return QuotaDecision.Refuse(wrong);
        if (states.Account.Status == AccountStatus.Closed) return QuotaDecision.Refuse(new AccountIsClosed(command.Account));

        var category = command.Category ?? "";
        var sheet = draft.Sheet;
        var counts = meter?.CountsIn(sheet.Period.Start) ?? false;
        var part = counts ? meter!.PartOf(category) : null;
        if (meter is null && states.Quota.Meters.Count >= Quota.MetricsMax) return QuotaDecision.Refuse(new LimitReached("metrics", Quota.MetricsMax));
        if (part is null or { Amount.IsZero: true } && counts && meter!.Parts.Count(known => !known.Amount.IsZero) >= Quota.CategoriesMax) return QuotaDecision.Refuse(new LimitReached("categories of a metric", Quota.CategoriesMax));

        var (quantity, level, used) = (Metrics.ToMetered(command.Metric, command.Quantity), part?.Amount ?? Credits.Zero, sheet.UsedOf(metric));
        var change = command.Mode == UsageMode.Add ? quantity : quantity - level;
        var occurredAt = command.OccurredAt < now ? command.OccurredAt.Value : now;
        var isCounted = isGauge ? command.Mode == UsageMode.Add || part?.SetAt is not { } setAt || occurredAt >= setAt : occurredAt >= sheet.Period.Start;
        if (isCounted && (level + change).IsNegative) return QuotaDecision.Refuse(new LevelTooLow(command.Metric, Metrics.FromMetered(command.Metric, level)));
        if (isCounted && change.IsPositive && used + change > Metrics.QuantityMax) return QuotaDecision.Refuse(new InvalidAmount("quantity", $"makes more than {Metrics.MaxOf(command.Metric)} in all"));
        var limit = sheet.LimitOf(metric);
        if (command.Enforce && isCounted && change.IsPositive && used + change > limit)
            return QuotaDecision.Refuse(new QuotaExceeded(command.Metric, Metrics.FromMetered(command.Metric, limit!.Value), Metrics.FromMetered(command.Metric, used)));

        var start = sheet.Period.Start;
        draft.Add(new UsageRecorded
        {
            Metric = metric,
            PostedAs = metric == command.Metric ? null : command.Metric,
            IsGauge = isGauge,
            Category = command.Category,
            Mode = command.Mode,
            Quantity = quantity,
            Change = isCounted ? change : isGauge ? Credits.Zero : quantity,
            IsCounted = isCounted,
            PeriodStart = isGauge || !isCounted ? null : counts ? meter!.PeriodStart : start,
            OccurredAt = command.OccurredAt,
            Metadata = command.Metadata is { Count: > 0 } ? command.Metadata : null,
            Used = isCounted ? used + change : used,
            Limit = limit,
            ResetsAt = isGauge ? null : sheet.Period.End,
        });
        Alerts.OfQuota(draft, metric);
        // What is posted besides brings the level nearer at which consumptions raise the next one.
        if (Metrics.IsSeen(metric) && isCounted && draft.Account.Watch is { CrossedAt: null } watch) draft.Watch(watch with { Spent = Alerts.NextSpent(draft), Calls = Alerts.NextCalls(draft) });
        return draft.Done();
    }

    private static Refusal? Check(RecordUsage command, bool isGauge, DateTimeOffset now)
    {
        var quantity = command.Quantity;
        if (Credits.Abs(quantity) > Metrics.MaxOf(command.Metric)) return new InvalidAmount("quantity", $"must be at most {Metrics.MaxOf(command.Metric)}");
        if (quantity.Scale > Credits.ScaleMax) return new InvalidAmount("quantity", "may have at most 6 decimals");
        if (command.Mode == UsageMode.Set && quantity.IsNegative) return new InvalidAmount("quantity", "must be 0 or more with mode set");
        if (command.Mode == UsageMode.Add && quantity.IsZero) return new InvalidAmount("quantity", "must not be 0 with mode add");
        if (quantity.IsNegative && !isGauge) return new InvalidAmount("quantity", "must be more than 0: only of gauges something may be taken off");
        if (command.OccurredAt > now + Note.AheadMax) return new InvalidRequest("occurredAt", "must not be in the future");
        if (command.OccurredAt < now - Note.AgeMax) return new InvalidRequest("occurredAt", "must be at most 35 days back");
        return Checks.Metadata(command.Metadata);
    }
}
