using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;

namespace Ledger.Api.Reports;

/// <summary>Reports over all accounts of a tenant: what they are made of, and their routes.</summary>
public static class ReportRoutes
{
    /// <summary>Adds what reports need.</summary>
    public static IServiceCollection AddReports(this IServiceCollection services) => services.AddSingleton<JournalReports>().AddSingleton<UsageReport>();

    /// <summary>Maps all reports.</summary>
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var reports = routes.ServiceProvider.GetRequiredService<JournalReports>();
        routes.MapGet("/v1/reports/trial-balance", reports.TrialBalanceAsync).RequireRoles(RoleSets.Reports)
            .Query<TrialBalanceBody>("The balance of every account of the chart, in credits and in money; debits equal credits at every instant.")
            .Takes("at", "As recorded by this time; now, where it is left out.", "date-time").Refuses(ProblemTypes.ReadModelBehind);
        Periods(routes.MapGet("/v1/reports/deferred-revenue", reports.DeferredRevenueAsync), r => r.Query<ReportBody<DeferredRevenueBody>>("What was paid and is not earned yet: how it came and went, by currency."), "one period");
        Periods(routes.MapGet("/v1/reports/breakage", reports.BreakageAsync), r => r.Query<ReportBody<BreakageBody>>("What expired: credits by unit, and the revenue that this was by currency."), "one period");
        Periods(routes.MapGet("/v1/reports/credits", reports.CreditsAsync), r => r.Query<ReportBody<CreditsReportBody>>("Credits issued, burnt, expired and outstanding, by unit."), "day");
        routes.MapGet("/v1/reports/usage", routes.ServiceProvider.GetRequiredService<UsageReport>().UsageAsync).RequireRoles(RoleSets.Reports)
            .Query<UsageReportBody>("What all accounts used, by groups; a refund counts where its consumption does.")
            .Takes("groupBy", "Some of service, operation, resourceType, resourceId, actor, day, month, separated by commas; without it one group of all. At most 10,000 groups.")
            .Takes("from", "Occurred at this time or later.", "date-time").Takes("to", "Occurred before this time; not before from.", "date-time").Refuses(ProblemTypes.ReadModelBehind);
    }

    private static void Periods(IEndpointConventionBuilder route, Func<IEndpointConventionBuilder, IEndpointConventionBuilder> describe, string groupByDefault) =>
        describe(route.RequireRoles(RoleSets.Reports))
            .Takes("from", "Recorded at this time or later; where it is left out, from the first day on, or as many days or months ago as are shown at most.", "date-time").Takes("to", "Recorded before this time; not before from; until now, where it is left out.", "date-time")
            .Takes("groupBy", $"day (at most {ReportPeriods.DaysMax}) or month (at most {ReportPeriods.MonthsMax}), UTC; {groupByDefault} where it is left out.").Refuses(ProblemTypes.ReadModelBehind);
}
