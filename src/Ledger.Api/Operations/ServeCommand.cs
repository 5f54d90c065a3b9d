using System.CommandLine;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Maintenance;
using Ledger.Api.Settings;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ledger.Api.Operations;

/// <summary>Starts the service: its private PostgreSQL where no other is named, the schema, then the server; and ends them in the other order.</summary>
internal static class ServeCommand
{
    /// <summary>Where the service listens when nothing else is said: on this machine alone.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    private const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    private static readonly Option<string?> Urls = new("--urls") { Description = $"Addresses to listen on, separated by semicolons ({DefaultUrl} where nothing is said)", HelpName = "URLS" };

    public static RootCommand Create(Func<WebApplicationBuilder, WebApplication> compose)
    {
        // What is no option of ours is configuration, as --Jwt:Issuer=... ; the check below keeps typing errors out.
        var root = new RootCommand("Credits, exact and event-sourced. Without a command the service starts; --Section:Name=value sets configuration.") { TreatUnmatchedTokensAsErrors = false };
        root.Options.Add(Urls);
        root.SetAction((parsed, cancellationToken) => RunAsync(parsed, compose, cancellationToken));
        return root;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<WebApplicationBuilder, WebApplication> compose, CancellationToken cancellationToken)
    {
        foreach (var token in parsed.UnmatchedTokens)
        {
            if (!token.StartsWith("--", StringComparison.Ordinal) || !token.Contains('=', StringComparison.Ordinal))
                throw new ConfigurationException($"There is no command or option {token}: see --help.");
        }

        // Without this the folder that it is started in is watched with all below it, for a change of settings that would need a restart: a private database there wakes the watcher at each of its writes.
        var builder = WebApplication.CreateBuilder([NoReload, .. parsed.UnmatchedTokens]);
        builder.Configuration["LEDGER_DATA_DIR"] = CommandLine.DataDirOf(parsed);
        if (parsed.GetValue(Urls) is { } urls) builder.WebHost.UseUrls(urls);
        else if (!SaysWhere(builder.Configuration)) builder.WebHost.UseUrls(DefaultUrl);
        DevelopmentKey.RequireAbsentOutsideDevelopment(builder.Environment, builder.Configuration);
        TenantSettings.RequireNoFakeOutsideDevelopment(builder.Environment, builder.Configuration);

        await using var server = await DatabaseAsync(builder, cancellationToken);
        await TestClock.RequireUnmovedOutsideDevelopmentAsync(builder.Environment, builder.Configuration.GetConnectionString(EdgeExtensions.ConnectionName)!, cancellationToken);
        await using var app = compose(builder);
        await app.StartAsync(cancellationToken);
        Welcome(app, server);
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    /// <summary>Finds or starts the database and brings its schema up to date.</summary>
    private static async Task<PrivatePostgres?> DatabaseAsync(WebApplicationBuilder builder, CancellationToken cancellationToken)
    {
        var configuration = builder.Configuration;
        const string key = "ConnectionStrings:" + EdgeExtensions.ConnectionName;
        PrivatePostgres? server = null;
        if (configuration[key] is not { Length: > 0 } connection)
        {
            server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { DataDir = configuration["LEDGER_DATA_DIR"]!, Log = Console.WriteLine }, cancellationToken);
            connection = server.ConnectionString;
        }

        try
        {
            configuration[key] = CommandLineDatabase.Checked(connection);
            await CommandLineDatabase.EnsureAsync(configuration[key]!, cancellationToken);
            return server;
        }
        catch
        {
            if (server is not null) await server.StopAsync();
            throw;
        }
    }

    private static bool SaysWhere(ConfigurationManager configuration) =>
        configuration["urls"] is { Length: > 0 } || configuration["http_ports"] is { Length: > 0 } || configuration["https_ports"] is { Length: > 0 } || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    private static void Welcome(WebApplication app, PrivatePostgres? server)
    {
        var addresses = app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
        if (addresses?.FirstOrDefault() is not { } address) return;
        server?.SayAddress(address);
        Console.WriteLine($"Ledger listens on {string.Join(" and ", addresses)}");
        if (app.Services.GetRequiredService<DevelopmentKey>().Text is not { } key) return;
        var account = $"{address}/v1/accounts/acct_1";
        var headers = $"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'";
        Console.WriteLine($$$"""
            Development key (every role): {{{key}}}

            Open an account, grant it credits, spend some:

              curl -X PUT {{{account}}} {{{headers}}} -d '{"owner":{"kind":"user","id":"u_1"}}'
              curl -X POST {{{account}}}/grants {{{headers}}} -H "Idempotency-Key: first-grant" -d '{"amount":100,"source":"bonus"}'
              curl -X POST {{{account}}}/consumptions {{{headers}}} -H "Idempotency-Key: first-use" -d '{"amount":5,"service":"chat_assistant"}'

            Every route: {{{address}}}/openapi/v1.json   Ctrl-C stops.
            """);
    }
}
