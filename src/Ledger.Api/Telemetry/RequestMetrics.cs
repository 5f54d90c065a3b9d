using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Ledger.Api.Telemetry;

/// <summary>How many requests were answered, how, and how long it took, by route and status.</summary>
internal sealed class RequestMetrics : IDisposable
{
    /// <summary>The meter's name; every meter of this project begins with it.</summary>
    public const string MeterName = "Ledger";

    private static readonly ConcurrentDictionary<int, object> Statuses = new();

    private readonly Meter meter = new(MeterName);
    private readonly Histogram<double> duration;

    public RequestMetrics() => duration = meter.CreateHistogram<double>("ledger.http.request.duration", "s", "Time from the request's headers to its answer.");

    /// <summary>The route's pattern, never the path: a path holds ids, and there is no end to them.</summary>
    public static string Route(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";

    public void Record(HttpContext http, TimeSpan took)
    {
        if (!duration.Enabled) return;
        var status = Statuses.GetOrAdd(http.Response.StatusCode, static s => s);
        duration.Record(took.TotalSeconds, new("method", Method(http.Request.Method)), new("route", Route(http)), new("status", status));
    }

    public void Dispose() => meter.Dispose();

    /// <summary>The method, as far as it is a known one: metrics and spans have no names that clients choose.</summary>
    public static string Method(string method) => method is "GET" or "HEAD" or "POST" or "PUT" or "DELETE" or "PATCH" or "OPTIONS" ? method : "other";
}
