using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.EventStore.Tests.Projections;

public sealed record Total(string Tenant, string Thing, int Part, decimal Count, long Events, string? Note);

/// <summary>One row for each stream, replaced by each event.</summary>
public sealed class ThingTotals(string name = "totals", int version = 1, Func<StoredEvent, bool>? isPoison = null, bool isInline = false) : Projection
{
    public static readonly ProjectionTable<(string Tenant, string Thing, int Part), Total> Table = new(
        "thing_totals", false, row => (row.Tenant, row.Thing, row.Part),
        [
            new ProjectionColumn<(string Tenant, string Thing, int Part), string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<(string Tenant, string Thing, int Part), string>("thing", NpgsqlDbType.Text, k => k.Thing),
            new ProjectionColumn<(string Tenant, string Thing, int Part), int>("part", NpgsqlDbType.Integer, k => k.Part),
        ],
        [
            new ProjectionColumn<Total, string>("tenant_id", NpgsqlDbType.Text, r => r.Tenant),
            new ProjectionColumn<Total, string>("thing", NpgsqlDbType.Text, r => r.Thing),
            new ProjectionColumn<Total, int>("part", NpgsqlDbType.Integer, r => r.Part),
            new ProjectionColumn<Total, decimal>("count", NpgsqlDbType.Numeric, r => r.Count),
            new ProjectionColumn<Total, long>("events", NpgsqlDbType.Bigint, r => r.Events),
            new ProjectionColumn<Total, string?>("note", NpgsqlDbType.Text, r => r.Note),
        ],
        r => new Total(r.GetString(0), r.GetString(1), r.GetInt32(2), r.GetDecimal(3), r.GetInt64(4), r.IsDBNull(5) ? null : r.GetString(5)));

    public override string Name => name;

    public override int Version => version;

    public override bool IsInline => isInline;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(ThingCounted) };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Table];

    public override void Need(StoredEvent happened, RowNeeds needs) => needs.Row(Table, Key(happened));

    public override void Apply(StoredEvent happened, Rows rows)
    {
        if (isPoison?.Invoke(happened) == true) throw new InvalidCastException("planted");
        var (tenant, thing, part) = Key(happened);
        var row = rows.Find(Table, (tenant, thing, part)) ?? new Total(tenant, thing, part, 0, 0, null);
        var counted = (ThingCounted)happened.Data;
        rows.Put(Table, row with { Count = row.Count + counted.By, Events = row.Events + 1, Note = counted.Note ?? row.Note });
    }

    private static (string Tenant, string Thing, int Part) Key(StoredEvent happened) => (Tenants.Stored(happened.Stream.Tenant), happened.Stream.Id, 0);
}

public sealed record Line(string Tenant, string Thing, long Version, long SeqId, decimal By, string? Note, int? Length);

/// <summary>One row for each event, never replaced; a check of the table refuses amounts of 666.</summary>
public sealed class ThingLog(int version = 1, Func<StoredEvent, bool>? isPoison = null) : Projection
{
    public static readonly ProjectionTable<(string Tenant, string Thing, long Version), Line> Table = new(
        "thing_log", true, row => (row.Tenant, row.Thing, row.Version),
        [
            new ProjectionColumn<(string Tenant, string Thing, long Version), string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<(string Tenant, string Thing, long Version), string>("thing", NpgsqlDbType.Text, k => k.Thing),
            new ProjectionColumn<(string Tenant, string Thing, long Version), long>("version", NpgsqlDbType.Bigint, k => k.Version),
        ],
        [
            new ProjectionColumn<Line, string>("tenant_id", NpgsqlDbType.Text, r => r.Tenant),
            new ProjectionColumn<Line, string>("thing", NpgsqlDbType.Text, r => r.Thing),
            new ProjectionColumn<Line, long>("version", NpgsqlDbType.Bigint, r => r.Version),
            new ProjectionColumn<Line, long>("seq_id", NpgsqlDbType.Bigint, r => r.SeqId),
            new ProjectionColumn<Line, decimal>("by", NpgsqlDbType.Numeric, r => r.By),
            new ProjectionColumn<Line, string?>("note", NpgsqlDbType.Text, r => r.Note),
            new ProjectionColumn<Line, int?>("length", NpgsqlDbType.Integer, r => r.Length),
        ],
        null);

    public override string Name => "lines";

    public override int Version => version;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(ThingCounted) };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Table];

    public override void Apply(StoredEvent happened, Rows rows)
    {
        if (isPoison?.Invoke(happened) == true) throw new InvalidCastException("planted");
        var counted = (ThingCounted)happened.Data;
        rows.Put(Table, new Line(Tenants.Stored(happened.Stream.Tenant), happened.Stream.Id, happened.Version, happened.SeqId, counted.By, counted.Note, counted.Note?.Length));
    }
}

public sealed record Noted(string Tenant, string Note, long Events, decimal Sum);

/// <summary>Rows that events of many streams share.</summary>
public sealed class ThingNotes : Projection
{
    public static readonly ProjectionTable<(string Tenant, string Note), Noted> Table = new(
        "thing_notes", false, row => (row.Tenant, row.Note),
        [
            new ProjectionColumn<(string Tenant, string Note), string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<(string Tenant, string Note), string>("note", NpgsqlDbType.Text, k => k.Note),
        ],
        [
            new ProjectionColumn<Noted, string>("tenant_id", NpgsqlDbType.Text, r => r.Tenant),
            new ProjectionColumn<Noted, string>("note", NpgsqlDbType.Text, r => r.Note),
            new ProjectionColumn<Noted, long>("events", NpgsqlDbType.Bigint, r => r.Events),
            new ProjectionColumn<Noted, decimal>("sum", NpgsqlDbType.Numeric, r => r.Sum),
        ],
        r => new Noted(r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetDecimal(3)));

    public override string Name => "notes";

    public override int Version => 1;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(ThingCounted), typeof(ThingMade) };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Table];

    public override void Need(StoredEvent happened, RowNeeds needs) => needs.Row(Table, Key(happened));

    public override void Apply(StoredEvent happened, Rows rows)
    {
        var (tenant, note) = Key(happened);
        var row = rows.Find(Table, (tenant, note)) ?? new Noted(tenant, note, 0, 0);
        rows.Put(Table, row with { Events = row.Events + 1, Sum = row.Sum + ((happened.Data as ThingCounted)?.By ?? 0) });
    }

    private static (string Tenant, string Note) Key(StoredEvent happened) => (Tenants.Stored(happened.Stream.Tenant), (happened.Data as ThingCounted)?.Note ?? "none");
}

/// <summary>The tables of these projections, as the numbered files of a room above would make them.</summary>
internal static class ThingTables
{
    public const string Sql =
        """
        create table ledger.thing_totals (
            tenant_id text collate "C" not null, thing text collate "C" not null, part integer not null, count numeric not null, events bigint not null, note text,
            constraint thing_totals_pkey primary key (tenant_id, thing, part)
        ) partition by range (part);
        create table ledger.thing_totals_1 partition of ledger.thing_totals for values from (minvalue) to (maxvalue) with (fillfactor = 70);

        create table ledger.thing_log (
            tenant_id text collate "C" not null, thing text collate "C" not null, version bigint not null, seq_id bigint not null, by numeric not null, note text, length integer,
            constraint thing_log_pkey primary key (tenant_id, thing, version), constraint thing_log_by check (by <> 666)
        ) partition by range (version);
        create table ledger.thing_log_1 partition of ledger.thing_log for values from (minvalue) to (maxvalue);
        create index thing_log_note on ledger.thing_log (tenant_id, note, seq_id desc) where note is not null;

        create table ledger.thing_notes (
            tenant_id text collate "C" not null, note text collate "C" not null, events bigint not null, sum numeric not null,
            constraint thing_notes_pkey primary key (tenant_id, note)
        ) partition by range (tenant_id);
        create table ledger.thing_notes_1 partition of ledger.thing_notes for values from (minvalue) to (maxvalue);

        do $$
        declare t text;
        begin
            foreach t in array array['thing_totals', 'thing_log', 'thing_notes'] loop
                execute format('alter table ledger.%I enable row level security', t);
                execute format('alter table ledger.%I enable row level security', t || '_1');
                execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
                execute format('grant select, insert, update, delete on ledger.%I to ledger_writer', t);
            end loop;
        end $$;
        create view ledger.thing_view as select * from ledger.thing_log where note is not null;
        """;

    /// <summary>The hash of all rows of a table, in the order of its key.</summary>
    public static string Hash(string table) => $"select coalesce(md5(string_agg(md5(t::text), '' order by t::text collate \"C\")), 'empty') || ' ' || count(*) from ledger.{table} t";
}
