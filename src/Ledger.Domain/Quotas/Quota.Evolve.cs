namespace Ledger.Domain.Quotas;

public sealed partial record Quota
{
    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The state after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Quota Evolve(QuotaEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1 };
        switch (happened)
        {
            case UsageRecorded e:
                return next with { Meters = Put(Meters, Counted(e, recordedAt), meter => meter.Metric) };
            case LimitOverridden { Limit: { } limit } e:
                return next with { Overrides = Put(Overrides, new(e.Metric, limit), own => own.Metric) };
            case LimitOverridden e:
                return next with { Overrides = [.. Overrides.Where(own => own.Metric != e.Metric)] };
            case AlertsSet e:
                return next with { Alerts = e.Settings, Standing = [.. Standing.Where(alert => alert.Kind == AlertKind.LowBalance ? e.Settings.LowBalance.Contains(alert.Threshold) : e.Settings.QuotaPercent.Contains(alert.Percent ?? 0))] };
            case AlertRaised e:
                return next with { Standing = [.. Standing.Where(alert => !IsSame(alert, e)), new(e.Kind, e.Metric, e.Percent, e.Threshold, e.PeriodStart, next.Version)] };
            case AlertCleared e:
                return next with { Standing = [.. Standing.Where(alert => alert.Version != e.Raised)] };
            case AutoTopUpSet e:
                return next with { AutoTopUp = e.Settings, TopUp = TopUp with { Last = TopUp.Open, Failures = 0, NotBefore = null, Reason = null, WakeAt = TopUp.Open is null ? null : TopUp.WakeAt } };
            case TopUpStarted e:
                var month = QuotaPeriod.MonthOf(recordedAt);
                return next with
                {
                    TopUp = TopUp with { Number = e.Number, Open = e.Payment, Last = e.Payment, StartedAt = recordedAt, Looks = 0, WakeAt = e.CheckAt, NotBefore = null, Reason = null, Month = month, InMonth = TopUp.Month == month ? TopUp.InMonth + 1 : 1 },
                };
            case TopUpEnded { IsPaid: true }:
                return next with { TopUp = TopUp with { Open = null, Failures = 0, NotBefore = null, Reason = null, WakeAt = null } };
            case TopUpEnded e:
                return next with { TopUp = TopUp with { Open = null, Failures = TopUp.Failures + 1, NotBefore = e.NotBefore, Reason = e.Reason, WakeAt = e.NotBefore, InMonth = Math.Max(0, TopUp.InMonth - 1), Vain = [.. TopUp.Vain.TakeLast(TopUpState.VainMax - 1), e.Payment] } };
            case TopUpPaidLate e:
                var paid = QuotaPeriod.MonthOf(e.PaidAt);
                var top = TopUp with { Vain = [.. TopUp.Vain.Where(known => known != e.Payment)] };
                return next with { TopUp = TopUp.Month == paid ? top with { InMonth = TopUp.InMonth + 1 } : TopUp.Month > paid ? top : top with { Month = paid, InMonth = 1 } };
            case TopUpWaits e:
                return next with
                {
                    TopUp = TopUp with
                    {
                        WakeAt = e.Until,
                        Reason = TopUp.Open is null ? e.Reason : TopUp.Reason,
                        Looks = TopUp.Open is null ? TopUp.Looks : TopUp.Looks + 1,
                        Failures = e.Failed ? TopUp.Failures + 1 : TopUp.Failures,
                        NotBefore = e.Failed ? e.Until : TopUp.NotBefore,
                    },
                };
        }

        return next;
    }

    private static bool IsSame(StandingAlert alert, AlertRaised e) => alert.Kind == e.Kind && alert.Metric == e.Metric && alert.Percent == e.Percent && (e.Kind == AlertKind.Quota || alert.Threshold == e.Threshold);

    private Meter Counted(UsageRecorded e, DateTimeOffset recordedAt)
    {
        var meter = Find(e.Metric) ?? new Meter { Metric = e.Metric, IsGauge = e.IsGauge };
        if (!e.IsCounted) return meter;
        if (!e.IsGauge && (meter.PeriodStart is null || e.PeriodStart > meter.PeriodStart)) meter = meter with { PeriodStart = e.PeriodStart, Parts = [] };
        var now = meter.PartOf(e.Category ?? "") ?? new UsedPart(e.Category ?? "", Credits.Zero);
        now = now with { Amount = now.Amount + e.Change };
        // Clocks of apps may be ahead: what is set after it is newer all the same.
        if (e is { Mode: UsageMode.Set, IsGauge: true }) now = now with { SetAt = e.OccurredAt < recordedAt ? e.OccurredAt : recordedAt };
        var parts = Put(meter.Parts, now, part => part.Category);
        var old = recordedAt - Accounts.Note.AgeMax;
        // A part that is nothing is forgotten, so that names come and go; but not before all older levels of it are too old to be told.
        var nothing = parts.Where(part => part.Amount.IsZero).OrderByDescending(part => part.SetAt).ToList();
        if (nothing.Count == 0) return meter with { Parts = parts };
        var kept = nothing.Where(part => part.SetAt >= old).Take(CategoriesMax).Select(part => part.Category).ToHashSet(StringComparer.Ordinal);
        return meter with { Parts = [.. parts.Where(part => !part.Amount.IsZero || kept.Contains(part.Category))] };
    }

    private static ValueList<T> Put<T>(ValueList<T> list, T item, Func<T, string> name)
    {
        var items = new List<T>(list.Count + 1);
        var put = false;
        foreach (var one in list)
        {
            var order = string.CompareOrdinal(name(one), name(item));
            if (order >= 0 && !put)
            {
                items.Add(item);
                put = true;
            }

            if (order != 0) items.Add(one);
        }

        if (!put) items.Add(item);
        return [.. items];
    }
}
