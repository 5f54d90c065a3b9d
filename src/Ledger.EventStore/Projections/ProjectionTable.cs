using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore.Projections;

/// <summary>
/// A table of a read model, in schema <c>ledger</c>: its name and how its rows become columns. The table itself (columns, primary key, indexes, policies, grants) is made by a
/// numbered SQL file; what is here only reads and writes it.
/// </summary>
public abstract class ProjectionTable
{
    private protected ProjectionTable(string name) => Name = name;

    /// <summary>Its name without the schema.</summary>
    public string Name { get; }

    /// <summary>Whether rows are only ever added: such a table is never looked up by its projection, and a rebuild copies straight into it.</summary>
    public abstract bool IsLog { get; }

    /// <summary>The names of its columns, those of the key first.</summary>
    public abstract IReadOnlyList<string> ColumnNames { get; }

    /// <summary>How many of the first columns are the key.</summary>
    public abstract int KeyColumns { get; }

    /// <summary>Its name with the schema.</summary>
    internal string FullName => "ledger." + Name;

    internal abstract TableRows NewRows(Rows owner);
}

/// <summary>The statements of a table, each over one array for each column.</summary>
/// <param name="Load">The rows of some keys.</param>
/// <param name="Insert">New rows.</param>
/// <param name="Update">Rows in place of those of their keys.</param>
internal sealed record TableSql(string Load, string Insert, string Update);

/// <summary>A column of a table of a read model.</summary>
/// <typeparam name="TRow">The row.</typeparam>
public abstract class ProjectionColumn<TRow>
{
    private protected ProjectionColumn(string name, NpgsqlDbType type) => (Name, Type) = (name, type);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its type.</summary>
    public NpgsqlDbType Type { get; }

    /// <summary>The values of these rows as one array parameter, for <c>unnest</c>.</summary>
    internal abstract NpgsqlParameter ToParameter(IReadOnlyList<TRow> rows);

    /// <summary>Writes this column of one row in a binary COPY.</summary>
    internal abstract void Write(NpgsqlBinaryImporter importer, TRow row);
}

/// <summary>A column whose values are of one type.</summary>
/// <typeparam name="TRow">The row.</typeparam>
/// <typeparam name="TValue">The type of the values; a nullable type where the column may be null.</typeparam>
/// <param name="name">Its name.</param>
/// <param name="type">Its type in the database.</param>
/// <param name="of">The value of a row.</param>
public sealed class ProjectionColumn<TRow, TValue>(string name, NpgsqlDbType type, Func<TRow, TValue> of) : ProjectionColumn<TRow>(name, type)
{
    internal override NpgsqlParameter ToParameter(IReadOnlyList<TRow> rows)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = Of(rows[i]);
        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | Type };
    }

    internal override void Write(NpgsqlBinaryImporter importer, TRow row)
    {
        var value = Of(row);
        if (value is null) importer.WriteNull();
        else importer.Write(value, Type);
    }

    // PostgreSQL keeps the zeros at the end of a number. 1.50 and 1.5 are one amount, and so must be one row, whichever of them an event brought from its writer's memory.
    private TValue Of(TRow row)
    {
        var value = of(row);
        if (typeof(TValue) == typeof(decimal))
        {
            ref var exact = ref Unsafe.As<TValue, decimal>(ref value);
            exact = Plain(exact);
        }
        else if (typeof(TValue) == typeof(decimal?))
        {
            ref var exact = ref Unsafe.As<TValue, decimal?>(ref value);
            if (exact is { } known) exact = Plain(known);
        }

        return value;
    }

    private static decimal Plain(decimal value) => value.Scale == 0 ? value : value / 1.0000000000000000000000000000m;
}

/// <summary>
/// A table of rows that are found by their key and replaced. Keys and rows are compared by value, so both are records; a key's values are the row's first columns.
/// </summary>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TRow">The row, its key in it.</typeparam>
public sealed class ProjectionTable<TKey, TRow> : ProjectionTable
    where TKey : notnull, IEquatable<TKey>
    where TRow : class
{
    private readonly ConcurrentDictionary<string, TableSql> statements = new(StringComparer.Ordinal);

    /// <summary>Describes a table.</summary>
    /// <param name="name">Its name without the schema.</param>
    /// <param name="isLog">Whether rows are only ever added.</param>
    /// <param name="keyOf">The key of a row.</param>
    /// <param name="key">The columns of the key, of a key.</param>
    /// <param name="columns">All columns of a row, those of the key first and in the same order.</param>
    /// <param name="read">Makes a row of a reader whose columns are <paramref name="columns"/> in order; null for a log, which is never read.</param>
    public ProjectionTable(string name, bool isLog, Func<TRow, TKey> keyOf, IReadOnlyList<ProjectionColumn<TKey>> key, IReadOnlyList<ProjectionColumn<TRow>> columns, Func<NpgsqlDataReader, TRow>? read)
        : base(name)
    {
        if (read is null && !isLog) throw new ArgumentException("Rows that are replaced must be read.", nameof(read));
        for (var i = 0; i < key.Count; i++)
        {
            if (key[i].Name != columns[i].Name) throw new ArgumentException($"Column {i} of {name} is {columns[i].Name}, of its key {key[i].Name}.", nameof(key));
        }

        (IsLog, KeyOf, Key, Columns, Read) = (isLog, keyOf, key, columns, read);
        ColumnNames = [.. columns.Select(c => c.Name)];
    }

    /// <inheritdoc/>
    public override bool IsLog { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ColumnNames { get; }

    /// <inheritdoc/>
    public override int KeyColumns => Key.Count;

    internal Func<TRow, TKey> KeyOf { get; }

    internal IReadOnlyList<ProjectionColumn<TKey>> Key { get; }

    internal IReadOnlyList<ProjectionColumn<TRow>> Columns { get; }

    internal Func<NpgsqlDataReader, TRow>? Read { get; }

    internal override TableRows NewRows(Rows owner) => new TableRows<TKey, TRow>(this, owner);

    /// <summary>The statements for this table, or for another one of the same columns that is to take its place.</summary>
    internal TableSql Sql(string target) => statements.GetOrAdd(target, Statements);

    private TableSql Statements(string target)
    {
        var isKey = string.Join(" and ", Key.Select(c => $"t.{c.Name} = q.{c.Name}"));
        var columns = string.Join(", ", ColumnNames);
        var arrays = string.Join(", ", Columns.Select((_, i) => $"${i + 1}"));
        return new TableSql(
            $"select {string.Join(", ", ColumnNames.Select(c => "t." + c))} from unnest({string.Join(", ", Key.Select((_, i) => $"${i + 1}"))}) as q({string.Join(", ", Key.Select(c => c.Name))}) join {target} t on {isKey}",
            $"insert into {target} ({columns}) select * from unnest({arrays})",
            $"update {target} t set {string.Join(", ", ColumnNames.Skip(Key.Count).Select(c => $"{c} = q.{c}"))} from unnest({arrays}) as q({columns}) where {isKey}");
    }
}
