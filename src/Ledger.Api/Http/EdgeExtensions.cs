using Ledger.Api.Access;
using Ledger.Api.Telemetry;
using Ledger.EventStore;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Ledger.Api.Http;

/// <summary>The limits of the server itself; those of bodies, lists and texts stand with what reads them.</summary>
public static class EdgeLimits
{
    /// <summary>Most connections at once.</summary>
    public const int ConnectionsMax = 10_000;

    /// <summary>Most bytes of a request line.</summary>
    public const int RequestLineBytesMax = 8 * 1024;

    /// <summary>Most bytes of all headers.</summary>
    public const int HeadersBytesMax = 32 * 1024;

    /// <summary>Most headers.</summary>
    public const int HeadersMax = 64;

    /// <summary>Most bytes of any body: that of a batch. Other routes read at most <see cref="RequestReader.BodyBytesMax"/>.</summary>
    public const int BatchBytesMax = 8 * 1024 * 1024;

    /// <summary>A body that comes more slowly than this, after the first seconds, is given up; so slow senders can't hold memory.</summary>
    public const double BodyBytesPerSecondMin = 4 * 1024;

    /// <summary>So long headers may take.</summary>
    public static readonly TimeSpan HeadersTime = TimeSpan.FromSeconds(10);

    /// <summary>So long an idle connection is kept.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(130);

    /// <summary>So long requests in work have to finish when the service stops.</summary>
    public static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(20);

    /// <summary>No query of the edge's own runs longer.</summary>
    public static readonly TimeSpan QueryTime = TimeSpan.FromSeconds(10);
}

/// <summary>Puts the edge together: everything between the socket and the endpoints.</summary>
public static class EdgeExtensions
{
    /// <summary>The name of the connection string.</summary>
    public const string ConnectionName = "Ledger";

    /// <summary>Adds the server's limits, authentication, problems, health, OpenAPI and telemetry.</summary>
    /// <exception cref="ConfigurationException">The configuration does not allow a start.</exception>
    public static WebApplicationBuilder AddEdge(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TelemetrySetup.Add(builder);
        builder.WebHost.ConfigureKestrel(Limit);
        // What came from a socket is read on the thread that heard of it, and what is answered is sent by the thread that answers: two hops between threads less a request.
        // A block of memory (4 KB) stands ready for what a connection sends next, so that it is read in one call of the system; else the first one only asks whether there is something.
        builder.WebHost.UseSockets(sockets => (sockets.UnsafePreferInlineScheduling, sockets.WaitForDataBeforeAllocatingBuffer) = (true, false));
        var services = builder.Services;
        // All that runs in the background ends while requests in work are answered, not one after the other.
        services.Configure<HostOptions>(o => (o.ShutdownTimeout, o.ServicesStopConcurrently) = (EdgeLimits.DrainTime, true));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Readiness>();
        OpenApi.Add(services);

        var connection = builder.Configuration.GetConnectionString(ConnectionName);
        services.TryAddSingleton(_ => StoreConnections.Readers(
            connection ?? throw new ConfigurationException($"ConnectionStrings:{ConnectionName} is not set."), EdgeLimits.QueryTime));
        services.AddSingleton<AccessStore>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton(DevelopmentKey.Read(builder.Environment, builder.Configuration));
        var configuration = builder.Configuration;
        services.AddSingleton(s =>
        {
            var clock = s.GetRequiredService<TimeProvider>();
            var tokens = JwtSettings.From(configuration, clock, s.GetRequiredService<ILogger<JwtKeySet>>()) is var (settings, keys) ? new JwtVerifier(settings, keys, clock) : null;
            return new Authentication(s.GetRequiredService<AccessStore>(), s.GetRequiredService<DevelopmentKey>(), tokens, s.GetRequiredService<RateLimits>(), clock);
        });
        return builder;
    }

    /// <summary>Puts the edge's rings around the endpoints and maps its own: health, problems, metrics, OpenAPI, API keys, tenants. Call it before other routes are mapped.</summary>
    public static WebApplication MapEdge(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        // Both are made now: what is wrong with the configuration ends the start, and measuring begins with the first request.
        app.Services.GetRequiredService<MetricsCollector>();
        app.Services.GetRequiredService<Authentication>();
        app.UseMiddleware<RequestMiddleware>();
        app.UseRouting();
        app.UseMiddleware<AccessMiddleware>();
        HealthEndpoints.Map(app);
        ProblemPages.Map(app);
        OpenApi.Map(app);
        TelemetrySetup.Map(app);
        ApiKeyEndpoints.Map(app);
        TenantEndpoints.Map(app);
        return app;
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = EdgeLimits.ConnectionsMax;
        limits.MaxRequestLineSize = EdgeLimits.RequestLineBytesMax;
        limits.MaxRequestHeadersTotalSize = EdgeLimits.HeadersBytesMax;
        limits.MaxRequestHeaderCount = EdgeLimits.HeadersMax;
        limits.MaxRequestBodySize = EdgeLimits.BatchBytesMax;
        limits.MinRequestBodyDataRate = new MinDataRate(EdgeLimits.BodyBytesPerSecondMin, TimeSpan.FromSeconds(5));
        limits.RequestHeadersTimeout = EdgeLimits.HeadersTime;
        limits.KeepAliveTimeout = EdgeLimits.IdleTime;
    }
}
