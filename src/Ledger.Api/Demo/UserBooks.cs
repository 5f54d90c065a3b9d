namespace Ledger.Api.Demo;

/// <summary>What the demo itself knows of a user's account: what it asked for and was told is done. One call of a user is in work at a time.</summary>
/// <param name="user">Whose.</param>
/// <param name="accountId">Their account.</param>
internal sealed class UserBooks(PlannedUser user, string accountId)
{
    public PlannedUser User { get; } = user;

    public string AccountId { get; } = accountId;

    public decimal Bought { get; set; }

    public decimal Given { get; set; }

    public decimal Spent { get; set; }

    public decimal Refunded { get; set; }

    /// <summary>What should be left.</summary>
    public decimal Left => Bought + Given - Spent + Refunded;

    public int Captures { get; set; }

    public int Releases { get; set; }

    public int Refusals { get; set; }

    public int Refunds { get; set; }

    /// <summary>Calls that were not made because the user had run dry.</summary>
    public int NotMade { get; set; }

    /// <summary>How many of their calls are done with.</summary>
    public int Done { get; set; }
}
