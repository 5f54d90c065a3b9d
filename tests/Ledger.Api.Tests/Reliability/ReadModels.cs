using Ledger.Api.Commands;
using Ledger.Api.ReadModels;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ledger.Api.Tests.Reliability;

/// <summary>The read models after whatever has happened: each is rebuilt from the events alone, and must be the same to the last byte.</summary>
internal static class ReadModels
{
    /// <summary>Waits until every projection has seen all, rebuilds each and compares. The nodes go on running, and may settle what becomes due meanwhile: then it is done again.</summary>
    public static async Task CheckAsync(string connectionString, ITestOutputHelper output)
    {
        await using var source = StoreConnections.Readers(connectionString, TimeSpan.FromSeconds(30));
        var desk = new ProjectionDesk(source, ReadModelServices.All);
        using var operations = new ProjectionOperations(connectionString, EventJson.Catalog, ReadModelServices.All, new ProjectionOptions(), NullLogger.Instance);
        foreach (var projection in ReadModelServices.All.All)
        {
            for (var attempt = 1; ; attempt++)
            {
                attempt.ShouldBeLessThan(20, "there is a moment without new events");
                var before = await SeenAsync(desk);
                var live = await HashesAsync(connectionString, projection);
                await operations.RebuildAsync(projection.Name);
                var rebuilt = await HashesAsync(connectionString, projection);
                if (await SeenAsync(desk) != before) continue;
                rebuilt.ShouldBe(live, projection.Name);
                output.WriteLine($"{projection.Name}: {live}");
                break;
            }
        }
    }

    /// <summary>Waits until all have seen all; the highest position.</summary>
    private static async Task<long> SeenAsync(ProjectionDesk desk)
    {
        await Run.UntilAsync(async () => (await desk.StatusAsync()).All(s => s.LagEvents == 0), TimeSpan.FromSeconds(60), "the read models have seen all events");
        var status = await desk.StatusAsync();
        status.ShouldAllBe(s => s.Parked == 0 && s.Error == null);
        return status.Max(s => s.Highest);
    }

    private static async Task<string> HashesAsync(string connectionString, Projection projection)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var hashes = new List<string>();
        foreach (var table in projection.Tables)
        {
            var row = $"row({string.Join(", ", table.ColumnNames)})::text";
            await using var command = new NpgsqlCommand($"select '{table.Name} ' || count(*) || ' ' || coalesce(md5(string_agg({row}, '' order by {row} collate \"C\")), '') from ledger.{table.Name}", connection);
            hashes.Add((string)(await command.ExecuteScalarAsync())!);
        }

        return string.Join(", ", hashes);
    }
}
