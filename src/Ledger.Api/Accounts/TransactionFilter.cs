using System.Globalization;
using System.Text;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain.Accounts;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Accounts;

/// <summary>Which transactions of an account are asked for.</summary>
internal sealed record TransactionFilter(TransactionType? Type, string? Service, string? ResourceType, string? ResourceId, Period Period, string? Reference)
{
    /// <summary>Reads it from the query.</summary>
    public static TransactionFilter Read(QueryParameters query) => new(
        query.Word<TransactionType>("type"), query.Text("service", CommandRequest.NameMax), query.Text("resourceType", Errors.IdLengthMax), query.Text("resourceId", Errors.IdLengthMax),
        Period.Read(query), query.Text("reference", CommandRequest.NameMax));

    /// <summary>The versions of the account's transactions that match, newest first.</summary>
    /// <param name="source">The pool of readers.</param>
    /// <param name="tenant">The tenant, as stored.</param>
    /// <param name="account">The account.</param>
    /// <param name="above">Only versions above this one.</param>
    /// <param name="below">Only versions below this one.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<IReadOnlyList<long>> VersionsAsync(NpgsqlDataSource source, string tenant, string account, long above, long below, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand();
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        command.Parameters.AddWithValue(above);
        command.Parameters.AddWithValue(below);
        command.Parameters.AddWithValue(limit);
        // What is looked for by its hash must not be looked for along the account's versions, as a plan made for any reference would: the account is then checked on what is found.
        var sql = new StringBuilder("select version from ledger.transactions where ")
            .Append(ResourceId is null && Reference is null ? "tenant_id = $1 and account_id = $2" : "tenant_id || '' = $1 and account_id || '' = $2").Append(" and version > $3 and version < $4");
        // The code of a type is ours, and as a literal it lets the index of the rare types be used.
        if (Type is { } type) sql.Append(CultureInfo.InvariantCulture, $" and type = {TransactionRow.Code(type)}");
        And("service = ?", Service);
        And("resource_type = ?", ResourceType);
        // The hash leads to the index, the text decides.
        And("resource_id = ? and hashtext(tenant_id || '/' || account_id || '/' || resource_id) = hashtext($1 || '/' || $2 || '/' || ?)", ResourceId);
        And("reference = ? and hashtext(tenant_id || '/' || account_id || '/' || reference) = hashtext($1 || '/' || $2 || '/' || ?)", Reference);
        command.CommandText = sql.Append(" order by version desc limit $5").ToString();

        var versions = new List<long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) versions.Add(reader.GetInt64(0));
        return versions;

        void And(string condition, string? value)
        {
            if (value is null) return;
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });
            sql.Append(" and ").Append(condition.Replace("?", string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}"), StringComparison.Ordinal));
        }
    }
}
