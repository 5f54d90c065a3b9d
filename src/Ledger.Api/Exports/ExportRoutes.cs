using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Exports;

/// <summary>Exports over HTTP: the whole of a tenant, streamed.</summary>
public static class ExportRoutes
{
    /// <summary>Adds what exports need.</summary>
    public static IServiceCollection AddExports(this IServiceCollection services) =>
        services.AddSingleton(provider => new ExportSource(provider.GetRequiredService<IConfiguration>().GetConnectionString(EdgeExtensions.ConnectionName)!));

    /// <summary>Maps the routes of exports.</summary>
    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var source = routes.ServiceProvider.GetRequiredService<ExportSource>();
        foreach (var export in Export.All)
        {
            routes.MapGet($"/v1/exports/{export.Name}", http => AnswerAsync(http, source, export)).RequireRoles(RoleSets.Exports)
                .Describe(new RouteDescription
                {
                    Summary = $"{export.Summary} {export.Order} Columns: {string.Join(", ", export.Columns.Select(column => column.Name))}.",
                    MediaType = "text/csv",
                    OtherMediaTypes = [ExportRequest.NdjsonMediaType],
                })
                .Takes("format", "csv, which is meant where nothing is said, or ndjson.")
                .Takes("from", From(export), "date-time")
                .Takes("to", To(export), "date-time")
                .Refuses(ProblemTypes.ReadModelBehind);
        }
    }

    private static string From(Export export) =>
        export.Step == TimeSpan.FromHours(1) ? "From this whole hour on, by occurredAt." : export.Step == TimeSpan.FromDays(1) ? "From this day on: its beginning (UTC)." : "Recorded at this time or later.";

    private static string To(Export export) =>
        export.Step == TimeSpan.FromHours(1) ? "Before this whole hour, by occurredAt." : export.Step == TimeSpan.FromDays(1) ? "Before this day: its beginning (UTC)." : "Recorded before this time.";

    private static async Task AnswerAsync(HttpContext http, ExportSource source, Export export)
    {
        var query = QueryParameters.Of(http);
        var request = new ExportRequest(
            Caller.Of(http).Tenant, query.Word<ExportFormat>("format") ?? ExportFormat.Csv, query.Time("from"), query.Time("to"), Preferences.DecimalsAsStrings(http));
        if (export.Check(request.From, request.To) is var (parameter, what)) query.Add(parameter, what);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        using var slot = source.TryEnter();
        if (slot is null)
        {
            await Problem.Overloaded($"{ExportSource.ExportsMax} exports are running here, and more are not run at once.", retryAfterSeconds: 10).WriteAsync(http);
            return;
        }

        var cancellation = http.RequestAborted;
        long end;
        try
        {
            end = await export.EndAsync(source.Connections, request, cancellation);
        }
        catch (ReadModelBehindException behind)
        {
            await new Problem(ProblemTypes.ReadModelBehind, behind.Message) { RetryAfterSeconds = 1 }.WriteAsync(http);
            return;
        }

        var response = http.Response;
        response.ContentType = request.MediaType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{FileName(export, request)}\"";
        if (request is { Format: ExportFormat.Ndjson, DecimalsAsStrings: true } && export.Columns.Any(column => column.Type == "decimal")) Preferences.Echo(http);

        // What goes wrong from here on ends the connection (see RequestMiddleware), so that half an export never looks like a whole one.
        using var writer = RecordWriter.For(request, async (bytes, token) =>
        {
            var flushed = await response.BodyWriter.WriteAsync(bytes, token);
            if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("The client has gone.");
        });
        writer.Header(export.Columns.Select(column => column.Name));
        await export.WriteAsync(source.Connections, request, 0, end, writer, _ => ValueTask.CompletedTask, cancellation);
        await writer.FlushAsync(cancellation);
    }

    private static string FileName(Export export, ExportRequest request)
    {
        // A tenant's id has letters, digits, _ and - alone.
        var period = $"{Part(request.From, "-from-")}{Part(request.To, "-to-")}";
        return $"ledger-{request.Tenant}-{export.Name}{period}.{request.Extension}";
    }

    private static string Part(DateTimeOffset? time, string before) => time is { } t ? before + t.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) : "";
}
