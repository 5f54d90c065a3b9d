using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Ledger.Api.Tests.Verification;

/// <summary>What was changed behind the ledger's back.</summary>
/// <param name="What">In words, with the place.</param>
/// <param name="Position">The first bad position; null where the change is beside the events.</param>
internal sealed record Change(string What, long? Position);

/// <summary>Changes stored bytes and rows at random, as the database's owner.</summary>
internal sealed class RandomChange(LedgerHistory history, Random random)
{
    private const string Characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

    private List<object?[]> events = [];

    public int Kinds => All.Count;

    private IReadOnlyList<(string Name, Func<Task<Change?>> Make)> All => field ??=
    [
        ("data", () => JsonAsync("data")),
        ("data again", () => JsonAsync("data")),
        ("headers", () => JsonAsync("headers")),
        ("type", () => TextAsync("type")),
        ("timestamp", () => ColumnAsync("timestamp", "timestamp + $2 * interval '1 microsecond'", (long)random.Next(1, 1_000_000) * (random.Next(2) == 0 ? 1 : -1))),
        ("version", () => ColumnAsync("version", "version + $2", (long)random.Next(1, 100_000))),
        ("version down", () => ColumnAsync("version", "version - $2", (long)random.Next(1, 5))),
        ("tenant", () => TextAsync("tenant_id")),
        ("tenant stored plainly", () => ColumnAsync("tenant_id", "$2", "default")),
        ("stream", () => TextAsync("stream_id")),
        ("another stream", () => ColumnAsync("stream_id", "$2", "account/" + "abcd"[random.Next(4)])),
        ("id", () => ColumnAsync("id", "$2", Guid.NewGuid())),
        ("correlation", () => TextAsync("correlation_id")),
        ("causation", () => TextAsync("causation_id")),
        ("causation gone", () => ColumnAsync("causation_id", "$2::text", null)),
        ("foreign columns", () => random.Next(3) switch { 0 => ColumnAsync("mt_dotnet_type", "$2", "x"), 1 => ColumnAsync("bdata", "$2", new byte[] { 1 }), _ => ColumnAsync("is_archived", "$2", true) }),
        ("position", () => PositionAsync(events.Count + random.Next(1, 1_000))),
        ("position below all", () => PositionAsync(-random.Next(0, 1_000))),
        ("positions of a stream swapped", () => SwapAsync(sameStream: true, "seq_id")),
        ("contents swapped", () => SwapAsync(sameStream: false, "data")),
        ("headers swapped", () => SwapAsync(sameStream: false, "headers")),
        ("positions of a sealed day swapped", SwapSealedAsync),
        ("event deleted", () => DeleteAsync(random.Next(events.Count))),
        ("last event deleted", () => DeleteAsync(events.Count - 1)),
        ("event added", AddAsync),
        ("a stream's events deleted", () => DeleteStreamAsync("mt_events")),
        ("a stream deleted everywhere", () => DeleteStreamAsync("mt_events", "mt_streams", "stream_states", "stream_checkpoints", "facts", "due", "idempotency_keys")),
        ("state", () => RowAsync("stream_states", Bytes("state"), Bytes("hash"), "version = version + 1", "recorded_at = recorded_at + interval '1 microsecond'", "format = format + 1", null)),
        ("checkpoint", () => RowAsync("stream_checkpoints", Bytes("state"), Bytes("hash"), "version = version + 1000", "recorded_at = recorded_at - interval '1 microsecond'", null)),
        ("fact", () => RowAsync("facts", "data = data || '{\"amount\": 1.5}'", "key = key || '1'", "kind = kind || 'x'", "stream_id = stream_id || 'x'", null)),
        ("fact's body", FactAsync),
        ("fact added", async () => await history.ExecuteAsync("insert into ledger.facts values ('*DEFAULT*', 'account/a', 'lot', $1, '{}')", $"lot_{random.Next()}") == 1 ? new Change("a fact added", null) : null),
        ("due", () => RowAsync("due", "at = at + interval '1 microsecond'", "stream_id = stream_id || 'x'", null)),
        ("stream's row", () => RowAsync("mt_streams", "version = version + 1", "type = 'accounts'", "timestamp = timestamp + interval '1 microsecond'", "created = created - interval '1 microsecond'", "is_archived = true", "id = id || 'x'", null)),
        ("key", () => RowAsync("idempotency_keys", "version = version + 100000", "stream_id = 'account/nobody'", "key = key || 'x'", null)),
        ("root", () => RowAsync("merkle_roots", Bytes("root"), Bytes("tree"), Bytes("previous"), Bytes("blocks"), "last_seq_id = last_seq_id - 1", "events = events + 1", "first_seq_id = first_seq_id + 1", "day = day - 400")),
    ];

    /// <summary>Makes a change of the kind with this number; one that changes nothing, or that the database refuses, is drawn anew.</summary>
    public async Task<Change> MakeAsync(int kind)
    {
        events = await history.RowsAsync("select seq_id, tenant_id, stream_id, version from ledger.mt_events order by seq_id");
        var (name, make) = All[kind % All.Count];
        for (var attempt = 0; attempt < 1_000; attempt++)
        {
            try
            {
                if (await make() is { } change) return change with { What = $"{name}: {change.What}" };
            }
            catch (PostgresException refused) when (refused.SqlState.StartsWith("22", StringComparison.Ordinal) || refused.SqlState.StartsWith("23", StringComparison.Ordinal))
            {
                // No JSON, no number, or a key that is taken: another one.
            }
        }

        throw new InvalidOperationException($"No change of the kind {name} could be made.");
    }

    private long Seq(int index) => (long)events[index][0]!;

    private async Task<Change?> ColumnAsync(string column, string value, object? parameter)
    {
        var seq = Seq(random.Next(events.Count));
        var changed = await history.ExecuteAsync($"update ledger.mt_events set {column} = {value} where seq_id = $1 and {column} is distinct from {value}", seq, parameter);
        return changed == 1 ? new Change($"{column} at {seq} to {parameter}", seq) : null;
    }

    private async Task<Change?> TextAsync(string column)
    {
        var seq = Seq(random.Next(events.Count));
        var text = (string?)(await history.RowsAsync($"select {column}::text from ledger.mt_events where seq_id = $1", seq))[0][0];
        var bent = text is null ? "x" : Bent(text);
        return await history.ExecuteAsync($"update ledger.mt_events set {column} = $2 where seq_id = $1 and {column} is distinct from $2", seq, bent) == 1 ? new Change($"{column} at {seq} from {text} to {bent}", seq) : null;
    }

    private async Task<Change?> JsonAsync(string column)
    {
        var seq = Seq(random.Next(events.Count));
        var text = (string)(await history.RowsAsync($"select {column}::text from ledger.mt_events where seq_id = $1", seq))[0][0]!;
        var bent = Bent(text);
        if (!IsJson(bent)) return null;
        return await history.ExecuteAsync($"update ledger.mt_events set {column} = $2::jsonb where seq_id = $1 and {column}::text <> ($2::jsonb)::text", seq, bent) == 1 ? new Change($"{column} at {seq} from {text} to {bent}", seq) : null;
    }

    private async Task<Change?> FactAsync()
    {
        var facts = await history.RowsAsync("select tenant_id, stream_id, kind, key, data::text from ledger.facts order by 1, 2, 3, 4");
        var fact = facts[random.Next(facts.Count)];
        var bent = Bent((string)fact[4]!);
        if (!IsJson(bent)) return null;
        return await history.ExecuteAsync(
            "update ledger.facts set data = $5::jsonb where tenant_id = $1 and stream_id = $2 and kind = $3 and key = $4 and data::text <> ($5::jsonb)::text", fact[0], fact[1], fact[2], fact[3], bent) == 1
            ? new Change($"from {fact[4]} to {bent}", null) : null;
    }

    /// <summary>Changes one character, takes one away or adds one.</summary>
    private string Bent(string text)
    {
        var at = random.Next(text.Length);
        var other = Characters[random.Next(Characters.Length)];
        return random.Next(4) switch { 0 => text.Remove(at, 1), 1 => text.Insert(at, other.ToString()), _ => text[..at] + other + text[(at + 1)..] };
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private async Task<Change?> PositionAsync(long to)
    {
        var seq = Seq(random.Next(events.Count));
        await history.ExecuteAsync("update ledger.mt_events set seq_id = $2 where seq_id = $1", seq, to);
        return new Change($"{seq} to {to}", Math.Min(seq, to));
    }

    private async Task<Change?> SwapAsync(bool sameStream, string column)
    {
        var (one, other) = (random.Next(events.Count), random.Next(events.Count));
        if (one == other || (sameStream && (string)events[one][2]! != (string)events[other][2]!)) return null;
        return await SwapAsync(Seq(one), Seq(other), column) ? new Change($"{column} of {Seq(one)} and {Seq(other)}", Math.Min(Seq(one), Seq(other))) : null;
    }

    private async Task<bool> SwapAsync(long one, long other, string column)
    {
        if (column != "seq_id")
            return await history.ExecuteAsync($"update ledger.mt_events e set {column} = o.{column} from ledger.mt_events o where e.seq_id in ($1, $2) and o.seq_id in ($1, $2) and e.seq_id <> o.seq_id and e.{column} <> o.{column}", one, other) == 2;
        await history.ExecuteAsync("update ledger.mt_events set seq_id = -1000000 where seq_id = $1", one);
        await history.ExecuteAsync("update ledger.mt_events set seq_id = $1 where seq_id = $2", one, other);
        await history.ExecuteAsync("update ledger.mt_events set seq_id = $1 where seq_id = -1000000", other);
        return true;
    }

    /// <summary>Two neighbours of different streams: no chain sees it, the root of their day does. It names the first position of the 1,024 in which they lie.</summary>
    private async Task<Change?> SwapSealedAsync()
    {
        var one = random.Next(events.Count - 1);
        if (Seq(one + 1) > history.SealedTo || (string)events[one][2]! == (string)events[one + 1][2]!) return null;
        var day = history.Published.Single(root => root.Covers(Seq(one)));
        if (!day.Covers(Seq(one + 1))) return null;
        await SwapAsync(Seq(one), Seq(one + 1), "seq_id");
        return new Change($"{Seq(one)} and {Seq(one + 1)}", day.First + ((Seq(one) - day.First) / 1_024 * 1_024));
    }

    private async Task<Change?> DeleteAsync(int index)
    {
        await history.ExecuteAsync("delete from ledger.mt_events where seq_id = $1", Seq(index));
        return new Change(Seq(index).ToString(CultureInfo.InvariantCulture), Seq(index));
    }

    private async Task<Change?> AddAsync()
    {
        var seq = Seq(random.Next(events.Count));
        await history.ExecuteAsync(
            """
            insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, correlation_id, causation_id, headers, is_archived)
            select (select max(seq_id) + 1 from ledger.mt_events), id, stream_id, (select max(version) + 1 from ledger.mt_events x where x.stream_id = e.stream_id), data, type, now() + interval '3 days', tenant_id, correlation_id, causation_id, headers, false
            from ledger.mt_events e where seq_id = $1
            """, seq);
        if (random.Next(2) == 0) await history.ExecuteAsync("select setval('ledger.mt_events_sequence', (select max(seq_id) from ledger.mt_events))");
        return new Change($"a copy of {seq}", Seq(events.Count - 1) + 1);
    }

    private async Task<Change?> DeleteStreamAsync(params string[] tables)
    {
        var stream = (string)events[random.Next(events.Count)][2]!;
        foreach (var table in tables) await history.ExecuteAsync($"delete from ledger.{table} where {(table == "mt_streams" ? "id" : "stream_id")} = $1", stream);
        return new Change(stream, events.Where(e => (string)e[2]! == stream).Min(e => (long)e[0]!));
    }

    /// <summary>Changes one row of a table by one of these, or deletes it (null).</summary>
    private async Task<Change?> RowAsync(string table, params string?[] changes)
    {
        var rows = await history.RowsAsync($"select ctid::text from ledger.{table} order by 1");
        var (row, change) = ((string)rows[random.Next(rows.Count)][0]!, changes[random.Next(changes.Length)]);
        await history.ExecuteAsync(change is null ? $"delete from ledger.{table} where ctid = $1::tid" : $"update ledger.{table} set {change} where ctid = $1::tid", row);
        return new Change($"{change ?? "deleted"} in row {row}", null);
    }

    /// <summary>Deletes a row of a read model, or changes a column of it; null where the table has none, or the database refuses.</summary>
    public async Task<Change?> BendAsync(string table)
    {
        var rows = await history.RowsAsync($"select ctid::text from ledger.{table} order by 1");
        if (rows.Count == 0) return null;
        var row = (string)rows[random.Next(rows.Count)][0]!;
        var columns = await history.RowsAsync("select attname::text, format_type(atttypid, -1) from pg_attribute where attrelid = ('ledger.' || $1)::regclass and attnum > 0 and not attisdropped", table);
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var column = columns[random.Next(columns.Count)];
            var value = (string)column[1]! switch
            {
                "text" => "$ || 'x'",
                "numeric" or "bigint" or "integer" or "smallint" => "$ + 1",
                "date" => "$ + 1",
                "timestamp with time zone" => "$ + interval '1 microsecond'",
                "jsonb" => "jsonb_build_object('x', $)",
                _ => null,
            };
            try
            {
                var sql = value is null || attempt > 40 ? $"delete from ledger.{table} where ctid = $1::tid" : $"update ledger.{table} set {column[0]} = {value.Replace("$", (string)column[0]!, StringComparison.Ordinal)} where ctid = $1::tid and {column[0]} is not null";
                if (await history.ExecuteAsync(sql, row) == 1) return new Change(sql, null);
            }
            catch (PostgresException refused) when (refused.SqlState.StartsWith("23", StringComparison.Ordinal))
            {
                // A rule of the table says no: another one.
            }
        }

        return null;
    }

    private static string Bytes(string column) => $"{column} = set_byte({column}, 0, get_byte({column}, 0) # 1)";
}
