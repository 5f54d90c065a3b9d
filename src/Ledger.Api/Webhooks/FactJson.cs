using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Ledger.Api.Http;
using Ledger.Domain.Payments;

namespace Ledger.Api.Webhooks;

/// <summary>Facts as JSON: to be shown beside a delivery, and to name an answer of a provider by what it says.</summary>
internal static class FactJson
{
    private static readonly JsonSerializerOptions Options = Make();

    /// <summary>All facts of a delivery, each with the word for its kind first.</summary>
    public static string Write(IEnumerable<ProviderFact> facts)
    {
        var all = new JsonArray();
        foreach (var fact in facts) all.Add(Node(fact));
        return all.ToJsonString(Options);
    }

    /// <summary>One fact; the same text for the same fact.</summary>
    public static string Write(ProviderFact fact) => Node(fact).ToJsonString(Options);

    private static JsonObject Node(ProviderFact fact)
    {
        var node = JsonSerializer.SerializeToNode(fact, fact.GetType(), Options)!.AsObject();
        node.Insert(0, "fact", JsonNamingPolicy.SnakeCaseLower.ConvertName(fact.GetType().Name));
        return node;
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(LedgerJson.Numbers) { TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutWhatFollows } } };
        options.MakeReadOnly();
        return options;
    }

    private static void LeaveOutWhatFollows(JsonTypeInfo info)
    {
        if (info.Type != typeof(ProviderRefs)) return;
        var leading = info.Properties.FirstOrDefault(p => p.Name == "leading");
        if (leading is not null) info.Properties.Remove(leading);
    }
}
