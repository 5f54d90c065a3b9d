using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Quotas;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Quotas;

/// <summary>What accounts want to hear of, and what they were told.</summary>
internal sealed class AlertEndpoints(QuotaHallway quotas, AccountFinder accounts, EventReader reader)
{
    /// <summary><c>PUT /v1/accounts/{accountId}/alerts</c>.</summary>
    public async Task PutAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<AlertsRequest>(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        var settings = read.Value?.ToSettings(errors);
        var query = QueryParameters.Of(http);
        var problem = read.Problem ?? errors.Problem ?? query.Problem();
        problem ??= (await quotas.SendAsync(caller.Tenant, new SetAlerts { Account = account, Settings = settings! }, CommandHandler.MetaOf(http, caller, null), cancellationToken: http.RequestAborted)).Problem;
        if (problem is not null) await problem.WriteAsync(http);
        else await WriteAsync(http, caller.Tenant, account, ListRequest.Read(query, caller.Tenant, PathOf(http), ListRequest.IsNumber));
    }

    /// <summary><c>GET /v1/accounts/{accountId}/alerts</c>, the newest first.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, caller.Tenant, PathOf(http), ListRequest.IsNumber);
        if (await accounts.FindAsync(http, query, withMinVersion: false) is { } now) await WriteAsync(http, caller.Tenant, ((Account)now.State).Id, list);
    }

    private static string PathOf(HttpContext http) => http.Request.Path.Value!;

    private async Task WriteAsync(HttpContext http, string tenant, AccountId account, ListRequest list)
    {
        var settings = (await reader.StateAsync(QuotaModel.StreamOf(tenant, account), http.RequestAborted) is { State: Quota quota } ? quota : new Quota()).AlertsHeld;
        await using var command = reader.Source.CreateCommand(
            """
            select version, kind, metric, percent, threshold, value, limit_value, raised_at, cleared_at from ledger.alerts
            where tenant_id = $1 and account_id = $2 and version < $3 order by version desc limit $4
            """);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(account.Value);
        command.Parameters.AddWithValue(list.NumberAfter() ?? long.MaxValue);
        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<AlertBody>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add(Read(rows));
        }

        var page = list.Page(found, alert => alert.Id.ToString(CultureInfo.InvariantCulture));
        await Answer.Ok(http, new AlertsBody([.. settings.LowBalance], [.. settings.QuotaPercent], page.Data, page.NextCursor));
    }

    private static AlertBody Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), Words.TryParse<AlertKind>(row.GetString(1), out var kind) ? kind : default, row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetInt32(3), row.GetDecimal(4), row.GetDecimal(5),
        row.IsDBNull(6) ? null : (Credits)row.GetDecimal(6), Time(row, 7)!.Value, Time(row, 8));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : new DateTimeOffset(row.GetDateTime(column), TimeSpan.Zero);
}
