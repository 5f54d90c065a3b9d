using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Explain;
using Ledger.Api.Exports;
using Ledger.Api.Http;
using Ledger.Api.Invoices;
using Ledger.Api.Maintenance;
using Ledger.Api.Operations;
using Ledger.Api.Payments;
using Ledger.Api.Profiles;
using Ledger.Api.Quotas;
using Ledger.Api.ReadModels;
using Ledger.Api.Reconciliation;
using Ledger.Api.Reports;
using Ledger.Api.Subscriptions;
using Ledger.Api.Verification;
using Ledger.Api.Webhooks;

return await CommandLine.RunAsync(args, Compose);

/// <summary>The service: the only place that knows all of its parts.</summary>
public partial class Program
{
    /// <summary>Puts the service together. The connection string must be configured and its schema in place.</summary>
    public static WebApplication Compose(WebApplicationBuilder builder)
    {
        builder.AddEdge();
        builder.Services.AddStore().AddReadModels().AddAccounts().AddCatalog().AddBilling().AddSubscriptions().AddMaintenance().AddPayments(builder.Environment).AddInvoices().AddProfiles().AddExports().AddReports().AddExplain().AddVerification().AddWebhooks(builder.Environment).AddReconciliation().AddQuotas();
        var app = builder.Build();
        app.MapEdge();
        app.MapAccounts();
        app.MapCatalog();
        app.MapPayments();
        app.MapSubscriptions();
        app.MapMaintenance();
        app.MapInvoices();
        app.MapProfiles();
        app.MapReadModels();
        app.MapExports();
        app.MapReports();
        app.MapExplain();
        app.MapVerification();
        app.MapWebhooks();
        app.MapReconciliation();
        app.MapQuotas();
        return app;
    }
}
