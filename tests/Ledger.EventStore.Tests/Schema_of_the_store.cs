using Ledger.EventStore;
using Ledger.Testing;
using Npgsql;

namespace Ledger.EventStore.Tests;

public sealed class Schema_of_the_store
{
    [Fact]
    public async Task nodes_that_start_together_apply_each_file_once()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var files = SchemaFile.In(typeof(GroupCommit).Assembly);
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new SchemaMigrator(source, files).ApplyAsync()));
        applied.Sum(a => a.Count).ShouldBe(files.Count);
        (await new SchemaMigrator(source, files).AssertAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task a_missing_a_changed_and_an_unknown_file_are_told_in_one_line()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var files = SchemaFile.In(typeof(GroupCommit).Assembly).ToList();
        (await new SchemaMigrator(source, files).AssertAsync())!.ShouldContain("not there");
        await new SchemaMigrator(source, files).ApplyAsync();
        (await new SchemaMigrator(source, [.. files, new SchemaFile(9000, "9000_new.sql", "select 1")]).AssertAsync())!.ShouldContain("9000_new.sql is not applied");
        (await new SchemaMigrator(source, files.Skip(1)).AssertAsync())!.ShouldContain("does not know");
        SchemaFile[] changed = [files[0] with { Sql = files[0].Sql + " " }, .. files.Skip(1)];
        (await Should.ThrowAsync<SchemaException>(() => new SchemaMigrator(source, changed).ApplyAsync())).Message.ShouldContain("another text");
    }

    [Fact]
    public async Task a_file_that_fails_leaves_nothing_behind()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var broken = new SchemaFile(1, "0001_broken.sql", "create table ledger.half (id int); select broken");
        (await Should.ThrowAsync<SchemaException>(() => new SchemaMigrator(source, [broken]).ApplyAsync())).Message.ShouldContain("0001_broken.sql");
        await using var command = source.CreateCommand("select to_regclass('ledger.half') is null and to_regclass('ledger.schema_versions') is null");
        ((bool)(await command.ExecuteScalarAsync())!).ShouldBeTrue();
    }

    [Theory]
    [InlineData("update ledger.mt_events set version = 9")]
    [InlineData("delete from ledger.mt_events")]
    [InlineData("truncate ledger.mt_events")]
    [InlineData("delete from ledger.mt_streams")]
    [InlineData("drop table ledger.mt_events")]
    [InlineData("update ledger.idempotency_keys set version = 9")]
    [InlineData("alter table ledger.mt_events disable row level security")]
    public async Task the_services_role_can_neither_change_nor_delete_what_happened(string forbidden)
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var command = database.Reader.Source.CreateCommand(forbidden);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task every_table_has_row_level_security()
    {
        await using var database = await StoreDatabase.CreateAsync();
        (await database.ScalarAsync<string>("select coalesce(string_agg(relname, ', '), '') from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and not relrowsecurity and relname <> 'schema_versions'")).ShouldBe("");
    }

    [Fact]
    public async Task the_tenant_default_is_stored_as_marten_stores_it()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await node.SubmitAsync(new Count(new StreamRef("default", "thing/a"), 1) { Tenant = "default", Key = "k" });
        (await database.ScalarAsync<string>("select string_agg(distinct t, ' ') from (select tenant_id t from ledger.mt_events union all select tenant_id from ledger.mt_streams union all select tenant_id from ledger.idempotency_keys) x")).ShouldBe("*DEFAULT*");
        (await database.ScalarAsync<string>("select type || ' ' || version from ledger.mt_streams")).ShouldBe("thing 1");
        (await database.Reader.EventsAsync(new StreamRef("default", "thing/a"), 1, 5)).Count.ShouldBe(1);
    }
}
