using Ledger.EventStore;
using Ledger.Testing;
using Npgsql;

namespace Ledger.EventStore.Tests;

/// <summary>The event tables are Marten's to the letter, and nobody but the writer may write them.</summary>
public sealed class Marten_tables
{
    /// <summary>As Marten 9 makes them with string stream identity, conjoined tenancy, headers, correlation and causation ids.</summary>
    private const string Columns =
        """
        mt_event_progression.name character varying not null
        mt_event_progression.last_seq_id bigint
        mt_event_progression.last_updated timestamp with time zone default transaction_timestamp()
        mt_events.seq_id bigint not null
        mt_events.id uuid not null
        mt_events.stream_id character varying
        mt_events.version bigint not null
        mt_events.data jsonb not null
        mt_events.bdata bytea
        mt_events.type character varying(500) not null
        mt_events.timestamp timestamp with time zone not null default now()
        mt_events.tenant_id character varying default '*DEFAULT*'::character varying
        mt_events.mt_dotnet_type character varying
        mt_events.correlation_id character varying
        mt_events.causation_id character varying
        mt_events.headers jsonb
        mt_events.is_archived boolean default false
        mt_high_water_skips.ending_sequence bigint not null
        mt_high_water_skips.starting_sequence bigint
        mt_high_water_skips.timestamp timestamp with time zone default transaction_timestamp()
        mt_streams.tenant_id character varying not null default '*DEFAULT*'::character varying
        mt_streams.id character varying not null
        mt_streams.type character varying
        mt_streams.version bigint
        mt_streams.timestamp timestamp with time zone not null default now()
        mt_streams.created timestamp with time zone not null default now()
        mt_streams.is_archived boolean default false
        """;

    /// <summary>The foreign key of events on streams is left out (docs/adr/0005).</summary>
    private const string Constraints =
        """
        mt_event_progression.pk_mt_event_progression PRIMARY KEY (name)
        mt_events.pkey_mt_events_seq_id PRIMARY KEY (seq_id)
        mt_high_water_skips.pkey_mt_high_water_skips_ending_sequence PRIMARY KEY (ending_sequence)
        mt_streams.pkey_mt_streams_tenant_id_id PRIMARY KEY (tenant_id, id)
        """;

    private const string Indexes =
        """
        CREATE UNIQUE INDEX pk_mt_event_progression ON ledger.mt_event_progression USING btree (name)
        CREATE UNIQUE INDEX pk_mt_events_stream_and_version ON ledger.mt_events USING btree (tenant_id, stream_id, version)
        CREATE UNIQUE INDEX pkey_mt_events_seq_id ON ledger.mt_events USING btree (seq_id)
        CREATE UNIQUE INDEX pkey_mt_high_water_skips_ending_sequence ON ledger.mt_high_water_skips USING btree (ending_sequence)
        CREATE UNIQUE INDEX pkey_mt_streams_tenant_id_id ON ledger.mt_streams USING btree (tenant_id, id)
        """;

    private static readonly string[] Tables = ["mt_events", "mt_streams", "mt_event_progression", "mt_high_water_skips"];

    [Fact]
    public async Task have_martens_columns_constraints_indexes_and_sequence()
    {
        await using var database = await StoreDatabase.CreateAsync();
        (await database.ScalarAsync<string>(
            """
            select string_agg(format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end, ' default ' || pg_get_expr(d.adbin, d.adrelid)), E'\n' order by c.relname collate "C", a.attnum)
            from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p') and c.relname like 'mt\_%' and a.attnum > 0 and not a.attisdropped
            """)).ShouldBe(Columns);
        (await database.ScalarAsync<string>(
            """
            select string_agg(format('%s.%s %s', r.relname, c.conname, pg_get_constraintdef(c.oid)), E'\n' order by r.relname collate "C", c.conname collate "C")
            from pg_constraint c join pg_class r on r.oid = c.conrelid where r.relnamespace = 'ledger'::regnamespace and r.relname like 'mt\_%' and c.contype <> 'n'
            """)).ShouldBe(Constraints);
        (await database.ScalarAsync<string>("select string_agg(indexdef, E'\\n' order by indexname collate \"C\") from pg_indexes where schemaname = 'ledger' and tablename like 'mt\\_%'")).ShouldBe(Indexes);
        (await database.ScalarAsync<string>("select string_agg(relname, ' ') from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'S' and relname like 'mt\\_%'")).ShouldBe("mt_events_sequence");
        (await database.ScalarAsync<string>("select pg_get_serial_sequence('ledger.mt_events', 'seq_id')")).ShouldBe("ledger.mt_events_sequence", "the sequence belongs to the column, which has no default");
        (await database.ScalarAsync<string>("select format('%s %s %s %s', data_type, start_value, increment, cycle_option) from information_schema.sequences where sequence_schema = 'ledger' and sequence_name = 'mt_events_sequence'")).ShouldBe("bigint 1 1 NO");
        (await database.ScalarAsync<long>("select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'ledger'::regnamespace and c.relname like 'mt\\_%'")).ShouldBe(0);
    }

    [Fact]
    public async Task hold_an_event_and_its_stream_since_the_same_commit()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var stream = new StreamRef("acme", "thing/a");
        for (var i = 1; i <= 3; i++)
        {
            await node.SubmitAsync(new Count(stream, i) { Tenant = "acme", Key = $"k{i}" });
            (await database.ScalarAsync<string>(
                "select format('%s %s %s', s.version, s.xmin = e.xmin, s.timestamp = e.timestamp) from ledger.mt_streams s join ledger.mt_events e on e.tenant_id = s.tenant_id and e.stream_id = s.id and e.version = s.version")).ShouldBe($"{i} t t");
        }
    }

    [Fact]
    public async Task leave_no_gap_in_positions_that_martens_daemon_would_wait_at()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        for (var i = 0; i < 5; i++)
        {
            await node.SubmitAsync(new Count(new StreamRef("acme", "thing/a"), 1) { Tenant = "acme", Key = $"k{i}" });
            await node.SubmitAsync(new Count(new StreamRef("acme", "thing/a"), -100) { Tenant = "acme", Key = $"refused{i}" });
        }

        (await database.ScalarAsync<string>("select format('%s %s %s', count(*), max(e.seq_id), (select last_value from ledger.mt_events_sequence)) from ledger.mt_events e")).ShouldBe("5 5 5");
    }

    [Fact]
    public async Task are_read_by_members_of_ledger_marten_as_marten_reads_them()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        foreach (var tenant in new[] { "default", "acme" }) await node.SubmitAsync(new Count(new StreamRef(tenant, "thing/a"), 1.50m, "n") { Tenant = tenant, Key = "k" });
        await using var login = await TestLogin.CreateAsync(database.ConnectionString, "ledger_marten");
        await using var marten = await login.OpenAsync();
        // Fetching a stream, its state, a page of its daemon, and what that waits for.
        (await ScalarAsync(marten,
            "select format('%s %s %s', d.data, d.type, d.version) from ledger.mt_events as d where d.stream_id = 'thing/a' and d.tenant_id = '*DEFAULT*' and d.is_archived = FALSE order by d.version")).ShouldBe("{\"by\": 1.5, \"note\": \"n\"} thing_counted 1");
        (await ScalarAsync(marten, "select format('%s %s %s', s.version, s.type, s.is_archived) from ledger.mt_streams as s where s.id = 'thing/a' and s.tenant_id = 'acme'")).ShouldBe("1 thing f");
        (await ScalarAsync(marten, "select string_agg(d.tenant_id, ' ' order by d.seq_id) from ledger.mt_events as d inner join ledger.mt_streams as s on s.id = d.stream_id and s.tenant_id = d.tenant_id where d.seq_id > 0 and d.seq_id <= 1000 and d.is_archived = FALSE"))
            .ShouldBe("*DEFAULT* acme");
        (await ScalarAsync(marten, "select max(seq_id)::text || ' ' || (select last_value from ledger.mt_events_sequence) from ledger.mt_events")).ShouldBe("2 2");
        (await ScalarAsync(marten, "select count(*)::text from ledger.mt_event_progression where name <> 'HighWaterMark'")).ShouldNotBeEmpty();
        (await ScalarAsync(marten, "select count(*)::text from ledger.mt_high_water_skips")).ShouldBe("0");
    }

    public static TheoryData<string> Writes =>
    [
        "insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp) values (99, gen_random_uuid(), 'thing/z', 1, '{}', 'thing_made', now())",
        "update ledger.mt_events set data = '{}'", "delete from ledger.mt_events", "truncate ledger.mt_events", "select * from ledger.mt_events for update", "begin; lock table ledger.mt_events in exclusive mode",
        "insert into ledger.mt_streams (id, version) values ('thing/z', 1)", "update ledger.mt_streams set version = 9", "delete from ledger.mt_streams",
        "insert into ledger.mt_event_progression (name, last_seq_id) values ('x', 1)", "update ledger.mt_event_progression set last_seq_id = 0", "delete from ledger.mt_event_progression",
        "insert into ledger.mt_high_water_skips (ending_sequence) values (1)", "select nextval('ledger.mt_events_sequence')", "select setval('ledger.mt_events_sequence', 1)",
        "create table ledger.mine (id int)", "create function ledger.mt_quick_append_events() returns int language sql as 'select 1'", "alter table ledger.mt_events add column mine int", "set role ledger_writer",
    ];

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task can_not_be_written_by_members_of_ledger_marten(string write)
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var login = await TestLogin.CreateAsync(database.ConnectionString, "ledger_marten");
        await using var marten = await login.OpenAsync();
        await using var command = new NpgsqlCommand(write, marten);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task are_all_that_members_of_ledger_marten_may_read()
    {
        await using var database = await StoreDatabase.CreateAsync();
        (await database.ScalarAsync<string>(
            """
            select string_agg(relname, ' ' order by relname collate "C") from pg_class
            where relnamespace = 'ledger'::regnamespace and (relkind in ('r', 'p', 'v', 'm') and has_table_privilege('ledger_marten', oid, 'select') or relkind = 'S' and has_sequence_privilege('ledger_marten', oid, 'select'))
            """)).ShouldBe("mt_event_progression mt_events mt_events_sequence mt_high_water_skips mt_streams");
    }

    [Fact]
    public async Task are_written_by_the_writer_alone()
    {
        await using var database = await StoreDatabase.CreateAsync();
        foreach (var table in Tables)
        {
            (await database.ScalarAsync<string>(
                """
                select coalesce(string_agg(distinct grantee, ' '), 'nobody') from information_schema.role_table_grants
                where table_schema = 'ledger' and table_name = $1 and privilege_type <> 'SELECT' and grantee <> (select tableowner::text from pg_tables where schemaname = 'ledger' and tablename = $1)
                """, table)).ShouldBe(table == "mt_high_water_skips" ? "nobody" : SchemaMigrator.WriterRole, table);
        }

        // Who is in no role of ours sees nothing at all.
        await using var login = await TestLogin.CreateAsync(database.ConnectionString);
        await using var nobody = await login.OpenAsync();
        await using var command = new NpgsqlCommand("select count(*) from ledger.mt_events", nobody);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteScalarAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private static async Task<string> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
