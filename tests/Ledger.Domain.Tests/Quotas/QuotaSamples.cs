using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;

namespace Ledger.Domain.Tests.Quotas;

/// <summary>Every type of event of quotas at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class QuotaSamples
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("usage_recorded_full", new UsageRecorded
        {
            Metric = "storage_bytes", PostedAs = "storage_mb", IsGauge = true, Category = "attachments", Mode = UsageMode.Set, Quantity = 1_048_576, Change = -2, IsCounted = true, OccurredAt = Time.AddMinutes(-5),
            Metadata = Metadata.Of([new("a", "1")]), Used = 2_097_152, Limit = 1_073_741_824,
        }),
        ("usage_recorded_counter", new UsageRecorded { Metric = "api_calls", Mode = UsageMode.Add, Quantity = 1.5m, Change = 1.5m, IsCounted = true, PeriodStart = Time.AddDays(-19), Used = 7, Limit = 1000, ResetsAt = Time.AddDays(10) }),
        ("usage_recorded_small", new UsageRecorded { Metric = "calls", Mode = UsageMode.Add, Quantity = 1, Change = 1, Used = 0 }),
        ("limit_overridden_full", new LimitOverridden { Metric = "users", Limit = 25 }),
        ("limit_overridden_small", new LimitOverridden { Metric = "users" }),
        ("alerts_set_full", new AlertsSet { Settings = new([100, 20.5m], [80, 100]) }),
        ("alerts_set_small", new AlertsSet { Settings = new([], []) }),
        ("alert_raised_full", new AlertRaised { Kind = AlertKind.Quota, Metric = "api_calls", Percent = 80, Threshold = 800, Value = 801, Limit = 1000, PeriodStart = Time.AddDays(-19) }),
        ("alert_raised_small", new AlertRaised { Kind = AlertKind.LowBalance, Threshold = 20, Value = 19.5m }),
        ("alert_cleared_full", new AlertCleared { Raised = 7 }),
        ("alert_cleared_small", new AlertCleared { Raised = 1 }),
        ("auto_top_up_set_full", new AutoTopUpSet
        {
            Settings = new() { Threshold = 10, Package = "small", Quantity = 2, Price = new(1000, "usd"), ForMoney = new(1000, "usd"), ForCredits = 10, MaxPerMonth = 5, CooldownMinutes = 60, Enabled = true, Provider = "stripe" },
        }),
        ("auto_top_up_set_small", new AutoTopUpSet { Settings = new() { Threshold = 0, Package = "small", Quantity = 1, Price = new(500, "usd"), MaxPerMonth = 1, CooldownMinutes = 0, Enabled = false } }),
        ("top_up_started_full", new TopUpStarted { Number = 3, Payment = PaymentId.Of(1), Available = 4.5m, CheckAt = Time }),
        ("top_up_started_small", new TopUpStarted { Number = 1, Payment = PaymentId.Of(2), Available = -1, CheckAt = Time }),
        ("top_up_ended_full", new TopUpEnded { Payment = PaymentId.Of(1), Reason = "card_declined", NotBefore = Time.AddHours(1) }),
        ("top_up_ended_small", new TopUpEnded { Payment = PaymentId.Of(1), IsPaid = true }),
        ("top_up_paid_late_full", new TopUpPaidLate { Payment = PaymentId.Of(1), PaidAt = Time }),
        ("top_up_paid_late_small", new TopUpPaidLate { Payment = PaymentId.Of(2), PaidAt = Time }),
        ("top_up_waits_full", new TopUpWaits { Until = Time.AddHours(2), Reason = "there is no saved payment method that can be charged", Failed = true }),
        ("top_up_waits_small", new TopUpWaits()),
    ];
}
