using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Ledger.Bench;

/// <summary>
/// What the fastest hand-written client gets from the same database without batching: pgbench with prepared statements over the same socket, one transaction a
/// command (lock and read the balance, insert the key, take the next stream version, insert the event, update the balance, commit) over 10,000 accounts.
/// It stores what the service stores: the tables of streams, events and keys are copies of the service's, indexes included, and the event and its headers
/// are as long as a consumption's.
/// </summary>
internal sealed class Baseline(string binDir, string connectionString, string folder)
{
    private const string Schema =
        """
        drop schema if exists baseline cascade;
        create schema baseline;
        create table baseline.balances (tenant_id text collate "C" not null, id text collate "C" not null, balance numeric not null, primary key (tenant_id, id)) with (fillfactor = 70);
        create table baseline.keys (like ledger.idempotency_keys including all);
        create table baseline.streams (like ledger.mt_streams including all) with (fillfactor = 70);
        create table baseline.events (like ledger.mt_events including all);
        alter table baseline.events alter column data set statistics 0, alter column headers set statistics 0, alter column id set statistics 0, alter column correlation_id set statistics 0, alter column causation_id set statistics 0;
        alter table baseline.keys alter column fingerprint set statistics 0;
        create sequence baseline.events_sequence;
        insert into baseline.balances select '*DEFAULT*', 'bench_' || lpad(i::text, 8, '0'), 1000000 from generate_series(0, 9999) i;
        insert into baseline.streams (id, type, version) select 'account/bench_' || lpad(i::text, 8, '0'), 'account', 0 from generate_series(0, 9999) i;
        analyze baseline.balances, baseline.streams;
        """;

    private const string Script =
        """
        \set account random(10000000, 10009999)
        begin;
        select balance from baseline.balances where tenant_id = '*DEFAULT*' and id = 'bench_0000' || right(:account::text, 4) for update \gset
        insert into baseline.keys (tenant_id, key, fingerprint, stream_id, version, answer, created_at) values ('*DEFAULT*', gen_random_uuid()::text, gen_random_uuid(), 'account/bench_0000' || right(:account::text, 4), 1, 0, now());
        update baseline.streams set version = version + 1, timestamp = now() where tenant_id = '*DEFAULT*' and id = 'account/bench_0000' || right(:account::text, 4) returning version \gset
        insert into baseline.events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, causation_id, headers, is_archived) values (nextval('baseline.events_sequence'), gen_random_uuid(), 'account/bench_0000' || right(:account::text, 4), :version, '{"after":999999,"allocations":[{"amount":1,"lot":"lot_0123456789abcdef00000001"}],"amount":1,"available":999999,"before":1000000,"id":"txn_0123456789abcdef00000002","note":{"reference":"req_1"},"spending":{"operation":"completion","service":"chat_assistant"}}', 'credits_consumed', now(), '*DEFAULT*', 'P1-0-12345-0001-000000000001', '{"actor":"key_0123456789abcdef","hash":"NSMi39fc reference kXqjLM7A41bp6ezDYTfXDeYtrykA0="}', false);
        update baseline.balances set balance = balance - 1 where tenant_id = '*DEFAULT*' and id = 'bench_0000' || right(:account::text, 4);
        commit;
        """;

    public async Task PrepareAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Schema, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "baseline.sql"), Script);
        await File.WriteAllTextAsync(Path.Combine(folder, "select.sql"), "\\set account random(10000000, 10009999)\nselect balance from baseline.balances where tenant_id = '*DEFAULT*' and id = 'bench_0000' || right(:account::text, 4);\n");
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
