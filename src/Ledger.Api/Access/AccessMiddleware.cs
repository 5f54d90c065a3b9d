using Ledger.Api.Http;

namespace Ledger.Api.Access;

/// <summary>Lets a request through to its endpoint, or answers 401, 403 or 429; it stands between routing and the endpoints, before any body is read.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, Authentication authentication)
{
    private static readonly RouteAccess Nobody = new(Roles.None, false);

    public Task InvokeAsync(HttpContext http)
    {
        // What matched no route, or a route but not its method, has its answer already.
        if (http.GetEndpoint() is not RouteEndpoint endpoint) return next(http);
        var access = endpoint.Metadata.GetMetadata<RouteAccess>() ?? Nobody;
        if (access.IsPublic) return next(http);
        var found = authentication.FindAsync(http);
        return found.IsCompletedSuccessfully ? Enter(http, access, found.Result) : EnterAsync(http, access, found);
    }

    private async Task EnterAsync(HttpContext http, RouteAccess access, ValueTask<Authenticated> pending) => await Enter(http, access, await pending);

    private Task Enter(HttpContext http, RouteAccess access, Authenticated found)
    {
        if (found.Problem is { } problem) return problem.WriteAsync(http);
        var caller = found.Caller!;
        if (!caller.Has(access.Roles)) return new Problem(ProblemTypes.Forbidden, access.Needed).WriteAsync(http);
        foreach (var limit in caller.Limits)
        {
            if (!limit.TryTake(out var wait))
                return new Problem(ProblemTypes.RateLimited, $"More than {limit.PerSecond} requests a second.") { RetryAfterSeconds = wait }.WriteAsync(http);
        }

        http.Features.Set(caller);
        return next(http);
    }
}
