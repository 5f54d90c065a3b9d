using System.Globalization;
using System.Text;
using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Which transactions of an account are asked for.</summary>
internal sealed record TransactionFilter(TransactionType? Type, string? Service, string? ResourceType, string? ResourceId, DateTimeOffset? From, DateTimeOffset? To, string? Reference)
{
    /// <summary>The stored names of the events that are transactions, by type. Found by reflection, so a new one needs no entry.</summary>
    private static readonly Dictionary<TransactionType, string[]> Stored = typeof(TransactionEvent).Assembly.GetTypes()
        .Where(type => type.IsSealed && type.IsAssignableTo(typeof(TransactionEvent)))
        .GroupBy(type => ((TransactionEvent)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type)).Type())
        .ToDictionary(group => group.Key, group => group.Select(type => JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name)).ToArray());

    private static readonly string[] All = [.. Stored.Values.SelectMany(names => names)];

    /// <summary>Reads it from the query.</summary>
    public static TransactionFilter Read(QueryParameters query) => new(
        query.Word<TransactionType>("type"), query.Text("service", CommandRequest.NameMax), query.Text("resourceType", Errors.IdLengthMax), query.Text("resourceId", Errors.IdLengthMax),
        query.Time("from"), query.Time("to"), query.Text("reference", CommandRequest.NameMax));

    /// <summary>The condition on <c>mt_events</c>, its values as parameters from a number on.</summary>
    public (string Condition, IReadOnlyList<object> Values) ToSql(int firstParameter)
    {
        var sql = new StringBuilder();
        var values = new List<object>();
        void And(string condition, object? value)
        {
            if (value is null) return;
            if (sql.Length > 0) sql.Append(" and ");
            sql.Append(condition.Replace("?", string.Create(CultureInfo.InvariantCulture, $"${firstParameter + values.Count}"), StringComparison.Ordinal));
            values.Add(value);
        }

        And("e.type = any(?)", Type is { } type ? Stored[type] : All);
        And("e.data->'spending'->>'service' = ?", Service);
        And("e.data->'spending'->'resource'->>'type' = ?", ResourceType);
        And("e.data->'spending'->'resource'->>'id' = ?", ResourceId);
        And("e.data->'note'->>'reference' = ?", Reference);
        And("e.timestamp >= ?", From?.UtcDateTime);
        And("e.timestamp < ?", To?.UtcDateTime);
        return (sql.ToString(), values);
    }
}
