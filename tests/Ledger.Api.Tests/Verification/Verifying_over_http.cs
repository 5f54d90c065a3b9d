using System.Globalization;
using System.Text.Json;
using Ledger.Api.Tests.Contract;
using Ledger.Testing;
using Run = Ledger.Api.Tests.Reliability.Run;

namespace Ledger.Api.Tests.Verification;

/// <summary>The command, the routes of verification and of roots, on the same history.</summary>
[Collection(HistoryCollection.Name)]
public sealed class Verifying_over_http(LedgerHistory history)
{
    [Fact]
    public async Task the_command_ends_with_0_where_nothing_differs_and_with_1_where_something_does()
    {
        var (status, printed, errors) = await Commands.RunAsync(history.ConnectionString, "verify");
        (status, errors).ShouldBe((0, ""), printed);
        printed.ShouldContain("Nothing differs.");
        printed.ShouldContain("--roots FILE");
        printed.ShouldContain("fingerprints");
        try
        {
            var seq = history.SealedTo - 2;
            await history.ExecuteAsync("update ledger.mt_events set data = data || '{\"amount\": 1000000}' where seq_id = $1", seq);
            (status, printed, _) = await Commands.RunAsync(history.ConnectionString, "verify");
            status.ShouldBe(1);
            printed.ShouldContain($"position {seq}, stream account/");
            (status, printed, _) = await Commands.RunAsync(history.ConnectionString, "verify", "--json", "--without-read-models");
            var report = JsonDocument.Parse(printed).RootElement;
            (status, report.GetProperty("first")[0].GetProperty("position").GetInt64()).ShouldBe((1, seq));
            report.GetProperty("differences").GetInt64().ShouldBeGreaterThan(0);
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Fact]
    public async Task the_command_compares_with_roots_that_were_published()
    {
        var file = Path.GetTempFileName();
        try
        {
            (await Commands.RunAsync(history.ConnectionString, "roots", "--out", file)).Status.ShouldBe(0);
            var (status, printed, _) = await Commands.RunAsync(history.ConnectionString, "verify", "--roots", file, "--without-read-models");
            (status, printed.Contains($"Up to position {history.SealedTo} the published roots show", StringComparison.Ordinal)).ShouldBe((0, true), printed);
            var lines = await File.ReadAllLinesAsync(file);
            var (good, bad) = (lines[0], lines[0].Replace("\"lastPosition\":", "\"lastPosition\":1", StringComparison.Ordinal));
            await File.WriteAllLinesAsync(file, [bad]);
            (status, _, var errors) = await Commands.RunAsync(history.ConnectionString, "verify", "--roots", file);
            (status, errors.Contains("line 1", StringComparison.Ordinal)).ShouldBe((1, true), errors);
            await File.WriteAllLinesAsync(file, [good, good]);
            (await Commands.RunAsync(history.ConnectionString, "verify", "--roots", file)).Errors.ShouldContain("twice");
            await File.WriteAllTextAsync(file, "");
            (await Commands.RunAsync(history.ConnectionString, "verify", "--roots", file)).Status.ShouldBe(1);
            (await Commands.RunAsync(history.ConnectionString, "verify", "--roots", file + ".none")).Status.ShouldBe(1);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task an_operator_starts_it_in_the_background_one_at_a_time()
    {
        try
        {
            await using var node = await Run.NodeAsync(history.ConnectionString);
            (await SendAsync(node, HttpMethod.Post, null)).Status.ShouldBe(400, "a POST takes a key");
            var (status, body, _) = await SendAsync(node, HttpMethod.Post, "v1");
            status.ShouldBe(202, body);
            JsonDocument.Parse(body).RootElement.GetProperty("state").GetString().ShouldBe("running");
            (status, body, var replayed) = await SendAsync(node, HttpMethod.Post, "v1");
            (status, replayed).ShouldBe((202, true), body);
            (await SendAsync(node, HttpMethod.Post, "v1", "/v1/projections/usage/pause")).Status.ShouldBe(422, "a key stands for one request of operators");
            await Run.UntilAsync(async () => await StateAsync(node) == "passed", TimeSpan.FromSeconds(60), "the verification ends");
            var report = JsonDocument.Parse((await SendAsync(node, HttpMethod.Get, null)).Body).RootElement.GetProperty("report");
            report.GetProperty("differences").GetInt64().ShouldBe(0);
            report.GetProperty("notes").GetArrayLength().ShouldBeGreaterThan(0);

            await history.ExecuteAsync("update ledger.mt_events set timestamp = timestamp + interval '1 second' where seq_id = 3");
            await using (var other = await history.Owner.OpenConnectionAsync())
            {
                // Somebody verifies on the command line.
                await using var held = new Npgsql.NpgsqlCommand($"select pg_advisory_lock({0x4C65646765720501})", other);
                await held.ExecuteNonQueryAsync();
                (status, body, _) = await SendAsync(node, HttpMethod.Post, "v2");
                status.ShouldBe(409, body);
                await using var free = new Npgsql.NpgsqlCommand("select pg_advisory_unlock_all()", other);
                await free.ExecuteNonQueryAsync();
            }

            (await SendAsync(node, HttpMethod.Post, "v2")).Status.ShouldBe(202);
            await Run.UntilAsync(async () => await StateAsync(node) == "failed", TimeSpan.FromSeconds(60), "the verification fails");
            report = JsonDocument.Parse((await SendAsync(node, HttpMethod.Get, null)).Body).RootElement.GetProperty("report");
            report.GetProperty("first")[0].GetProperty("position").GetInt64().ShouldBe(3);
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Fact]
    public async Task roots_are_listed_and_found_by_day()
    {
        try
        {
            await using var node = await Run.NodeAsync(history.ConnectionString);
            var list = JsonDocument.Parse((await GetAsync(node, "/v1/roots?limit=1")).Body).RootElement;
            list.GetProperty("data")[0].GetProperty("root").GetString().ShouldBe(history.Published[^1].Hex);
            var next = JsonDocument.Parse((await GetAsync(node, $"/v1/roots?limit=1&cursor={list.GetProperty("nextCursor").GetString()}")).Body).RootElement;
            next.GetProperty("data")[0].GetProperty("root").GetString().ShouldBe(history.Published[^2].Hex);
            var day = history.Published[0].Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            JsonDocument.Parse((await GetAsync(node, $"/v1/roots/{day}")).Body).RootElement.GetProperty("root").GetString().ShouldBe(history.Published[0].Hex);
            JsonDocument.Parse((await GetAsync(node, $"/v1/roots?to={day}")).Body).RootElement.GetProperty("data").GetArrayLength().ShouldBe(0);
            foreach (var (path, status) in new[] { ("/v1/roots/2001-01-01", 404), ("/v1/roots/yesterday", 404), ("/v1/roots?from=x", 400), ($"/v1/roots?from={day}&to={day}", 400), ("/v1/roots?day=1", 400), ("/v1/roots?limit=0", 400), ("/v1/roots?cursor=x", 400) })
                (await GetAsync(node, path)).Status.ShouldBe(status, path);
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    private static async Task<string> StateAsync(ServiceProcess node) => JsonDocument.Parse((await SendAsync(node, HttpMethod.Get, null)).Body).RootElement.GetProperty("state").GetString()!;

    private static Task<(int Status, string Body, bool Replayed)> GetAsync(ServiceProcess node, string path) => SendAsync(node, HttpMethod.Get, null, path);

    private static async Task<(int Status, string Body, bool Replayed)> SendAsync(ServiceProcess node, HttpMethod method, string? key, string path = "/v1/verify")
    {
        using var request = new HttpRequestMessage(method, new Uri(node.Address, path));
        request.Headers.Authorization = new("Bearer", Run.Key);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var answer = await node.Http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.Contains("Idempotent-Replayed"));
    }
}
