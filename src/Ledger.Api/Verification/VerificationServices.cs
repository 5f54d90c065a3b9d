using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Invoices;
using Ledger.Api.Payments;
using Ledger.Api.ReadModels;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Npgsql;

namespace Ledger.Api.Verification;

/// <summary>Puts verification and roots together for this house.</summary>
public static class VerificationServices
{
    /// <summary>Adds the roots, their maker, and verification in the background.</summary>
    public static IServiceCollection AddVerification(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services
            .AddSingleton(provider => new DayRoots(provider.GetRequiredService<NpgsqlDataSource>()))
            .AddSingleton<StatementProofs>()
            .AddSingleton<VerificationRuns>()
            .AddHostedService(provider => provider.GetRequiredService<VerificationRuns>())
            .AddHostedService<RootMaker>();
    }

    /// <summary>Maps their routes.</summary>
    public static void MapVerification(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        RootEndpoints.Map(routes);
        VerifyEndpoints.Map(routes);
    }

    /// <summary>The verification of this house: its events, its kinds of streams, and what it knows of them.</summary>
    /// <param name="source">Connections without a time limit of statements.</param>
    internal static StoreVerification Verification(NpgsqlDataSource source) =>
        new(source, EventJson.Catalog, new StreamModels([new AccountModel(), new PaymentModel(), new CustomerModel(), .. CatalogModel.All, .. BillingRoutes.Models]), [new AccountAudit(), new PaymentAudit(), new InvoiceAudit(), new InvoicingAudit()], ReadModelServices.All, JournalRules);

    /// <summary>The journal against zero: the postings of an account on a day, and those of a tenant on a day, add up to nothing in each unit and currency.</summary>
    private static readonly IReadOnlyList<ReadModelRule> JournalRules =
    [
        new("the journal's postings of an account on a day add up to zero",
            """
            select tenant_id, account_id || ' on ' || day || ' in ' || asset, '0', sum(amount)::text from ledger.journal_daily group by tenant_id, account_id, day, measure, asset having sum(amount) <> 0 limit 100
            """),
        new("the journal's postings of a tenant on a day add up to zero",
            """
            select t.tenant_id, 'all on ' || t.day || ' in ' || a.key, '0', sum(s.value::numeric)::text
            from ledger.journal_totals t cross join lateral (select * from jsonb_each(t.units) union all select * from jsonb_each(t.money)) a cross join lateral jsonb_each_text(a.value) s
            group by t.tenant_id, t.day, a.key having sum(s.value::numeric) <> 0 limit 100
            """),
    ];
}
