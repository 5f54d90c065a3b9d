using System.CommandLine;
using System.Globalization;
using Ledger.Api.Access;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>tenants create|list</c>, over the database itself.</summary>
internal sealed class TenantsCommand : IOperationsCommand
{
    public static Command Create() => new("tenants", "Tenants") { Make(), List() };

    private static Command Make()
    {
        var id = new Argument<string>("ID") { Description = "The tenant's id: a-z 0-9 _ -" };
        var name = new Option<string>("--name") { Description = "What a person knows it by; the id where nothing is said", HelpName = "NAME" };
        var command = new Command("create", "Make a tenant, or rename it") { id, name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = parsed.GetRequiredValue(id);
            var called = parsed.GetValue(name) ?? wanted;
            if (!TenantId.IsValid(wanted)) throw new ConfigurationException($"A tenant's id has 1 to {TenantId.LengthMax} of the characters a-z 0-9 _ - and begins with a letter or digit.");
            if (called.Length is 0 or > TenantEndpoints.NameMax) throw new ConfigurationException($"--name must have 1 to {TenantEndpoints.NameMax} characters.");
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var store = new AccessStore(database.Service);
            var limit = (await store.FindTenantAsync(wanted, cancellationToken))?.RateLimitPerSecond;
            var (tenant, made) = await store.PutTenantAsync(wanted, called, null, limit, cancellationToken);
            Console.WriteLine($"{tenant.Id} ({tenant.Name}) {(made ? "is made" : "stands")}.");
            return 0;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the tenants");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var store = new AccessStore(database.Service);
            var table = new Table().AddColumns("id", "name", "status", "requests a second", "created");
            string? after = null;
            while (true)
            {
                var rows = await store.ListTenantsAsync(after, Http.ListRequest.LimitMax, cancellationToken);
                foreach (var row in rows)
                {
                    table.AddRow(row.Id, Markup.Escape(row.Name), row.Status, row.RateLimitPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "", row.CreatedAt.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
                }

                if (rows.Count < Http.ListRequest.LimitMax) break;
                after = rows[^1].Id;
            }

            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }
}
