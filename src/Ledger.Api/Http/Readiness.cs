using Ledger.Api.Access;

namespace Ledger.Api.Http;

/// <summary>Something that must be well for the service to take commands.</summary>
public interface IReadinessCheck
{
    /// <summary>A short name, shown by <c>/health/ready</c>.</summary>
    string Name { get; }

    /// <summary>Null where all is well; else a few words that are fit for anybody to read: no host, no SQL.</summary>
    ValueTask<string?> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>Whether the service takes commands: every check passes, and it is not stopping.</summary>
/// <param name="checks">What must be well.</param>
/// <param name="lifetime">Tells when the service stops.</param>
public sealed class Readiness(IEnumerable<IReadinessCheck> checks, IHostApplicationLifetime lifetime)
{
    /// <summary>So long all checks have together.</summary>
    public static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(2);

    private readonly IReadinessCheck[] checks = [.. checks];

    /// <summary>From the first moment of a shutdown on.</summary>
    public bool IsStopping => lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Whether the service has started to listen.</summary>
    public bool HasStarted => lifetime.ApplicationStarted.IsCancellationRequested;

    /// <summary>What is not well, by the check's name; empty where the service is ready.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FaultsAsync(CancellationToken cancellationToken)
    {
        var faults = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (IsStopping) faults["service"] = "stopping";
        else if (!HasStarted) faults["service"] = "starting";
        if (faults.Count > 0) return faults;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeMax);
        var results = await Task.WhenAll(checks.Select(c => RunAsync(c, limit.Token)));
        foreach (var (check, fault) in checks.Zip(results))
        {
            if (fault is not null) faults[check.Name] = fault;
        }

        return faults;
    }

    private static async Task<string?> RunAsync(IReadinessCheck check, CancellationToken cancellationToken)
    {
        try
        {
            return await check.CheckAsync(cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return "no answer in time";
        }
        catch (Exception failure) when (failure is System.Data.Common.DbException or IOException or TimeoutException)
        {
            return "not reachable";
        }
    }
}

/// <summary>The answer of the health routes.</summary>
/// <param name="Status"><c>ok</c> or <c>unavailable</c>.</param>
/// <param name="Faults">What is not well, by name.</param>
public sealed record HealthAnswer(string Status, IReadOnlyDictionary<string, string>? Faults);

/// <summary><c>/health/live</c> and <c>/health/ready</c>.</summary>
internal static class HealthEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/health/live", Methods, Live).Query<HealthAnswer>("Whether the process answers").Public();
        routes.MapMethods("/health/ready", Methods, Ready).Query<HealthAnswer>("Whether commands are accepted").Public();
    }

    private static Task Live(HttpContext http) => Answer.Ok(http, new HealthAnswer("ok", null));

    private static async Task Ready(HttpContext http)
    {
        var faults = await http.RequestServices.GetRequiredService<Readiness>().FaultsAsync(http.RequestAborted);
        if (faults.Count == 0) await Answer.Ok(http, new HealthAnswer("ok", null));
        else await Answer.Json(http, StatusCodes.Status503ServiceUnavailable, new HealthAnswer("unavailable", faults));
    }
}
