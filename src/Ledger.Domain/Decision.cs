using System.Collections.Immutable;
using Ledger.Domain.Accounts;

namespace Ledger.Domain;

/// <summary>What a command comes to: events to append, a refusal, an answer that was given before, or nothing to do.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>Accepted, and nothing changes (freezing what is frozen).</summary>
    public static Decision Nothing { get; } = new NothingToDo();

    /// <summary>Accepted with one event, which answers.</summary>
    public static Accepted Append(AccountId account, AccountEvent happened) => new([new(account, [happened])], 0);

    /// <summary>Accepted with events in order; <paramref name="answer"/> is the index of the one that answers.</summary>
    public static Accepted Append(AccountId account, ImmutableArray<AccountEvent> events, int answer) => new([new(account, events)], answer);

    /// <summary>Refused; nothing is appended.</summary>
    public static Decision Refuse(Refusal refusal) => new Refused(refusal);

    /// <summary>Done before: the event at <paramref name="version"/> of <paramref name="account"/> answers.</summary>
    public static Decision Already(AccountId account, long version) => new AlreadyDone(account, version, []);

    /// <summary>Events to append, all in one commit; the answer is event <paramref name="Answer"/> of the first stream.</summary>
    public sealed record Accepted(ImmutableArray<Appended> Streams, int Answer) : Decision
    {
        /// <summary>And these to another account, in the same commit.</summary>
        public Accepted And(AccountId account, ImmutableArray<AccountEvent> events) => this with { Streams = Streams.Add(new(account, events)) };
    }

    /// <summary>Refused for a reason.</summary>
    public sealed record Refused(Refusal Refusal) : Decision;

    /// <summary>Done before. <paramref name="Streams"/> is empty but where a hold was let go because its resource had been charged meanwhile.</summary>
    public sealed record AlreadyDone(AccountId Account, long Version, ImmutableArray<Appended> Streams) : Decision;

    /// <summary>Accepted, nothing to append.</summary>
    public sealed record NothingToDo : Decision;
}

/// <summary>The events that a decision appends to one account, in order.</summary>
public sealed record Appended(AccountId Account, ImmutableArray<AccountEvent> Events);
