using System.Diagnostics;
using System.Text.Json;
using Ledger.Api.Operations;
using Npgsql;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>What all measurements stand on: a PostgreSQL of our own, the built service, a baseline.</summary>
internal sealed class Ground : IAsyncDisposable
{
    public const int Accounts = 10_000;

    private readonly PrivatePostgres postgres;
    private readonly string folder;
    private readonly string program;
    private readonly Meter meter;
    private readonly SemaphoreSlim reading = new(1);
    private readonly string run = Guid.NewGuid().ToString("N")[..8];
    private int loads;
    private int services;

    private Ground(PrivatePostgres postgres, string root, BenchOptions options)
    {
        (this.postgres, Root, Options) = (postgres, root, options);
        folder = Path.Combine(root, "artifacts", "bench");
        program = Path.Combine(root, "artifacts", "bin", "Ledger.Api", "release", "Ledger.Api.dll");
        meter = new Meter(Admin);
    }

    public string Root { get; }

    public BenchOptions Options { get; }

    /// <summary>The database on which most is measured.</summary>
    public Node Main { get; private set; } = null!;

    public Baseline Baseline { get; private set; } = null!;

    private string Admin => new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Pooling = false }.ConnectionString;

    public static async Task<Ground> PrepareAsync(string root, BenchOptions options)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "artifacts", "bench")).FullName;
        foreach (var old in Directory.EnumerateFiles(folder, "service*.log")) File.Delete(old);
        var settings = new PrivatePostgresOptions { DataDir = Path.Combine(folder, "data"), Purpose = "benchmark", Settings = StatementCosts.Settings(options.Statements), Log = Say };
        var postgres = await PrivatePostgres.StartAsync(settings, CancellationToken.None);
        // A server that a killed run has left is taken over as it stands, perhaps without what counts statements.
        if (options.Statements && (await Sql.ListAsync(postgres.ConnectionString, "show shared_preload_libraries"))[0] != StatementCosts.Library)
        {
            NpgsqlConnection.ClearAllPools();
            await postgres.DisposeAsync();
            postgres = await PrivatePostgres.StartAsync(settings, CancellationToken.None);
        }

        var ground = new Ground(postgres, root, options);
        try
        {
            await ground.meter.OpenAsync();
            await Sql.RunAsync(ground.Admin, "alter system reset all; select pg_reload_conf()");
            foreach (var old in await Sql.ListAsync(ground.Admin, "select datname from pg_database where datname like 'bench%'")) await Sql.RunAsync(ground.Admin, $"drop database {old} with (force)");
            ground.Main = await ground.NewNodeAsync("bench");
            ground.Baseline = new Baseline((await PostgresBinaries.FindAsync(null, null, CancellationToken.None)).Folder, ground.Main.Database, folder);
            await ground.Baseline.PrepareAsync();
            await Filling.OpenAccountsAsync(ground.Main.Service, ground.Main.Service.Keys.App, 0, Accounts);
            if (options.Statements) await Sql.RunAsync(ground.Main.Database, "create extension pg_stat_statements");
            await Sql.RunAsync(ground.Main.Database, "vacuum analyze; checkpoint");
            return ground;
        }
        catch
        {
            await ground.DisposeAsync();
            throw;
        }
    }

    /// <summary>A line for whoever waits.</summary>
    public static void Say(string line) => AnsiConsole.MarkupLineInterpolated($"[grey]{line}[/]");

    /// <summary>A database of its own with a service on it.</summary>
    public async Task<Node> NewNodeAsync(string name)
    {
        await Sql.RunAsync(Admin, $"drop database if exists {name} with (force); create database {name}");
        var database = new NpgsqlConnectionStringBuilder(Admin) { Database = name }.ConnectionString;
        var keys = await ServiceKeys.MakeAsync(program, Pooled(database));
        return new Node(database, await StartAsync(database, keys));
    }

    /// <summary>One more service on a database that has one.</summary>
    public Task<Service> StartAsync(string database, ServiceKeys keys) => Service.StartAsync(program, Pooled(database), keys, Path.Combine(folder, $"service-{Interlocked.Increment(ref services)}.log"));

    /// <summary>Lets a load generator loose on a service; a figure with failures is none.</summary>
    public Task<Load> LoadAsync(string what, Service service, LoadOptions options) => LoadAsync(what, [service], options);

    /// <summary>Lets a load generator loose on several nodes of one database.</summary>
    public async Task<Load> LoadAsync(string what, IReadOnlyList<Service> services, LoadOptions options, bool mayRefuse = false)
    {
        options = options with
        {
            Ports = [.. services.Select(s => s.Port)],
            ApiKeys = options.ApiKeys.Count > 0 ? options.ApiKeys : [services[0].Keys.App],
            Run = $"{run}{Interlocked.Increment(ref loads)}",
        };
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") start.ArgumentList.Add(typeof(Ground).Assembly.Location);
        foreach (var argument in options.ToArguments()) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        Reading? before = null, after = null;
        LoadResult? result = null;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "warm") before = await ReadAsync(services);
            else if (line == "end") after = await ReadAsync(services);
            else result = JsonSerializer.Deserialize<LoadResult>(line);
        }

        await process.WaitForExitAsync();
        if (result is null || before is null || after is null) throw new InvalidOperationException($"{what}: the load generator told nothing.");
        var load = new Load(result, after.Since(before, result), before.ServiceMegabytes, after.ServiceMegabytes);
        AnsiConsole.MarkupLineInterpolated($"{what}: {result.ToString()}; {load.Cost.ToString()}");
        if (result.Failed > 0 || (result.Refused > 0 && !mayRefuse)) throw new InvalidOperationException($"{what}: {result.Failed} requests failed and {result.Refused} were refused; a figure with failures is none.");
        return load;
    }

    public async ValueTask DisposeAsync()
    {
        if (Main is not null) await Main.Service.DisposeAsync();
        await meter.DisposeAsync();
        await postgres.DisposeAsync();
    }

    private async Task<Reading> ReadAsync(IReadOnlyList<Service> services)
    {
        // Two generators may be at work at once, and the meter has one connection.
        await reading.WaitAsync();
        try
        {
            return await meter.ReadAsync(services);
        }
        finally
        {
            reading.Release();
        }
    }

    private static string Pooled(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Pooling = true }.ConnectionString;
}

/// <summary>A service and its database.</summary>
internal sealed record Node(string Database, Service Service)
{
    public ReadModels ReadModels { get; } = new(Service, Database);
}

/// <summary>What a load gave, and what it cost.</summary>
internal sealed record Load(LoadResult Result, Cost Cost, double MegabytesBefore, double Megabytes)
{
    public double PerSecond => Result.PerSecond;
}

/// <summary>Statements of the benchmark's own.</summary>
internal static class Sql
{
    public static async Task RunAsync(string connectionString, string statements)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        foreach (var one in statements.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(one, connection) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync();
        }
    }

    public static async Task<IReadOnlyList<string>> ListAsync(string connectionString, string query)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync()) rows.Add(reader.GetString(0));
        return rows;
    }
}
