using System.Reflection;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Accounts over HTTP: what they are made of, and their routes.</summary>
public static class AccountRoutes
{
    private const string Account = "/v1/accounts/{accountId}";
    private static readonly MethodInfo Describe = typeof(AccountRoutes).GetMethod(nameof(DescribeCommand), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Adds what account commands and queries need.</summary>
    public static IServiceCollection AddAccounts(this IServiceCollection services) => services
        .AddSingleton<IStreamModel, AccountModel>()
        .AddSingleton<CommandAnswers>()
        .AddSingleton<CommandHandler>()
        .AddSingleton<OpenAccountEndpoint>()
        .AddSingleton<BatchEndpoint>()
        .AddSingleton<Freshness>()
        .AddSingleton<AccountFinder>()
        .AddSingleton<AccountQueries>()
        .AddSingleton<TransactionQueries>()
        .AddSingleton<UsageQueries>()
        .AddSingleton<StatementQueries>();

    /// <summary>Maps all routes of accounts.</summary>
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider;
        var handler = services.GetRequiredService<CommandHandler>();
        foreach (var endpoint in CommandEndpoint.All)
        {
            var route = routes.MapPost($"{Account}/{endpoint.Route.Path}", http => handler.HandleAsync(http, endpoint)).RequireRoles(endpoint.Route.Roles);
            Describe.MakeGenericMethod(endpoint.RequestType).Invoke(null, [route, endpoint.Route]);
        }

        var open = services.GetRequiredService<OpenAccountEndpoint>();
        routes.MapPut(Account, open.HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<OpenAccountRequest, AccountBody>("Opens an account, or changes the settings of the one that stands.").OrAnswers(StatusCodes.Status200OK).TakesIfMatch()
            .Refuses(ProblemTypes.Conflict, ProblemTypes.AccountClosed, ProblemTypes.VersionMismatch);

        var batch = services.GetRequiredService<BatchEndpoint>();
        routes.MapPost("/v1/batch", batch.HandleAsync).RequireRoles(RoleSets.Commands)
            .Describe(new RouteDescription
            {
                Summary = "Does up to 10,000 commands, one on each line, and answers with a line for each, in the same order.",
                Request = typeof(BatchLineBody),
                Answer = typeof(BatchAnswerBody),
                RequestMediaType = "application/x-ndjson",
                BringsKeys = true,
                MediaType = "application/x-ndjson",
            })
            .Takes("atomic", "true: all lines are done, or none.", "boolean");

        var queries = services.GetRequiredService<AccountQueries>();
        routes.MapGet("/v1/accounts", queries.ListAsync).RequireRoles(RoleSets.Queries).ListQuery<AccountBody>("Lists accounts, the newest first.")
            .Takes("ownerId", "Only accounts of this owner.").Takes("ownerKind", "user or workspace.").Takes("status", "open, frozen or closed.").Takes("unit", "Only accounts that count this unit.")
            .Takes("search", "Only accounts whose id, or owner's id, begins with this.");
        routes.MapGet(Account, queries.GetAsync).RequireRoles(RoleSets.Queries).Query<AccountBody>("An account, now or as it was.")
            .Takes("at", "As recorded by this time.", "date-time").Takes("version", "As it was at this version.", "integer").Refuses(ProblemTypes.AccountNotFound, ProblemTypes.NotFound);
        var transactions = services.GetRequiredService<TransactionQueries>();
        Query(routes.MapGet($"{Account}/transactions", transactions.ListAsync), r => r.ListQuery<TransactionBody>("The account's transactions, the newest first."))
            .Takes("type", "Only this type.").Takes("service", "Only this service.").Takes("resourceType", "Only resources of this type.").Takes("resourceId", "Only this resource.")
            .Takes("from", "Recorded at this time or later.", "date-time").Takes("to", "Recorded before this time; not before from.", "date-time").Takes("reference", "Only this reference.");
        Query(routes.MapGet($"{Account}/transactions/{{itemId}}", transactions.GetAsync), r => r.Query<TransactionBody>("One transaction.")).Refuses(ProblemTypes.NotFound);
        Query(routes.MapGet($"{Account}/lots", queries.LotsAsync), r => r.ListQuery<LotBody>("The account's lots, the newest first.")).Takes("state", "Only lots in this state; a page may then have fewer of them than limit, even none, with more behind nextCursor.");
        Query(routes.MapGet($"{Account}/holds", queries.HoldsAsync), r => r.ListQuery<HoldBody>("The account's holds, the newest first.")).Takes("state", "Only holds in this state; a page may then have fewer of them than limit, even none, with more behind nextCursor.");
        Query(routes.MapGet($"{Account}/events", queries.EventsAsync), r => r.ListQuery<EventBody>("The account's events, the oldest first: the truth that all else follows from."));
        Query(routes.MapGet($"{Account}/usage", services.GetRequiredService<UsageQueries>().UsageAsync), r => r.Query<UsageReportBody>("What the account used, by groups; a refund counts where its consumption does."))
            .Takes("groupBy", "Some of service, operation, resourceType, resourceId, actor, day, month, separated by commas; without it one group of all. At most 10,000 groups.")
            .Takes("from", "Occurred at this time or later.", "date-time").Takes("to", "Occurred before this time; not before from.", "date-time");
        Query(routes.MapGet($"{Account}/statement", services.GetRequiredService<StatementQueries>().StatementAsync), r => r.Query<StatementBody>(
            "Opening balance, transactions (the oldest first), closing balance, by what is recorded: an expiry that is due and not written yet is not in it. With Accept: text/csv a table whose first and last line are the balances; text in it that a spreadsheet would calculate has ' before it."))
            .Takes("from", "Recorded at this time or later; without it from the opening of the account on.", "date-time").Takes("to", "Recorded before this time; not before from; without it until now.", "date-time")
            .Takes("proof", "true: with all that `./run verify --statement FILE --root ROOT` needs to verify it without the ledger; at most 10,000 events, JSON only.", "boolean");
    }

    private static IEndpointConventionBuilder Query(IEndpointConventionBuilder route, Func<IEndpointConventionBuilder, IEndpointConventionBuilder> describe) =>
        describe(route.RequireRoles(RoleSets.Queries)).Takes("minVersion", "Waits up to 5 s until the account has come to this version.", "integer").Refuses(ProblemTypes.AccountNotFound, ProblemTypes.ReadModelBehind);

    private static void DescribeCommand<TRequest>(IEndpointConventionBuilder builder, CommandRoute route)
        where TRequest : class
    {
        _ = route.Shape switch
        {
            AnswerShape.Transaction => builder.Command<TRequest, TransactionBody>(route.Summary).OrAnswers(StatusCodes.Status200OK),
            AnswerShape.Hold => builder.Command<TRequest, HoldBody>(route.Summary, route.Path == "holds" ? StatusCodes.Status201Created : StatusCodes.Status200OK),
            _ => builder.Command<TRequest, AccountBody>(route.Summary, StatusCodes.Status200OK),
        };
        builder.TakesIfMatch().Refuses(
            ProblemTypes.InsufficientCredits, ProblemTypes.AccountNotFound, ProblemTypes.NotFound, ProblemTypes.AccountClosed, ProblemTypes.AccountFrozen, ProblemTypes.HoldNotActive,
            ProblemTypes.AlreadyRefunded, ProblemTypes.Conflict, ProblemTypes.VersionMismatch, ProblemTypes.IdempotencyKeyReused);
    }
}

/// <summary>A line of a batch, for the API's description: its own members; those of the command's body stand beside them.</summary>
public sealed record BatchLineBody
{
    /// <summary>The line's idempotency key.</summary>
    public string? Key { get; init; }

    /// <summary>The account.</summary>
    public string? AccountId { get; init; }

    /// <summary>consume, grant, purchase, adjust, transfer, hold, capture, release, refund_consumption or refund_purchase.</summary>
    public string? Command { get; init; }

    /// <summary>The hold of capture and release.</summary>
    public string? HoldId { get; init; }

    /// <summary>The transaction of the refunds.</summary>
    public string? TxnId { get; init; }

    /// <summary>Opens the account where there is none, in one with the command.</summary>
    public OpenAccountRequest? OpenAccount { get; init; }
}

/// <summary>A line of a batch's answer, for the API's description: one of transaction, hold and problem.</summary>
public sealed record BatchAnswerBody
{
    /// <summary>The status that the single route would have answered with.</summary>
    public int? Status { get; init; }

    /// <summary>Whether the key was used before, by the same request.</summary>
    public bool? Replayed { get; init; }

    /// <summary>The transaction.</summary>
    public TransactionBody? Transaction { get; init; }

    /// <summary>The hold.</summary>
    public HoldBody? Hold { get; init; }
}
