using System.Collections.Immutable;

namespace Ledger.Api.ReadModels;

/// <summary>What a posting counts.</summary>
public enum JournalMeasure
{
    /// <summary>Credits of a unit.</summary>
    Units,

    /// <summary>Money, in minor units of a currency.</summary>
    Money,
}

/// <summary>The side on which an account of the chart grows.</summary>
public enum NormalSide
{
    /// <summary>What we have, and what things cost.</summary>
    Debit,

    /// <summary>What we owe, and what we earned.</summary>
    Credit,
}

/// <summary>The accounts of the chart that count units; their values are the places in a row's sums.</summary>
public enum UnitCode
{
    /// <summary>Debt of the ledger's accounts.</summary>
    Receivable,

    /// <summary>Credits of bought lots.</summary>
    OutstandingPaid,

    /// <summary>Credits of granted lots.</summary>
    OutstandingFree,

    /// <summary>On the way between two accounts.</summary>
    Transfers,

    /// <summary>Bought.</summary>
    Sold,

    /// <summary>Given as bonus, for a referral or in a promotion.</summary>
    Promotion,

    /// <summary>Given with a subscription.</summary>
    Subscription,

    /// <summary>Given as amends.</summary>
    Compensation,

    /// <summary>Corrected up.</summary>
    AdjustedUp,

    /// <summary>Spent.</summary>
    Consumed,

    /// <summary>Consumptions taken back.</summary>
    ConsumptionRefunded,

    /// <summary>Ended by time, of bought lots.</summary>
    ExpiredPaid,

    /// <summary>Ended by time, of granted lots.</summary>
    ExpiredFree,

    /// <summary>Taken back of purchases.</summary>
    Revoked,

    /// <summary>Corrected down, and forfeited at closing.</summary>
    AdjustedDown,
}

/// <summary>The accounts of the chart that count money; their values are the places in a row's sums.</summary>
public enum MoneyCode
{
    /// <summary>What purchases brought.</summary>
    Cash,

    /// <summary>The contract liability.</summary>
    Deferred,

    /// <summary>What refunds of purchases give back.</summary>
    RefundsPayable,

    /// <summary>Cost on the way between two accounts.</summary>
    Transfers,

    /// <summary>Earned by consumption.</summary>
    Revenue,

    /// <summary>Revenue of consumptions that were taken back.</summary>
    RevenueReversed,

    /// <summary>Money given back for credits that had been spent or moved on.</summary>
    RevenueRefunded,

    /// <summary>Earned by expiry.</summary>
    Breakage,

    /// <summary>Earned by corrections down and forfeits.</summary>
    Forfeited,

    /// <summary>What is left of a minor unit where two ways to share a cost meet.</summary>
    Rounding,

    /// <summary>What went back by refunds and disputes of payments: it lowers <see cref="Cash"/>.</summary>
    CashRefunded,

    /// <summary>Money that went back for credits that had been spent, and that nobody owes.</summary>
    Losses,
}

/// <summary>An account of the chart.</summary>
/// <param name="Code">Its number.</param>
/// <param name="Name">Its name in reports.</param>
/// <param name="Measure">What it counts.</param>
/// <param name="Side">The side on which it grows.</param>
/// <param name="Column">The column of its sums in the tables of the journal.</param>
/// <param name="Place">Its place in a row's sums: a <see cref="UnitCode"/> or a <see cref="MoneyCode"/>.</param>
public sealed record JournalAccount(int Code, string Name, JournalMeasure Measure, NormalSide Side, string Column, int Place);

/// <summary>The chart of accounts of the journal. Numbers are for ever: one that is given up is never used again.</summary>
public static class ChartOfAccounts
{
    /// <summary>The accounts that count units, in the order of <see cref="UnitCode"/>.</summary>
    public static ImmutableArray<JournalAccount> Units { get; } =
    [
        Unit(1500, UnitCode.Receivable, "Receivable for debt", NormalSide.Debit, "u_receivable"),
        Unit(2500, UnitCode.OutstandingPaid, "Credits outstanding, bought", NormalSide.Credit, "u_outstanding_paid"),
        Unit(2510, UnitCode.OutstandingFree, "Credits outstanding, granted", NormalSide.Credit, "u_outstanding_free"),
        Unit(2950, UnitCode.Transfers, "Transfers clearing, credits", NormalSide.Credit, "u_transfers"),
        Unit(5000, UnitCode.Sold, "Credits sold", NormalSide.Debit, "u_sold"),
        Unit(5100, UnitCode.Promotion, "Promotional expense, credits granted", NormalSide.Debit, "u_promotion"),
        Unit(5110, UnitCode.Subscription, "Credits granted with subscriptions", NormalSide.Debit, "u_subscription"),
        Unit(5120, UnitCode.Compensation, "Credits granted as compensation", NormalSide.Debit, "u_compensation"),
        Unit(5200, UnitCode.AdjustedUp, "Credits adjusted up", NormalSide.Debit, "u_adjusted_up"),
        Unit(6000, UnitCode.Consumed, "Credits consumed", NormalSide.Credit, "u_consumed"),
        Unit(6010, UnitCode.ConsumptionRefunded, "Consumptions refunded", NormalSide.Debit, "u_consumption_refunded"),
        Unit(6100, UnitCode.ExpiredPaid, "Credits expired, bought", NormalSide.Credit, "u_expired_paid"),
        Unit(6110, UnitCode.ExpiredFree, "Credits expired, granted", NormalSide.Credit, "u_expired_free"),
        Unit(6200, UnitCode.Revoked, "Credits revoked by refunds of purchases", NormalSide.Credit, "u_revoked"),
        Unit(6300, UnitCode.AdjustedDown, "Credits adjusted down or forfeited", NormalSide.Credit, "u_adjusted_down"),
    ];

    /// <summary>The accounts that count money, in the order of <see cref="MoneyCode"/>.</summary>
    public static ImmutableArray<JournalAccount> Money { get; } =
    [
        Of(1000, MoneyCode.Cash, "Cash clearing", NormalSide.Debit, "m_cash"),
        Of(2000, MoneyCode.Deferred, "Deferred revenue", NormalSide.Credit, "m_deferred"),
        Of(2100, MoneyCode.RefundsPayable, "Refunds payable", NormalSide.Credit, "m_refunds_payable"),
        Of(2900, MoneyCode.Transfers, "Transfers clearing, cost", NormalSide.Credit, "m_transfers"),
        Of(4000, MoneyCode.Revenue, "Recognised revenue", NormalSide.Credit, "m_revenue"),
        Of(4010, MoneyCode.RevenueReversed, "Revenue reversed by refunds of consumptions", NormalSide.Debit, "m_revenue_reversed"),
        Of(4020, MoneyCode.RevenueRefunded, "Revenue refunded with purchases", NormalSide.Debit, "m_revenue_refunded"),
        Of(4100, MoneyCode.Breakage, "Breakage revenue", NormalSide.Credit, "m_breakage"),
        Of(4200, MoneyCode.Forfeited, "Revenue from forfeits and adjustments", NormalSide.Credit, "m_forfeited"),
        Of(9000, MoneyCode.Rounding, "Rounding of cost shares", NormalSide.Debit, "m_rounding"),
        Of(1010, MoneyCode.CashRefunded, "Cash clearing, refunds and disputes of payments", NormalSide.Credit, "m_cash_refunded"),
        Of(7000, MoneyCode.Losses, "Losses on refunds and disputes", NormalSide.Debit, "m_losses"),
    ];

    /// <summary>All accounts, by number.</summary>
    public static ImmutableArray<JournalAccount> All { get; } = [.. Units.Concat(Money).OrderBy(account => account.Code)];

    private static JournalAccount Unit(int code, UnitCode place, string name, NormalSide side, string column) => new(code, name, JournalMeasure.Units, side, column, (int)place);

    private static JournalAccount Of(int code, MoneyCode place, string name, NormalSide side, string column) => new(code, name, JournalMeasure.Money, side, column, (int)place);
}
