using System.Collections.Immutable;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Api.Settings;
using Ledger.Domain;
using Ledger.Domain.Billing;
using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>What a command on a subscription came to.</summary>
internal sealed record SubscriptionResult
{
    /// <summary>Why it was not done; null where it was, or nothing was to be done.</summary>
    public Problem? Problem { get; init; }

    /// <summary>What was decided, where nothing was written.</summary>
    public WouldBe? Unwritten { get; init; }

    /// <summary>The version of the subscription that answers.</summary>
    public long Version { get; init; }

    /// <summary>Whether the key was used before, by the same request.</summary>
    public bool Replayed { get; init; }

    /// <summary>The stream that answers, where the key was used before.</summary>
    public StreamRef? Answers { get; init; }

    /// <summary>The subscription after the command, where it was done just now.</summary>
    public Subscription? Subscription { get; init; }

    /// <summary>The subscription as it was looked at before it was sent; null where there was none.</summary>
    public Subscription? Before { get; init; }

    /// <summary>The command's events, where it was done just now.</summary>
    public IReadOnlyList<StoredEvent> Events { get; init; } = [];
}

/// <summary>The way of every command on a subscription, whoever sends it: HTTP, a webhook, a worker.</summary>
internal sealed class SubscriptionHallway(GroupCommit store, EventReader reader, TenantSettings settings)
{
    private const int LooksMax = 8;

    /// <summary>Sends a command on a subscription that is known, or on one that it begins.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="command">The command.</param>
    /// <param name="meta">Who sends it; its causation is the key, where there is one.</param>
    /// <param name="fingerprint">What the key stands for.</param>
    /// <param name="dryRun">Whether it is only asked what would happen.</param>
    /// <param name="bulk">Whether it waits in the lower lane.</param>
    /// <param name="answersNothing">Whether the key is used up where nothing had to change.</param>
    /// <param name="refs">References that a fact brings.</param>
    /// <param name="cancellationToken">Ends the look; what was sent goes on.</param>
    public async Task<SubscriptionResult> SendAsync(
        string tenant, SubscriptionCommand command, EventMeta meta, UInt128 fingerprint = default, bool dryRun = false, bool bulk = false, bool answersNothing = false, ImmutableArray<string> refs = default, CancellationToken cancellationToken = default)
    {
        for (var looks = 1; ; looks++)
        {
            if (await TrySendAsync(tenant, command, meta, fingerprint, dryRun, bulk, answersNothing, refs, cancellationToken) is { } result) return result;
            if (looks == LooksMax) return new SubscriptionResult { Problem = Problem.Overloaded("The subscription changes faster than it can be looked at. Nothing was done: send the same request again.") };
        }
    }

    /// <summary>The same, once: null where the subscription, or what its reference leads to, has changed between the look and the decision.</summary>
    public async Task<SubscriptionResult?> TrySendAsync(
        string tenant, SubscriptionCommand command, EventMeta meta, UInt128 fingerprint = default, bool dryRun = false, bool bulk = false, bool answersNothing = false, ImmutableArray<string> refs = default, CancellationToken cancellationToken = default)
    {
        var policy = await settings.PolicyAsync(tenant, cancellationToken);
        var known = await FindAsync(tenant, command.Subscription, cancellationToken);
        AccountId? account = known is not null ? known.Account : command.Account == default ? null : command.Account;
        var invoices = account is { } of ? await InvoicesAsync(tenant, of, known ?? Subscription.None(command.Subscription), cancellationToken) : [];
        var look = new SubscriptionLook(command.Subscription, account, refs.IsDefault ? [] : refs, invoices);
        var work = new SubscriptionWork(account is { } its ? command with { Account = its } : command, look, policy) { Tenant = tenant, Key = dryRun ? null : meta.Causation, Fingerprint = fingerprint, Meta = meta, DryRun = dryRun, AnswersNothing = answersNothing };
        return await SubmitAsync(work, bulk) is { } result ? result with { Before = known } : null;
    }

    /// <summary>What a key was used for before; null where it is free. Asked before anything that depends on how things stand now.</summary>
    public Task<Outcome?> UsedAsync(string tenant, string key, UInt128 fingerprint, CancellationToken cancellationToken) => IdempotencyKeys.FindAsync(reader.Source, tenant, key, fingerprint, cancellationToken);

    /// <summary>A subscription as it is now; null where there is none.</summary>
    public async Task<Subscription?> FindAsync(string tenant, SubscriptionId id, CancellationToken cancellationToken) => (await reader.StateAsync(SubscriptionModel.StreamOf(tenant, id), cancellationToken))?.State as Subscription;

    /// <summary>A subscription as it was at a version that it had.</summary>
    public async Task<Subscription> AtVersionAsync(string tenant, SubscriptionId id, long version) =>
        (Subscription)(await reader.StateAtVersionAsync(SubscriptionModel.StreamOf(tenant, id), version, CancellationToken.None) ?? throw new InvalidOperationException($"{id} has no version {version}.")).State;

    /// <summary>The live subscription of an account, and business time; null where it has none.</summary>
    public async Task<(Subscription Subscription, DateTimeOffset Now)?> LiveAsync(string tenant, AccountId account, CancellationToken cancellationToken)
    {
        if (await reader.StateAsync(SubscriberModel.StreamOf(tenant, account), cancellationToken) is not { State: Subscriber { Live: { } id } }) return null;
        return await reader.StateAsync(SubscriptionModel.StreamOf(tenant, id), cancellationToken) is { State: Subscription { IsLive: true } live, Now: var now } ? (live, now) : null;
    }

    /// <summary>The live subscription of an account as it stands by business time, and that time; null where it has none, or it has ended by then, written down or not.</summary>
    public async Task<(Subscription Subscription, DateTimeOffset Now)?> StandingAsync(string tenant, AccountId account, CancellationToken cancellationToken)
    {
        if (await LiveAsync(tenant, account, cancellationToken) is not var (live, now)) return null;
        if (!(live.NextStepAt <= now)) return (live, now);
        var states = new BillingStates
        {
            Account = (await reader.StateAsync(AccountModel.StreamOf(tenant, account), cancellationToken))?.State as Account,
            Subscriber = (await reader.StateAsync(SubscriberModel.StreamOf(tenant, account), cancellationToken))?.State as Subscriber ?? new(),
            Policy = await settings.PolicyAsync(tenant, cancellationToken),
        };
        var standing = SubscriptionAt.Of(live, states, now);
        return standing.IsLive ? (standing, now) : null;
    }

    /// <summary>The invoices that a command on a subscription, or on the live one of its account, may write by now.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="own">The subscription that the command is about, as it is now.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<ImmutableArray<InvoiceId>> InvoicesAsync(string tenant, AccountId account, Subscription own, CancellationToken cancellationToken)
    {
        var now = await reader.NowAsync(cancellationToken);
        // A few seconds may pass until it is decided.
        var by = now.AddMinutes(1);
        var live = await LiveAsync(tenant, account, cancellationToken);
        return [.. BillingLoad.InvoicesOf(own, by), .. live is { Subscription: var other } && other.Id != own.Id ? BillingLoad.InvoicesOf(other, by) : []];
    }

    /// <summary>The subscription that a provider's reference leads to; null where it leads to none.</summary>
    public async Task<SubscriptionId?> LedToAsync(string tenant, string reference, CancellationToken cancellationToken) =>
        await reader.FactAsync(SubscriptionModel.RefOf(tenant, reference), cancellationToken) is { } fact ? SubscriptionModel.LedTo(fact) : null;

    /// <summary>Null where it has to be looked at again.</summary>
    private async Task<SubscriptionResult?> SubmitAsync(SubscriptionWork work, bool bulk)
    {
        try
        {
            return await store.SubmitAsync(work, bulk) switch
            {
                Outcome.Refused { Reason: LookAgain } => null,
                Outcome.Refused { Reason: WouldBe { Decision: SubscriptionDecision.Refused refused } } => new SubscriptionResult { Problem = Refusals.ToProblem(new AccountRefusal(refused.Refusal, null)) },
                Outcome.Refused { Reason: WouldBe unwritten } => new SubscriptionResult { Unwritten = unwritten },
                Outcome.Accepted done => new SubscriptionResult { Version = done.Version, Subscription = done.State as Subscription, Events = done.Events },
                Outcome.Done done => new SubscriptionResult { Version = done.Version, Replayed = !done.First, Answers = done.Stream },
                var other => new SubscriptionResult { Problem = CommandHallway.ProblemOf(other) },
            };
        }
        catch (DecisionFailedException)
        {
            return new SubscriptionResult { Problem = CommandHallway.Undecided() };
        }
    }
}
