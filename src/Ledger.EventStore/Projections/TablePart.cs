using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>
/// A new part of a read model's table, beside the one that queries see: a table of the same columns without indexes, to be filled by COPY. Its indexes are built once it is
/// full; then it takes the other's place in one short transaction. Everything that names the parent (queries, views, policies, grants) stays as it is.
/// </summary>
internal sealed class TablePart
{
    private const string Mark = "A part that is being built";

    private TablePart(ProjectionTable table, string live, string name, string bound) => (Table, Live, Name, Bound) = (table, live, name, bound);

    public ProjectionTable Table { get; }

    /// <summary>The part that queries see.</summary>
    public string Live { get; }

    /// <summary>This part, without schema.</summary>
    public string Name { get; }

    public string FullName => "ledger." + Name;

    /// <summary>What rows belong to it, as the parent says it: all of them.</summary>
    public string Bound { get; }

    /// <summary>Makes a new part; what an earlier attempt left is dropped.</summary>
    /// <exception cref="SchemaException">The table is not a parent with one part.</exception>
    public static TablePart Make(NpgsqlConnection connection, ProjectionTable table)
    {
        DropLeft(connection, table);
        var live = Rows(connection,
            """
            select c.relname, pg_get_expr(c.relpartbound, c.oid), coalesce(array_to_string(c.reloptions, ', '), ''), c.relrowsecurity::text, p.relowner::regrole::text, (p.relowner = current_user::regrole)::text
            from pg_class p join pg_inherits i on i.inhparent = p.oid join pg_class c on c.oid = i.inhrelid where p.oid = to_regclass($1) and p.relkind = 'p'
            """, table.FullName);
        if (live is not [[var part, var bound, var settings, var security, var owner, var isOwner]]) throw new SchemaException($"{table.FullName} is not a partitioned table with one part, so it can't be rebuilt beside the live one.");
        // A name that was used once is not used again: whoever still writes to a part that was dropped must not meet another one in its place.
        string name;
        do
        {
            name = Rows(connection, "select $1 || '_' || nextval('ledger.table_parts')", table.Name)[0][0];
        }
        while (Rows(connection, "select relname from pg_class where relnamespace = 'ledger'::regnamespace and relname = $1", name).Count > 0);

        var made = new TablePart(table, part, name, bound);
        Run(connection, $"create table {made.FullName} (like {table.FullName} including defaults including constraints including generated including storage){(settings.Length > 0 ? $" with ({settings})" : "")}");
        Run(connection, $"comment on table {made.FullName} is '{Mark}'");
        if (security == "true") Run(connection, $"alter table {made.FullName} enable row level security");
        if (isOwner != "true") Run(connection, $"alter table {made.FullName} owner to {owner}");
        return made;
    }

    /// <summary>Drops this part, which was never put in place.</summary>
    public void Drop(NpgsqlConnection connection)
    {
        if (Rows(connection, "select relname from pg_class where oid = to_regclass($1) and not relispartition", FullName).Count > 0) Run(connection, $"drop table {FullName}");
    }

    /// <summary>Drops every part of a table that was begun and never put in place.</summary>
    private static void DropLeft(NpgsqlConnection connection, ProjectionTable table)
    {
        foreach (var left in Rows(connection,
            "select relname from pg_class c where relnamespace = 'ledger'::regnamespace and relname ~ ('^' || $1 || '_[0-9]{1,9}$') and not relispartition and obj_description(oid, 'pg_class') = $2", table.Name, Mark))
        {
            try
            {
                Run(connection, $"drop table if exists ledger.{left[0]}");
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Whoever fills it still is late, and drops it himself when he hears so; else the next rebuild does.
            }
        }
    }

    /// <summary>Builds the indexes and constraints that the live part has, as far as they are not there.</summary>
    /// <param name="connection">The owner's.</param>
    /// <param name="keyOnly">Only the primary key, to go on with while the table is being filled.</param>
    /// <param name="cancellation">Ends the building of an index.</param>
    public void Index(NpgsqlConnection connection, bool keyOnly, CancellationToken cancellation)
    {
        var wanted = Rows(connection,
            """
            select coalesce(p.relname, x.relname), pg_get_indexdef(i.indexrelid), coalesce(pg_get_constraintdef(k.oid), ''), i.indisprimary::text, coalesce(array_to_string(x.reloptions, ', '), '')
            from pg_index i join pg_class x on x.oid = i.indexrelid left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u') and k.conrelid = i.indrelid
            left join pg_inherits h on h.inhrelid = i.indexrelid left join pg_class p on p.oid = h.inhparent
            where i.indrelid = ('ledger.' || $1)::regclass order by i.indisprimary desc, 1
            """, Live);
        var there = Rows(connection, "select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = ('ledger.' || $1)::regclass", Name).Select(r => r[0]).ToHashSet();
        var number = 0;
        foreach (var index in wanted)
        {
            var (parent, definition, constraint, isKey) = (index[0], index[1], index[2], index[3] == "true");
            var name = parent.StartsWith(Table.Name + "_", StringComparison.Ordinal) ? $"{Name}{parent[Table.Name.Length..]}" : $"{Name}_{++number}";
            if (there.Contains(name) || (keyOnly && !isKey)) continue;
            cancellation.ThrowIfCancellationRequested();
            var unique = definition.StartsWith("CREATE UNIQUE", StringComparison.Ordinal) ? "unique " : "";
            var sql = constraint.Length > 0
                ? $"alter table {FullName} add constraint {name} {constraint}"
                : $"create {unique}index {name} on {FullName} using {definition[(definition.IndexOf(" USING ", StringComparison.Ordinal) + 7)..]}";
            Run(connection, sql, cancellation);
        }

        if (!keyOnly) Run(connection, $"analyze {FullName}", cancellation);
    }

    /// <summary>Takes the live part's place, which goes. Part of a transaction.</summary>
    public IEnumerable<string> TakePlace() =>
    [
        $"alter table {Table.FullName} detach partition ledger.{Live}",
        $"alter table {Table.FullName} attach partition {FullName} {Bound}",
        $"comment on table {FullName} is null",
        $"drop table ledger.{Live}",
    ];

    private static List<string[]> Rows(NpgsqlConnection connection, string sql, params string[] values)
    {
        using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(Value(NpgsqlDbType.Text, value));
        var rows = new List<string[]>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)]);
        return rows;
    }

    private static void Run(NpgsqlConnection connection, string sql, CancellationToken cancellation = default)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        using var cancel = cancellation.Register(command.Cancel);
        command.ExecuteNonQuery();
    }
}
