using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ledger.Domain;

namespace Ledger.Api.Http;

/// <summary>How requests are read and answers are written; each way has one set of options, made once.</summary>
public static class LedgerJson
{
    /// <summary>No body is nested deeper.</summary>
    public const int DepthMax = 16;

    /// <summary>Strict reading: unknown and repeated members, comments, trailing commas and other types are refused.</summary>
    public static JsonSerializerOptions Requests { get; } = Make(decimalsAsStrings: false, options =>
    {
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
    });

    /// <summary>Answers with credits as JSON numbers.</summary>
    public static JsonSerializerOptions Numbers { get; } = Make(decimalsAsStrings: false);

    /// <summary>Answers with credits as strings, for <c>Prefer: decimals=string</c>.</summary>
    public static JsonSerializerOptions Strings { get; } = Make(decimalsAsStrings: true);

    /// <summary>The options for the answer to this request.</summary>
    public static JsonSerializerOptions For(HttpContext http) => Preferences.DecimalsAsStrings(http) ? Strings : Numbers;

    /// <summary>A request's shape, found once for each type.</summary>
    internal static class Shape<T>
    {
        public static readonly JsonTypeInfo<T> Info = (JsonTypeInfo<T>)Requests.GetTypeInfo(typeof(T));
    }

    private static JsonSerializerOptions Make(bool decimalsAsStrings, Action<JsonSerializerOptions>? more = null)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = JsonNumberHandling.Strict,
            MaxDepth = DepthMax,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the media type says JSON; nothing here is pasted into HTML
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            Converters =
            {
                new TextConverter(), new IntConverter(), new LongConverter(), new BoolConverter(), new TimeConverter(), new WordConverterFactory(),
                new CreditsConverter(decimalsAsStrings), new MoneyConverter(), new IdConverter<AccountId>(id => id.Value), new IdConverter<TransactionId>(id => id.Value),
                new IdConverter<LotId>(id => id.Value), new IdConverter<HoldId>(id => id.Value),
                new IdConverter<Domain.Payments.PaymentId>(id => id.Value),
                new IdConverter<Domain.Subscriptions.SubscriptionId>(id => id.Value), new IdConverter<Domain.Invoices.InvoiceId>(id => id.Value),
            },
        };
        more?.Invoke(options);
        options.MakeReadOnly();
        return options;
    }
}

/// <summary>The header <c>Prefer</c> (RFC 7240) as far as it is known here.</summary>
public static class Preferences
{
    private const string DecimalsAsString = "decimals=string";

    /// <summary>Whether the client wants credits as strings.</summary>
    public static bool DecimalsAsStrings(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var headers = http.Request.Headers["Prefer"];
        if (headers.Count == 0) return false;
        foreach (var header in headers)
        {
            foreach (var part in header.AsSpan().Split(','))
            {
                var preference = header.AsSpan()[part].Trim();
                if (preference.Equals(DecimalsAsString, StringComparison.OrdinalIgnoreCase) || preference.Equals("decimals=\"string\"", StringComparison.OrdinalIgnoreCase)) return true;
            }
        }

        return false;
    }

    /// <summary>Tells the client that its preference was followed.</summary>
    internal static void Echo(HttpContext http) => http.Response.Headers["Preference-Applied"] = DecimalsAsString;
}
