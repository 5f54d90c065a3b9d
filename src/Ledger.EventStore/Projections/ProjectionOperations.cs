using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>What operators do with asynchronous projections, and the rebuild of inline ones. Whatever node it is asked of, it holds for all.</summary>
/// <param name="connectionString">The database; a rebuild needs the tables' owner as its user.</param>
/// <param name="events">The events.</param>
/// <param name="projections">All projections.</param>
/// <param name="options">Sizes and times.</param>
/// <param name="logger">Where rebuilds in the background are told.</param>
public sealed class ProjectionOperations(string connectionString, EventCatalog events, ProjectionCatalog projections, ProjectionOptions options, ILogger logger) : IDisposable
{
    private const string NoneAsync = "is written in the commit of its events: it can't be paused, resumed or retried.";

    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(ProjectionStore.ConnectionString(connectionString, options, ProjectionClaim.Holder(), isDurable: true));
    private readonly ConcurrentDictionary<Task, bool> running = new();
    private readonly CancellationTokenSource stopped = new();

    /// <summary>Makes the rows of projections that no service has begun yet.</summary>
    public void Register()
    {
        using var connection = source.OpenConnection();
        ProjectionStore.Register(connection, projections.Async);
    }

    /// <summary>Stops a projection where it stands; whoever leads it writes nothing more. False where it was paused already.</summary>
    /// <exception cref="ProjectionRefusedException">It can't be paused.</exception>
    public Task<bool> PauseAsync(string name, CancellationToken cancellationToken = default) => SetAsync(Async(name), "paused", "running", cancellationToken);

    /// <summary>Lets a projection that was paused, or has failed, go on. False where it runs already.</summary>
    /// <exception cref="ProjectionRefusedException">It can't be resumed.</exception>
    public Task<bool> ResumeAsync(string name, CancellationToken cancellationToken = default) => SetAsync(Async(name), "running", "paused", cancellationToken);

    /// <summary>Replays every parked stream of a projection; it stands still meanwhile.</summary>
    /// <exception cref="ProjectionRefusedException">It does not run, or another node has taken it over meanwhile.</exception>
    public Task<RetryResult> RetryAsync(string name, CancellationToken cancellationToken = default)
    {
        var projection = Async(name);
        return Task.Run(
            () =>
            {
                using var connection = source.OpenConnection();
                try
                {
                    return ProjectionRetry.Run(connection, events, projection, options, logger);
                }
                catch (PostgresException late) when (late.SqlState == ProjectionStore.Fenced)
                {
                    throw new ProjectionRefusedException($"{name} was taken over or stopped while its streams were replayed; those that were done stay done. Retry again.", late);
                }
            },
            cancellationToken);
    }

    /// <summary>Builds the rows of a projection anew and puts them in place of the old ones.</summary>
    /// <param name="name">The projection.</param>
    /// <param name="told">Told how far it has come, about every page of events; from any thread.</param>
    /// <param name="cancellationToken">Ends it: nothing is left of it then.</param>
    /// <exception cref="ProjectionRefusedException">A rebuild is under way, or the user of the database may not make tables.</exception>
    public Task RebuildAsync(string name, Action<RebuildProgress>? told = null, CancellationToken cancellationToken = default)
    {
        var projection = Known(name);
        if (projection.IsInline) return Task.Run(() => InlineRebuild.Run(connectionString, events, projection, options, told, cancellationToken), CancellationToken.None);
        var rebuild = new ProjectionRebuild(connectionString, events, projection, options, ProjectionClaim.Holder(), told, cancellationToken);
        try
        {
            rebuild.Begin();
        }
        catch
        {
            rebuild.Dispose();
            throw;
        }

        return Task.Run(
            () =>
            {
                using (rebuild) rebuild.Run();
            },
            CancellationToken.None);
    }

    /// <summary>Begins a rebuild that goes on in the background, and ends with the process.</summary>
    /// <exception cref="ProjectionRefusedException">A rebuild is under way.</exception>
    public void StartRebuild(string name)
    {
        var rebuild = RebuildAsync(name, null, stopped.Token);
        running.TryAdd(rebuild, true);
        _ = TellAsync(name, rebuild);
    }

    /// <summary>Cancels the rebuild of a projection, wherever it runs; false where none does.</summary>
    public async Task<bool> CancelRebuildAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("update ledger.projection_rebuilds set cancelled = true where projection = $1 and phase not in ('done', 'cancelled', 'failed') and heartbeat_at > clock_timestamp() - interval '30 seconds'");
        command.Parameters.AddWithValue(Known(name).Name);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <summary>Cancels the rebuilds in the background.</summary>
    public void Dispose()
    {
        if (stopped.IsCancellationRequested) return;
        stopped.Cancel();
        // Their ends are told by TellAsync.
        Task.WhenAny(Task.WhenAll(running.Keys), Task.Delay(TimeSpan.FromSeconds(10))).GetAwaiter().GetResult();
        source.Dispose();
        stopped.Dispose();
    }

    private async Task TellAsync(string name, Task rebuild)
    {
        try
        {
            await rebuild;
            logger.LogInformation("The rebuild of {Name} is done.", name);
        }
        catch (OperationCanceledException)
        {
            logger.LogInformation("The rebuild of {Name} was cancelled.", name);
        }
        catch (Exception failure)
        {
            logger.LogError(failure, "The rebuild of {Name} has failed; its rows are as they were.", name);
        }
        finally
        {
            running.TryRemove(rebuild, out _);
        }
    }

    private Projection Known(string name) => projections.Find(name) ?? throw new ProjectionRefusedException($"There is no projection {name}.");

    private Projection Async(string name) => Known(name) is { IsInline: false } projection ? projection : throw new ProjectionRefusedException($"{name} {NoneAsync}");

    private async Task<bool> SetAsync(Projection projection, string to, string from, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "update ledger.projections set state = $2, owner = null, epoch = epoch + 1, error = null, error_at = null where name = $1 and state in ($3, 'failed') returning name", connection)
        {
            Parameters = { new() { Value = projection.Name }, new() { Value = to }, new() { Value = from } },
        };
        var changed = await command.ExecuteScalarAsync(cancellationToken) is not null;
        await using var tell = new NpgsqlCommand($"select pg_notify('{ProjectionStore.Channel}', '')::text", connection);
        await tell.ExecuteNonQueryAsync(cancellationToken);
        return changed;
    }
}
