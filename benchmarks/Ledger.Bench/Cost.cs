using System.Globalization;
using Npgsql;

namespace Ledger.Bench;

/// <summary>What one command cost: processor time on each side in microseconds (0 where the system does not tell), and what the database logged.</summary>
/// <param name="ServiceUs">The service's processor time.</param>
/// <param name="DatabaseUs">That of all processes of PostgreSQL.</param>
/// <param name="GeneratorUs">That of the load generator.</param>
/// <param name="WalBytes">Bytes of write-ahead log.</param>
/// <param name="Transactions">Transactions, those of read models included.</param>
internal sealed record Cost(double ServiceUs, double DatabaseUs, double GeneratorUs, double WalBytes, double Transactions)
{
    public override string ToString() => $"service {ServiceUs:n0}, database {DatabaseUs:n0}, generator {GeneratorUs:n0} us of processor time a command; {WalBytes:n0} bytes of log, {Transactions:n3} transactions";
}

/// <summary>The counters of both sides at one moment.</summary>
internal sealed record Reading(TimeSpan Service, TimeSpan Database, long WalBytes, long Transactions, double ServiceMegabytes)
{
    public Cost Since(Reading before, LoadResult result)
    {
        double Each(TimeSpan time) => time.TotalMicroseconds / Math.Max(1, result.Done);
        return new Cost(Each(Service - before.Service), Each(Database - before.Database), result.ProcessorUs / Math.Max(1, result.Done),
            (double)(WalBytes - before.WalBytes) / Math.Max(1, result.Done), (double)(Transactions - before.Transactions) / Math.Max(1, result.Done));
    }
}

/// <summary>Reads what the database and its processes have used so far.</summary>
internal sealed class Meter : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;
    private int server;

    public Meter(string connectionString) => connection = new NpgsqlConnection(connectionString);

    public async Task OpenAsync()
    {
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int", connection);
        server = (int)(await command.ExecuteScalarAsync())!;
    }

    public async Task<Reading> ReadAsync(IReadOnlyList<Service> services)
    {
        var service = services.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Processor);
        await using var command = new NpgsqlCommand("select (pg_current_wal_lsn() - '0/0')::bigint, (select sum(xact_commit)::bigint from pg_stat_database)", connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Reading(service, ServerTime(), reader.GetInt64(0), reader.GetInt64(1), services.Select(s => s.ResidentMegabytes).DefaultIfEmpty().Max());
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>Of the server and all its processes, those that have ended included. Zero where the system has no /proc.</summary>
    private TimeSpan ServerTime()
    {
        if (!Directory.Exists("/proc/self")) return TimeSpan.Zero;
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) || Fields(folder) is not { } fields) continue;
            // After the name: state, parent, ...; user and system time are the 12th and 13th, those of children that have ended follow. A hundredth of a second each.
            if (process == server) ticks += long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture);
            if (process == server || fields[1] == server.ToString(CultureInfo.InvariantCulture)) ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromMilliseconds(ticks * 10);
    }

    private static string[]? Fields(string folder)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // The process has ended since.
            return null;
        }
    }
}
