using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Commands;

/// <summary>A command with all that the hallway must know of its request.</summary>
/// <param name="Tenant">The caller's tenant.</param>
/// <param name="Key">The idempotency key; null for a request that needs none.</param>
/// <param name="Fingerprint">What the key stands for.</param>
/// <param name="Command">What is to be done.</param>
/// <param name="Meta">Who sends it, and what it belongs to.</param>
/// <param name="IfMatch">The version that the client expects.</param>
/// <param name="Opening">Opens the account where there is none.</param>
internal sealed record CommandEnvelope(string Tenant, string? Key, UInt128 Fingerprint, AccountCommand Command, EventMeta Meta, IfMatch IfMatch = default, OpenAccount? Opening = null);

/// <summary>The one way that every command takes, whoever sends it: HTTP, a batch, a worker.</summary>
internal sealed class CommandHallway(GroupCommit store)
{
    private static readonly Meter Meter = new("Ledger.Commands");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("ledger.commands.refused", "{command}", "Commands that were not done, by the type of problem.");
    private static readonly Counter<long> Done = Meter.CreateCounter<long>("ledger.commands.done", "{command}", "Commands done, replays included.");

    /// <summary>Sends one command and waits until it is durable or refused.</summary>
    /// <param name="envelope">The command.</param>
    /// <param name="bulk">Whether it is a line of a bulk request, which waits in the lower lane.</param>
    public async Task<CommandResult> SendAsync(CommandEnvelope envelope, bool bulk = false)
    {
        try
        {
            return Read(await store.SubmitAsync(WorkOf(envelope), bulk));
        }
        catch (DecisionFailedException)
        {
            return Failed();
        }
    }

    /// <summary>Sends lines of a bulk request, in their order, and waits until each of them is durable or refused on its own.</summary>
    public async Task<IReadOnlyList<CommandResult>> SendEachAsync(IReadOnlyList<CommandEnvelope> envelopes)
    {
        var works = envelopes.Select(WorkOf).ToArray();
        await store.SubmitEachAsync(works);
        return Array.ConvertAll(works, Read);
    }

    /// <summary>Sends commands that are all done or none.</summary>
    public async Task<IReadOnlyList<CommandResult>> SendTogetherAsync(IReadOnlyList<CommandEnvelope> envelopes)
    {
        var works = envelopes.Select(WorkOf).ToArray();
        await store.SubmitTogetherAsync(works);
        return Array.ConvertAll(works, Read);
    }

    private static AccountWork WorkOf(CommandEnvelope envelope) => new(envelope.Command)
    {
        Tenant = envelope.Tenant,
        Key = envelope.Key,
        Fingerprint = envelope.Fingerprint,
        Meta = envelope.Meta,
        Expected = envelope.IfMatch,
        Opening = envelope.Opening,
    };

    private static CommandResult Read(Work answered)
    {
        try
        {
            return Read(answered.Answer());
        }
        catch (DecisionFailedException)
        {
            return Failed();
        }
    }

    private static CommandResult Read(Outcome outcome)
    {
        switch (outcome)
        {
            case Outcome.Accepted accepted:
                Done.Add(1);
                StoredEvent? answer = null;
                for (var i = 0; i < accepted.Events.Count; i++)
                {
                    if (accepted.Events[i].Version == accepted.Version && accepted.Events[i].Stream == accepted.Stream) answer = accepted.Events[i];
                }

                return new CommandResult { Stream = accepted.Stream, Version = accepted.Version, Answer = accepted.Answer, Event = answer, Events = accepted.Events, Account = accepted.State as Account };
            case Outcome.Done done:
                Done.Add(1);
                return new CommandResult { Stream = done.Stream, Version = done.Version, Answer = done.Answer, Replayed = !done.First };
            default:
                var problem = ProblemOf(outcome);
                Refused.Add(1, new TagList { { "type", problem.Type.Slug } });
                return new CommandResult { Problem = problem };
        }
    }

    /// <summary>What a caller is told of a work that was not done.</summary>
    internal static Problem ProblemOf(Outcome outcome) => outcome switch
    {
        Outcome.Refused(var reason) => Refusals.ToProblem(reason),
        Outcome.KeyReused => new Problem(ProblemTypes.IdempotencyKeyReused, "This key was used for another request. Use a new key for a new request, and the same key only to repeat the same one."),
        Outcome.GroupRefused => Aborted(),
        Outcome.Overloaded => Problem.Overloaded("There is more work than can be taken just now. Nothing was done: send the same request again, with the same key."),
        _ => new Problem(ProblemTypes.OutcomeUnknown, "The database did not tell in time whether this was done. Send the same request again with the same key: it is done at most once.") { RetryAfterSeconds = 5 },
    };

    /// <summary>The problem of a line whose batch was refused for another line.</summary>
    public static Problem Aborted() => new Problem(ProblemTypes.BatchAborted, "Another line of this batch was refused, so nothing of it was done. Mend that line and send the batch again.").With("state", "aborted");

    /// <summary>The problem of a command whose decision failed.</summary>
    internal static Problem Undecided() => new(ProblemTypes.Internal, "This command could not be decided. Nothing was done. The service's log says more under the trace id.");

    private static CommandResult Failed()
    {
        Refused.Add(1, new TagList { { "type", ProblemTypes.Internal.Slug } });
        return new CommandResult { Problem = Undecided() };
    }
}
