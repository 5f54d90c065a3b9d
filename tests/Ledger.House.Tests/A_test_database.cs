using Ledger.Testing;
using Npgsql;

namespace Ledger.House.Tests;

public sealed class A_test_database
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task is_a_copy_of_its_template_and_its_own()
    {
        var applied = 0;
        Task Apply(NpgsqlConnection session)
        {
            Interlocked.Increment(ref applied);
            return RunAsync(session, "create table things (n int)");
        }
        var names = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TestPostgres.TemplateAsync("house", Apply)));
        applied.ShouldBe(1);
        await using var one = await TestPostgres.CreateDatabaseAsync(names[0]);
        await using var other = await TestPostgres.CreateDatabaseAsync(names[3]);
        await using var writing = await one.OpenAsync();
        await RunAsync(writing, "insert into things values (1)");
        await using var reading = await other.OpenAsync();
        (await AskAsync(reading, "select count(*) from things")).ShouldBe(0L);
    }

    [Fact]
    public async Task is_gone_after_its_test()
    {
        var database = await TestPostgres.CreateDatabaseAsync();
        await using (var session = await database.OpenAsync()) await RunAsync(session, "select 1");
        await database.DisposeAsync();
        await using var server = new NpgsqlConnection(await TestPostgres.ServerAsync());
        await server.OpenAsync(Cancel);
        (await AskAsync(server, $"select count(*) from pg_database where datname = '{database.Name}'")).ShouldBe(0L);
    }

    [Fact]
    public async Task survives_the_death_of_its_server()
    {
        await using var postgres = await PostgresProcess.StartAsync();
        await using (var session = new NpgsqlConnection(postgres.ConnectionString))
        {
            await session.OpenAsync(Cancel);
            await RunAsync(session, "create table things as select 7 as n");
            await postgres.KillAsync();
            await Should.ThrowAsync<NpgsqlException>(() => RunAsync(session, "select 1"));
        }
        await postgres.RestartAsync();
        await using var again = new NpgsqlConnection(postgres.ConnectionString);
        await again.OpenAsync(Cancel);
        (await AskAsync(again, "select n from things")).ShouldBe(7);
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<object?> AskAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
