using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Analytics;

/// <summary>A business of two tenants with names that tell them apart, for all tests of the class.</summary>
public sealed class TwoTenants : IAsyncLifetime
{
    public ContractService Service { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Service.InitializeAsync();
        await BusinessQuarter.LiveAsync(Service);
        // Money for what is no credits, so that the sums of credits stay as the quarter left them.
        foreach (var (tenant, prefix) in new[] { ("default", ""), ("other", "foreign-") })
        {
            var shop = new Purchaser(Service, tenant);
            (await shop.Client.Put("/v1/products/day", """{"name":"A day","price":{"amount":1000,"currency":"usd"}}""")).ShouldBe(201);
            foreach (var account in new[] { "ann", "cy" }) await shop.BuyAsync(new TestAccount(shop.Client, prefix + account), "\"kind\":\"product\",\"id\":\"day\"");
        }

        await BusinessQuarter.CaughtUpAsync(Service);
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

public sealed class Analysts_sql(TwoTenants tenants) : IClassFixture<TwoTenants>
{
    private readonly ContractService service = tenants.Service;

    [Fact]
    public async Task Every_view_and_every_column_says_what_it_is()
    {
        (await service.QueryAsync<string>(
            """
            select coalesce(string_agg(c.relname || coalesce('.' || a.attname, ''), ', ' order by c.relname, a.attnum), '')
            from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
            where c.relnamespace = 'analytics'::regnamespace and (coalesce(obj_description(c.oid, 'pg_class'), '') = '' or coalesce(col_description(c.oid, a.attnum), '') = '')
            """)).ShouldBe("");
        (await service.QueryAsync<string>("select coalesce(string_agg(relname, ' '), '') from pg_class where relnamespace = 'analytics'::regnamespace and (relkind <> 'v' or not coalesce(reloptions::text like '%security_invoker=true%', false))"))
            .ShouldBe("", "a view shows what its reader may see, not what its owner may");
        var page = await File.ReadAllTextAsync(Path.Combine(MappedRoute.Root, "docs", "analysts.md"));
        foreach (var view in await ViewsAsync()) page.ShouldContain($"`{view}`");
    }

    [Fact]
    public async Task No_view_shows_another_tenants_rows()
    {
        foreach (var (tenant, own, foreign) in new[] { ("default", "ann", "foreign-ann"), ("other", "foreign-ann", null) })
        {
            foreach (var bound in new[] { true, false })
            {
                await using var login = await LoginAsync("ledger_analyst", bound ? tenant : null);
                await using var session = await login.OpenAsync();
                if (!bound) await RunAsync(session, $"set ledger.tenant = '{tenant}'");
                foreach (var view in await ViewsAsync())
                {
                    var rows = await TextAsync(session, view);
                    rows.ShouldNotBeEmpty(view);
                    if (foreign is not null) rows.ShouldNotContain("foreign", Case.Sensitive, view);
                    else if (rows.Contains("ann", StringComparison.Ordinal)) rows.ShouldNotMatch(@"[(,]""?(ann|bob|cy|dee|eve)[,)""]", view);
                    if (view is not ("clock" or "chart_of_accounts" or "journal_totals")) rows.ShouldContain(own, Case.Sensitive, view);
                }

                // The same business, so the same sums: not those of both.
                (await ScalarAsync(session, "select sum(-money_minor)::text from analytics.journal_totals where code = 2000")).ShouldBe("2200");
                (await ScalarAsync(session, "select count(*)::text || ' ' || sum(balance) from analytics.accounts")).ShouldBe("5 2170");
                (await ScalarAsync(session, "select sum(payments)::text || ' ' || sum(received_minor) || ' ' || sum(kept_minor) from analytics.payments_daily where currency = 'usd' and provider = 'fake'")).ShouldBe("2 2000 2000");
                (await ScalarAsync(session, "select sum(invoices)::text || ' ' || sum(net_minor + tax_minor) || ' ' || sum(paid_minor - credited_minor) from analytics.invoices_daily where currency = 'usd'")).ShouldBe("2 2000 2000");
            }
        }
    }

    [Fact]
    public async Task A_bound_login_sees_nothing_else_whatever_its_session_sets()
    {
        await using var login = await LoginAsync("ledger_analyst", "default");
        await using var session = await login.OpenAsync();
        await RunAsync(session, "set ledger.tenant = 'default'");
        (await CountAsync(session, "accounts")).ShouldBe(5);
        foreach (var other in new[] { "other", "*DEFAULT*", "' or true --", "nobody" })
        {
            await RunAsync(session, $"set ledger.tenant = '{other.Replace("'", "''", StringComparison.Ordinal)}'");
            foreach (var view in await TenantViewsAsync()) (await CountAsync(session, view)).ShouldBe(0, $"{view} as {other}");
        }
    }

    [Fact]
    public async Task Where_nothing_is_set_there_is_no_row()
    {
        foreach (var role in new[] { "ledger_analyst", "ledger_reader" })
        {
            await using var login = await LoginAsync(role, null);
            await using var session = await login.OpenAsync();
            foreach (var view in await TenantViewsAsync())
            {
                if (role == "ledger_reader" && view == "journal_totals") continue;
                (await CountAsync(session, view)).ShouldBe(0, view);
                foreach (var tenant in new[] { "", "nobody", "*", "%" })
                {
                    await RunAsync(session, $"set ledger.tenant = '{tenant}'");
                    (await CountAsync(session, view)).ShouldBe(0, $"{view} as {tenant}");
                }

                await RunAsync(session, "reset ledger.tenant");
            }
        }
    }

    [Fact]
    public async Task A_reader_sees_one_owners_accounts()
    {
        foreach (var bound in new[] { true, false })
        {
            await using var login = await LoginAsync("ledger_reader", bound ? "default" : null, bound ? "u_cy" : null);
            await using var session = await login.OpenAsync();
            if (!bound)
            {
                await RunAsync(session, "set ledger.tenant = 'default'");
                foreach (var view in await TenantViewsAsync()) if (view != "journal_totals") (await CountAsync(session, view)).ShouldBe(0, $"{view} without an owner");
                await RunAsync(session, "set ledger.owner_kind = 'user'; set ledger.owner_id = 'u_cy'");
            }

            (await ScalarAsync(session, "select string_agg(account_id, ' ') from analytics.accounts")).ShouldBe("cy");
            foreach (var view in await TenantViewsAsync())
            {
                if (view == "journal_totals")
                {
                    (await RefusedAsync(session, "select * from analytics.journal_totals")).ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
                    continue;
                }

                (await ScalarAsync(session, $"select coalesce(string_agg(distinct account_id, ' '), '') from analytics.{view}")).ShouldBe("cy", view);
            }

            await RunAsync(session, "set ledger.owner_id = 'u_ann'");
            (await CountAsync(session, "transactions")).ShouldBe(bound ? 0 : 5);
            await RunAsync(session, "set ledger.owner_id = 'u_cy'; set ledger.owner_kind = 'workspace'");
            (await CountAsync(session, "transactions")).ShouldBe(0);
            await RunAsync(session, "reset ledger.owner_kind; set ledger.tenant = 'other'");
            (await CountAsync(session, "transactions")).ShouldBe(0);
        }
    }

    [Theory]
    [InlineData("insert into analytics.accounts (account_id) values ('x')")]
    [InlineData("update analytics.accounts set status = 'closed'")]
    [InlineData("delete from analytics.transactions")]
    [InlineData("update analytics.lots set remaining = 5")]
    [InlineData("insert into analytics.chart_of_accounts values (1, 'x', 'units', 'debit')")]
    [InlineData("create view analytics.mine as select 1")]
    [InlineData("create table analytics.mine (id int)")]
    [InlineData("create table public.mine (id int)")]
    [InlineData("create schema mine")]
    [InlineData("select * from ledger.transactions")]
    [InlineData("select * from ledger.mt_events")]
    [InlineData("select * from ledger.stream_states")]
    [InlineData("select * from ledger.api_keys")]
    [InlineData("select * from ledger.sql_logins")]
    [InlineData("update ledger.sql_logins set tenant_id = 'other'")]
    [InlineData("select ledger.sql_tenant()")]
    [InlineData("set role ledger_writer")]
    [InlineData("set role ledger_marten")]
    [InlineData("select * from pg_authid")]
    [InlineData("select pg_read_file('postgresql.conf')")]
    [InlineData("copy (select 1) to program 'true'")]
    [InlineData("create function analytics.f() returns int language sql as 'select 1'")]
    public async Task Nobody_of_them_can_write_or_look_elsewhere(string forbidden)
    {
        foreach (var role in new[] { "ledger_analyst", "ledger_reader" })
        {
            await using var login = await LoginAsync(role, "default", role == "ledger_reader" ? "u_ann" : null);
            await using var session = await login.OpenAsync();
            // A view over several tables is never written through, whoever asks.
            (await RefusedAsync(session, forbidden)).ShouldBeOneOf(PostgresErrorCodes.InsufficientPrivilege, PostgresErrorCodes.ObjectNotInPrerequisiteState);
        }
    }

    [Fact]
    public async Task Only_the_tables_below_the_views_are_open_to_them_and_each_has_its_policy()
    {
        foreach (var role in new[] { "ledger_analyst", "ledger_reader" })
        {
            // Whatever they may read has row-level security on, and a policy for them.
            (await service.QueryAsync<string>(
                $"""
                select coalesce(string_agg(c.relname, ' ' order by c.relname), '') from pg_class c
                where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p') and has_any_column_privilege('{role}', c.oid, 'select')
                  and (not c.relrowsecurity or not exists (select from pg_policy p where p.polrelid = c.oid and ('{role}'::regrole = any (p.polroles) or 0 = any (p.polroles))))
                """)).ShouldBe("");
            (await service.QueryAsync<long>($"select count(*) from pg_class c where c.relnamespace in ('ledger'::regnamespace, 'analytics'::regnamespace) and c.relkind in ('r', 'p', 'v') and has_table_privilege('{role}', c.oid, 'insert, update, delete, truncate')")).ShouldBe(0);
            (await service.QueryAsync<bool>($"select has_schema_privilege('{role}', 'ledger', 'usage') or has_schema_privilege('{role}', 'analytics', 'create')")).ShouldBeFalse();
        }
    }

    private async Task<TestLogin> LoginAsync(string role, string? tenant, string? owner = null)
    {
        var login = await TestLogin.CreateAsync(service.ConnectionString, role);
        if (tenant is not null) await service.QueryAsync<object>($"insert into ledger.sql_logins (login, tenant_id, owner_kind, owner_id) values ('{login.Name}', '{tenant}', {(owner is null ? "null, null" : $"'user', '{owner}'")}) returning login");
        return login;
    }

    private async Task<string[]> ViewsAsync() => await service.QueryAsync<string[]>("select array_agg(relname::text order by relname) from pg_class where relnamespace = 'analytics'::regnamespace and relkind = 'v'");

    /// <summary>Those whose rows belong to a tenant.</summary>
    private async Task<string[]> TenantViewsAsync() => [.. (await ViewsAsync()).Where(view => view is not ("clock" or "chart_of_accounts"))];

    private static Task<string> TextAsync(NpgsqlConnection session, string view) => ScalarAsync(session, $"select coalesce(string_agg(v::text, E'\\n'), '') from analytics.{view} v");

    private static async Task<long> CountAsync(NpgsqlConnection session, string view) => long.Parse(await ScalarAsync(session, $"select count(*)::text from analytics.{view}"), System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<string> ScalarAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> RefusedAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        return (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState;
    }
}
