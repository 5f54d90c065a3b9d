using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Reconciliation;

/// <summary>Reconciliation: what it is made of, and its route.</summary>
public static class ReconciliationRoutes
{
    /// <summary>Adds the comparison, and the daily one.</summary>
    public static IServiceCollection AddReconciliation(this IServiceCollection services) => services
        .AddSingleton(provider => provider.GetRequiredService<IConfiguration>().GetSection("Reconciliation").Get<ReconciliationOptions>() ?? new ReconciliationOptions())
        .AddSingleton<Reconciler>()
        .AddSingleton<ReconciliationStore>()
        .AddSingleton<ReconciliationEndpoint>()
        .AddSingleton<ReconciliationWorker>()
        .AddHostedService(provider => provider.GetRequiredService<ReconciliationWorker>());

    /// <summary>Maps its route.</summary>
    public static void MapReconciliation(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapGet("/v1/reports/reconciliation", routes.ServiceProvider.GetRequiredService<ReconciliationEndpoint>().HandleAsync).RequireRoles(RoleSets.Reconciliation)
            .Query<ReconciliationBody>("Compares the ledger with a payment provider, payment by payment: what is missing on either side, and whose amount, status or credits differ, and why. Nothing is changed.")
            .Takes("provider", "stripe or midtrans.")
            .Takes("from", "Payments made at this time or later. Without from and to, what the daily comparison found last.", "date-time")
            .Takes("to", $"Payments made before this time; after from, at most {ReconciliationScope.DaysMax} days and {ReconciliationScope.AnsweredMax} payments.", "date-time")
            .Refuses(ProblemTypes.NotFound, ProblemTypes.NotAvailable);
    }
}
