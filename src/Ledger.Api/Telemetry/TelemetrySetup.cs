using System.Net;
using Ledger.Api.Access;
using Ledger.Api.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Ledger.Api.Telemetry;

/// <summary>Logs, traces and metrics.</summary>
internal static class TelemetrySetup
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void Add(WebApplicationBuilder builder)
    {
        var exported = !string.IsNullOrEmpty(builder.Configuration[Endpoint]);
        var logging = builder.Logging;
        logging.ClearProviders();
        if (builder.Environment.IsDevelopment())
        {
            logging.AddSimpleConsole(o =>
            {
                o.SingleLine = true;
                o.TimestampFormat = "HH:mm:ss ";
            });
        }
        else
        {
            logging.AddJsonConsole(o => o.UseUtcTimestamp = true);
        }

        // Requests are counted, not logged. Where nobody collects traces the server's own diagnostics are off: they would make an activity for each request.
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.AddFilter("Npgsql", LogLevel.Warning);
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", exported ? LogLevel.Critical : LogLevel.None);

        builder.Services.AddSingleton<RequestMetrics>();
        builder.Services.AddSingleton<MetricsCollector>();
        if (exported) builder.Services.AddHostedService<Exporters>();
    }

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/metrics", PageAsync).Page("Metrics for Prometheus", "text/plain").Public();

    /// <summary>
    /// Anybody on this machine may read the metrics, so that a collector beside the service needs no key; from elsewhere it takes role operator.
    /// What came through a proxy on this machine comes from elsewhere.
    /// </summary>
    private static async Task PageAsync(HttpContext http)
    {
        var headers = http.Request.Headers;
        var isNear = http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
            && headers["X-Forwarded-For"].Count == 0 && headers["Forwarded"].Count == 0 && headers.Via.Count == 0;
        if (!isNear)
        {
            var found = await http.RequestServices.GetRequiredService<Authentication>().FindAsync(http);
            var problem = found.Problem ?? (found.Caller!.Has(Roles.Operator) ? null : new Problem(ProblemTypes.Forbidden, "This needs the role operator, or a request from the same machine."));
            if (problem is not null)
            {
                await problem.WriteAsync(http);
                return;
            }
        }

        http.Response.ContentType = MetricsCollector.MediaType;
        await http.Response.WriteAsync(http.RequestServices.GetRequiredService<MetricsCollector>().Page(), http.RequestAborted);
    }

    /// <summary>Sends traces and metrics over OTLP; how and where to say the variables <c>OTEL_...</c>.</summary>
    private sealed class Exporters : IHostedService, IDisposable
    {
        private TracerProvider? traces;
        private MeterProvider? metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            var resource = ResourceBuilder.CreateDefault().AddService("ledger", serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3)).AddEnvironmentVariableDetector();
            traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Ledger", "Ledger.*", "Microsoft.AspNetCore", "Npgsql").AddOtlpExporter().Build();
            metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
                .AddMeter("Ledger", "Ledger.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql").AddOtlpExporter().Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Dispose();
            return Task.CompletedTask;
        }

        public void Dispose()
        {
            traces?.Dispose();
            metrics?.Dispose();
            (traces, metrics) = (null, null);
        }
    }
}
