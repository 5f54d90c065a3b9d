using Ledger.Testing;
using Npgsql;

namespace Ledger.House.Tests;

/// <summary>The tests' own tool for lost answers has to be right itself.</summary>
public sealed class The_relay : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private PostgresRelay _relay = null!;

    public enum Way { Transaction, Batch, Prepared, Text }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await TestPostgres.CreateDatabaseAsync();
        _relay = PostgresRelay.To(_database.ConnectionString);
        await using var session = await _database.OpenAsync();
        await RunAsync(session, "create table written (n int primary key)");
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(Way.Transaction)]
    [InlineData(Way.Batch)]
    [InlineData(Way.Prepared)]
    [InlineData(Way.Text)]
    public async Task swallows_the_answer_to_a_commit_and_the_commit_stands(Way way)
    {
        await WriteAsync(way, 1);
        _relay.SwallowCommit(2);
        await WriteAsync(way, 2);
        await Should.ThrowAsync<NpgsqlException>(() => WriteAsync(way, 3));
        await WriteAsync(way, 4);

        (_relay.Commits, _relay.Swallowed, _relay.CommittedUnheard).ShouldBe((4, 1, 1));
        (await RowsAsync()).ShouldBe("1,2,3,4");
    }

    [Fact]
    public async Task tells_a_commit_from_a_rollback_in_disguise()
    {
        _relay.SwallowCommit();
        await using var session = await OpenAsync();
        await RunAsync(session, "begin");
        await Should.ThrowAsync<PostgresException>(() => RunAsync(session, "select 1/0"));
        await Should.ThrowAsync<NpgsqlException>(() => RunAsync(session, "commit"));
        (_relay.Swallowed, _relay.CommittedUnheard).ShouldBe((1, 0));
    }

    [Fact]
    public async Task looks_at_the_commits_of_one_kind_of_session_where_it_is_told_to()
    {
        await using var relay = PostgresRelay.To(_database.ConnectionString, commitsOf: "the one");
        var one = new NpgsqlConnectionStringBuilder(relay.ConnectionString) { ApplicationName = "the one", Pooling = false }.ConnectionString;
        var other = new NpgsqlConnectionStringBuilder(relay.ConnectionString) { ApplicationName = "the one besides", Pooling = false }.ConnectionString;
        relay.SwallowCommit();
        foreach (var (way, isHeard) in new[] { (other, true), (one, false), (one, true) })
        {
            await using var session = new NpgsqlConnection(way);
            await session.OpenAsync(Cancel);
            await RunAsync(session, "begin");
            if (isHeard) await RunAsync(session, "commit");
            else await Should.ThrowAsync<NpgsqlException>(() => RunAsync(session, "commit"));
        }

        (relay.Commits, relay.Swallowed, relay.CommittedUnheard).ShouldBe((2, 1, 1));
    }

    [Fact]
    public async Task cuts_and_refuses_and_lets_in_again()
    {
        await using (var session = await OpenAsync())
        {
            _relay.CutAll();
            await Should.ThrowAsync<NpgsqlException>(() => RunAsync(session, "select 1"));
        }
        _relay.RefusesNew = true;
        await Should.ThrowAsync<NpgsqlException>(OpenAsync);
        _relay.RefusesNew = false;
        await WriteAsync(Way.Transaction, 1);
    }

    [Fact]
    public async Task holds_everything_back_until_it_is_told_to_go_on()
    {
        await using var session = await OpenAsync();
        _relay.Pause();
        var writing = RunAsync(session, "insert into written values (1)");
        await Task.Delay(200, Cancel);
        writing.IsCompleted.ShouldBeFalse();
        (await RowsAsync()).ShouldBe("");
        _relay.Resume();
        await writing;
        (await RowsAsync()).ShouldBe("1");
    }

    [Theory]
    [InlineData("commit", true)]
    [InlineData("COMMIT WORK;", true)]
    [InlineData("begin; insert into a values (';'); commit", true)]
    [InlineData("-- now\nend transaction", true)]
    [InlineData("commit prepared 'x'", false)]
    [InlineData("select 'commit'", false)]
    [InlineData("select 1 -- ; commit", false)]
    [InlineData("do $x$ begin; commit; end; $x$", false)]
    [InlineData("rollback", false)]
    public void knows_a_commit(string sql, bool isCommit) => CommitWatch.HasCommit(sql).ShouldBe(isCommit);

    private async Task WriteAsync(Way way, int n)
    {
        await using var session = await OpenAsync();
        if (way == Way.Transaction)
        {
            await using var transaction = await session.BeginTransactionAsync(Cancel);
            await RunAsync(session, $"insert into written values ({n})");
            await transaction.CommitAsync(Cancel);
        }
        else if (way == Way.Text)
        {
            await RunAsync(session, $"begin; insert into written values ({n}); commit");
        }
        else
        {
            await using var batch = new NpgsqlBatch(session) { BatchCommands = { new("begin"), new($"insert into written values ({n})"), new("commit") } };
            if (way == Way.Prepared) await batch.PrepareAsync(Cancel);
            await batch.ExecuteNonQueryAsync(Cancel);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var session = new NpgsqlConnection(_relay.ConnectionString);
        await session.OpenAsync(Cancel);
        return session;
    }

    private async Task<string> RowsAsync()
    {
        await using var session = await _database.OpenAsync();
        await using var command = new NpgsqlCommand("select coalesce(string_agg(n::text, ',' order by n), '') from written", session);
        return (string)(await command.ExecuteScalarAsync(Cancel))!;
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
