using System.Collections.Immutable;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Settings;
using Ledger.Api.Subscriptions;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>What a command on a payment came to.</summary>
internal sealed record PaymentResult
{
    /// <summary>Why it was not done; null where it was, or nothing was to be done.</summary>
    public Problem? Problem { get; init; }

    /// <summary>What was decided, where nothing was written: a dry run, nothing to do, or something that waits.</summary>
    public PaymentDecision? Unwritten { get; init; }

    /// <summary>The version of the payment that answers.</summary>
    public long Version { get; init; }

    /// <summary>Whether the key was used before, by the same request.</summary>
    public bool Replayed { get; init; }

    /// <summary>The stream that answers, where the key was used before.</summary>
    public StreamRef? Answers { get; init; }

    /// <summary>The payment after the command, where it was done just now.</summary>
    public Payment? Payment { get; init; }

    /// <summary>Its events, where it was done just now.</summary>
    public IReadOnlyList<StoredEvent> Events { get; init; } = [];
}

/// <summary>The way of every command on a payment, whoever sends it: HTTP, a webhook, a worker.</summary>
internal sealed class PaymentHallway(GroupCommit store, EventReader reader, TenantSettings settings, SubscriptionFacts subscriptions, SubscriptionHallway subscribed) : IFactApplier
{
    /// <summary>What stands before the keys of webhooks and workers: no client can send it, since a client's keys are printable ASCII.</summary>
    public const string InnerKey = "\u00a7";

    private const int LooksMax = 8;

    /// <summary>A key that no client can write.</summary>
    public static string KeyOf(string name) => InnerKey + name;

    /// <summary>Sends a command on a payment that is known, or on one that it begins.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="command">The command.</param>
    /// <param name="meta">Who sends it; its causation is the key, where there is one.</param>
    /// <param name="fingerprint">What the key stands for.</param>
    /// <param name="dryRun">Whether it is only asked what would happen.</param>
    /// <param name="account">The account of a payment that begins.</param>
    /// <param name="item">What is to be bought.</param>
    /// <param name="cancellationToken">Ends the look; what was sent goes on.</param>
    public async Task<PaymentResult> SendAsync(
        string tenant, PaymentCommand command, EventMeta meta, UInt128 fingerprint = default, bool dryRun = false, AccountId? account = null, (ItemKind Kind, string Id)? item = null, CancellationToken cancellationToken = default)
    {
        var policy = await settings.PolicyAsync(tenant, cancellationToken);
        for (var looks = 1; ; looks++)
        {
            var now = await FindAsync(tenant, command.Payment, cancellationToken);
            var look = await WithInvoicesAsync(tenant, (now is null ? new PaymentLook(command.Payment, account, null, []) { Subscription = command.Subscription } : LookOf(now)) with { Item = item }, cancellationToken);
            var result = await SubmitAsync(tenant, command, look, policy, meta, fingerprint, dryRun);
            if (result is not null) return result;
            if (looks == LooksMax) return new PaymentResult { Problem = Problem.Overloaded("The payment changes faster than it can be looked at. Nothing was done: send the same request again.") };
        }
    }

    /// <summary>Applies what a provider told, once. It is safe to send twice.</summary>
    /// <param name="tenant">The tenant that it came for.</param>
    /// <param name="key">What names it, such as <c>wh/stripe/evt_1/0</c>; the key that is kept is made of it and of what was told, in a namespace that clients can't write.</param>
    /// <param name="fact">What was told.</param>
    /// <param name="dryRun">Whether it is only asked what would happen.</param>
    /// <param name="cancellationToken">Ends the look; what was sent goes on.</param>
    public async Task<FactOutcome> ApplyAsync(string tenant, string key, ProviderFact fact, bool dryRun, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fact);
        if (fact is CustomerTold customer) return await LinkAsync(tenant, customer, dryRun);
        if (fact is SubscriptionTold or InvoiceTold) return await subscriptions.ApplyAsync(tenant, key, fact, dryRun, cancellationToken);
        var fingerprint = Fingerprint.Of("fact", key, (object)fact);
        var causation = KeyOf($"{key}/{fingerprint:x32}");
        var meta = new EventMeta(null, causation, "provider:" + fact.Provider);
        var policy = await settings.PolicyAsync(tenant, cancellationToken);
        for (var looks = 1; ; looks++)
        {
            var look = await WithInvoicesAsync(tenant, await LookAsync(tenant, fact, cancellationToken), cancellationToken);
            var command = new ApplyProviderFact { Payment = look.Payment, Fact = fact, Tenant = tenant, AllowsDebt = policy.AllowsDebt };
            if (await SubmitAsync(tenant, command, look, policy, meta, fingerprint, dryRun) is { } result) return OutcomeOf(result, look);
            if (looks == LooksMax) return new FactOutcome.NotNow("The payment changes faster than it can be looked at.");
        }
    }

    /// <summary>A payment as it is now; null where there is none.</summary>
    public async Task<Payment?> FindAsync(string tenant, PaymentId id, CancellationToken cancellationToken) => (await reader.StateAsync(PaymentModel.StreamOf(tenant, id), cancellationToken))?.State as Payment;

    /// <summary>The payment that a fact is about, by its references, else by our mark, as it is now; null where it is not known.</summary>
    public async Task<Payment?> FindAsync(string tenant, ProviderFact fact, CancellationToken cancellationToken) => await FindAsync(tenant, (await LookAsync(tenant, fact, cancellationToken)).Payment, cancellationToken);

    /// <summary>Keeps which customer of a provider an account is.</summary>
    public async Task<FactOutcome> LinkAsync(string tenant, LinkCustomer command)
    {
        var work = new CustomerWork(command) { Tenant = tenant, Meta = new EventMeta(null, null, "provider:" + command.Provider) };
        return await store.SubmitAsync(work, false) switch
        {
            Outcome.Accepted { Events.Count: > 0 } => new FactOutcome.Unchanged(null, "the account's customer at the provider is known by it"),
            Outcome.Accepted => new FactOutcome.Unchanged(null, "the customer is known"),
            Outcome.Refused { Reason: AccountRefusal { Refusal: var refusal } } => new FactOutcome.Refused(refusal.Detail),
            var other => new FactOutcome.NotNow(CommandHallway.ProblemOf(other).Detail),
        };
    }

    private async Task<FactOutcome> LinkAsync(string tenant, CustomerTold told, bool dryRun)
    {
        if (told.Marks.Tenant is { } marked && marked != tenant) return new FactOutcome.Refused($"It is marked for the tenant {marked}, and came for {tenant}.", null);
        if (!AccountId.TryParse(told.Marks.Account, out var account) || told.Refs.CustomerId is not { } customer) return new FactOutcome.Unchanged(null, "it is about no customer of this ledger");
        return dryRun ? new FactOutcome.Unchanged(null, "the customer is linked to its account") : await LinkAsync(tenant, new LinkCustomer(account, told.Provider, customer, told.Deleted));
    }

    /// <summary>Finds the payment that a fact is about: by its references, by our mark, else the one that it would open.</summary>
    private async Task<PaymentLook> LookAsync(string tenant, ProviderFact fact, CancellationToken cancellationToken)
    {
        var refs = fact.Refs.Leading.Select(reference => Payment.RefName(fact.Provider, reference)).ToImmutableArray();
        PaymentId id;
        if (await PaymentRefs.LedToAsync(reader, tenant, refs, cancellationToken) is { } led) id = led;
        else if (PaymentId.TryParse(fact.Marks.Payment, out var marked)) id = marked;
        else id = PaymentRefs.IdOfReported(tenant, refs.IsEmpty ? "" : refs[0]);
        if (await FindAsync(tenant, id, cancellationToken) is { } known) return LookOf(known) with { Refs = refs };
        return new PaymentLook(id, AccountId.TryParse(fact.Marks.Account, out var account) ? account : null, null, refs);
    }

    private static PaymentLook LookOf(Payment known) => new(known.Id, known.Account, known.Purchase, [], IsKnown: true) { Subscription = known.Subscription, Method = known.Method, ChargeId = known.Refs.ChargeId };

    /// <summary>A payment for a subscription may write invoices of its periods.</summary>
    private async Task<PaymentLook> WithInvoicesAsync(string tenant, PaymentLook look, CancellationToken cancellationToken)
    {
        if (look is not { Subscription: { } id, Account: { } account }) return look;
        var subscription = await subscribed.FindAsync(tenant, id, cancellationToken) ?? Subscription.None(id);
        return look with { Invoices = await subscribed.InvoicesAsync(tenant, account, subscription, cancellationToken) };
    }

    internal static UInt128 Hash(string text) => PaymentRefs.Hash(text);

    /// <summary>Null where it has to be looked at again.</summary>
    private async Task<PaymentResult?> SubmitAsync(string tenant, PaymentCommand command, PaymentLook look, BillingPolicy policy, EventMeta meta, UInt128 fingerprint, bool dryRun)
    {
        var work = new PaymentWork(command, look, policy) { Tenant = tenant, Key = dryRun ? null : meta.Causation, Fingerprint = fingerprint, Meta = meta, DryRun = dryRun };
        try
        {
            return await store.SubmitAsync(work, false) switch
            {
                Outcome.Refused { Reason: LookAgain } => null,
                Outcome.Refused { Reason: PaymentDecision.Refused refused } => new PaymentResult { Problem = Refusals.ToProblem(new AccountRefusal(refused.Refusal, null)) },
                Outcome.Refused { Reason: PaymentDecision decision } => new PaymentResult { Unwritten = decision },
                Outcome.Accepted done => new PaymentResult { Version = done.Version, Payment = (Payment)done.State, Events = done.Events },
                Outcome.Done done => new PaymentResult { Version = done.Version, Replayed = !done.First, Answers = done.Stream },
                var other => new PaymentResult { Problem = CommandHallway.ProblemOf(other) },
            };
        }
        catch (DecisionFailedException)
        {
            return new PaymentResult { Problem = CommandHallway.Undecided() };
        }
    }

    private static FactOutcome OutcomeOf(PaymentResult result, PaymentLook look)
    {
        var id = look.Payment;
        if (result.Problem is { } problem) return problem.Type.Status >= 500 ? new FactOutcome.NotNow(problem.Detail) : new FactOutcome.Refused(problem.Detail, id.Value);
        var happened = result.Unwritten switch
        {
            PaymentDecision.Nothing nothing => new FactOutcome.Unchanged(look.IsKnown ? id.Value : null, nothing.Why),
            PaymentDecision.Waits waits => new FactOutcome.Waits(waits.Why) { IsUnknown = !look.IsKnown },
            PaymentDecision.Accepted would => Told(would.After, [.. would.Payment, .. would.Account, .. would.Beside.SelectMany(stream => stream.Events)]),
            _ => (FactOutcome?)null,
        };
        if (happened is not null) return happened;
        return result.Payment is { } payment ? Told(payment, result.Events.Select(stored => stored.Data)) : new FactOutcome.Unchanged(id.Value, "it was applied before");
    }

    // Money that is not what was asked is remembered on the payment, and what told it is kept as refused.
    private static FactOutcome Told(Payment after, IEnumerable<object> events)
    {
        var all = events.ToList();
        return all.OfType<PaymentMismatched>().FirstOrDefault() is { } mismatched
            ? new FactOutcome.Refused(mismatched.Reason, after.Id.Value)
            : new FactOutcome.Applied(after.Id.Value, [.. all.Select(EventJson.Catalog.NameOf)]);
    }
}
