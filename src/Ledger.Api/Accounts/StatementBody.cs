using Ledger.Api.Verification;
using Ledger.Domain;

namespace Ledger.Api.Accounts;

/// <summary>A statement, for the API's description: it is written line by line.</summary>
public sealed record StatementBody
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>Where the period begins; recorded then is in it.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Where the period ends; recorded then is not in it.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>The balance when the period began.</summary>
    public required Credits OpeningBalance { get; init; }

    /// <summary>The transactions, the oldest first, each with the hash of its event; each begins with the balance that the one before left.</summary>
    public required IReadOnlyList<TransactionBody> Lines { get; init; }

    /// <summary>The balance when the period ended, by what is recorded: credits whose time is over but whose expiry is not written yet are still in it, while the account itself shows them as gone.</summary>
    public required Credits ClosingBalance { get; init; }

    /// <summary>With <c>proof=true</c>: what verifies it without the ledger.</summary>
    public ProofBody? Proof { get; init; }

    /// <summary>With <c>proof=true</c>: SHA-256 in hex over all bytes before this member and its comma.</summary>
    public string? Digest { get; init; }
}
