using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Commands;

/// <summary>Puts the store together for this house: its events, its kinds of streams, its read models, its settings.</summary>
public static class StoreServices
{
    /// <summary>Adds the store and the hallway of commands.</summary>
    public static IServiceCollection AddStore(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services
            .AddSingleton(EventJson.Catalog)
            .AddSingleton(provider => new StreamModels(provider.GetServices<IStreamModel>()))
            .AddSingleton(provider => new EventReader(provider.GetRequiredService<NpgsqlDataSource>(), EventJson.Catalog, provider.GetRequiredService<StreamModels>()))
            .AddSingleton(provider => new GroupCommit(
                provider.GetRequiredService<IConfiguration>().GetConnectionString(EdgeExtensions.ConnectionName)!, EventJson.Catalog, provider.GetRequiredService<StreamModels>(), ReadModelServices.All.Inline,
                provider.GetRequiredService<IConfiguration>().GetSection("Writer").Get<GroupCommitOptions>() ?? new GroupCommitOptions(), provider.GetRequiredService<ILogger<GroupCommit>>()))
            .AddSingleton<CommandHallway>()
            .AddSingleton<IReadinessCheck, WriterReadiness>();
    }

    private sealed class WriterReadiness(GroupCommit store) : IReadinessCheck
    {
        public string Name => "writer";

        public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => new(store.Healthy ? null : "the database can't be reached for writing");
    }
}
