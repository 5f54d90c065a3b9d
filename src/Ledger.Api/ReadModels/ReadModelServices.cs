using System.Reflection;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Npgsql;

namespace Ledger.Api.ReadModels;

/// <summary>Finds the read models and keeps them up: a new one is a file with its class and one with its tables, and no entry anywhere.</summary>
public static class ReadModelServices
{
    /// <summary>Every read model of this program: found by reflection once, by name.</summary>
    public static ProjectionCatalog All { get; } = new(
        from type in Assembly.GetExecutingAssembly().GetTypes()
        where type.IsSubclassOf(typeof(Projection)) && !type.IsAbstract
        select (Projection)Activator.CreateInstance(type)!);

    /// <summary>Adds the read models, the daemon that writes the asynchronous ones, and what operators do with them.</summary>
    public static IServiceCollection AddReadModels(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services
            .AddSingleton(All)
            .AddSingleton(provider => new ProjectionDaemon(
                Connection(provider), EventJson.Catalog, All, Options(provider), provider.GetRequiredService<ILogger<ProjectionDaemon>>()))
            .AddSingleton(provider => new ProjectionDesk(provider.GetRequiredService<NpgsqlDataSource>(), All, provider.GetRequiredService<ProjectionDaemon>()))
            .AddSingleton(provider => new ProjectionOperations(Connection(provider), EventJson.Catalog, All, Options(provider), provider.GetRequiredService<ILogger<ProjectionOperations>>()))
            .AddSingleton<OperatorRequests>()
            .AddHostedService<DaemonHost>();
    }

    /// <summary>Maps the routes of projections.</summary>
    public static void MapReadModels(this IEndpointRouteBuilder routes) => ProjectionEndpoints.Map(routes);

    private static ProjectionOptions Options(IServiceProvider provider) => provider.GetRequiredService<IConfiguration>().GetSection("Projections").Get<ProjectionOptions>() ?? new ProjectionOptions();

    private static string Connection(IServiceProvider provider) => provider.GetRequiredService<IConfiguration>().GetConnectionString(EdgeExtensions.ConnectionName)!;

    /// <summary>Begins with the service and ends with it, and gives the leadership up at once.</summary>
    private sealed class DaemonHost(ProjectionDaemon daemon, GroupCommit store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            // What this node commits goes to its read models as it is, unread and unparsed by anybody; and they give way to its commands.
            store.Committed += daemon.Committed;
            daemon.UnderWay = () => store.UnderWay;
            daemon.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.Run(daemon.Dispose, CancellationToken.None);
    }
}
