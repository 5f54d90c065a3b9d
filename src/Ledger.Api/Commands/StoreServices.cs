using Ledger.Api.Http;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Commands;

/// <summary>Puts the store together for this house: its events, its kinds of streams, its read models, its settings.</summary>
public static class StoreServices
{
    /// <summary>No query runs longer.</summary>
    public static readonly TimeSpan QueryTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>All numbered SQL files of the house.</summary>
    public static IEnumerable<SchemaFile> SchemaFiles => SchemaFile.In(typeof(GroupCommit).Assembly).Concat(SchemaFile.In(typeof(StoreServices).Assembly));

    /// <summary>Adds the store and the hallway of commands.</summary>
    public static IServiceCollection AddStore(this IServiceCollection services, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services
            .AddSingleton(EventJson.Catalog)
            .AddSingleton(provider => new StreamModels(provider.GetServices<IStreamModel>()))
            .AddSingleton(provider => new EventReader(StoreConnections.Readers(connectionString, QueryTimeMax), EventJson.Catalog, provider.GetRequiredService<StreamModels>()))
            .AddSingleton(provider => new GroupCommit(
                connectionString, EventJson.Catalog, provider.GetRequiredService<StreamModels>(), provider.GetServices<InlineProjection>().ToList(),
                provider.GetRequiredService<IConfiguration>().GetSection("Writer").Get<GroupCommitOptions>() ?? new GroupCommitOptions(), provider.GetRequiredService<ILogger<GroupCommit>>()))
            .AddSingleton<CommandHallway>()
            .AddSingleton<IReadinessCheck, WriterReadiness>();
    }

    /// <summary>Applies what is missing of the schema.</summary>
    public static async Task<IReadOnlyList<string>> ApplySchemaAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        return await new SchemaMigrator(source, SchemaFiles).ApplyAsync(cancellationToken);
    }

    /// <summary>Null where the database's schema is as it should be; else one line that says what is not.</summary>
    public static async Task<string?> AssertSchemaAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        return await new SchemaMigrator(source, SchemaFiles).AssertAsync(cancellationToken);
    }

    private sealed class WriterReadiness(GroupCommit store) : IReadinessCheck
    {
        public string Name => "writer";

        public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => new(store.Healthy ? null : "the database can't be reached for writing");
    }
}
