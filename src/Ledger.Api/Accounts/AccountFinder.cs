using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Finds the account that a query names in its path: where the caller may see it, as fresh as the caller asks.</summary>
internal sealed class AccountFinder(EventReader reader, Freshness freshness)
{
    private static readonly TimeSpan MinVersionPause = TimeSpan.FromMilliseconds(25);

    /// <summary>The account in the path; else the problem is answered and null given. Asked last of a query: what is wrong with its parameters is told here.</summary>
    /// <param name="http">The request.</param>
    /// <param name="query">Its parameters, all others than <c>minVersion</c> read.</param>
    /// <param name="withMinVersion">Whether the query takes <c>minVersion</c>.</param>
    /// <param name="readModels">The names of the read models that the query is answered from besides the account's state and stream.</param>
    public async Task<StreamSnapshot?> FindAsync(HttpContext http, QueryParameters query, bool withMinVersion = true, params IReadOnlyList<string> readModels)
    {
        var caller = Caller.Of(http);
        var minVersion = withMinVersion ? query.Number(ListRequest.MinVersionName, 1, long.MaxValue) : null;
        var known = AccountId.TryParse((string)http.Request.RouteValues["accountId"]!, out var id);
        if (!known) query.Add("accountId", $"must have 1 to {AccountId.LengthMax} of the characters A-Z a-z 0-9 . _ : - and at least one letter or digit");
        var problem = query.Problem();
        if (problem is null)
        {
            var waited = System.Diagnostics.Stopwatch.StartNew();
            var stream = AccountModel.StreamOf(caller.Tenant, id);
            StreamSnapshot? found;
            (found, problem) = await ComeToAsync(stream, id, caller, minVersion, waited, http.RequestAborted);
            if (found is not null)
            {
                var left = minVersion is null ? Freshness.OwnWritesWaitMax : Freshness.MinVersionWaitMax - waited.Elapsed;
                var behind = await freshness.BehindAsync(stream, minVersion ?? found.Version, readModels, left, http.RequestAborted);
                if (behind is null || minVersion is null) return found;
                problem = new Problem(ProblemTypes.ReadModelBehind, $"The read model {behind} has not come to version {minVersion} of the account yet.") { RetryAfterSeconds = 1 };
            }
        }

        await problem!.WriteAsync(http);
        return null;
    }

    private async Task<(StreamSnapshot? Found, Problem? Problem)> ComeToAsync(StreamRef stream, AccountId id, Caller caller, long? minVersion, System.Diagnostics.Stopwatch waited, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await reader.StateAsync(stream, cancellationToken);
            if (found is null || !MaySee(caller, (Account)found.State)) return (null, new Problem(ProblemTypes.AccountNotFound, $"There is no account {id}."));
            if (minVersion is null || found.Version >= minVersion) return (found, null);
            if (waited.Elapsed >= Freshness.MinVersionWaitMax)
                return (null, new Problem(ProblemTypes.ReadModelBehind, $"The account has not come to version {minVersion} yet; it is at {found.Version}.") { RetryAfterSeconds = 1 });
            await Task.Delay(MinVersionPause, cancellationToken);
        }
    }

    private static bool MaySee(Caller caller, Account account) => caller.MaySee(Words.Of(account.Owner.Kind), account.Owner.Id);
}
