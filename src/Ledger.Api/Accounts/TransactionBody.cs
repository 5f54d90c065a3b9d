using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>A transaction as clients see it: read from its event alone.</summary>
public sealed record TransactionBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Its account.</summary>
    public required string AccountId { get; init; }

    /// <summary>What it is.</summary>
    public required TransactionType Type { get; init; }

    /// <summary>Which way it moved the balance.</summary>
    public required Direction Direction { get; init; }

    /// <summary>How much; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>The balance before.</summary>
    public required Credits BalanceBefore { get; init; }

    /// <summary>The balance after.</summary>
    public required Credits BalanceAfter { get; init; }

    /// <summary>What was available after.</summary>
    public required Credits Available { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The app's own id.</summary>
    public string? Reference { get; init; }

    /// <summary>From or to which lots.</summary>
    public required IReadOnlyList<AllocationBody> Allocations { get; init; }

    /// <summary>The app's service.</summary>
    public string? Service { get; init; }

    /// <summary>What the service did.</summary>
    public string? Operation { get; init; }

    /// <summary>The thing that it was done for.</summary>
    public ResourceBody? Resource { get; init; }

    /// <summary>Whether the resource is charged once only.</summary>
    public bool? OncePerResource { get; init; }

    /// <summary>What the call used.</summary>
    public UsageBody? Usage { get; init; }

    /// <summary>What was paid for a purchase.</summary>
    public Money? Price { get; init; }

    /// <summary>The payment that a purchase counts.</summary>
    public string? PaymentId { get; init; }

    /// <summary>Why credits were granted.</summary>
    public GrantSource? Source { get; init; }

    /// <summary>The priority of a grant's lot.</summary>
    public int? Priority { get; init; }

    /// <summary>When the lot ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Who did it.</summary>
    public string? Actor { get; init; }

    /// <summary>The transaction that this takes back.</summary>
    public string? RefundOf { get; init; }

    /// <summary>The hold that this captured.</summary>
    public string? HoldId { get; init; }

    /// <summary>Where transferred credits came from.</summary>
    public string? FromAccountId { get; init; }

    /// <summary>Where transferred credits went.</summary>
    public string? ToAccountId { get; init; }

    /// <summary>The account's version with it.</summary>
    public required long Version { get; init; }

    /// <summary>When it happened, as the app says.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When it was recorded.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The hash of its event, SHA-256 in hex; on a statement only, where it proves the line against what was recorded.</summary>
    public string? EventHash { get; init; }

    /// <summary>The transaction that a stored event is; null where it is none.</summary>
    internal static TransactionBody? Of(StoredEvent stored)
    {
        if (stored.Data is not TransactionEvent e) return null;
        var account = AccountModel.AccountOf(stored.Stream).Value;
        var spending = (e as ConsumptionEvent)?.Spending;
        var allocations = new AllocationBody[e.Allocations.Count];
        for (var i = 0; i < allocations.Length; i++) allocations[i] = new AllocationBody(e.Allocations[i].Lot?.Value, e.Allocations[i].Amount);
        return new TransactionBody
        {
            Id = e.Id.Value,
            AccountId = account,
            Type = e.Type(),
            Direction = e.Direction(),
            Amount = e.Amount,
            BalanceBefore = e.Before,
            BalanceAfter = e.After,
            Available = e.Available,
            Description = e.Note?.Description,
            Reference = e.Note?.Reference,
            Allocations = allocations,
            Service = spending?.Service,
            Operation = spending?.Operation,
            Resource = spending?.Resource is { } r ? new ResourceBody(r.Type, r.Id) : null,
            OncePerResource = spending?.OncePerResource is true ? true : null,
            Usage = UsageBody.Of(spending?.Usage),
            Price = (e as CreditsPurchased)?.Price,
            PaymentId = (e as CreditsPurchased)?.PaymentId,
            Source = (e as CreditsGranted)?.Source,
            Priority = (e as CreditsGranted)?.Priority,
            ExpiresAt = e switch { CreditsGranted g => g.ExpiresAt, CreditsPurchased p => p.ExpiresAt, _ => null },
            Reason = e switch { ConsumptionRefunded c => c.Reason, PurchaseRefunded p => p.Reason, PurchaseRestored p => p.Reason, CreditsAdjusted a => a.Reason, _ => null },
            Actor = e.Note?.Actor,
            RefundOf = e switch { ConsumptionRefunded c => c.RefundOf.Value, PurchaseRefunded p => p.RefundOf.Value, PurchaseRestored p => p.RefundOf.Value, _ => null },
            HoldId = (e as HoldCaptured)?.Hold.Value,
            FromAccountId = e switch { CreditsTransferredIn i => i.From.Value, CreditsTransferredOut => account, _ => null },
            ToAccountId = e switch { CreditsTransferredOut o => o.To.Value, CreditsTransferredIn => account, _ => null },
            Version = stored.Version,
            OccurredAt = e.Note?.OccurredAt ?? stored.RecordedAt,
            RecordedAt = stored.RecordedAt,
            Metadata = e.Note?.Metadata ?? Domain.Metadata.Empty,
        };
    }
}
