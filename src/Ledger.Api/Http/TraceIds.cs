using System.Diagnostics;

namespace Ledger.Api.Http;

/// <summary>The id under which a request is found in logs and traces.</summary>
public static class TraceIds
{
    private static readonly object Key = new();

    /// <summary>
    /// The request's trace id (32 hexadecimal digits): the current trace's where one is recorded, else the one that the client sent (W3C Trace Context),
    /// else a new one. Made when first asked for, as most requests need none.
    /// </summary>
    public static string Of(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.Items.TryGetValue(Key, out var known)) return (string)known!;
        var id = Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.TraceId
            : ActivityContext.TryParse(http.Request.Headers.TraceParent, null, out var parent) ? parent.TraceId
            : ActivityTraceId.CreateRandom();
        var text = id.ToHexString();
        http.Items[Key] = text;
        return text;
    }
}
