using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Catalog;

/// <summary>The catalogue over HTTP. Its writes need no key: the same again changes nothing.</summary>
internal sealed class CatalogEndpoints(GroupCommit store, EventReader reader)
{
    /// <summary>No more plans of a tenant are looked through than this.</summary>
    public const int PlansMax = 1_000;

    /// <summary>Puts an entry up, or another one in its place.</summary>
    public async Task PutAsync<TRequest>(HttpContext http, ItemKind kind)
        where TRequest : CatalogRequest
    {
        var read = await RequestReader.ReadAsync<TRequest>(http);
        var ifMatch = IfMatch.Read(http);
        var problem = read.Problem ?? ifMatch.Problem ?? QueryParameters.Of(http).Problem();
        CatalogEntry? entry = null;
        var id = (string)http.Request.RouteValues["id"]!;
        if (problem is null)
        {
            var errors = new Errors();
            errors.Id(id, "id");
            entry = read.Value!.ToEntry(errors);
            problem = errors.Problem;
        }

        if (problem is null) await SendAsync(http, kind, id, entry, null, ifMatch.Value);
        else await problem.WriteAsync(http);
    }

    /// <summary>Takes an entry from sale.</summary>
    public async Task ArchiveAsync(HttpContext http, ItemKind kind)
    {
        var query = QueryParameters.Of(http);
        var reason = query.Text("reason");
        var ifMatch = IfMatch.Read(http);
        var id = (string)http.Request.RouteValues["id"]!;
        if ((ifMatch.Problem ?? query.Problem() ?? (Errors.IsId(id) ? null : NotFound())) is { } problem) await problem.WriteAsync(http);
        else await SendAsync(http, kind, id, null, reason, ifMatch.Value);
    }

    /// <summary>One entry; an archived one too.</summary>
    public async Task GetAsync(HttpContext http, ItemKind kind)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        var problem = QueryParameters.Of(http).Problem();
        var item = problem is null && Errors.IsId(id) ? await FindAsync(Caller.Of(http).Tenant, kind, id, http.RequestAborted) : null;
        if (item is { Entry: not null }) await WriteAsync(http, StatusCodes.Status200OK, item);
        else await (problem ?? NotFound()).WriteAsync(http);
    }

    /// <summary>Entries in the order of their places.</summary>
    public async Task ListAsync<TBody>(HttpContext http, ItemKind kind)
        where TBody : CatalogBody
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var (active, archived) = (query.Flag("active"), query.Flag("archived"));
        long? price = null;
        string? currency = null;
        if (kind == ItemKind.Package)
        {
            (price, currency) = (query.Number("price", 1, MoneyBody.AmountMax), query.Text("currency"));
            if (price is not null && currency is null) query.Add("currency", "is required with price");
            if (currency is not null && !Currencies.IsKnown(currency)) query.Add("currency", "must be the code of a currency in lower case, such as usd");
        }

        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!, IsPlace);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        // A package for an amount is one that can be bought.
        if (price is not null) active ??= true;
        var found = await RowsAsync(caller.Tenant, kind, active, archived, price, currency, list, http.RequestAborted);
        var page = list.Page(found, item => string.Create(CultureInfo.InvariantCulture, $"{item.Entry!.Order()}/{item.Id}"));
        await Answer.Ok(http, new Page<TBody>([.. page.Data.Select(item => (TBody)CatalogBody.Of(item))], page.NextCursor));
    }

    /// <summary>An entry as it is now; one without an entry where there is none.</summary>
    public async Task<CatalogItem> FindAsync(string tenant, ItemKind kind, string id, CancellationToken cancellationToken) =>
        await reader.StateAsync(CatalogModel.StreamOf(tenant, kind, id), cancellationToken) is { } now ? CatalogModel.Of(now.State) : CatalogItem.Begin(kind, id);

    /// <summary>All plans of a tenant as they are now, in the order of their places: those that are sold first, then those that were taken from sale. At most 1,000 of each.</summary>
    public async Task<IReadOnlyList<CatalogItem>> PlansAsync(string tenant, CancellationToken cancellationToken)
    {
        var all = ListRequest.All(PlansMax);
        return [.. await RowsAsync(tenant, ItemKind.Plan, null, false, null, null, all, cancellationToken), .. await RowsAsync(tenant, ItemKind.Plan, null, true, null, null, all, cancellationToken)];
    }

    private async Task SendAsync(HttpContext http, ItemKind kind, string id, CatalogEntry? entry, string? reason, IfMatch expected)
    {
        var caller = Caller.Of(http);
        var work = new CatalogWork(kind, id, entry, reason) { Tenant = caller.Tenant, Meta = CommandHandler.MetaOf(http, caller, null), Expected = expected };
        Outcome outcome;
        try
        {
            outcome = await store.SubmitAsync(work, false);
        }
        catch (DecisionFailedException)
        {
            await CommandHallway.Undecided().WriteAsync(http);
            return;
        }

        if (outcome is not Outcome.Accepted done)
        {
            await CommandHallway.ProblemOf(outcome).WriteAsync(http);
            return;
        }

        var item = CatalogModel.Of(done.State);
        await WriteAsync(http, entry is not null && item.Version == 1 && done.Events.Count > 0 ? StatusCodes.Status201Created : StatusCodes.Status200OK, item);
    }

    private static Task WriteAsync(HttpContext http, int status, CatalogItem item)
    {
        Answer.Version(http, item.Version);
        return item.Entry switch
        {
            Package package => Answer.Json(http, status, PackageBody.Of(item, package)),
            Plan plan => Answer.Json(http, status, PlanBody.Of(item, plan)),
            _ => Answer.Json(http, status, ProductBody.Of(item, (Product)item.Entry!)),
        };
    }

    private static Problem NotFound() => new(ProblemTypes.NotFound, "There is no such entry in the catalogue.");

    private static bool IsPlace(string place)
    {
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && int.TryParse(place.AsSpan(0, slash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && Errors.IsId(place.AsSpan(slash + 1));
    }

    /// <summary>The tenant's own rows, and what every tenant begins with where it has no row of that id.</summary>
    private async Task<List<CatalogItem>> RowsAsync(string tenant, ItemKind kind, bool? active, bool? archived, long? price, string? currency, ListRequest list, CancellationToken cancellationToken)
    {
        await using var command = reader.Source.CreateCommand(
            """
            select id, version, archived, updated_at, entry from (
                select id, version, active, archived, price, currency, sort_order, updated_at, entry from ledger.catalog where tenant_id = $1 and kind = $2
                union all
                select d.id, 1, d.active, false, d.price, d.currency, d.sort_order, null, d.entry
                from unnest($3::text[], $4::boolean[], $5::bigint[], $6::text[], $7::integer[], $8::text[]) as d(id, active, price, currency, sort_order, entry)
                where not exists (select from ledger.catalog c where c.tenant_id = $1 and c.kind = $2 and c.id = d.id)
            ) e
            where ($9::boolean is null or active = $9) and archived = coalesce($10, false) and ($11::bigint is null or price = $11) and ($12::text is null or currency = $12)
              and ($13::integer is null or (sort_order, id collate "C") > ($13, $14 collate "C"))
            order by sort_order, id collate "C" limit $15
            """);
        var (order, after) = list.After is { } place && IsPlace(place) ? ((int?)int.Parse(place.AsSpan(0, place.IndexOf('/', StringComparison.Ordinal)), CultureInfo.InvariantCulture), place[(place.IndexOf('/', StringComparison.Ordinal) + 1)..]) : (null, null);
        var defaults = CatalogDefaults.All.Where(entry => entry.Entry.Kind() == kind).Select(entry => CatalogRow.Of(new("", "", entry.Id), CatalogItem.Begin(kind, entry.Id))).ToArray();
        var parameters = command.Parameters;
        parameters.AddWithValue(Tenants.Stored(tenant));
        parameters.AddWithValue(Words.Of(kind));
        parameters.AddWithValue(defaults.Select(row => row.Key.Id).ToArray());
        parameters.AddWithValue(defaults.Select(row => row.Active).ToArray());
        parameters.AddWithValue(defaults.Select(row => row.Price).ToArray());
        parameters.AddWithValue(defaults.Select(row => row.Currency!).ToArray());
        parameters.AddWithValue(defaults.Select(row => row.SortOrder).ToArray());
        parameters.AddWithValue(defaults.Select(row => row.Entry).ToArray());
        parameters.Add(new NpgsqlParameter<bool?> { TypedValue = active, NpgsqlDbType = NpgsqlDbType.Boolean });
        parameters.Add(new NpgsqlParameter<bool?> { TypedValue = archived, NpgsqlDbType = NpgsqlDbType.Boolean });
        parameters.Add(new NpgsqlParameter<long?> { TypedValue = price, NpgsqlDbType = NpgsqlDbType.Bigint });
        parameters.Add(new NpgsqlParameter<string?> { TypedValue = currency, NpgsqlDbType = NpgsqlDbType.Text });
        parameters.Add(new NpgsqlParameter<int?> { TypedValue = order, NpgsqlDbType = NpgsqlDbType.Integer });
        parameters.Add(new NpgsqlParameter<string?> { TypedValue = after, NpgsqlDbType = NpgsqlDbType.Text });
        parameters.AddWithValue(list.Limit + 1);
        var found = new List<CatalogItem>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var id = rows.GetString(0);
            found.Add(CatalogItem.Begin(kind, id) with
            {
                Events = rows.GetInt64(1) - CatalogItem.Begin(kind, id).Version,
                IsArchived = rows.GetBoolean(2),
                UpdatedAt = rows.IsDBNull(3) ? null : new DateTimeOffset(rows.GetDateTime(3), TimeSpan.Zero),
                Entry = CatalogRow.Read(kind, rows.GetString(4)),
            });
        }

        return found;
    }
}
