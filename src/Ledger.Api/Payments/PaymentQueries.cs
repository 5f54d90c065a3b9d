using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Subscriptions;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Payments;

/// <summary>Queries on payments: one from its state and stream, lists from the index. An end user sees those of its own accounts alone.</summary>
internal sealed class PaymentQueries(EventReader reader, AccountFinder accounts, CatalogEndpoints catalog, SubscriptionHallway subscriptions)
{
    private const string List = "/v1/payments";

    /// <summary>What a caller is told of a payment that is not there, or not its own.</summary>
    public static Problem NotFound() => new(ProblemTypes.NotFound, "There is no such payment.");

    /// <summary><c>GET /v1/payments/{id}</c>.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var problem = QueryParameters.Of(http).Problem();
        var known = PaymentId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var found = problem is null && known ? await reader.StateAsync(PaymentModel.StreamOf(caller.Tenant, id), http.RequestAborted) : null;
        if (found?.State is not Payment payment || !await MaySeeAsync(caller, payment.Account, http.RequestAborted))
        {
            await (problem ?? NotFound()).WriteAsync(http);
            return;
        }

        // The state and its events are of one version.
        var events = await reader.EventsAsync(found.Stream, 1, EventReader.PageMax, http.RequestAborted);
        Answer.Version(http, payment.Version);
        await Answer.Ok(http, PaymentBody.Of(payment, [.. events.Where(stored => stored.Version <= found.Version)]));
    }

    /// <summary><c>GET /v1/payments</c>, the newest first.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var (account, status, provider) = (query.Text("accountId", Errors.IdLengthMax), query.Word<PaymentStatus>("status"), query.Text("provider", Errors.IdLengthMax));
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (to < from) query.Add("to", "must not be before from");
        var (purpose, attention) = (query.Word<PaymentPurpose>("purpose"), query.Flag("needsAttention"));
        var list = ListRequest.Read(query, caller.Tenant, List, ListRequest.IsNumber);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        await using var command = reader.Source.CreateCommand(
            """
            select p.id, p.position from ledger.payments p
            where p.tenant_id = $1 and p.position < $2 and ($3::text is null or p.account_id = $3) and ($4::text is null or p.status = $4) and ($5::text is null or p.provider = $5) and ($6::text is null or p.purpose = $6)
              and ($7::timestamptz is null or p.created_at >= $7) and ($8::timestamptz is null or p.created_at < $8) and ($9::boolean is null or p.needs_attention = $9)
              and ($10::text is null or exists (select from ledger.accounts a where a.tenant_id = p.tenant_id and a.id = p.account_id and a.owner_kind = $10 and a.owner_id = $11))
            order by p.position desc limit $12
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(list.NumberAfter() ?? long.MaxValue);
        foreach (var text in new[] { account, status is { } s ? Words.Of(s) : null, provider, purpose is { } p ? Words.Of(p) : null }) command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        foreach (var time in new[] { from, to }) command.Parameters.Add(new NpgsqlParameter<DateTime?> { TypedValue = time?.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<bool?> { TypedValue = attention, NpgsqlDbType = NpgsqlDbType.Boolean });
        foreach (var text in new[] { caller.Owner?.Kind, caller.Owner?.Id }) command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<(string Id, long Position)>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        var page = list.Page(found, entry => entry.Position.ToString(CultureInfo.InvariantCulture));
        var states = await reader.StatesAsync(caller.Tenant, page.Data.Select(entry => $"{PaymentModel.StreamKind}/{entry.Id}").ToList(), http.RequestAborted);
        await Answer.Ok(http, new Page<PaymentBody>([.. states.Select(found => PaymentBody.Of((Payment)found.State))], page.NextCursor));
    }

    /// <summary><c>GET /v1/accounts/{accountId}/access</c>: what was bought and not given back, and what is included in a subscription.</summary>
    public async Task AccessAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var product = query.Text("product", Errors.IdLengthMax);
        if (product is null) query.Add("product", "is required");
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        var account = ((Account)now.State).Id;
        var item = await catalog.FindAsync(caller.Tenant, ItemKind.Product, product!, http.RequestAborted);
        if (item.Entry is null)
        {
            await new Problem(ProblemTypes.NotFound, "There is no such product in the catalogue.").WriteAsync(http);
            return;
        }

        if (item.Entry.Cost() is null && await subscriptions.StandingAsync(caller.Tenant, account, http.RequestAborted) is var (live, at) && live.EntitlesAt(at))
        {
            await Answer.Ok(http, new AccessBody(account, product!, true, "subscription", null, live.CreatedAt, live.Id));
            return;
        }

        // While the money is disputed, or has gone back in full, there is no access; a refund in part takes none away.
        await using var command = reader.Source.CreateCommand(
            """
            select id, paid_at from ledger.payments
            where tenant_id = $1 and account_id = $2 and item_kind = 'product' and item_id = $3 and status in ('succeeded', 'partially_refunded') order by position limit 1
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(account.Value);
        command.Parameters.AddWithValue(product!);
        await using var rows = await command.ExecuteReaderAsync(http.RequestAborted);
        var bought = await rows.ReadAsync(http.RequestAborted);
        await Answer.Ok(http, bought
            ? new AccessBody(account, product!, true, "purchase", new PaymentId(rows.GetString(0)), rows.IsDBNull(1) ? null : new DateTimeOffset(rows.GetDateTime(1), TimeSpan.Zero))
            : new AccessBody(account, product!, false, "none", null, null));
    }

    private async Task<bool> MaySeeAsync(Caller caller, AccountId id, CancellationToken cancellationToken)
    {
        if (caller.Owner is null) return true;
        return await reader.StateAsync(AccountModel.StreamOf(caller.Tenant, id), cancellationToken) is { State: Account account } && caller.MaySee(Words.Of(account.Owner.Kind), account.Owner.Id);
    }
}
