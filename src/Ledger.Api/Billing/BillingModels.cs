using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Billing;

/// <summary>Subscriptions as the store sees them: streams <c>subscription/{id}</c>. What a provider calls one is a fact of its tenant, which leads to it.</summary>
public sealed class SubscriptionModel() : JsonModel<Subscription>(BillingDraft.SubscriptionKind)
{
    /// <summary>The kind of the facts that lead from a provider's subscription to ours.</summary>
    public const string RefFact = "subscription_ref";

    /// <inheritdoc/>
    public override short Format => 2;

    /// <summary>The stream of a subscription.</summary>
    public static StreamRef StreamOf(string tenant, SubscriptionId id) => new(tenant, $"{BillingDraft.SubscriptionKind}/{id.Value}");

    /// <summary>The subscription of a stream.</summary>
    public static SubscriptionId SubscriptionOf(StreamRef stream) => new(stream.Id[(BillingDraft.SubscriptionKind.Length + 1)..]);

    /// <summary>A provider's subscription as its fact is called: <c>stripe:sub_...</c>.</summary>
    public static string RefName(string provider, string subscription) => $"{provider}:{subscription}";

    /// <summary>The fact that leads from such a name to its subscription.</summary>
    public static FactName RefOf(string tenant, string name) => new(new StreamRef(tenant, ""), RefFact, name);

    /// <summary>The subscription that such a fact leads to.</summary>
    public static SubscriptionId LedTo(string fact) => JsonSerializer.Deserialize<Led>(fact, EventJson.Catalog.Json)!.Subscription;

    /// <inheritdoc/>
    public override DateTimeOffset? DueAt(object state) => ((Subscription)state).NextDue;

    /// <inheritdoc/>
    public override void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var subscription = (Subscription)state;
        // Written with each event, which are few: the same again is the same fact.
        if (subscription.Refs.SubscriptionId is { } told) into.Add(new FactWrite(RefOf(stream.Tenant, RefName(subscription.Provider, told)), JsonSerializer.Serialize(new Led(subscription.Id), EventJson.Catalog.Json)));
    }

    /// <inheritdoc/>
    protected override Subscription Begin(StreamRef stream) => Subscription.None(new(IdOf(stream)));

    /// <inheritdoc/>
    protected override Subscription Next(Subscription state, object happened, DateTimeOffset recordedAt) => state.Evolve((SubscriptionEvent)happened, recordedAt);

    private sealed record Led(SubscriptionId Subscription);
}

/// <summary>The one place for a subscription that an account has: streams <c>subscriber/{account}</c>.</summary>
public sealed class SubscriberModel() : JsonModel<Subscriber>(BillingDraft.SubscriberKind)
{
    /// <summary>The stream of an account's place.</summary>
    public static StreamRef StreamOf(string tenant, AccountId account) => new(tenant, $"{BillingDraft.SubscriberKind}/{account.Value}");

    /// <inheritdoc/>
    protected override Subscriber Begin(StreamRef stream) => new();

    /// <inheritdoc/>
    protected override Subscriber Next(Subscriber state, object happened, DateTimeOffset recordedAt) => state.Evolve((SubscriberEvent)happened);
}

/// <summary>A tenant's invoice numbers: the stream <c>invoicing/numbers</c>.</summary>
public sealed class InvoicingModel() : JsonModel<Invoicing>(BillingDraft.InvoicingKind)
{
    /// <summary>The stream of a tenant's numbers.</summary>
    public static StreamRef StreamOf(string tenant) => new(tenant, $"{BillingDraft.InvoicingKind}/{BillingDraft.InvoicingId}");

    /// <inheritdoc/>
    protected override Invoicing Begin(StreamRef stream) => new();

    /// <inheritdoc/>
    protected override Invoicing Next(Invoicing state, object happened, DateTimeOffset recordedAt) => state.Evolve((InvoicingEvent)happened);
}

/// <summary>Invoices as the store sees them: streams <c>invoice/{id}</c>.</summary>
public sealed class InvoiceModel() : JsonModel<Invoice>(BillingDraft.InvoiceKind)
{
    /// <summary>The stream of an invoice.</summary>
    public static StreamRef StreamOf(string tenant, InvoiceId id) => new(tenant, $"{BillingDraft.InvoiceKind}/{id.Value}");

    /// <summary>The invoice of a stream.</summary>
    public static InvoiceId InvoiceOf(StreamRef stream) => new(stream.Id[(BillingDraft.InvoiceKind.Length + 1)..]);

    /// <inheritdoc/>
    protected override Invoice Begin(StreamRef stream) => Invoice.None(new(IdOf(stream)));

    /// <inheritdoc/>
    protected override Invoice Next(Invoice state, object happened, DateTimeOffset recordedAt) => state.Evolve((InvoiceEvent)happened, recordedAt);
}
