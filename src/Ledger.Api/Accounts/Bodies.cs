using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Whose an account is.</summary>
/// <param name="Kind"><c>user</c> or <c>workspace</c>.</param>
/// <param name="Id">The app's own id.</param>
public sealed record OwnerBody(OwnerKind Kind, string Id);

/// <summary>What credits are spent on.</summary>
/// <param name="Type">The app's own type.</param>
/// <param name="Id">The app's own id.</param>
public sealed record ResourceBody(string? Type, string? Id);

/// <summary>All that ends at the soonest time.</summary>
/// <param name="Amount">How many credits.</param>
/// <param name="At">When.</param>
public sealed record ExpiryBody(Credits Amount, DateTimeOffset At);

/// <summary>When the credits that come with the account's subscription are reset.</summary>
/// <param name="At">When.</param>
public sealed record ResetBody(DateTimeOffset At);

/// <summary>What a call used, in an answer.</summary>
public sealed record UsageBody(long? InputTokens, long? OutputTokens, long? ProcessingTimeMs, bool? Success, string? ErrorMessage, JsonElement? RequestData)
{
    internal static UsageBody? Of(Usage? usage) => usage is null
        ? null
        : new UsageBody(usage.InputTokens, usage.OutputTokens, usage.ProcessingTimeMs, usage.Success, usage.ErrorMessage, usage.RequestData is null ? null : JsonSerializer.Deserialize<JsonElement>(usage.RequestData));
}

/// <summary>An account as clients see it.</summary>
public sealed record AccountBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required OwnerBody Owner { get; init; }

    /// <summary>The unit that it counts.</summary>
    public required string Unit { get; init; }

    /// <summary>The decimals of its amounts, 0 to 6.</summary>
    public required int Scale { get; init; }

    /// <summary>Open, frozen or closed.</summary>
    public required AccountStatus Status { get; init; }

    /// <summary>All credits, less debt.</summary>
    public required Credits Balance { get; init; }

    /// <summary>What active holds reserve.</summary>
    public required Credits Held { get; init; }

    /// <summary>Credits of lots whose payment is disputed.</summary>
    public required Credits Frozen { get; init; }

    /// <summary>balance - held - frozen; the overdraft is not in it.</summary>
    public required Credits Available { get; init; }

    /// <summary>What stands of debts.</summary>
    public required Credits Debt { get; init; }

    /// <summary>How far below 0 consumptions and holds may take what is available.</summary>
    public required Credits OverdraftLimit { get; init; }

    /// <summary>Everything that ever came and went.</summary>
    public required Totals Totals { get; init; }

    /// <summary>All that ends at the soonest time.</summary>
    public ExpiryBody? NextExpiry { get; init; }

    /// <summary>When the credits that come with its subscription are reset next: what came with the period ends, and the next one's come.</summary>
    public ResetBody? NextReset { get; init; }

    /// <summary>How many events made it.</summary>
    public required long Version { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last event was recorded.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>An account, judged as of a time: what has ended by then does not count, whether or not its event is written yet.</summary>
    internal static AccountBody Of(Account account, DateTimeOffset now)
    {
        var settled = account.SettledAt(now).Account;
        return new AccountBody
        {
            Id = account.Id.Value,
            Owner = new OwnerBody(account.Owner.Kind, account.Owner.Id),
            Unit = account.Unit,
            Scale = account.Scale,
            Status = account.Status,
            Balance = settled.Balance,
            Held = settled.Held,
            Frozen = settled.Frozen,
            Available = settled.Available,
            Debt = settled.Debt,
            OverdraftLimit = account.OverdraftLimit,
            Totals = settled.Totals,
            NextExpiry = settled.NextExpiryAfter(now) is var (amount, at) ? new ExpiryBody(amount, at) : null,
            NextReset = settled.NextResetAfter(now) is { } reset ? new ResetBody(reset) : null,
            Version = account.Version,
            CreatedAt = account.CreatedAt,
            UpdatedAt = account.UpdatedAt,
            Metadata = account.Metadata,
        };
    }
}

/// <summary>A part of a transaction.</summary>
/// <param name="LotId">The lot; null for debt, made or paid.</param>
/// <param name="Amount">How much.</param>
public sealed record AllocationBody([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? LotId, Credits Amount);

/// <summary>A lot as clients see it.</summary>
public sealed record LotBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Bought or given.</summary>
    public required LotKind Kind { get; init; }

    /// <summary>Why it was given; a purchase or an adjustment by name.</summary>
    public required string Source { get; init; }

    /// <summary>All that came in with it.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What it still holds.</summary>
    public required Credits Remaining { get; init; }

    /// <summary>Lower burns first.</summary>
    public required int Priority { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary><c>active</c> while something remains, <c>frozen</c> while its payment is disputed besides; else what took the last of it.</summary>
    public required string State { get; init; }

    /// <summary>What was paid for it.</summary>
    public Money? Cost { get; init; }

    /// <summary>The transaction that made it.</summary>
    public required string TransactionId { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    internal static LotBody Of(Lot lot) => new()
    {
        Id = lot.Id.Value,
        Kind = lot.Kind,
        Source = lot.Source is { } source ? Words.Of(source) : lot.Kind == LotKind.Purchased ? "purchase" : "adjustment",
        Amount = lot.Amount,
        Remaining = lot.Remaining,
        Priority = lot.Priority,
        ExpiresAt = lot.ExpiresAt,
        State = StateOf(lot),
        Cost = lot.Cost,
        TransactionId = lot.TransactionId.Value,
        CreatedAt = lot.CreatedAt,
    };

    internal static string StateOf(Lot lot) => lot.Remaining.IsPositive ? lot.IsFrozen ? "frozen" : "active" : Words.Of(lot.Ended ?? LotEnd.Depleted);
}

/// <summary>A hold as clients see it.</summary>
public sealed record HoldBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its account.</summary>
    public required string AccountId { get; init; }

    /// <summary>What it reserves, or reserved.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What was captured of it, or beyond it.</summary>
    public required Credits Captured { get; init; }

    /// <summary>Active, captured, released or expired.</summary>
    public required HoldState State { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was placed.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The app's service.</summary>
    public string? Service { get; init; }

    /// <summary>What the service does.</summary>
    public string? Operation { get; init; }

    /// <summary>The thing that it is done for.</summary>
    public ResourceBody? Resource { get; init; }

    /// <summary>Whether its capture charges the resource once only.</summary>
    public bool? OncePerResource { get; init; }

    /// <summary>What the call used.</summary>
    public UsageBody? Usage { get; init; }

    /// <summary>Who did it.</summary>
    public string? Actor { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The app's own id.</summary>
    public string? Reference { get; init; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    internal static HoldBody Of(AccountId account, Hold hold) => Of(account, hold, HoldState.Active, Credits.Zero, null, null);

    internal static HoldBody Of(AccountId account, HoldEnded ended) => Of(account, ended.Hold, ended.State, ended.Captured, ended.EndedAt, ended.Usage);

    internal static HoldBody Of(AccountId account, Hold hold, HoldState state, Credits captured, DateTimeOffset? endedAt, Usage? usage) => new()
    {
        Id = hold.Id.Value,
        AccountId = account.Value,
        Amount = hold.Amount,
        Captured = captured,
        State = state,
        ExpiresAt = hold.ExpiresAt,
        CreatedAt = hold.CreatedAt,
        EndedAt = endedAt,
        Service = hold.Spending?.Service,
        Operation = hold.Spending?.Operation,
        Resource = hold.Spending?.Resource is { } r ? new ResourceBody(r.Type, r.Id) : null,
        OncePerResource = hold.Spending?.OncePerResource is true ? true : null,
        Usage = UsageBody.Of(usage ?? hold.Spending?.Usage),
        Actor = hold.Note?.Actor,
        Description = hold.Note?.Description,
        Reference = hold.Note?.Reference,
        OccurredAt = hold.Note?.OccurredAt,
        Metadata = hold.Note?.Metadata ?? Domain.Metadata.Empty,
    };

}

/// <summary>An event as clients see it.</summary>
/// <param name="Id">Its own id.</param>
/// <param name="Version">Its place in the account's stream.</param>
/// <param name="Type">Its stored name.</param>
/// <param name="RecordedAt">When it was recorded.</param>
/// <param name="Data">What happened.</param>
public sealed record EventBody(Guid Id, long Version, string Type, DateTimeOffset RecordedAt, JsonElement Data)
{
    internal static EventBody Of(StoredEvent stored, bool decimalsAsStrings) => new(stored.Id, stored.Version, stored.Type, stored.RecordedAt,
        JsonSerializer.SerializeToElement(stored.Data, stored.Data.GetType(), decimalsAsStrings ? EventJson.WithDecimalsAsStrings : EventJson.Catalog.Json));
}
