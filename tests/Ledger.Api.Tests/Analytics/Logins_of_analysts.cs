using System.Diagnostics;
using Ledger.Api.Operations;
using Ledger.Api.Tests.Http;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Analytics;

/// <summary><c>analysts</c> on the command line, and what the logins are that it makes.</summary>
public sealed class Logins_of_analysts : IAsyncLifetime
{
    private readonly string login = "ana_" + Guid.NewGuid().ToString("N")[..12];
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await EdgeHost.DatabaseAsync();

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Theory]
    [InlineData(null, "ledger_analyst")]
    [InlineData("user:u_1", "ledger_reader")]
    public async Task are_made_bound_read_only_and_removed(string? owner, string role)
    {
        var (status, password, about) = await RunAsync(["analysts", "add", login, .. owner is null ? Array.Empty<string>() : ["--owner", owner]]);
        (status, password.Trim().Length).ShouldBe((0, 48), about);
        try
        {
            about.ShouldContain($"{login} sees {(owner is null ? "all" : "the accounts of user u_1")} of tenant default.");
            (await RunAsync("analysts", "list")).Output.ShouldContain(login);
            (await RunAsync("analysts", "add", login)).Errors.Trim().ShouldBe($"There is a login {login} already: remove it first, or take another name.");

            await using var session = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = login, Password = password.Trim(), Pooling = false }.ConnectionString);
            await session.OpenAsync();
            (await ScalarAsync(session, "select current_setting('default_transaction_read_only') || ' ' || current_setting('statement_timeout') || ' ' || current_setting('search_path')")).ShouldBe("on 1min analytics");
            (await ScalarAsync(session, "select string_agg(r.rolname, ' ') from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = current_user::regrole")).ShouldBe(role);
            (await ScalarAsync(session, "select count(*)::text from accounts")).ShouldBe("0");
            (await RunAsync("analysts", "remove", login)).Output.Trim().ShouldBe($"{login} is removed.");
            await Should.ThrowAsync<NpgsqlException>(() => ScalarAsync(session, "select 'still here'"));
        }
        finally
        {
            await using var drop = await database.OpenAsync();
            await using var command = new NpgsqlCommand($"drop role if exists {login}", drop);
            await command.ExecuteNonQueryAsync();
        }

        (await RunAsync("analysts", "remove", login)).Errors.Trim().ShouldBe($"There is no analyst {login}.");
    }

    [Theory]
    [InlineData("LOGIN has 1 to 63 of the characters", "Ana")]
    [InlineData("LOGIN has 1 to 63 of the characters", "ana; drop role postgres")]
    [InlineData("LOGIN has 1 to 63 of the characters", "ledger_writer")]
    [InlineData("There is no tenant nobody.", "ana", "--tenant", "nobody")]
    [InlineData("--owner must be user:ID or workspace:ID.", "ana", "--owner", "u_1")]
    [InlineData("--owner must be user:ID or workspace:ID.", "ana", "--owner", "team:t_1")]
    public async Task are_refused_in_one_line(string line, params string[] arguments)
    {
        var (status, output, errors) = await RunAsync(["analysts", "add", .. arguments]);
        (status, output, errors.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)).ShouldBe((1, "", false), errors);
        errors.ShouldStartWith(line);
    }

    private static async Task<string> ScalarAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task<(int Status, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = database.ConnectionString;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
