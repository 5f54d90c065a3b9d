using System.Diagnostics;
using System.Globalization;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

/// <summary>How long a run is: the quick figures by default, those of the nightly run with LEDGER_TEST_FULL=1. LEDGER_SEED repeats a run.</summary>
internal static class Run
{
    public const string Key = "key-of-the-reliability-tests";

    /// <summary>The application_name with which a node's writer begins; read models commit on the same network.</summary>
    public const string WriterSession = "ledger writer";

    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";

    public static int Of(int quick, int full) => IsFull ? full : quick;

    public static int Seed(ITestOutputHelper output)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        return seed;
    }

    /// <summary>A database with the whole schema: where a test begins with a service that installs it, it says so.</summary>
    public static Task<TestDatabase> DatabaseAsync() => Http.EdgeHost.DatabaseAsync();

    /// <summary>A service on this database, as a process of its own.</summary>
    public static Task<ServiceProcess> NodeAsync(string connectionString, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string> { ["ConnectionStrings__Ledger"] = connectionString, ["LEDGER_DEV_API_KEY"] = Key, ["Logging__LogLevel__Default"] = "Warning" };
        foreach (var (name, value) in settings) environment[name] = value;
        return ServiceProcess.StartAsync(environment);
    }

    /// <summary>Waits until something is so; says what was waited for where it never is.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan atMost, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (waited.Elapsed > atMost) throw new TimeoutException($"Not within {atMost.TotalSeconds} s: {what}");
            await Task.Delay(50);
        }
    }
}

/// <summary>These tests run after all others and one after the other: they measure times, and they kill. The gate runs them in two lanes, those that mostly wait beside those that work.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ReliabilityRuns
{
    public const string Name = "reliability";
}

/// <summary>Two service processes on one database, for the tests that leave them as they are.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    private TestDatabase? database;

    public ServiceProcess A { get; private set; } = null!;

    public ServiceProcess B { get; private set; } = null!;

    public string ConnectionString => database!.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        database = await Run.DatabaseAsync();
        A = await Run.NodeAsync(database.ConnectionString);
        B = await Run.NodeAsync(database.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        if (A is not null) await A.DisposeAsync();
        if (B is not null) await B.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }
}
