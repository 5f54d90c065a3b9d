using System.Diagnostics;
using Ledger.Api.Telemetry;
using Npgsql;

namespace Ledger.Api.Http;

/// <summary>
/// The outermost ring: whatever happens inside ends in an answer, a problem document where it is a refusal, and is counted. A request that goes well
/// costs two time stamps and one measurement.
/// </summary>
internal sealed class RequestMiddleware(RequestDelegate next, Readiness readiness, RequestMetrics metrics, ILogger<RequestMiddleware> logger)
{
    private const int ClientGone = 499; // nginx's number for it; it is only counted

    public async Task InvokeAsync(HttpContext http)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            await next(http);
            var response = http.Response;
            if (response.StatusCode >= 400 && response is { HasStarted: false, ContentType: null }) await Explain(response.StatusCode).WriteAsync(http);
        }
        catch (Exception failure)
        {
            await AnswerAsync(http, failure);
        }

        // Asked at the end, so that requests which the stop finds in work say it too; answers are sent only now.
        if (readiness.IsStopping && !http.Response.HasStarted) http.Response.Headers.Connection = "close";
        metrics.Record(http, Stopwatch.GetElapsedTime(begun));
        if (Activity.Current is { IsAllDataRequested: true } span) Describe(span, http);
    }

    /// <summary>Gives the server's span its name and the attributes of OpenTelemetry's conventions for HTTP; nothing that a client sent but the method.</summary>
    private static void Describe(Activity span, HttpContext http)
    {
        var (method, route, status) = (RequestMetrics.Method(http.Request.Method), RequestMetrics.Route(http), http.Response.StatusCode);
        span.DisplayName = $"{method} {route}";
        span.SetTag("http.request.method", method).SetTag("http.route", route).SetTag("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError) span.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>What routing and the server refuse without a word.</summary>
    private static Problem Explain(int status) => status switch
    {
        StatusCodes.Status405MethodNotAllowed => new Problem(ProblemTypes.MethodNotAllowed, "This address has other methods: see the header Allow."),
        StatusCodes.Status413PayloadTooLarge => RequestReader.TooLarge(),
        StatusCodes.Status415UnsupportedMediaType => new Problem(ProblemTypes.UnsupportedMediaType, "The body has a media type that this address does not read."),
        StatusCodes.Status404NotFound => new Problem(ProblemTypes.NotFound, "There is no such address."),
        >= 500 => new Problem(ProblemTypes.Internal, "Something went wrong here."),
        _ => Problem.Invalid(RequestReader.Body, "can't be read"),
    };

    private async Task AnswerAsync(HttpContext http, Exception failure)
    {
        if (http.RequestAborted.IsCancellationRequested && failure is OperationCanceledException or IOException and not BadHttpRequestException)
        {
            if (!http.Response.HasStarted) http.Response.StatusCode = ClientGone;
            return;
        }

        var problem = Judge(http, failure);
        if (problem.Type.Status == StatusCodes.Status500InternalServerError)
            logger.LogError(failure, "{Method} {Route} failed; trace {TraceId}", http.Request.Method, RequestMetrics.Route(http), TraceIds.Of(http));
        else if (problem.Type.Status > 500)
            logger.LogWarning("{Method} {Route} was answered {Problem}: {Reason}; trace {TraceId}", http.Request.Method, RequestMetrics.Route(http), problem.Type.Slug, failure.Message, TraceIds.Of(http));

        if (http.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            http.Abort();
            return;
        }

        http.Response.Clear();
        // Where a body ends badly, what follows on the connection can't be told from it.
        if (IsFraming(failure)) http.Response.Headers.Connection = "close";
        await problem.WriteAsync(http);
    }

    private static Problem Judge(HttpContext http, Exception failure) => failure switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => RequestReader.TooLarge(),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => new Problem(ProblemTypes.RequestTimeout, "The body did not arrive in time."),
        _ when IsFraming(failure) => Problem.Invalid(RequestReader.Body, "is cut short or not well framed"),
        NpgsqlException database when IsOutage(database) => HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)
            ? Problem.Overloaded("The database does not answer at the moment.")
            : new Problem(ProblemTypes.OutcomeUnknown, "The database did not answer, so it is not known whether this was done. Send the same request with the same Idempotency-Key.") { RetryAfterSeconds = 1 },
        _ => new Problem(ProblemTypes.Internal, "Something went wrong here. The traceId finds it in the service's log."),
    };

    /// <summary>The server can't read the body as it was sent; a chunk whose size is beyond every number comes as an overflow.</summary>
    private static bool IsFraming(Exception failure) => failure is BadHttpRequestException or IOException { InnerException: OverflowException };

    /// <summary>A broken connection, or one of the states that say that the server has no room or goes down; a constraint or a mistake is a fault of ours.</summary>
    private static bool IsOutage(NpgsqlException failure) =>
        failure is not PostgresException server || server.SqlState[..2] is "08" or "53" || server.SqlState is "57P01" or "57P02" or "57P03" or "57014";
}
