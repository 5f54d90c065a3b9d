using Ledger.Domain;

namespace Ledger.Api.Reports;

/// <summary>The trial balance at an instant.</summary>
/// <param name="At">All that was recorded by then.</param>
/// <param name="IsZero">Whether debits equal credits in every unit and currency.</param>
/// <param name="Units">The accounts of the chart that count credits, for each unit.</param>
/// <param name="Money">Those that count money, for each currency.</param>
public sealed record TrialBalanceBody(DateTimeOffset At, bool IsZero, IReadOnlyList<UnitBalanceBody> Units, IReadOnlyList<MoneyBalanceBody> Money);

/// <summary>The trial balance of a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Debit">The sum of all debit balances.</param>
/// <param name="Credit">The sum of all credit balances.</param>
/// <param name="Accounts">Each account of the chart with its balance.</param>
public sealed record UnitBalanceBody(string Unit, Credits Debit, Credits Credit, IReadOnlyList<UnitAccountBody> Accounts);

/// <summary>An account of the chart that counts credits; its balance stands on one side.</summary>
/// <param name="Code">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Debit">What its debits exceed its credits by, or 0.</param>
/// <param name="Credit">What its credits exceed its debits by, or 0.</param>
public sealed record UnitAccountBody(int Code, string Name, Credits Debit, Credits Credit);

/// <summary>The trial balance of a currency, in its minor unit.</summary>
/// <param name="Currency">The currency.</param>
/// <param name="Debit">The sum of all debit balances.</param>
/// <param name="Credit">The sum of all credit balances.</param>
/// <param name="Accounts">Each account of the chart with its balance.</param>
public sealed record MoneyBalanceBody(string Currency, decimal Debit, decimal Credit, IReadOnlyList<MoneyAccountBody> Accounts);

/// <summary>An account of the chart that counts money, in the currency's minor unit; its balance stands on one side.</summary>
/// <param name="Code">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Debit">What its debits exceed its credits by, or 0.</param>
/// <param name="Credit">What its credits exceed its debits by, or 0.</param>
public sealed record MoneyAccountBody(int Code, string Name, decimal Debit, decimal Credit);

/// <summary>A report by periods.</summary>
/// <param name="From">Where it begins; that instant is in it.</param>
/// <param name="To">Where it ends; that instant is not in it.</param>
/// <param name="Data">The periods, the oldest first, for each unit or currency.</param>
public sealed record ReportBody<T>(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<T> Data);

/// <summary>
/// Deferred revenue over a period, in minor units: <c>opening</c> + <c>added</c> - <c>recognised</c> - <c>breakage</c> - <c>refunded</c> - <c>forfeited</c> - <c>rounding</c> = <c>closing</c>.
/// </summary>
public sealed record DeferredRevenueBody
{
    /// <summary>The currency.</summary>
    public required string Currency { get; init; }

    /// <summary>The day or month, UTC; left out where the report is not grouped.</summary>
    public string? Period { get; init; }

    /// <summary>Deferred before the period.</summary>
    public required decimal Opening { get; init; }

    /// <summary>Bought.</summary>
    public required decimal Added { get; init; }

    /// <summary>Earned by consumption, less what refunds of consumptions reversed.</summary>
    public required decimal Recognised { get; init; }

    /// <summary>Earned by expiry.</summary>
    public required decimal Breakage { get; init; }

    /// <summary>Released by refunds of purchases.</summary>
    public required decimal Refunded { get; init; }

    /// <summary>Earned by corrections down and forfeits.</summary>
    public required decimal Forfeited { get; init; }

    /// <summary>Rounding of shares of costs.</summary>
    public required decimal Rounding { get; init; }

    /// <summary>Deferred after the period.</summary>
    public required decimal Closing { get; init; }
}

/// <summary>What expired in a period: credits of each unit, and in each currency the revenue that this was. One of <c>unit</c> and <c>currency</c> is there.</summary>
public sealed record BreakageBody
{
    /// <summary>The unit of the credits.</summary>
    public string? Unit { get; init; }

    /// <summary>The currency of the money.</summary>
    public string? Currency { get; init; }

    /// <summary>The day or month, UTC; left out where the report is not grouped.</summary>
    public string? Period { get; init; }

    /// <summary>Bought credits that expired.</summary>
    public Credits? ExpiredBought { get; init; }

    /// <summary>Granted credits that expired.</summary>
    public Credits? ExpiredGranted { get; init; }

    /// <summary>Credits consumed in the same period, less refunds, to compare with.</summary>
    public Credits? Consumed { get; init; }

    /// <summary>Revenue from expired credits, in minor units.</summary>
    public decimal? Breakage { get; init; }

    /// <summary>Revenue from consumed credits in the same period, less what was reversed, in minor units, to compare with.</summary>
    public decimal? Recognised { get; init; }
}

/// <summary>
/// Credits of a unit over a period: <c>opening</c> + <c>purchased</c> + <c>granted</c> + <c>refunded</c> + <c>adjusted</c> - <c>consumed</c> - <c>expired</c> - <c>revoked</c> = <c>closing</c> = <c>outstanding</c> - <c>debt</c>.
/// Transfers stay within the tenant.
/// </summary>
public sealed record CreditsReportBody
{
    /// <summary>The unit.</summary>
    public required string Unit { get; init; }

    /// <summary>The day or month, UTC; left out where the report is not grouped.</summary>
    public string? Period { get; init; }

    /// <summary>All balances before the period.</summary>
    public required Credits Opening { get; init; }

    /// <summary>Issued for money.</summary>
    public required Credits Purchased { get; init; }

    /// <summary>Issued for nothing.</summary>
    public required Credits Granted { get; init; }

    /// <summary>Given back of consumptions.</summary>
    public required Credits Refunded { get; init; }

    /// <summary>Corrections, up less down.</summary>
    public required Credits Adjusted { get; init; }

    /// <summary>Burnt.</summary>
    public required Credits Consumed { get; init; }

    /// <summary>Ended by time.</summary>
    public required Credits Expired { get; init; }

    /// <summary>Taken back of purchases.</summary>
    public required Credits Revoked { get; init; }

    /// <summary>All balances after the period.</summary>
    public required Credits Closing { get; init; }

    /// <summary>What lots hold after the period.</summary>
    public required Credits Outstanding { get; init; }

    /// <summary>What accounts owe after the period.</summary>
    public required Credits Debt { get; init; }
}
