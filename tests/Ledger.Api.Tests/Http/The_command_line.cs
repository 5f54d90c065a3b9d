using System.Diagnostics;
using Ledger.Api.Operations;
using Ledger.Testing;

namespace Ledger.Api.Tests.Http;

/// <summary>The program as a process, as a person or a script starts it.</summary>
public sealed class The_command_line : IAsyncLifetime
{
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await EdgeHost.DatabaseAsync();

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task lists_its_commands()
    {
        var (status, output, _) = await RunAsync("--help");
        status.ShouldBe(0);
        foreach (var word in new[] { "--urls", "--data-dir", "db", "apikeys", "tenants" }) output.ShouldContain(word);
    }

    [Fact]
    public async Task makes_lists_and_revokes_keys()
    {
        var (status, made, about) = await RunAsync("apikeys", "create", "--name", "backend", "--roles", "app,reader");
        (status, made.Trim().Length).ShouldBe((0, 46), about);
        var id = about.Split(' ')[0];
        (await RunAsync("apikeys", "list")).Output.ShouldContain(made[..10]);
        (await RunAsync("apikeys", "revoke", id)).Output.Trim().ShouldBe($"{id} backend is revoked.");
        (await RunAsync("tenants", "create", "acme", "--name", "Acme")).Output.Trim().ShouldBe("acme (Acme) is made.");
        (await RunAsync("tenants", "list")).Output.ShouldContain("Acme");
        (await RunAsync("db", "assert")).Output.Trim().ShouldBe("The schema is up to date.");
    }

    [Theory]
    [InlineData("There is no command or option dmeo: see --help.", "dmeo")]
    [InlineData("--roles must be some of app, reader, analyst, admin, operator.", "apikeys", "create", "--name", "x", "--roles", "root")]
    [InlineData("There is no tenant nobody: make it with `tenants create nobody --name NAME`.", "apikeys", "create", "--name", "x", "--roles", "app", "--tenant", "nobody")]
    [InlineData("There is no API key key_x.", "apikeys", "revoke", "key_x")]
    public async Task says_in_one_line_what_is_wrong(string line, params string[] arguments)
    {
        var (status, output, errors) = await RunAsync(arguments);
        (status, output, errors.TrimEnd('\n')).ShouldBe((1, "", line));
    }

    [Fact]
    public async Task says_in_one_line_why_it_does_not_start()
    {
        var (status, _, errors) = await RunAsync([], ("ASPNETCORE_ENVIRONMENT", "Production"), ("LEDGER_DEV_API_KEY", "some-key-of-mine"));
        (status, errors.TrimEnd('\n')).ShouldBe((1, "LEDGER_DEV_API_KEY is set, but the environment is Production: the key exists in Development only. Unset it, and make keys with `apikeys create`."));

        (status, _, errors) = await RunAsync([], ("ASPNETCORE_ENVIRONMENT", "Production"), ("Tenants__acme__Fake__SecretKey", "anything"));
        (status, errors.TrimEnd('\n')).ShouldBe((1, "Tenants__acme__Fake__* is set, but the environment is Production: the provider that is none exists in Development only. Unset it."));

        (status, _, errors) = await RunAsync(["db", "assert"], ("ConnectionStrings__Ledger", "Host=127.0.0.1;Port=1;Timeout=2"));
        (status, errors.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)).ShouldBe((1, false));
        errors.ShouldStartWith("The database can't be reached");

        (status, _, errors) = await RunAsync([], ("ConnectionStrings__Ledger", "nonsense"));
        (status, errors.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)).ShouldBe((1, false));

        (status, _, errors) = await RunAsync([], ("Jwt__Issuer", "https://issuer.example"), ("LEDGER_DEV_API_KEY", "some-key-of-mine"));
        (status, errors.TrimEnd('\n')).ShouldBe((1, "Tokens need Jwt:Issuer, Jwt:Audience, and one of Jwt:KeySet and Jwt:KeySetFile."));

        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        (status, _, errors) = await RunAsync(["--urls", $"http://{taken.LocalEndpoint}"], ("LEDGER_DEV_API_KEY", "some-key-of-mine"));
        (status, errors.TrimEnd('\n').Contains('\n', StringComparison.Ordinal)).ShouldBe((1, false), errors);
        errors.ShouldContain("--urls");
    }

    [Fact]
    public async Task starts_prints_a_key_that_works_and_stops_on_a_signal()
    {
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>
        {
            [CommandLineDatabase.Variable] = database.ConnectionString,
            ["LEDGER_DEV_API_KEY"] = "printed-key-1",
        });
        service.Output.ShouldContain("Development key (every role): printed-key-1");
        service.Output.Split('\n').Count(l => l.TrimStart().StartsWith("curl ", StringComparison.Ordinal)).ShouldBe(3);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tenants");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer printed-key-1");
        (await service.Http.SendAsync(request, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        (await service.StopAsync()).ShouldBe(0);
    }

    private Task<(int Status, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(arguments, []);

    private async Task<(int Status, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = database.ConnectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment.Remove("LEDGER_DEV_API_KEY");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output, await errors);
    }
}
