using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Ledger.Api.Operations;
using Ledger.Api.Tests.Http;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Exports;

/// <summary>More events than anything keeps in memory, and the service as a process.</summary>
public sealed class LargeLedger : IAsyncLifetime
{
    public const string Key = "key-of-large-exports";
    public const int Events = 120_000;

    private TestDatabase? database;
    private ServiceProcess? service;

    public TestDatabase Database => database!;

    public ServiceProcess Service => service!;

    public async ValueTask InitializeAsync()
    {
        database = await EdgeHost.DatabaseAsync();
        // Changes of settings: nothing but the list of events has to do with them, so that the exports alone are measured.
        await QueryAsync<object>(
            $$$"""
            insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers, is_archived)
            select i, md5(i::text)::uuid, 'account/acct_' || (i + 999) / 1000, 1 + (i + 999) % 1000,
                   case when i % 1000 = 1 then '{"tag":"0123456789abcdef","owner":{"id":"u_1","kind":"user"},"unit":"credit","scale":6,"overdraftLimit":0}'::jsonb
                        else jsonb_build_object('metadata', jsonb_build_object('note', repeat(md5(i::text), 10))) end,
                   case when i % 1000 = 1 then 'account_opened' else 'account_changed' end, timestamptz '2026-01-01Z' + i * interval '1 second', '*DEFAULT*', '{"hash":"AAAA"}', false
            from generate_series(1, {{{Events}}}) i;
            select setval('ledger.mt_events_sequence', {{{Events}}})
            """);
        await QueryAsync<object>("analyze ledger.mt_events");
        service = await ServiceProcess.StartAsync(new Dictionary<string, string> { [CommandLineDatabase.Variable] = database.ConnectionString, ["LEDGER_DEV_API_KEY"] = Key });
        // What the read models need for that is none of an export's.
        for (var tries = 0; !await QueryAsync<bool>($"select coalesce(min(last_seq_id), 0) >= {Events} from ledger.projections"); tries++)
        {
            tries.ShouldBeLessThan(600, "the read models stand still");
            await Task.Delay(100);
        }
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var session = await Database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session) { CommandTimeout = 120 };
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null) await service.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }
}

/// <summary>Exports of more rows than anything keeps in memory.</summary>
public sealed class Large_exports(LargeLedger ledger, ITestOutputHelper output) : IClassFixture<LargeLedger>, IDisposable
{
    private const string Whole = "/v1/exports/events?format=ndjson";

    private readonly ServiceProcess service = ledger.Service;
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-exports-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task take_no_more_memory_for_more_rows()
    {
        var events = await LastAsync();
        // What a small one needs, the code compiled for it included.
        await CountAsync($"{Whole}&to=2026-01-01T06:00:00Z");
        var before = MostMemory();
        var clock = Stopwatch.StartNew();
        var (rows, bytes, last) = await CountAsync(Whole);
        var grown = MostMemory() - before;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows, {bytes / 1e6:f0} MB in {clock.Elapsed.TotalSeconds:f1} s; memory {before / 1e6:f0} MB before, {grown / 1e6:f0} MB more at most"));
        (rows, last).ShouldBe((events, events));
        bytes.ShouldBeGreaterThan(50_000_000);
        grown.ShouldBeLessThan(30_000_000);
    }

    [Fact]
    public async Task are_of_one_moment_and_no_more_than_a_few_run_at_once()
    {
        var events = await LastAsync();
        // Clients that do not read yet: the service waits for them.
        var waiting = new List<HttpResponseMessage>();
        for (var i = 0; i < 4; i++) waiting.Add(await BeginAsync());
        using (var refused = await BeginAsync())
        {
            var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement;
            (problem.GetProperty("status").GetInt32(), problem.GetProperty("type").GetString(), refused.Headers.RetryAfter!.Delta).ShouldBe((503, "/problems/overloaded", TimeSpan.FromSeconds(10)));
        }

        // What comes now is in none of them. Commands and queries go on beside them.
        using var open = await service.Http.SendAsync(Request(HttpMethod.Put, "/v1/accounts/later", """{"owner":{"kind":"user","id":"u_2"}}"""));
        open.EnsureSuccessStatusCode();
        (await LastAsync()).ShouldBe(events + 1);
        var (rows, _, last) = await CountAsync(waiting[0]);
        (rows, last).ShouldBe((events, events));

        // Those whose client goes away end, and make room.
        foreach (var response in waiting) response.Dispose();
        await UntilAsync("select count(*) = 0 from pg_stat_activity where application_name = 'ledger export' and state <> 'idle' and datname = current_database()");
        for (var i = 0; i < 4; i++)
        {
            using var again = await BeginWithRoomAsync();
        }
    }

    [Fact]
    public async Task that_fail_in_the_middle_do_not_look_whole()
    {
        using var response = await BeginWithRoomAsync();
        await UntilAsync("select count(*) > 0 from pg_stat_activity where application_name = 'ledger export' and state = 'active' and datname = current_database()");
        (await QueryAsync<long>("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'ledger export' and datname = current_database()")).ShouldBeGreaterThan(0);
        var failure = await Should.ThrowAsync<Exception>(() => CountAsync(response));
        (failure is HttpRequestException or IOException).ShouldBeTrue(failure.ToString());
        // The next one finds connections again.
        (await CountAsync($"{Whole}&to=2026-01-01T01:00:00Z")).Rows.ShouldBe(3599);
    }

    [Theory]
    [InlineData("csv", "INT")]
    [InlineData("ndjson", "KILL")]
    public async Task go_on_in_a_file_where_they_were_stopped(string format, string signal)
    {
        var (whole, stopped) = (Path.Combine(folder, "whole." + format), Path.Combine(folder, "stopped." + format));
        string[] ask = ["export", "events", "--format", format, "--out"];
        (await RunAsync([.. ask, whole])).Status.ShouldBe(0);

        using (var process = Start([.. ask, stopped]))
        {
            var reading = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            for (var tries = 0; !File.Exists(stopped + ".partial.json"); tries++)
            {
                process.HasExited.ShouldBeFalse("it was done before it could be stopped");
                tries.ShouldBeLessThan(3000);
                await Task.Delay(10);
            }

            await PostgresTool.RunAsync("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(signal == "INT" ? 130 : 137);
            if (signal == "INT") (await reading.Item2).ShouldContain("The same command goes on from here.");
        }

        File.Exists(stopped).ShouldBeFalse();
        var noted = JsonDocument.Parse(await File.ReadAllTextAsync(stopped + ".partial.json")).RootElement.GetProperty("position").GetInt64();
        noted.ShouldBeInRange(1, await LastAsync() - 1);

        // Events that came meanwhile belong to the next export.
        await QueryAsync<object>("with late as (insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers, is_archived) select max(seq_id) + 1, gen_random_uuid(), 'account/late', 1 + count(*) filter (where stream_id = 'account/late'), '{}', 'account_changed', now(), '*DEFAULT*', '{}', false from ledger.mt_events returning seq_id) select setval('ledger.mt_events_sequence', seq_id) from late");
        (await RunAsync("export", "transactions", "--format", format, "--out", stopped)).Errors.ShouldContain("belongs to another export");
        var (status, told, errors) = await RunAsync([.. ask, stopped]);
        (status, errors).ShouldBe((0, ""));
        output.WriteLine(told);
        var (one, other) = (await File.ReadAllBytesAsync(stopped), await File.ReadAllBytesAsync(whole));
        one.AsSpan().SequenceEqual(other).ShouldBeTrue("the file is the same as one that never stopped");
        Directory.GetFiles(folder).Order(StringComparer.Ordinal).ShouldBe([stopped, whole]);
        (await RunAsync([.. ask, stopped])).Errors.Trim().ShouldBe($"{stopped} is there already: remove it, or name another file.");
    }

    [Theory]
    [InlineData("WHAT must be one of ", "everything")]
    [InlineData("--format must be one of csv, ndjson.", "events", "--format", "xlsx")]
    [InlineData("--from must be a time with its offset", "events", "--from", "yesterday")]
    [InlineData("--to must not be before from.", "events", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z")]
    [InlineData("There is no tenant nobody.", "events", "--tenant", "nobody")]
    public async Task say_in_one_line_what_is_asked_for_wrongly(string line, params string[] arguments)
    {
        var (status, _, errors) = await RunAsync(["export", .. arguments, "--out", Path.Combine(folder, "wrong")]);
        (status, errors.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)).ShouldBe((1, false), errors);
        errors.ShouldStartWith(line);
        Directory.GetFiles(folder).ShouldBeEmpty();
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", LargeLedger.Key);
        return request;
    }

    private async Task<HttpResponseMessage> BeginAsync(string path = Whole)
    {
        using var request = Request(HttpMethod.Get, path);
        return await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Begins one; the service hears of clients that have gone, and makes room for others, a moment later.</summary>
    private async Task<HttpResponseMessage> BeginWithRoomAsync(string path = Whole)
    {
        for (var tries = 0; ; tries++)
        {
            var response = await BeginAsync(path);
            if ((int)response.StatusCode == 200) return response;
            ((int)response.StatusCode).ShouldBe(503);
            response.Dispose();
            tries.ShouldBeLessThan(200, "there is no room for an export");
            await Task.Delay(50);
        }
    }

    private async Task<(long Rows, long Bytes, long Last)> CountAsync(string path)
    {
        using var response = await BeginWithRoomAsync(path);
        return await CountAsync(response);
    }

    /// <summary>Reads to the end; every line must be whole, and positions rise.</summary>
    private static async Task<(long Rows, long Bytes, long Last)> CountAsync(HttpResponseMessage response)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (rows, bytes, last) = (0L, 0L, 0L);
        while (await reader.ReadLineAsync() is { } line)
        {
            line.ShouldStartWith("{\"position\":");
            line.ShouldEndWith("}");
            var position = long.Parse(line.AsSpan(12, line.IndexOf(',', StringComparison.Ordinal) - 12), CultureInfo.InvariantCulture);
            position.ShouldBeGreaterThan(last);
            (rows, bytes, last) = (rows + 1, bytes + line.Length + 1, position);
        }

        return (rows, bytes, last);
    }

    /// <summary>The most memory that the service has had at any time, in bytes.</summary>
    private long MostMemory() =>
        1024 * long.Parse(File.ReadLines($"/proc/{service.ProcessId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private async Task UntilAsync(string sql)
    {
        for (var tries = 0; !await QueryAsync<bool>(sql); tries++)
        {
            tries.ShouldBeLessThan(200, sql);
            await Task.Delay(50);
        }
    }

    private Task<T> QueryAsync<T>(string sql) => ledger.QueryAsync<T>(sql);

    /// <summary>The highest position.</summary>
    private Task<long> LastAsync() => QueryAsync<long>("select max(seq_id) from ledger.mt_events");

    private Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = ledger.Database.ConnectionString;
        return Process.Start(start)!;
    }

    private async Task<(int Status, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var (told, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await told, await errors);
    }
}
