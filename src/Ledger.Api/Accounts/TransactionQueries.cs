using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Queries on an account's transactions: the read model finds them, their events answer.</summary>
internal sealed class TransactionQueries(EventReader reader, AccountFinder accounts)
{
    /// <summary><c>GET .../transactions</c>, the newest first.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, Caller.Of(http).Tenant, http.Request.Path.Value!, ListRequest.IsNumber);
        var filter = TransactionFilter.Read(query);
        if (await accounts.FindAsync(http, query, readModels: TransactionsProjection.ItsName) is not { } now) return;
        var (above, upTo) = await filter.Period.VersionsAsync(reader, now.Stream, http.RequestAborted);
        // A version is a place that nothing moves, so a cursor holds while transactions arrive.
        var below = Math.Min(upTo + 1, list.NumberAfter() ?? long.MaxValue);
        var versions = await filter.VersionsAsync(
            reader.Source, Tenants.Stored(now.Stream.Tenant), AccountModel.AccountOf(now.Stream).Value, above, below, list.Limit + 1, http.RequestAborted);
        var events = await reader.EventsDownAsync(now.Stream, versions, http.RequestAborted);
        var page = list.Page(events, e => e.Version.ToString(CultureInfo.InvariantCulture));
        await Answer.Ok(http, new Page<TransactionBody>(page.Data.Select(e => TransactionBody.Of(e)!).ToList(), page.NextCursor));
    }

    /// <summary><c>GET .../transactions/{txnId}</c>: its id leads to its event, so no read model is asked.</summary>
    public async Task GetAsync(HttpContext http)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http)) is not { } now) return;
        var id = (string)http.Request.RouteValues["itemId"]!;
        if (TransactionId.TryRead(id, ((Account)now.State).Tag, out var version) && await reader.EventAsync(now.Stream, version, http.RequestAborted) is { } stored && TransactionBody.Of(stored) is { } transaction)
        {
            await Answer.Ok(http, transaction);
            return;
        }

        await new Problem(ProblemTypes.NotFound, "This account has no such transaction. Take the id from its list of transactions.").WriteAsync(http);
    }
}
