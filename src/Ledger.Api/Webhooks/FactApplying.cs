using System.Collections.Immutable;
using Ledger.Domain.Payments;

namespace Ledger.Api.Webhooks;

/// <summary>The one way from what a provider told into the ledger.</summary>
internal interface IFactApplier
{
    /// <summary>Applies a fact to its payment and its account, in one commit.</summary>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="key">The command's key within the webhooks' own namespace: the same for a repeat after a crash.</param>
    /// <param name="fact">What was told; never a hint.</param>
    /// <param name="dryRun">Whether it is only decided, and nothing is written.</param>
    /// <param name="cancellationToken">Ends the waiting, not the command.</param>
    Task<FactOutcome> ApplyAsync(string tenant, string key, ProviderFact fact, bool dryRun, CancellationToken cancellationToken);
}

/// <summary>What became of a fact.</summary>
internal abstract record FactOutcome
{
    private FactOutcome()
    {
    }

    /// <summary>The subscription that it is about, where it is about one that is known.</summary>
    public string? Subscription { get; init; }

    /// <summary>Why it was not applied; null where it was, or nothing had to change.</summary>
    public string? NotApplied => this switch
    {
        NotNow(var reason) => reason,
        Refused { Reason: var reason } => reason,
        Waits(var reason) => reason,
        _ => null,
    };

    /// <summary>It changed something, now or under the same key before.</summary>
    /// <param name="PaymentId">The payment.</param>
    /// <param name="Changes">What was changed, in words of the payment.</param>
    public sealed record Applied(string? PaymentId, ImmutableArray<string> Changes) : FactOutcome;

    /// <summary>All of it was known.</summary>
    /// <param name="PaymentId">The payment, where it is about one.</param>
    /// <param name="Why">Why nothing had to change, where that is known.</param>
    public sealed record Unchanged(string? PaymentId, string? Why = null) : FactOutcome;

    /// <summary>What it is about is not known yet.</summary>
    /// <param name="Reason">What is missing.</param>
    public sealed record Waits(string Reason) : FactOutcome
    {
        /// <summary>Whether no payment is known that it could be about: its provider may say which one it is.</summary>
        public bool IsUnknown { get; init; }
    }

    /// <summary>It will never be applied as things are.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="PaymentId">The payment, where it is about one.</param>
    public sealed record Refused(string Reason, string? PaymentId = null) : FactOutcome;

    /// <summary>The ledger can't take it at the moment, or does not know whether it did: the same command under the same key is safe.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record NotNow(string Reason) : FactOutcome;
}
