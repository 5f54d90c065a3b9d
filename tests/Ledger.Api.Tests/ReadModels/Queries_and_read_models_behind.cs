using System.Diagnostics;
using System.Globalization;
using System.Text;
using Ledger.Api.Tests.Contract;
using Npgsql;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>What queries answer while the daemon has not come as far as the account, and how much memory long answers take.</summary>
public sealed class Queries_and_read_models_behind(ContractService service) : IClassFixture<ContractService>
{
    private static readonly string[] FromReadModels = ["transactions", "usage"];

    [Fact]
    public async Task A_query_that_names_a_version_waits_for_the_read_model_and_else_is_answered_503()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        var second = (await account.Consume("1")).ShouldBe(201)["version"];
        foreach (var query in FromReadModels) (await account.Get($"/{query}?minVersion={second}")).ShouldBe(200);

        // A session that holds the progress of the projections: what they apply next can't be committed before it ends.
        await using var source = NpgsqlDataSource.Create(service.ConnectionString);
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var holding = await connection.BeginTransactionAsync();
            await using (var command = new NpgsqlCommand("select name from ledger.projections for update", connection)) await command.ExecuteNonQueryAsync();
            var third = (await account.Consume("2")).ShouldBe(201)["version"];

            var waited = Stopwatch.StartNew();
            var stale = (await account.Client.Get(account.Path + "/transactions")).ShouldBe(200);
            waited.Elapsed.TotalSeconds.ShouldBeInRange(1.9, 5);
            stale.Data.Count().ShouldBe(2, "without a version the answer is what is there after a short wait");
            (await account.Client.Get(account.Path + "/usage"))["data.0.amount"].ShouldBe("1");

            waited.Restart();
            var late = await Task.WhenAll(FromReadModels.Select(query => account.Get($"/{query}?minVersion={third}")));
            waited.Elapsed.TotalSeconds.ShouldBeInRange(4.9, 8);
            foreach (var reply in late) reply.ShouldBe(503, "read-model-behind").Headers["Retry-After"].ShouldBe("1");
            foreach (var query in FromReadModels) (await account.Get($"/{query}?minVersion={second}")).ShouldBe(200, null);

            // The account, its stream and its statement are no read models of the daemon.
            (await account.Get($"/statement?minVersion={third}")).ShouldBe(200)["closingBalance"].ShouldBe("7");
            (await account.Get($"/events?minVersion={third}")).ShouldBe(200);

            var waiting = FromReadModels.Select(query => account.Get($"/{query}?minVersion={third}")).ToList();
            await Task.Delay(300);
            waiting.ShouldAllBe(each => !each.IsCompleted);
            await holding.RollbackAsync();
            foreach (var each in waiting) (await each).ShouldBe(200);
        }

        (await account.Get("/transactions")).Data.Count().ShouldBe(3);
        (await account.Get("/usage"))["data.0.amount"].ShouldBe("3");
    }

    [Fact]
    public async Task Who_reads_right_after_writing_finds_what_was_written()
    {
        var account = await service.OpenAsync(""","overdraftLimit":1000""");
        for (var i = 1; i <= 40; i++)
        {
            var id = (await account.Consume("1", ""","service":"chat" """)).ShouldBe(201)["id"];
            (await account.Client.Get(account.Path + "/transactions?limit=1"))["data.0.id"].ShouldBe(id);
            (await account.Client.Get(account.Path + "/usage?groupBy=service"))["data.0.count"].ShouldBe(i.ToString(CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task A_long_statement_takes_no_more_memory_than_a_short_one()
    {
        const int Lines = 40_000;
        var account = await service.OpenAsync();
        await account.Grant("100000");
        for (var from = 0; from < Lines; from += 5_000)
        {
            var lines = Enumerable.Range(from, 5_000).Select(i => $$"""{"key":"{{account.Id}}-{{i}}","accountId":"{{account.Id}}","command":"consume","amount":1,"service":"chat","description":"{{new string('x', 400)}}"}""");
            (await account.Client.Batch(lines)).ShouldAllBe(line => line.Status == 201);
        }

        foreach (var accept in (string[])["application/json", "text/csv"])
        {
            // Other tests in this process take memory too, now and then: what the answer itself takes, it takes every time.
            var most = long.MaxValue;
            for (var tries = 0; most >= 12_000_000 && tries < 5; tries++) most = await MemoryOfAsync(account, accept, Lines);
            most.ShouldBeLessThan(12_000_000, accept);
        }
    }

    /// <summary>Reads a statement to its end; how much more memory was in use at most meanwhile, in bytes.</summary>
    private async Task<long> MemoryOfAsync(TestAccount account, string accept, int lines)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, account.Path + "/statement");
        request.Headers.Accept.ParseAdd(accept);
        request.Headers.Authorization = new("Bearer", service.Admin.Credential);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 16];
        long bytes = 0, looked = 0, most = 0;
        var end = new StringBuilder();
        for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
        {
            bytes += read;
            end.Append(Encoding.UTF8.GetString(buffer, 0, read));
            if (end.Length > 1000) end.Remove(0, end.Length - 1000);
            if (bytes - looked < 4_000_000) continue;
            looked = bytes;
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        bytes.ShouldBeGreaterThan(lines * 600L);
        end.ToString().ShouldContain(accept == "text/csv" ? "closing_balance" : "\"closingBalance\":60000}");
        looked.ShouldBeGreaterThan(0);
        return most;
    }
}
