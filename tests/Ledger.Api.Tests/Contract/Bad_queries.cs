using System.Text.Json;
using Ledger.Api.Access;

namespace Ledger.Api.Tests.Contract;

/// <summary>Every query of the API's description is given what it does not take: a new route is covered with its description.</summary>
[Collection(ContractCollection.Name)]
public sealed class Bad_queries(ContractService service)
{
    private static readonly string[] Injections = ["' or '1'='1", "'; drop table ledger.transactions; --", "\"", "\\", "%", "_", "$1", "{0}", "${jndi:ldap://x}", "<script>", "../../etc/passwd", "NULL", "0x27", "chat' union select 1 --", "\u202e", "🜁"];

    /// <summary>A query: where it is asked, and its parameters by name with their types.</summary>
    private sealed record Query(Client Client, string Path, IReadOnlyDictionary<string, string> Parameters);

    private async Task<IReadOnlyList<Query>> QueriesAsync()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        var document = (await service.With(null).Get("/openapi/v1.json")).ShouldBe(200).Json;
        var access = (await MappedRoute.AllAsync(service)).Where(route => route.Method == "GET").ToDictionary(route => route.Path, route => route.Access);
        var queries =
            from path in document.GetProperty("paths").EnumerateObject()
            where path.Name.StartsWith("/v1/", StringComparison.Ordinal) && path.Value.TryGetProperty("get", out _)
            let parameters = path.Value.GetProperty("get").TryGetProperty("parameters", out var all) ? all.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "query").ToList() : []
            let client = access[path.Name]!.Roles.HasFlag(Roles.Admin) ? service.Admin : service.As(RoleSets.ToWords(access[path.Name]!.Roles)[0])
            // What a path names is looked for after the parameters were read, so an id that nothing has will do.
            let filled = string.Join('/', path.Name.Split('/').Select(part => part == "{accountId}" ? account.Id : part.StartsWith('{') ? "x" : part))
            select new Query(client, filled, parameters.ToDictionary(p => p.GetProperty("name").GetString()!, TypeOf));
        var found = queries.ToList();
        found.Select(query => query.Path).ShouldContain(account.Path + "/usage");
        found.Select(query => query.Path).ShouldContain(account.Path + "/statement");
        return found;
    }

    private static string TypeOf(JsonElement parameter)
    {
        var schema = parameter.GetProperty("schema");
        return schema.TryGetProperty("format", out var format) && format.GetString() == "date-time" ? "date-time" : schema.GetProperty("type").GetString()!;
    }

    private static async Task RefusesAsync(Query query, string text, string member)
    {
        var reply = await query.Client.Get($"{query.Path}?{text}");
        reply.Status.ShouldBe(400, $"{query.Path}?{text}: {reply.Body}");
        reply.Problem.ShouldBe("invalid-request");
        reply.WrongMembers.ShouldContain(member, $"{query.Path}?{text}: {reply.Body}");
    }

    [Fact]
    public async Task Unknown_parameters_are_refused()
    {
        foreach (var query in await QueriesAsync())
        {
            await RefusesAsync(query, "surprise=1", "surprise");
            foreach (var name in query.Parameters.Keys) await RefusesAsync(query, $"{name.ToUpperInvariant()}x=1", $"{name.ToUpperInvariant()}x");
        }
    }

    [Fact]
    public async Task Repeated_empty_and_overlong_parameters_are_refused()
    {
        foreach (var query in await QueriesAsync())
        {
            foreach (var name in query.Parameters.Keys)
            {
                await RefusesAsync(query, $"{name}=1&{name}=1", name);
                await RefusesAsync(query, $"{name}=", name);
                await RefusesAsync(query, name, name);
                await RefusesAsync(query, $"{name}={new string('1', 1100)}", name);
                foreach (var forbidden in new[] { "%00", "%0a", "a%01", "%7f", "%c2%85", "%ef%bf%bd" }) await RefusesAsync(query, $"{name}={forbidden}", name);
            }
        }
    }

    [Fact]
    public async Task Numbers_times_and_flags_that_are_none_are_refused()
    {
        var wrong = new Dictionary<string, string[]>
        {
            ["integer"] = ["x", "1.5", "-1", "0", "1e3", "0x10", "99999999999999999999", "%201", "1%20", "+1", "١"],
            ["date-time"] = ["today", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "1767225600", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-01T00:00:00+99:00", "now()"],
            ["boolean"] = ["1", "yes", "TRUE", "null"],
        };
        foreach (var query in await QueriesAsync())
        {
            foreach (var (name, type) in query.Parameters)
            {
                foreach (var value in wrong.GetValueOrDefault(type, [])) await RefusesAsync(query, $"{name}={value}", name);
            }
        }
    }

    [Fact]
    public async Task Limits_cursors_and_periods_that_can_not_be_are_refused()
    {
        int lists = 0, periods = 0;
        foreach (var query in await QueriesAsync())
        {
            if (query.Parameters.ContainsKey("limit"))
            {
                lists++;
                foreach (var limit in new[] { "0", "-1", "501", "2147483648", "9223372036854775808" }) await RefusesAsync(query, "limit=" + limit, "limit");
            }

            if (query.Parameters.ContainsKey("cursor"))
            {
                foreach (var cursor in new[] { "x", "AAAAAAAAAAAAAAAA", "eyJhIjoxfQ", "..", new string('A', 1025), "%27", "null" }) await RefusesAsync(query, "cursor=" + cursor, "cursor");
            }

            if (query.Parameters.ContainsKey("from") && query.Parameters.ContainsKey("to"))
            {
                periods++;
                var wrong = await query.Client.Get(query.Path + "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
                wrong.ShouldBe(400, "invalid-request").WrongMembers.Intersect(["from", "to"]).ShouldNotBeEmpty(query.Path);
            }
        }

        lists.ShouldBeGreaterThan(5);
        periods.ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task Nothing_in_a_parameter_is_more_than_text()
    {
        foreach (var query in await QueriesAsync())
        {
            foreach (var name in query.Parameters.Keys)
            {
                foreach (var text in Injections)
                {
                    var reply = await query.Client.Get($"{query.Path}?{name}={Uri.EscapeDataString(text)}");
                    // Refused, not found, or a filter that nothing matches.
                    reply.Status.ShouldBeOneOf([200, 400, 404], $"{query.Path}?{name}={text}: {reply.Body}");
                    if (reply.Status == 400) reply.WrongMembers.ShouldNotBeEmpty();
                    else if (reply.Status == 200 && reply.Body.StartsWith("""{"data":""", StringComparison.Ordinal)) reply.Data.ShouldBeEmpty($"{query.Path}?{name}={text}");
                }
            }
        }

        (await service.QueryAsync<long>("select count(*) from ledger.transactions")).ShouldBeGreaterThan(0);
        service.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cursor_of_another_account_or_list_is_refused_by_every_list()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        foreach (var each in new[] { account, other })
        {
            for (var i = 0; i < 3; i++)
            {
                await each.Grant("10");
                (await each.Hold("1")).ShouldBe(201);
            }
        }

        var lists = (await QueriesAsync()).Where(query => query.Parameters.ContainsKey("cursor")).ToList();
        var cursors = new Dictionary<string, string>();
        foreach (var list in new[] { "transactions", "lots", "holds", "events" }) cursors.Add($"{account.Path}/{list}", (await account.Get($"/{list}?limit=1")).ShouldBe(200).Text("nextCursor"));
        cursors.Add("/v1/accounts", (await service.Admin.Get("/v1/accounts?limit=1")).Text("nextCursor"));
        foreach (var (from, cursor) in cursors)
        {
            foreach (var query in lists.Where(query => query.Path != from)) await RefusesAsync(query, "cursor=" + cursor, "cursor");
        }
    }
}
