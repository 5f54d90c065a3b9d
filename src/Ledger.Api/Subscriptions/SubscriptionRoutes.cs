using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Subscriptions;

/// <summary>Subscriptions over HTTP: their parts and their routes.</summary>
internal static class SubscriptionRoutes
{
    private const string OfAccount = "/v1/accounts/{accountId}/subscriptions";
    private const string One = "/v1/subscriptions/{id}";

    /// <summary>Adds them.</summary>
    public static IServiceCollection AddSubscriptions(this IServiceCollection services) => services.AddSingleton<SubscriptionEndpoints>().AddSingleton<SubscriptionQueries>();

    /// <summary>Maps their routes.</summary>
    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var commands = routes.ServiceProvider.GetRequiredService<SubscriptionEndpoints>();
        routes.MapPost(OfAccount, commands.StartAsync).RequireRoles(RoleSets.Commands)
            .Command<StartSubscriptionRequest, SubscriptionBody>("Subscribes the account to a plan. What has to be paid is incomplete until its checkout is; a plan that costs something without a payment needs an administrator.")
            .Refuses(ProblemTypes.SubscriptionExists, ProblemTypes.AccountNotFound, ProblemTypes.NotFound, ProblemTypes.AccountClosed, ProblemTypes.Conflict, ProblemTypes.NotAvailable);
        Command<ChangeSubscriptionRequest>(routes, "change", commands.ChangeAsync, "Another plan, or other seats, now or with the next period.");
        Command<CancelSubscriptionRequest>(routes, "cancel", commands.CancelAsync, "Ends it now or with its period.");
        Command<ResumeSubscriptionRequest>(routes, "resume", commands.ResumeAsync, "Lets it go on: where it rests, or was to end with its period.");
        Command<PauseSubscriptionRequest>(routes, "pause", commands.PauseAsync, "Lets it rest: it gives nothing until it is resumed.");
        Command<RenewSubscriptionRequest>(routes, "renew", commands.RenewAsync, "Begins its next period, or pays the one that is missing: a checkout where a payment pays for it, else by an administrator's word.").Refuses(ProblemTypes.NotAvailable);
        Command<MarkPastDueRequest>(routes, "mark-past-due", commands.MarkPastDueAsync, "Says that its payment is missing: its grace begins.");

        var queries = routes.ServiceProvider.GetRequiredService<SubscriptionQueries>();
        routes.MapGet(OfAccount, queries.ListOfAccountAsync).RequireRoles(RoleSets.Queries).ListQuery<SubscriptionBody>("The account's subscriptions, the newest first; at most one of them is live.")
            .Takes("status", "Only those that stand so.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapGet("/v1/subscriptions", queries.ListAsync).RequireRoles(RoleSets.Queries).ListQuery<SubscriptionBody>("Lists subscriptions, the newest first. A user sees its own alone.")
            .Takes("accountId", "Only those of this account.").Takes("status", "Only those that stand so.").Takes("provider", "Only those that are renewed so: manual, or a provider.");
        routes.MapGet(One, queries.GetAsync).RequireRoles(RoleSets.Queries).Query<SubscriptionBody>("One subscription.");
    }

    private static IEndpointConventionBuilder Command<TRequest>(IEndpointRouteBuilder routes, string verb, RequestDelegate handle, string summary)
        where TRequest : class =>
        routes.MapPost($"{One}/{verb}", handle).RequireRoles(RoleSets.Commands).Command<TRequest, SubscriptionBody>(summary, StatusCodes.Status200OK)
            .Refuses(ProblemTypes.NotFound, ProblemTypes.AccountClosed, ProblemTypes.Conflict);
}
