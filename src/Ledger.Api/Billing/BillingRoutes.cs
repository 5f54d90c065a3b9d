using Ledger.Api.Profiles;
using Ledger.Api.Quotas;
using Ledger.Api.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Billing;

/// <summary>What subscriptions, invoices and all that a payment may write beside them need to be stored.</summary>
internal static class BillingRoutes
{
    /// <summary>The kinds of streams of this room.</summary>
    public static IReadOnlyList<IStreamModel> Models { get; } = [new SubscriptionModel(), new SubscriberModel(), new InvoicingModel(), new InvoiceModel(), new QuotaModel(), new ProfileModel()];

    /// <summary>Adds them, and the way of commands on subscriptions.</summary>
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        foreach (var model in Models) services.AddSingleton(model);
        return services.AddSingleton<SubscriptionHallway>().AddSingleton<SubscriptionFacts>();
    }
}
