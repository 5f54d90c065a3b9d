using System.CommandLine;
using System.Globalization;
using Ledger.Api.Access;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>apikeys create|list|revoke</c>, over the database itself: how the first key of a Production service is made.</summary>
internal sealed class ApiKeysCommand : IOperationsCommand
{
    private const string By = "command line";

    public static Command Create() => new("apikeys", "API keys") { Make(), List(), Revoke() };

    private static Command Make()
    {
        var name = new Option<string>("--name") { Description = "What a person knows the key by", Required = true, HelpName = "NAME" };
        var roles = new Option<string>("--roles") { Description = "Of app, reader, analyst, admin, separated by commas; or operator alone", Required = true, HelpName = "ROLES" };
        var tenant = new Option<string>("--tenant") { Description = "The tenant; default where nothing is said", HelpName = "ID" };
        var command = new Command("create", "Make a key and print it, once") { name, roles, tenant };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var words = parsed.GetRequiredValue(roles).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (!RoleSets.TryParse(words, out var set) || set == Roles.None || (set & ~RoleSets.OfKeys) != 0)
                throw new ConfigurationException("--roles must be some of " + string.Join(", ", RoleSets.ToWords(RoleSets.OfKeys)) + ".");
            var isOperator = set.HasFlag(Roles.Operator);
            if (isOperator && (set != Roles.Operator || parsed.GetValue(tenant) is not null)) throw new ConfigurationException("An operator's key has no other role and no tenant.");
            if (parsed.GetRequiredValue(name) is not { Length: > 0 and <= ApiKeyEndpoints.NameMax } called) throw new ConfigurationException($"--name must have 1 to {ApiKeyEndpoints.NameMax} characters.");

            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var key = KeyText.New();
            var owner = isOperator ? null : parsed.GetValue(tenant) ?? TenantId.Default;
            var row = new KeyRow { Id = KeyText.NewId(), TenantId = owner, Name = called, Prefix = KeyText.Prefix(key), Roles = [.. RoleSets.ToWords(set)], CreatedBy = By };
            var (change, made) = await new AccessStore(database.Service).CreateKeyAsync(row, KeyHash.Of(key).ToArray(), null, cancellationToken);
            if (change == AccessChange.NotFound) throw new ConfigurationException($"There is no tenant {owner}: make it with `tenants create {owner} --name NAME`.");
            // The key alone goes to the output, so that a script can take it; it is shown this once.
            await Console.Error.WriteLineAsync($"{made!.Id} {made.Name} ({string.Join(", ", made.Roles)}; {made.TenantId ?? "no tenant"})");
            Console.WriteLine(key);
            return 0;
        });
        return command;
    }

    private static Command List()
    {
        var tenant = new Option<string>("--tenant") { Description = "Only those of one tenant", HelpName = "ID" };
        var command = new Command("list", "List the keys, newest first") { tenant };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var store = new AccessStore(database.Service);
            var table = new Table().AddColumns("id", "tenant", "name", "key", "roles", "created", "state");
            (DateTime, string)? after = null;
            while (true)
            {
                var rows = await store.ListKeysAsync(parsed.GetValue(tenant), after, Http.ListRequest.LimitMax, cancellationToken);
                foreach (var row in rows)
                {
                    table.AddRow(row.Id, Markup.Escape(row.TenantId ?? ""), Markup.Escape(row.Name), Markup.Escape(row.Prefix + "..."), string.Join(", ", row.Roles), Day(row.CreatedAt), State(row));
                }

                if (rows.Count < Http.ListRequest.LimitMax) break;
                after = (rows[^1].CreatedAt, rows[^1].Id);
            }

            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("ID") { Description = "The key's id (key_...)" };
        var command = new Command("revoke", "Revoke a key; every node refuses it within five seconds") { id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var (change, row) = await new AccessStore(database.Service).RevokeKeyAsync(parsed.GetRequiredValue(id), null, By, null, cancellationToken);
            if (change == AccessChange.NotFound) throw new ConfigurationException($"There is no API key {parsed.GetRequiredValue(id)}.");
            Console.WriteLine($"{row!.Id} {row.Name} is revoked.");
            return 0;
        });
        return command;
    }

    private static string State(KeyRow row) =>
        row.RevokedAt is { } revoked ? "revoked " + Day(revoked) : row.ExpiresAt is { } end ? (end <= DateTime.UtcNow ? "expired " : "until ") + Day(end) : "active";

    private static string Day(DateTime time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
