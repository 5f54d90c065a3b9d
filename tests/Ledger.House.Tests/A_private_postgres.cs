using Ledger.Api.Operations;
using Npgsql;

namespace Ledger.House.Tests;

/// <summary>The server that the service starts for itself, on one real cluster.</summary>
public sealed class A_private_postgres : IAsyncLifetime
{
    private readonly string _folder = Path.Combine("/tmp", $"ledger-private-{Guid.NewGuid():N}"[..28]);
    private readonly List<string> _said = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PrivatePostgresOptions Options => new() { DataDir = _folder, Log = _said.Add, Settings = new Dictionary<string, string> { ["shared_buffers"] = "16MB" } };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(_folder)) await PrivatePostgres.RemoveAsync(_folder, CancellationToken.None);
    }

    [Fact]
    public async Task is_made_once_and_keeps_its_data()
    {
        await using (var first = await PrivatePostgres.StartAsync(Options, Cancel))
        {
            await AskAsync(first, "create table kept as select 42 as answer");
            (await AskAsync(first, "show listen_addresses")).ShouldBe("");
            (await AskAsync(first, "show synchronous_commit")).ShouldBe("on");
            (await AskAsync(first, "show fsync")).ShouldBe("on");
            (await AskAsync(first, "show data_checksums")).ShouldBe("on");
            (await AskAsync(first, "show server_encoding")).ShouldBe("UTF8");
            if (!OperatingSystem.IsWindows())
                File.GetUnixFileMode(first.SocketDir).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        _said.ShouldHaveSingleItem().ShouldStartWith("Making a PostgreSQL");
        await using var second = await PrivatePostgres.StartAsync(Options, Cancel);
        (await AskAsync(second, "select answer from kept")).ShouldBe(42);
        _said.Count.ShouldBe(1);
    }

    [Fact]
    public async Task serves_one_process_and_names_it_to_the_next()
    {
        await using var first = await PrivatePostgres.StartAsync(Options, Cancel);
        first.SayAddress("http://127.0.0.1:5080");
        var refused = await Should.ThrowAsync<PostgresUnavailableException>(() => PrivatePostgres.StartAsync(Options, Cancel));
        refused.Message.ShouldBe(
            $"The data directory {_folder} is in use by process {Environment.ProcessId} (service, http://127.0.0.1:5080): stop it first, or start this one with another --data-dir.");

        await using (var visitor = await PrivatePostgres.ConnectOrStartAsync(Options with { Purpose = "verify" }, Cancel))
        {
            visitor.IsOurs.ShouldBeFalse();
            visitor.ConnectionString.ShouldBe(first.ConnectionString);
        }
        (await AskAsync(first, "select 1")).ShouldBe(1);
    }

    [Fact]
    public async Task is_started_for_a_command_and_ends_with_it()
    {
        await using (var own = await PrivatePostgres.ConnectOrStartAsync(Options with { Purpose = "verify" }, Cancel)) own.IsOurs.ShouldBeTrue();
        File.Exists(Path.Combine(_folder, "postgres", "postmaster.pid")).ShouldBeFalse();
        // A short-lived server is none for others to rely on.
        File.Exists(Path.Combine(_folder, "connection")).ShouldBeFalse();
    }

    [Fact]
    public async Task that_a_killed_service_left_running_is_taken_over()
    {
        if (OperatingSystem.IsWindows()) return;
        await (await PrivatePostgres.StartAsync(Options, Cancel)).StopAsync();
        var place = await PostgresPlace.ResolveAsync(_folder, _ => { }, Cancel);
        await new PostgresServer(place, await PostgresBinaries.FindAsync(null, null, Cancel)).StartAsync(Options.Settings, Cancel);
        var left = await File.ReadAllTextAsync(Path.Combine(_folder, "postgres", "postmaster.pid"), Cancel);

        await using var taken = await PrivatePostgres.StartAsync(Options, Cancel);
        (await File.ReadAllTextAsync(Path.Combine(_folder, "postgres", "postmaster.pid"), Cancel)).ShouldBe(left);
        (await AskAsync(taken, "select 1")).ShouldBe(1);
    }

    [Fact]
    public async Task starts_over_the_note_of_one_that_died()
    {
        await (await PrivatePostgres.StartAsync(Options, Cancel)).StopAsync();
        // The number in the note belongs to a living process that is no server: ours.
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "postgres", "postmaster.pid"), $"{Environment.ProcessId}\n{_folder}/postgres\n1\n5432\n{_folder}/socket\n\n\nready\n", Cancel);
        await using var again = await PrivatePostgres.StartAsync(Options, Cancel);
        (await AskAsync(again, "select 1")).ShouldBe(1);
    }

    [Fact]
    public async Task takes_a_long_path_and_odd_characters()
    {
        var odd = Path.Combine(_folder, new string('x', 90), "a, b$(false)'\"é");
        var postgres = await PrivatePostgres.StartAsync(Options with { DataDir = odd }, Cancel);
        (await AskAsync(postgres, "select 1")).ShouldBe(1);
        postgres.SocketDir.Length.ShouldBeLessThan(90);
        await postgres.StopAsync();
        Directory.Exists(postgres.SocketDir).ShouldBeFalse();
        await PrivatePostgres.RemoveAsync(odd, Cancel);
    }

    [Fact]
    public async Task is_refused_in_one_line_without_its_programs()
    {
        var refused = await Should.ThrowAsync<PostgresUnavailableException>(() => PrivatePostgres.StartAsync(Options with { BinDir = "/nowhere" }, Cancel));
        refused.Message.ShouldBe("No PostgreSQL in /nowhere: LEDGER_PG_BIN must name the folder that holds initdb, pg_ctl, postgres.");
    }

    [Fact]
    public async Task does_not_touch_files_that_are_not_its_own()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "postgres"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "postgres", "letter.txt"), "dear", Cancel);
        var refused = await Should.ThrowAsync<PostgresUnavailableException>(() => PrivatePostgres.StartAsync(Options, Cancel));
        refused.Message.ShouldContain("holds files that are no database of ours");
        File.Exists(Path.Combine(_folder, "postgres", "letter.txt")).ShouldBeTrue();
    }

    [Fact]
    public async Task that_can_not_start_says_why()
    {
        var bad = Options with { Settings = new Dictionary<string, string> { ["shared_buffers"] = "lots" } };
        var refused = await Should.ThrowAsync<PostgresUnavailableException>(() => PrivatePostgres.StartAsync(bad, Cancel));
        refused.Message.ShouldStartWith("PostgreSQL did not start: ");
        refused.Message.ShouldNotContain("\n");
    }

    private static async Task<object?> AskAsync(PrivatePostgres postgres, string sql)
    {
        await using var session = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Pooling = false }.ConnectionString);
        await session.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand(sql, session);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
