using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Commands;

/// <summary>What a command came to, before it is written as an answer: a problem, or the event (or only the version) that answers.</summary>
internal sealed record CommandResult
{
    /// <summary>Why it was not done; null where it was.</summary>
    public Problem? Problem { get; init; }

    /// <summary>The account that answers.</summary>
    public StreamRef Stream { get; init; }

    /// <summary>The version that answers.</summary>
    public long Version { get; init; }

    /// <summary>One of <see cref="AnswerKind"/>.</summary>
    public short Answer { get; init; }

    /// <summary>Whether the key was used before, by the same request.</summary>
    public bool Replayed { get; init; }

    /// <summary>The event that answers, where this command made it just now.</summary>
    public StoredEvent? Event { get; init; }

    /// <summary>All its events, where this command made them just now.</summary>
    public IReadOnlyList<StoredEvent> Events { get; init; } = [];

    /// <summary>The account after the command, where it was done just now.</summary>
    public Account? Account { get; init; }
}
