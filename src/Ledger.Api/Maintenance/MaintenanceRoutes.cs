using Ledger.Api.Payments;
using Ledger.Api.Quotas;
using Ledger.Api.Subscriptions;

namespace Ledger.Api.Maintenance;

/// <summary>What is due: its parts and its routes.</summary>
internal static class MaintenanceRoutes
{
    /// <summary>Adds what settles all that time has made due, without workers: for a service, or for a command.</summary>
    public static IServiceCollection AddDue(this IServiceCollection services) => services
        .AddSingleton<DueDesk>()
        .AddSingleton<TestClock>()
        .AddSingleton<SubscriptionCalls>()
        // What one does may be due on the next: a period that ends lets lots of the account end.
        .AddSingleton<IDueKind, SubscriptionDue>()
        .AddSingleton<IDueKind, AccountDue>()
        .AddQuotaDue()
        .AddSingleton<FreePlanBackfill>()
        .AddSingleton<MaintenanceRun>();

    /// <summary>Adds it with its workers.</summary>
    public static IServiceCollection AddMaintenance(this IServiceCollection services) => services
        .AddDue()
        .AddSingleton<IDueKind, PaymentDue>()
        .AddSingleton<DueWorker>()
        .AddSingleton<IDueWaker>(provider => provider.GetRequiredService<DueWorker>())
        .AddSingleton<MaintenanceEndpoints>()
        .AddSingleton<ClockEndpoints>()
        .AddHostedService(provider => provider.GetRequiredService<DueWorker>());

    /// <summary>Maps its routes; those of the test clock in Development alone.</summary>
    public static void MapMaintenance(this WebApplication routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.Services.GetRequiredService<MaintenanceEndpoints>().Map(routes);
        if (routes.Environment.IsDevelopment()) routes.Services.GetRequiredService<ClockEndpoints>().Map(routes);
    }
}
