using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Subscriptions;

/// <summary>Queries on subscriptions: one from its state, lists from the index. An end user sees those of its own accounts alone.</summary>
internal sealed class SubscriptionQueries(EventReader reader, AccountFinder accounts)
{
    private const string Path = "/v1/subscriptions";

    /// <summary>What a caller is told of a subscription that is not there, or not its own.</summary>
    public static Problem NotFound() => new(ProblemTypes.NotFound, "There is no such subscription.");

    /// <summary><c>GET /v1/subscriptions/{id}</c>.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var problem = QueryParameters.Of(http).Problem();
        var known = SubscriptionId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var found = problem is null && known ? await reader.StateAsync(SubscriptionModel.StreamOf(caller.Tenant, id), http.RequestAborted) : null;
        if (found?.State is not Subscription subscription || !await MaySeeAsync(caller, subscription.Account, http.RequestAborted))
        {
            await (problem ?? NotFound()).WriteAsync(http);
            return;
        }

        Answer.Version(http, subscription.Version);
        await Answer.Ok(http, SubscriptionBody.Of(subscription));
    }

    /// <summary><c>GET /v1/subscriptions</c>, the newest first.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var (account, provider) = (query.Text("accountId", Errors.IdLengthMax), query.Text("provider", Errors.IdLengthMax));
        await ListAsync(http, query, Path, account, provider);
    }

    /// <summary><c>GET /v1/accounts/{accountId}/subscriptions</c>, the newest first.</summary>
    public async Task ListOfAccountAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var status = query.Word<SubscriptionStatus>("status");
        var list = ListRequest.Read(query, Caller.Of(http).Tenant, http.Request.Path.Value!, ListRequest.IsNumber);
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        await AnswerAsync(http, ((Account)now.State).Id.Value, status, null, list);
    }

    private async Task ListAsync(HttpContext http, QueryParameters query, string path, string? account, string? provider)
    {
        var status = query.Word<SubscriptionStatus>("status");
        var list = ListRequest.Read(query, Caller.Of(http).Tenant, path, ListRequest.IsNumber);
        if (query.Problem() is { } problem) await problem.WriteAsync(http);
        else await AnswerAsync(http, account, status, provider, list);
    }

    private async Task AnswerAsync(HttpContext http, string? account, SubscriptionStatus? status, string? provider, ListRequest list)
    {
        var caller = Caller.Of(http);
        await using var command = reader.Source.CreateCommand(
            """
            select s.id, s.position from ledger.subscriptions s
            where s.tenant_id = $1 and s.position < $2 and ($3::text is null or s.account_id = $3) and ($4::text is null or s.status = $4) and ($5::text is null or s.provider = $5)
              and ($6::text is null or exists (select from ledger.accounts a where a.tenant_id = s.tenant_id and a.id = s.account_id and a.owner_kind = $6 and a.owner_id = $7))
            order by s.position desc limit $8
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(list.NumberAfter() ?? long.MaxValue);
        foreach (var text in new[] { account, status is { } s ? Words.Of(s) : null, provider, caller.Owner?.Kind, caller.Owner?.Id }) command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<(string Id, long Position)>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        var page = list.Page(found, entry => entry.Position.ToString(CultureInfo.InvariantCulture));
        var states = await reader.StatesAsync(caller.Tenant, page.Data.Select(entry => $"{BillingDraft.SubscriptionKind}/{entry.Id}").ToList(), http.RequestAborted);
        await Answer.Ok(http, new Page<SubscriptionBody>([.. states.Select(one => SubscriptionBody.Of((Subscription)one.State))], page.NextCursor));
    }

    private async Task<bool> MaySeeAsync(Caller caller, AccountId id, CancellationToken cancellationToken)
    {
        if (caller.Owner is null) return true;
        return await reader.StateAsync(AccountModel.StreamOf(caller.Tenant, id), cancellationToken) is { State: Account account } && caller.MaySee(Words.Of(account.Owner.Kind), account.Owner.Id);
    }
}
