using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Ledger.Bench;

/// <summary>
/// What the fastest hand-written client gets from the same database without batching: pgbench with prepared statements, one transaction a command
/// (lock and read the balance, insert the key, take the next version, insert the event, update the balance, commit) over 10,000 accounts.
/// </summary>
internal sealed class Baseline(string binDir, string connectionString, string folder)
{
    private const string Schema =
        """
        drop schema if exists baseline cascade;
        create schema baseline;
        create table baseline.balances (id int primary key, balance numeric not null) with (fillfactor = 70);
        create table baseline.streams (id int primary key, version bigint not null) with (fillfactor = 70);
        create table baseline.keys (key text primary key, created_at timestamptz not null default now());
        create table baseline.events (seq bigserial primary key, account int not null, version bigint not null, type text not null, data jsonb not null, at timestamptz not null default now());
        create unique index events_account_version on baseline.events (account, version);
        insert into baseline.balances select i, 1000000 from generate_series(0, 9999) i;
        insert into baseline.streams select i, 0 from generate_series(0, 9999) i;
        analyze baseline.balances, baseline.streams;
        """;

    private const string Script =
        """
        \set account random(0, 9999)
        begin;
        select balance from baseline.balances where id = :account for update \gset
        insert into baseline.keys (key) values (gen_random_uuid()::text);
        update baseline.streams set version = version + 1 where id = :account returning version \gset
        insert into baseline.events (account, version, type, data) values (:account, :version, 'credits_consumed', '{"amount": 1, "service": "chat_assistant", "operation": "completion", "reference": "req_1"}');
        update baseline.balances set balance = balance - 1 where id = :account;
        commit;
        """;

    public async Task PrepareAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Schema, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "baseline.sql"), Script);
        await File.WriteAllTextAsync(Path.Combine(folder, "select.sql"), "\\set account random(0, 9999)\nselect balance from baseline.balances where id = :account;\n");
    }

    /// <summary>Transactions a second, and the median latency in milliseconds.</summary>
    public async Task<(double PerSecond, double P50Ms)> RunAsync(string script, int clients, int seconds)
    {
        foreach (var old in Directory.EnumerateFiles(folder, "pgbench_log*")) File.Delete(old);
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(Path.Combine(binDir, "pgbench")) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-n", "-M", "prepared", "-c", $"{clients}", "-j", $"{Math.Min(2, clients)}", "-T", $"{seconds}", "-l", "-f", Path.Combine(folder, script), "-h", builder.Host!, "-p", $"{builder.Port}", "-U", builder.Username!, builder.Database! }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var line = (await output).Split('\n').FirstOrDefault(l => l.StartsWith("tps = ", StringComparison.Ordinal)) ?? throw new InvalidOperationException($"pgbench failed: {await errors}");
        var latencies = Directory.EnumerateFiles(folder, "pgbench_log*").SelectMany(File.ReadLines).Select(l => double.Parse(l.Split(' ')[2], CultureInfo.InvariantCulture)).Order().ToArray();
        return (double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture), latencies[latencies.Length / 2] / 1_000);
    }
}
