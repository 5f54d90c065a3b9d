using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Billing;

/// <summary>An account and all that money moves beside it while a command is decided: each event is applied as it is made, so that the next one sees it. Then all of it is appended in one commit.</summary>
/// <param name="states">What was loaded.</param>
/// <param name="now">Business time, UTC, in whole microseconds, never before the last event of any stream involved.</param>
public sealed class BillingDraft(BillingStates states, DateTimeOffset now)
{
    /// <summary>The kind of the stream that holds an account's place for a subscription; its id is the account's.</summary>
    public const string SubscriberKind = "subscriber";

    /// <summary>The kind of a subscription's stream.</summary>
    public const string SubscriptionKind = "subscription";

    /// <summary>The kind of the stream of a tenant's invoice numbers.</summary>
    public const string InvoicingKind = "invoicing";

    /// <summary>The one id of that kind.</summary>
    public const string InvoicingId = "numbers";

    /// <summary>The kind of an invoice's stream.</summary>
    public const string InvoiceKind = "invoice";

    /// <summary>The kind of a payment's stream.</summary>
    public const string PaymentKind = "payment";

    private readonly ImmutableArray<AccountEvent>.Builder accountEvents = ImmutableArray.CreateBuilder<AccountEvent>();
    private readonly List<(string Kind, string Id, ImmutableArray<object>.Builder Events)> beside = [];
    private readonly List<Fact> facts = [.. states.AccountFacts];
    private ImmutableDictionary<SubscriptionId, Subscription> subscriptions = states.Subscriptions;
    private ImmutableDictionary<InvoiceId, Invoice> invoices = states.Invoices;

    /// <summary>Business time.</summary>
    public DateTimeOffset Now => now;

    /// <summary>What the tenant has set.</summary>
    public BillingPolicy Policy => states.Policy;

    /// <summary>The account as it is by now; null where none is known.</summary>
    public Account? Account { get; private set; } = states.Account;

    /// <summary>The account's place for a subscription as it is by now.</summary>
    public Subscriber Subscriber { get; private set; } = states.Subscriber;

    /// <summary>The tenant's invoice numbers as they are by now.</summary>
    public Invoicing Invoicing { get; private set; } = states.Invoicing;

    /// <summary>The account's live subscription; null for none.</summary>
    public Subscription? Live => Subscriber.Live is { } live ? Find(live) : null;

    /// <summary>The account's events so far.</summary>
    public ImmutableArray<AccountEvent> AccountEvents => accountEvents.ToImmutable();

    /// <summary>All other events so far, stream by stream.</summary>
    public ImmutableArray<StreamEvents> Beside => [.. beside.Select(stream => new StreamEvents(stream.Kind, stream.Id, stream.Events.ToImmutable()))];

    /// <summary>Whether nothing has happened.</summary>
    public bool IsEmpty => accountEvents.Count == 0 && beside.Count == 0;

    /// <summary>Facts of the account, as they are by now.</summary>
    public IReadOnlyList<Fact> Facts => facts;

    /// <summary>A subscription as it is by now; one without events where none was loaded.</summary>
    public Subscription Find(SubscriptionId id) => subscriptions.GetValueOrDefault(id) ?? Subscription.None(id);

    /// <summary>An invoice as it is by now; one without events where none was loaded.</summary>
    public Invoice Find(InvoiceId id) => invoices.GetValueOrDefault(id) ?? Invoice.None(id);

    /// <summary>A payment as it was loaded; one without events where none was.</summary>
    public Payment Find(PaymentId id) => states.Payments.GetValueOrDefault(id) ?? Payment.None(id);

    /// <summary>The payment that a provider's reference leads to; null where it leads to none.</summary>
    public PaymentId? LedTo(string provider, string reference) => states.PaymentRefs.TryGetValue(Payment.RefName(provider, reference), out var led) ? led : null;

    /// <summary>Does something to the account.</summary>
    /// <param name="command">What.</param>
    /// <param name="happened">Its events; none where nothing had to change.</param>
    /// <returns>Why it is refused; null where it is not.</returns>
    public Refusal? Run(AccountCommand command, out ImmutableArray<AccountEvent> happened)
    {
        ArgumentNullException.ThrowIfNull(command);
        happened = [];
        switch (command.Decide(Account!, null, new Recollection(facts, []), now))
        {
            case Decision.Refused refused: return refused.Refusal;
            case Decision.Accepted accepted: happened = accepted.Streams[0].Events; break;
        }

        foreach (var one in happened)
        {
            accountEvents.Add(one);
            Account = Account!.Evolve(one, now);
            foreach (var left in Account.Left)
            {
                facts.RemoveAll(known => known.Name == left.Name);
                facts.Add(left);
            }
        }

        return null;
    }

    /// <summary>Something happened to the account's place for a subscription.</summary>
    public void Add(SubscriberEvent happened)
    {
        var before = Live;
        Subscriber = Subscriber.Evolve(happened);
        Note(SubscriberKind, Account!.Id.Value, happened);
        Wake(before);
    }

    /// <summary>Something happened to a subscription; the event is kept with the status after it.</summary>
    public void Add(SubscriptionId id, SubscriptionEvent happened)
    {
        var before = Live;
        var after = Find(id).Evolve(happened, now);
        subscriptions = subscriptions.SetItem(id, after);
        Note(SubscriptionKind, id.Value, happened with { Status = after.Status });
        Wake(before);
    }

    /// <summary>Something happened to the tenant's invoice numbers.</summary>
    public void Add(InvoicingEvent happened)
    {
        Invoicing = Invoicing.Evolve(happened);
        Note(InvoicingKind, InvoicingId, happened);
    }

    /// <summary>Something happened to an invoice; the event is kept as it is given.</summary>
    public void Add(InvoiceId id, InvoiceEvent happened)
    {
        invoices = invoices.SetItem(id, Find(id).Evolve(happened, now));
        Note(InvoiceKind, id.Value, happened);
    }

    /// <summary>Something happened to a payment beside; the event is kept as it is given.</summary>
    public void Add(PaymentId id, PaymentEvent happened) => Note(PaymentKind, id.Value, happened);

    // Limits are the live plan's and hold for its period: where either is another one, what watches the account looks anew. An account that nobody watches gets no event.
    private void Wake(Subscription? before)
    {
        if (Account is not { Exists: true, Watch: { CrossedAt: null } watch } account || (Live?.Plan, Live?.CurrentPeriodStart) == (before?.Plan, before?.CurrentPeriodStart)) return;
        Run(new WatchAccount { Watch = watch with { Spent = account.Totals.Spent() }, Account = account.Id }, out _);
    }

    private void Note(string kind, string id, object happened)
    {
        foreach (var stream in beside)
        {
            if (stream.Kind != kind || stream.Id != id) continue;
            stream.Events.Add(happened);
            return;
        }

        var events = ImmutableArray.CreateBuilder<object>();
        events.Add(happened);
        beside.Add((kind, id, events));
    }
}
