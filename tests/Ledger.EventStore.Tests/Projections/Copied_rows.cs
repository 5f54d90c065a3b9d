using System.Globalization;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;
using Shouldly;
using Xunit;

namespace Ledger.EventStore.Tests.Projections;

/// <summary>What a rebuild copies is, byte for byte, what the driver would have written.</summary>
public sealed class Copied_rows
{
    private const string Columns = "at int, t text, j jsonb, l bigint, ln bigint, i int, n int, s smallint, b boolean, bn boolean, d date, z timestamptz, zn timestamptz, m numeric, mn numeric";

    private sealed record Row(int At, string? Text, string? Json, long Long, long? LongOrNot, int Int, int? IntOrNot, short Short, bool Bool, bool? BoolOrNot, DateOnly Date, DateTime Time, DateTime? TimeOrNot, decimal Amount, decimal? AmountOrNot);

    private static readonly ProjectionTable<int, Row> Table = new(
        "copied", isLog: true, row => row.At, [new ProjectionColumn<int, int>("at", NpgsqlDbType.Integer, key => key)],
        [
            new ProjectionColumn<Row, int>("at", NpgsqlDbType.Integer, row => row.At),
            new ProjectionColumn<Row, string?>("t", NpgsqlDbType.Text, row => row.Text),
            new ProjectionColumn<Row, string?>("j", NpgsqlDbType.Jsonb, row => row.Json),
            new ProjectionColumn<Row, long>("l", NpgsqlDbType.Bigint, row => row.Long),
            new ProjectionColumn<Row, long?>("ln", NpgsqlDbType.Bigint, row => row.LongOrNot),
            new ProjectionColumn<Row, int>("i", NpgsqlDbType.Integer, row => row.Int),
            new ProjectionColumn<Row, int?>("n", NpgsqlDbType.Integer, row => row.IntOrNot),
            new ProjectionColumn<Row, short>("s", NpgsqlDbType.Smallint, row => row.Short),
            new ProjectionColumn<Row, bool>("b", NpgsqlDbType.Boolean, row => row.Bool),
            new ProjectionColumn<Row, bool?>("bn", NpgsqlDbType.Boolean, row => row.BoolOrNot),
            new ProjectionColumn<Row, DateOnly>("d", NpgsqlDbType.Date, row => row.Date),
            new ProjectionColumn<Row, DateTime>("z", NpgsqlDbType.TimestampTz, row => row.Time),
            new ProjectionColumn<Row, DateTime?>("zn", NpgsqlDbType.TimestampTz, row => row.TimeOrNot),
            new ProjectionColumn<Row, decimal>("m", NpgsqlDbType.Numeric, row => row.Amount),
            new ProjectionColumn<Row, decimal?>("mn", NpgsqlDbType.Numeric, row => row.AmountOrNot),
        ],
        read: null);

    [Fact]
    public async Task Rows_that_are_copied_are_the_rows_that_are_inserted()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await database.ExecuteAsync($"create table copied ({Columns}); create table inserted ({Columns}); grant all on copied, inserted to public");
        var rows = Rows().ToList();
        await using var connection = await database.Reader.Source.OpenConnectionAsync();
        var of = new TableRows<int, Row>(Table, new Rows(false, int.MaxValue));
        foreach (var row in rows) of.Put(row);
        of.Copy(connection, "copied");
        await using (var batch = new NpgsqlBatch(connection))
        {
            of.Write("inserted", batch.BatchCommands, []);
            await batch.ExecuteNonQueryAsync();
        }

        (await CountAsync("select count(*) from copied")).ShouldBe(rows.Count);
        // As text, so that the digits behind the point count too.
        (await CountAsync("select count(*) from (select one::text from copied one except select other::text from inserted other) x")).ShouldBe(0);
        (await CountAsync("select count(*) from (select other::text from inserted other except select one::text from copied one) x")).ShouldBe(0);
        foreach (var row in rows.Where(row => row.At % 7 == 0))
        {
            await using var read = new NpgsqlCommand("select m, numeric_send(m) = numeric_send($2::numeric) from copied where at = $1", connection) { Parameters = { new() { Value = row.At }, new() { Value = row.Amount.ToString("G29", CultureInfo.InvariantCulture) } } };
            await using var reader = await read.ExecuteReaderAsync();
            (await reader.ReadAsync()).ShouldBeTrue();
            (reader.GetDecimal(0), reader.GetBoolean(1)).ShouldBe((row.Amount, true), row.Amount.ToString(CultureInfo.InvariantCulture));
        }

        async Task<long> CountAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task A_row_that_does_not_fit_takes_back_all_that_was_copied_with_it()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await database.ExecuteAsync($"create table copied ({Columns}); grant all on copied to public");
        await using var connection = await database.Reader.Source.OpenConnectionAsync();
        var of = new TableRows<int, Row>(Table, new Rows(false, int.MaxValue));
        foreach (var row in Rows().Take(50)) of.Put(row);
        of.Put(Rows().First() with { Time = DateTime.SpecifyKind(DateTime.UnixEpoch, DateTimeKind.Unspecified) });
        Should.Throw<ArgumentException>(() => of.Copy(connection, "copied"));
        of = new TableRows<int, Row>(Table, new Rows(false, int.MaxValue));
        of.Put(Rows().First() with { Json = "no json" });
        Should.Throw<PostgresException>(() => of.Copy(connection, "copied")).SqlState.ShouldBe("22P02");
        // The connection is as good as before.
        await using var count = new NpgsqlCommand("select count(*) from copied", connection);
        (await count.ExecuteScalarAsync()).ShouldBe(0L);
        Should.Throw<ArgumentException>(() => new ProjectionColumn<Row, Guid>("id", NpgsqlDbType.Uuid, _ => Guid.Empty)).Message.ShouldContain("Uuid");
    }

    private static IEnumerable<Row> Rows()
    {
        decimal[] amounts = [0, -0.0m, 1, -1, 0.1m, 0.0001m, 0.00001m, 9999, 10_000, 10_000.5m, 123_456_789.123_456_789m, 1.50m, -20.00m, 0.000_000_000_000_000_000_000_000_000_1m, decimal.MaxValue, decimal.MinValue, 7.922816251426433759354395033m, 100_000_000, 0.0100m];
        string?[] texts = ["", null, "plain", "Grüße 漢字 🙂", new string('x', 70_000), "tab\tline\n\"quoted\""];
        DateTime[] times = [DateTime.UnixEpoch, new(1999, 12, 31, 23, 59, 59, 999, 999, DateTimeKind.Utc), new(2026, 11, 21, 1, 2, 3, 4, 5, DateTimeKind.Utc), new(1, 1, 2, 0, 0, 0, DateTimeKind.Utc), new(9999, 12, 30, 0, 0, 0, DateTimeKind.Utc)];
        var random = new Random(7);
        for (var i = 0; i < 2_000; i++)
        {
            var amount = i < amounts.Length ? amounts[i] : new decimal(random.Next(), random.Next(), i % 3 == 0 ? random.Next() : 0, i % 2 == 0, (byte)random.Next(29));
            var time = times[i % times.Length];
            var isNull = i % 4 == 0;
            yield return new Row(
                i, texts[i % (i < 100 ? texts.Length : 3)], isNull ? null : $$"""{"a": {{i}}}""", random.NextInt64(), isNull ? null : -i, random.Next(), isNull ? null : int.MinValue, (short)(i - 1_000), i % 2 == 0, isNull ? null : i % 3 == 0,
                DateOnly.FromDateTime(time), time, isNull ? null : time, amount, isNull ? null : -amount);
        }
    }
}
