using System.Diagnostics;
using Ledger.Api.Tests.Contract;
using Npgsql;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>What is answered from read models that have put a stream aside, or have not come as far as a report is asked for.</summary>
public sealed class Queries_over_streams_put_aside(ContractService service) : IClassFixture<ContractService>
{
    private static readonly string[] Reports = ["trial-balance", "deferred-revenue", "breakage", "credits"];

    [Fact]
    public async Task A_version_that_was_put_aside_is_not_there_however_far_the_projection_has_come()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        await other.Grant("1");
        await account.Grant("10");
        var third = (await account.Consume("1")).ShouldBe(201)["version"];
        foreach (var query in new[] { "transactions", "usage" }) (await account.Get($"/{query}?minVersion={third}")).ShouldBe(200);

        await ParkAsync("transactions", account, long.Parse(third, System.Globalization.CultureInfo.InvariantCulture));
        try
        {
            foreach (var query in new[] { "transactions", "usage" })
            {
                (await account.Get($"/{query}?minVersion={third}")).ShouldBe(503, "read-model-behind").Headers["Retry-After"].ShouldBe("1");
                (await account.Get($"/{query}?minVersion=2")).ShouldBe(200, null);
                (await account.Client.Get($"{account.Path}/{query}")).ShouldBe(200, null);
                (await other.Get($"/{query}?minVersion=2")).ShouldBe(200, null);
            }

            (await account.Get($"/lots?minVersion={third}")).ShouldBe(200, null);
            (await account.Get($"/explain?minVersion={third}")).ShouldBe(200, null);
        }
        finally
        {
            await RetriedAsync();
        }

        (await account.Get($"/transactions?minVersion={third}")).ShouldBe(200);
    }

    [Fact]
    public async Task Reports_and_exports_refuse_to_leave_out_an_account_that_was_put_aside()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        (await account.Consume("1")).ShouldBe(201);
        async Task AnswersAsync(int status, params string[] paths)
        {
            foreach (var path in paths)
            {
                var reply = (await service.Admin.Get(path)).ShouldBe(status, status == 503 ? "read-model-behind" : null);
                if (status == 503) reply.Headers["Retry-After"].ShouldBe("1");
            }
        }

        var books = Reports.Select(report => $"/v1/reports/{report}").ToArray();
        await AnswersAsync(200, [.. books, "/v1/reports/usage"]);
        try
        {
            await ParkAsync("books", account, 2);
            await AnswersAsync(503, [.. books, "/v1/exports/journal"]);
            await AnswersAsync(200, "/v1/reports/usage");
            await RetriedAsync();

            // What was refunded comes from the transactions.
            await ParkAsync("transactions", account, 2);
            await AnswersAsync(503, "/v1/reports/usage", "/v1/exports/usage");
            await AnswersAsync(200, books);
        }
        finally
        {
            await RetriedAsync();
        }

        await AnswersAsync(200, [.. books, "/v1/reports/usage"]);
    }

    [Fact]
    public async Task A_report_is_refused_while_the_books_lack_what_was_recorded_before_it_was_asked_for()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        (await service.Admin.Get("/v1/reports/trial-balance")).ShouldBe(200);
        await using var source = NpgsqlDataSource.Create(service.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        await using (var holding = await connection.BeginTransactionAsync())
        {
            await using (var command = new NpgsqlCommand("select name from ledger.projections for update", connection)) await command.ExecuteNonQueryAsync();
            (await account.Consume("2")).ShouldBe(201);
            var waited = Stopwatch.StartNew();
            var late = await Task.WhenAll(Reports.Append("usage").Select(report => service.Admin.Get($"/v1/reports/{report}")));
            waited.Elapsed.TotalSeconds.ShouldBeInRange(4.9, 9);
            foreach (var reply in late) reply.ShouldBe(503, "read-model-behind").Headers["Retry-After"].ShouldBe("1");
            await holding.RollbackAsync();
        }

        (await service.Admin.Get("/v1/reports/trial-balance")).ShouldBe(200);
    }

    private async Task ParkAsync(string projection, TestAccount account, long version) => await service.QueryAsync<object>(
        $"insert into ledger.projection_parked (tenant_id, projection, stream_id, first_seq_id, first_version, tries, error) select tenant_id, '{projection}', stream_id, seq_id, version, 3, 'x' from ledger.mt_events where stream_id = 'account/{account.Id}' and version = {version} returning 1");

    private async Task RetriedAsync() => await service.QueryAsync<object>("with gone as (delete from ledger.projection_parked returning 1) select count(*) from gone");
}
