using System.Text.Json;
using Ledger.Api.Http;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Verification;

/// <summary>A run of the verification in the background, as it is stored.</summary>
internal sealed record VerificationRun(long Id, DateTimeOffset StartedAt, string StartedBy, DateTimeOffset? EndedAt, string State, long Done, long Total, string? Report);

/// <summary>Runs the verification in the background of a node; what comes of it is stored, so that any node tells it. Only one runs on a database at a time.</summary>
internal sealed class VerificationRuns(NpgsqlDataSource source, IConfiguration configuration, ILogger<VerificationRuns> logger) : IHostedService, IAsyncDisposable
{
    private const string Columns = "id, started_at, started_by, ended_at, case when state = 'running' and seen_at < clock_timestamp() - interval '30 seconds' then 'broken' else state end, done, total, report::text";

    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource stopping = new();
    private readonly Lazy<NpgsqlDataSource> unhurried = new(() => StoreConnections.Readers(configuration.GetConnectionString(EdgeExtensions.ConnectionName)!, TimeSpan.Zero));
    private Task running = Task.CompletedTask;

    /// <summary>Starts a run.</summary>
    /// <returns>The run; with the key of an earlier one, that one.</returns>
    /// <exception cref="VerificationRunningException">Another is under way.</exception>
    public async Task<(VerificationRun Run, bool Replayed)> StartAsync(string key, string startedBy, CancellationToken cancellationToken)
    {
        if (await FindAsync("key = $1", cancellationToken, key) is { } earlier) return (earlier, true);
        var open = await VerificationServices.Verification(unhurried.Value).OpenAsync(new VerificationOptions { Workers = 1 }, cancellationToken);
        try
        {
            await using var command = source.CreateCommand($"insert into ledger.verifications (key, started_by, state) values ($1, $2, 'running') on conflict on constraint verifications_key do nothing returning {Columns}");
            command.Parameters.AddWithValue(key);
            command.Parameters.AddWithValue(startedBy);
            var run = await ReadAsync(command, cancellationToken);
            if (run is null)
            {
                await open.DisposeAsync();
                return ((await FindAsync("key = $1", cancellationToken, key))!, true);
            }

            running = Task.Run(() => RunAsync(run.Id, open), CancellationToken.None);
            return (run, false);
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }

    /// <summary>The run that was started last; null where none was.</summary>
    public Task<VerificationRun?> LastAsync(CancellationToken cancellationToken) => FindAsync("true", cancellationToken);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await running.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        stopping.Dispose();
        if (unhurried.IsValueCreated) await unhurried.Value.DisposeAsync();
    }

    private async Task RunAsync(long id, OpenVerification open)
    {
        var now = new VerificationProgress();
        using var ended = new CancellationTokenSource();
        var telling = TellAsync(id, () => now, ended.Token);
        var (state, report) = ("broken", (string?)null);
        try
        {
            var found = await open.RunAsync(progress => now = progress, stopping.Token);
            (state, report) = (found.IsClean ? "passed" : "failed", JsonSerializer.Serialize(ReportBody.Of(found), LedgerJson.Numbers));
            if (!found.IsClean) logger.LogError("The verification found {Count} differences. The first: {First}", found.Differences, found.First[0]);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            state = "cancelled";
        }
        catch (Exception failure)
        {
            logger.LogError(failure, "The verification could not be done.");
        }

        try
        {
            await open.DisposeAsync();
            await ended.CancelAsync();
            await telling;
            await using var command = source.CreateCommand("update ledger.verifications set state = $2, report = $3, ended_at = clock_timestamp(), seen_at = clock_timestamp(), done = $4, total = $5 where id = $1");
            command.Parameters.AddWithValue(id);
            command.Parameters.AddWithValue(state);
            command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = report, NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.Parameters.AddWithValue(now.Done);
            command.Parameters.AddWithValue(now.Total);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception failure)
        {
            // A run that is not heard of any more counts as broken.
            logger.LogError(failure, "What the verification found could not be stored.");
        }
    }

    private async Task TellAsync(long id, Func<VerificationProgress> now, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Task.Delay(TellEvery, cancellationToken);
                await using var command = source.CreateCommand("update ledger.verifications set done = $2, total = $3, seen_at = clock_timestamp() where id = $1");
                command.Parameters.AddWithValue(id);
                command.Parameters.AddWithValue(now().Done);
                command.Parameters.AddWithValue(now().Total);
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException failure)
            {
                logger.LogWarning(failure, "How far the verification is could not be stored.");
            }
        }
    }

    private async Task<VerificationRun?> FindAsync(string condition, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = source.CreateCommand($"select {Columns} from ledger.verifications where {condition} order by id desc limit 1");
        foreach (var value in values) command.Parameters.AddWithValue(value);
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<VerificationRun?> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new VerificationRun(
            reader.GetInt64(0), new DateTimeOffset(reader.GetDateTime(1), TimeSpan.Zero), reader.GetString(2), reader.IsDBNull(3) ? null : new DateTimeOffset(reader.GetDateTime(3), TimeSpan.Zero),
            reader.GetString(4), reader.GetInt64(5), reader.GetInt64(6), reader.IsDBNull(7) ? null : reader.GetString(7));
    }
}
