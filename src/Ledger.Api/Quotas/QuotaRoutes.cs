using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Maintenance;

namespace Ledger.Api.Quotas;

/// <summary>Usage, quotas, auto top-up and alerts: what they are made of, and their routes.</summary>
public static class QuotaRoutes
{
    private const string Account = "/v1/accounts/{accountId}";
    private const string Metric = Account + "/quotas/{metric}";

    /// <summary>Adds the way of commands on quotas, and what settles them: for a service, or for a command.</summary>
    public static IServiceCollection AddQuotaDue(this IServiceCollection services) => services
        .AddSingleton<ChargeableMethods>()
        .AddSingleton<QuotaHallway>()
        .AddSingleton<IDueKind, QuotaDue>();

    /// <summary>Adds what answers over HTTP.</summary>
    public static IServiceCollection AddQuotas(this IServiceCollection services) => services
        .AddSingleton<UsageEndpoint>()
        .AddSingleton<QuotaEndpoints>()
        .AddSingleton<AlertEndpoints>()
        .AddSingleton<AutoTopUpEndpoints>();

    /// <summary>Maps their routes.</summary>
    public static void MapQuotas(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider;
        routes.MapPost($"{Account}/usage", services.GetRequiredService<UsageEndpoint>().HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<RecordUsageRequest, RecordedUsageBody>("Records that something was used, or how much of it there is. With enforce it is checked against the limit and recorded in one step, and refused where it would pass it.")
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.AccountClosed, ProblemTypes.QuotaExceeded, ProblemTypes.Conflict);
        var quotas = services.GetRequiredService<QuotaEndpoints>();
        routes.MapGet($"{Account}/quotas", quotas.ListAsync).RequireRoles(RoleSets.Queries)
            .ListQuery<QuotaBody>("How much of each metric the account uses and may use, by metric.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapGet(Metric, quotas.GetAsync).RequireRoles(RoleSets.Queries).Query<QuotaBody>("How much of a metric the account uses and may use, and whether so much more would fit.")
            .Takes("need", "How much more is wanted; 1 where it is left out.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut(Metric, quotas.PutAsync).RequireRoles(RoleSets.Administration)
            .Command<OverrideLimitRequest, QuotaBody>("Gives the account a limit of its own, in place of its plan's; with null that is taken away.", StatusCodes.Status200OK)
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.AccountClosed, ProblemTypes.Conflict);
        routes.MapGet($"{Metric}/history", quotas.HistoryAsync).RequireRoles(RoleSets.Queries).ListQuery<UsageDayBody>("What was posted of a metric by day, UTC, the newest first.")
            .Takes("from", "From the day of this time on.", "date-time").Takes("to", "Before this time; the day that it is in is a whole one.", "date-time").Refuses(ProblemTypes.AccountNotFound);
        var alerts = services.GetRequiredService<AlertEndpoints>();
        routes.MapGet($"{Account}/alerts", alerts.GetAsync).RequireRoles(RoleSets.Queries).ListQuery<AlertBody>("What the account wants to hear of, and the alerts that were raised, the newest first.").Answers<AlertsBody>().Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut($"{Account}/alerts", alerts.PutAsync).RequireRoles(RoleSets.Commands)
            .Command<AlertsRequest, AlertsBody>("Says what the account wants to hear of. What is crossed already is raised at once; what stands is raised again only after it was well on the other side.", StatusCodes.Status200OK)
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.AccountClosed);
        var topUps = services.GetRequiredService<AutoTopUpEndpoints>();
        routes.MapGet($"{Account}/auto-topup", topUps.GetAsync).RequireRoles(RoleSets.Queries).Query<AutoTopUpBody>("When the account's credits are bought by themselves, and how that stands.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut($"{Account}/auto-topup", topUps.PutAsync).RequireRoles(RoleSets.Commands)
            .Command<AutoTopUpRequest, AutoTopUpBody>("Says when credits are bought by themselves with the saved payment method, and which. Where too little is available already, the first purchase begins at once.", StatusCodes.Status200OK)
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.NotFound, ProblemTypes.AccountClosed, ProblemTypes.Conflict);
    }
}
