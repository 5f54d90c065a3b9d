using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Explain;

/// <summary>Explanations of accounts, lots and transactions: what they are made of, and their routes.</summary>
public static class ExplainRoutes
{
    private const string Account = "/v1/accounts/{accountId}";

    /// <summary>Adds what explanations need.</summary>
    public static IServiceCollection AddExplain(this IServiceCollection services) => services.AddSingleton<AccountExplanation>().AddSingleton<TransactionExplanation>();

    /// <summary>Maps all explanations.</summary>
    public static void MapExplain(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var accounts = routes.ServiceProvider.GetRequiredService<AccountExplanation>();
        var transactions = routes.ServiceProvider.GetRequiredService<TransactionExplanation>();
        Paged(Query(routes.MapGet($"{Account}/explain", accounts.AccountAsync), r => r.Query<AccountExplanationBody>("Where the account's credits came from and went to: its lots, the newest first, and whether they add up to the balance.")));
        Paged(Query(routes.MapGet($"{Account}/lots/{{lotId}}/explain", accounts.LotAsync), r => r.Query<LotHistoryBody>("A lot, and every transaction that took from it or gave to it, the oldest first."))).Refuses(ProblemTypes.NotFound);
        Query(routes.MapGet($"{Account}/transactions/{{itemId}}/explain", transactions.TransactionAsync), r => r.Query<TransactionExplanationBody>("A transaction: its causes, the lots that it moved, its debt, its refunds and its postings in the journal."))
            .Refuses(ProblemTypes.NotFound);
    }

    private static IEndpointConventionBuilder Paged(IEndpointConventionBuilder route) => route
        .Takes(ListRequest.LimitName, $"Entries of a page, 1 to {ListRequest.LimitMax}; {ListRequest.LimitDefault} where it is left out.", "integer")
        .Takes(ListRequest.CursorName, "Where the page begins: nextCursor of the page before.");

    private static IEndpointConventionBuilder Query(IEndpointConventionBuilder route, Func<IEndpointConventionBuilder, IEndpointConventionBuilder> describe) =>
        describe(route.RequireRoles(RoleSets.Queries)).Takes(ListRequest.MinVersionName, "Waits up to 5 s until the account has come to this version.", "integer").Refuses(ProblemTypes.AccountNotFound, ProblemTypes.ReadModelBehind);
}
