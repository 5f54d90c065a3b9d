using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Invoices;

/// <summary>Invoices: their routes. They are written by what they are for.</summary>
public static class InvoiceRoutes
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddInvoices(this IServiceCollection services) => services.AddSingleton<InvoiceQueries>();

    /// <summary>Maps their routes.</summary>
    public static void MapInvoices(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var queries = routes.ServiceProvider.GetRequiredService<InvoiceQueries>();
        routes.MapGet("/v1/invoices", queries.ListAsync).RequireRoles(RoleSets.Queries).ListQuery<InvoiceBody>("Lists invoices, the newest first. A user sees its own alone.")
            .Takes("accountId", "Only invoices for this account.").Takes("status", "Only invoices with this status.").Takes("paymentId", "Only the one for this payment.").Takes("subscriptionId", "Only those for this subscription.")
            .Takes("from", "Written at this time or later.", "date-time").Takes("to", "Written before this time; not before from.", "date-time");
        routes.MapGet("/v1/invoices/{id}", queries.GetAsync).RequireRoles(RoleSets.Queries)
            .Query<InvoiceBody>("One invoice, by its id or number; Accept: text/html for a page to print, application/pdf for a PDF.").OrAs("text/html", "application/pdf").Refuses(ProblemTypes.NotAcceptable);
    }
}
