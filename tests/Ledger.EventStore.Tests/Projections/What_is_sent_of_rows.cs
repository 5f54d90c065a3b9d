using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.EventStore.Tests.Projections;

public sealed class What_is_sent_of_rows
{
    private const int Remembered = 64;

    private static readonly IReadOnlyList<ProjectionColumn<Total>> Columns = ThingTotals.Table.Columns;

    [Fact]
    public void is_what_changed_of_rows_in_place()
    {
        var shape = new TableShape<Total>(Columns, 3, isWhole: false);
        var before = Rows(5);

        Names(shape.Changed(before, Change(before, row => row with { Count = row.Count + 1 }))).ShouldBe(["count"]);
        Names(shape.Changed(before, Change(before, row => row.Thing == "thing 4" ? row with { Count = row.Count + 1, Note = "once" } : row with { Count = row.Count + 1 }))).ShouldBe(["count", "note"], "one row is enough");
    }

    [Fact]
    public void is_nothing_of_rows_that_are_as_they_were()
    {
        var shape = new TableShape<Total>(Columns, 3, isWhole: false);
        var before = Rows(5);
        shape.Changed(before, Change(before, row => row with { Count = row.Count + 1, Note = "new" }));

        shape.Changed(before, Change(before, row => row with { })).ShouldBe(0UL);
        ThingTotals.Table.Update("ledger.thing_totals", shape, before, before).ShouldBeNull();
    }

    [Fact]
    public void is_one_value_where_all_rows_have_it()
    {
        var shape = new TableShape<Total>(Columns, 3, isWhole: false);

        Names(shape.Varying(Rows(5), All, areFound: false)).ShouldBe(["thing", "part", "count"], "the last of the key is always sent for each row: there must be one array");
        Names(new TableShape<Total>(Columns, 3, isWhole: false).Varying(Rows(5), All, areFound: true)).ShouldBe(["tenant_id", "thing", "part", "count"], "rows are looked up by the whole key");
        var insert = ThingTotals.Table.Insert("ledger.thing_totals", shape, Rows(5));
        insert.CommandText.ShouldBe("insert into ledger.thing_totals (tenant_id, thing, part, count, events, note) select $1, q.thing, q.part, q.count, $5, $6 from unnest($2, $3, $4) as q(thing, part, count)");
        insert.Parameters[0].Value.ShouldBe("tenant");
        insert.Parameters[1].Value.ShouldBe(new[] { "thing 0", "thing 1", "thing 2", "thing 3", "thing 4" });
        insert.Parameters[5].Value.ShouldBeNull();
    }

    [Fact]
    public void stays_the_same_for_a_while_where_it_varied_once()
    {
        var shape = new TableShape<Total>(Columns, 3, isWhole: false);
        shape.Varying([.. Rows(5), new Total("tenant", "thing 5", 0, 5, 1, "noted")], All, areFound: false);

        for (var write = 1; write < Remembered; write++) Names(shape.Varying(Rows(1), All, areFound: false)).ShouldBe(["thing", "part", "count", "note"], $"write {write}");
        Names(shape.Varying(Rows(1), All, areFound: false)).ShouldBe(["part"]);
    }

    [Fact]
    public void is_all_of_each_where_nothing_can_be_learnt()
    {
        var shape = new TableShape<Total>(Columns, 3, isWhole: true);
        var before = Rows(2);

        Names(shape.Changed(before, Change(before, row => row with { Count = 0 }))).ShouldBe(["count", "events", "note"]);
        Names(shape.Varying(Rows(2), All, areFound: false)).ShouldBe(["tenant_id", "thing", "part", "count", "events", "note"]);
    }

    [Fact]
    public void names_the_key_and_the_changed_columns_in_an_update()
    {
        var before = Rows(3);
        var update = ThingTotals.Table.Update("ledger.thing_totals", new TableShape<Total>(Columns, 3, isWhole: false), before, Change(before, row => row with { Count = row.Count + 1, Events = 7 }));

        update!.CommandText.ShouldBe("update ledger.thing_totals t set count = q.count, events = $5 from unnest($1, $2, $3, $4) as q(tenant_id, thing, part, count) where t.tenant_id = q.tenant_id and t.thing = q.thing and t.part = q.part");
        update.Parameters[4].Value.ShouldBe(7L);
    }

    [Fact]
    public void goes_by_what_a_value_is_made_of_before_it_is_made()
    {
        var made = 0;
        var column = new ProjectionColumn<Line, string?>("note", NpgsqlDbType.Text, row => string.Concat(row.Note, $" {++made}"), row => row.Note);
        var line = new Line("tenant", "thing", 1, 1, 1, "note", null);

        column.IsSame(line, line with { By = 2 }).ShouldBeTrue();
        made.ShouldBe(0);
        column.IsSame(line, line with { Note = "another" }).ShouldBeFalse();
        made.ShouldBe(2);
    }

    private static ulong All => (1UL << Columns.Count) - 1;

    private static Total[] Rows(int count) => [.. Enumerable.Range(0, count).Select(i => new Total("tenant", $"thing {i}", i % 2, i, 1, null))];

    private static Total[] Change(Total[] rows, Func<Total, Total> how) => [.. rows.Select(how)];

    private static string[] Names(ulong columns) => [.. Columns.Where((_, at) => (columns >> at & 1) == 1).Select(column => column.Name)];
}
