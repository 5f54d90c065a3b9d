using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Invoices;

/// <summary>Queries on invoices: one from its state, as JSON, as a page or as a PDF; lists from the index. An end user sees those of its own accounts alone.</summary>
internal sealed class InvoiceQueries(EventReader reader, ContactStore contacts)
{
    private const string List = "/v1/invoices";
    private const string Pdf = "application/pdf";
    private const string Page = "text/html";

    /// <summary><c>GET /v1/invoices/{id}</c>, by id or by number.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var problem = QueryParameters.Of(http).Problem();
        var form = AcceptedType.Choose(http, Answer.MediaType, Page, Pdf);
        if (problem is null && form is null) problem = new Problem(ProblemTypes.NotAcceptable, $"An invoice can be had as {Answer.MediaType}, {Page} or {Pdf}. Ask for one of them with the header Accept.");
        var id = problem is null ? await IdOfAsync(caller.Tenant, (string)http.Request.RouteValues["id"]!, http.RequestAborted) : null;
        var found = id is null ? null : await reader.StateAsync(InvoiceModel.StreamOf(caller.Tenant, id.Value), http.RequestAborted);
        if (found?.State is not Invoice { Exists: true } invoice || !await MaySeeAsync(caller, invoice.Account, http.RequestAborted))
        {
            await (problem ?? NotFound()).WriteAsync(http);
            return;
        }

        var buyer = await contacts.FindAsync(caller.Tenant, invoice.Account, http.RequestAborted);
        http.Response.Headers.Vary = "Accept";
        Answer.Version(http, invoice.Version);
        switch (form)
        {
            case Page:
                http.Response.Headers.ContentSecurityPolicy = InvoiceHtml.Policy;
                await WriteAsync(http, Page + "; charset=utf-8", InvoiceHtml.Of(InvoicePaper.Of(invoice, buyer)));
                break;
            case Pdf:
                http.Response.Headers.ContentDisposition = $"inline; filename=\"{invoice.Number}.pdf\"";
                await WriteAsync(http, Pdf, InvoicePdf.Of(InvoicePaper.Of(invoice, buyer)));
                break;
            default:
                await Answer.Ok(http, InvoiceBody.Of(invoice, buyer));
                break;
        }
    }

    /// <summary><c>GET /v1/invoices</c>, the newest first.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var (account, status) = (query.Text("accountId", Errors.IdLengthMax), query.Word<InvoiceStatus>("status"));
        var (payment, subscription) = (query.Text("paymentId", Errors.IdLengthMax), query.Text("subscriptionId", Errors.IdLengthMax));
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (to < from) query.Add("to", "must not be before from");
        var list = ListRequest.Read(query, caller.Tenant, List, ListRequest.IsNumber);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        await using var command = reader.Source.CreateCommand(
            """
            select i.id, i.position from ledger.invoices i
            where i.tenant_id = $1 and i.position < $2 and ($3::text is null or i.account_id = $3) and ($4::text is null or i.status = $4) and ($5::text is null or i.payment_id = $5)
              and ($6::text is null or i.subscription_id = $6) and ($7::timestamptz is null or i.issued_at >= $7) and ($8::timestamptz is null or i.issued_at < $8)
              and ($9::text is null or exists (select from ledger.accounts a where a.tenant_id = i.tenant_id and a.id = i.account_id and a.owner_kind = $9 and a.owner_id = $10))
            order by i.position desc limit $11
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(list.NumberAfter() ?? long.MaxValue);
        foreach (var text in new[] { account, status is { } s ? Words.Of(s) : null, payment, subscription }) command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        foreach (var time in new[] { from, to }) command.Parameters.Add(new NpgsqlParameter<DateTime?> { TypedValue = time?.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        foreach (var text in new[] { caller.Owner?.Kind, caller.Owner?.Id }) command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<(string Id, long Position)>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        var page = list.Page(found, entry => entry.Position.ToString(CultureInfo.InvariantCulture));
        var states = await reader.StatesAsync(caller.Tenant, page.Data.Select(entry => $"{BillingDraft.InvoiceKind}/{entry.Id}").ToList(), http.RequestAborted);
        await Answer.Ok(http, new Page<InvoiceBody>([.. states.Select(state => InvoiceBody.Of((Invoice)state.State))], page.NextCursor));
    }

    private static Problem NotFound() => new(ProblemTypes.NotFound, "There is no such invoice.");

    private static Task WriteAsync(HttpContext http, string mediaType, byte[] body)
    {
        http.Response.ContentType = mediaType;
        http.Response.ContentLength = body.Length;
        // It names a person: nothing between here and whoever asked keeps a copy.
        http.Response.Headers.CacheControl = "private, no-store";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    private async Task<InvoiceId?> IdOfAsync(string tenant, string text, CancellationToken cancellationToken)
    {
        if (InvoiceId.TryParse(text, out var id)) return id;
        if (text.Length > Errors.IdLengthMax || !Errors.IsId(text)) return null;
        await using var command = reader.Source.CreateCommand("select id from ledger.invoices where tenant_id = $1 and number = $2");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(text);
        return await command.ExecuteScalarAsync(cancellationToken) is string found ? new InvoiceId(found) : null;
    }

    private async Task<bool> MaySeeAsync(Caller caller, AccountId id, CancellationToken cancellationToken)
    {
        if (caller.Owner is null) return true;
        return await reader.StateAsync(AccountModel.StreamOf(caller.Tenant, id), cancellationToken) is { State: Account account } && caller.MaySee(Words.Of(account.Owner.Kind), account.Owner.Id);
    }
}
