using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore.Projections;

/// <summary>
/// A table of a read model, in schema <c>ledger</c>: its name and how its rows become columns. The table itself (columns, primary key, indexes, policies, grants) is made by a
/// numbered SQL file, and its columns have no defaults; what is here only reads and writes it.
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

    /// <summary>The value of one row as a parameter.</summary>
    internal abstract NpgsqlParameter ToParameter(TRow row);

    /// <summary>Whether these rows have one value.</summary>
    internal abstract bool IsOne(IReadOnlyList<TRow> rows);

    /// <summary>Whether two rows have one value.</summary>
    internal abstract bool IsSame(TRow one, TRow other);

    /// <summary>Whether it is null in all of these rows.</summary>
    internal abstract bool AreNull(IReadOnlyList<TRow> rows);

    /// <summary>Writes this column of one row in a binary COPY.</summary>
    internal abstract void Write(BinaryCopy copy, TRow row);
}

/// <summary>A column whose values are of one type.</summary>
/// <typeparam name="TRow">The row.</typeparam>
/// <typeparam name="TValue">The type of the values; a nullable type where the column may be null.</typeparam>
/// <param name="name">Its name.</param>
/// <param name="type">Its type in the database.</param>
/// <param name="of">The value of a row.</param>
/// <param name="made">Where the value is made anew each time: what it is made of. Where that is the same, so is the value.</param>
public sealed class ProjectionColumn<TRow, TValue>(string name, NpgsqlDbType type, Func<TRow, TValue> of, Func<TRow, object?>? made = null) : ProjectionColumn<TRow>(name, type)
{
    private readonly Action<BinaryCopy, TValue> write = BinaryCopy.Writer<TValue>(type);

    internal override NpgsqlParameter ToParameter(IReadOnlyList<TRow> rows)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = Of(rows[i]);
        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | Type };
    }

    internal override NpgsqlParameter ToParameter(TRow row) => new NpgsqlParameter<TValue> { TypedValue = Of(row), NpgsqlDbType = Type };

    internal override bool IsOne(IReadOnlyList<TRow> rows)
    {
        for (var i = 1; i < rows.Count; i++)
        {
            if (!IsSame(rows[0], rows[i])) return false;
        }

        return true;
    }

    internal override bool IsSame(TRow one, TRow other) => (made is not null && ReferenceEquals(made(one), made(other))) || EqualityComparer<TValue>.Default.Equals(of(one), of(other));

    internal override bool AreNull(IReadOnlyList<TRow> rows)
    {
        if (default(TValue) is not null) return false;
        for (var i = 0; i < rows.Count; i++)
        {
            if (of(rows[i]) is not null) return false;
        }

        return true;
    }

    internal override void Write(BinaryCopy copy, TRow row) => write(copy, Of(row));

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

    private static decimal Plain(decimal value)
    {
        if (value.Scale == 0) return value;
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        // Nearly every amount fits into 64 bits, and is then taken apart without a division of decimals.
        if (bits[2] != 0) return value / 1.0000000000000000000000000000m;
        var (digits, scale) = ((ulong)(uint)bits[1] << 32 | (uint)bits[0], value.Scale);
        for (; scale > 0; scale--)
        {
            var (tenth, last) = Math.DivRem(digits, 10);
            if (last != 0) break;
            digits = tenth;
        }

        return digits == 0 ? 0m : scale == value.Scale ? value : new decimal((int)(uint)digits, (int)(uint)(digits >> 32), 0, decimal.IsNegative(value), scale);
    }
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
    private const int ColumnsMax = 64;

    private readonly ConcurrentDictionary<(string Target, char Verb, ulong Sent, ulong Each), string> statements = new();

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
        if (columns.Count > ColumnsMax) throw new ArgumentException($"{name} has more than {ColumnsMax} columns.", nameof(columns));
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

    /// <summary>The rows of some keys, from this table or another one of the same columns that is to take its place.</summary>
    internal NpgsqlBatchCommand Load(string target, TableShape<TKey> shape, IReadOnlyList<TKey> keys)
    {
        var sent = shape.WithKey(0);
        return Command(target, 'l', Key, keys, sent, shape.Varying(keys, sent, areFound: true));
    }

    /// <summary>New rows.</summary>
    internal NpgsqlBatchCommand Insert(string target, TableShape<TRow> shape, IReadOnlyList<TRow> rows)
    {
        var sent = ulong.MaxValue >> ColumnsMax - Columns.Count;
        return Command(target, 'i', Columns, rows, sent, shape.Varying(rows, sent, areFound: false));
    }

    /// <summary>Rows in place of those before; null where nothing changes.</summary>
    internal NpgsqlBatchCommand? Update(string target, TableShape<TRow> shape, IReadOnlyList<TRow> before, IReadOnlyList<TRow> rows)
    {
        if (shape.Changed(before, rows) is not (not 0 and var changed)) return null;
        var sent = shape.WithKey(changed);
        return Command(target, 'u', Columns, rows, sent, shape.Varying(rows, sent, areFound: true));
    }

    private NpgsqlBatchCommand Command<T>(string target, char verb, IReadOnlyList<ProjectionColumn<T>> columns, IReadOnlyList<T> rows, ulong sent, ulong each)
    {
        if (!statements.TryGetValue((target, verb, sent, each), out var sql)) statements[(target, verb, sent, each)] = sql = Sql(target, verb, sent, each);
        var command = new NpgsqlBatchCommand(sql);
        for (var at = 0; at < columns.Count; at++)
        {
            if ((sent >> at & 1) == 1) command.Parameters.Add((each >> at & 1) == 1 ? columns[at].ToParameter(rows) : columns[at].ToParameter(rows[0]));
        }

        return command;
    }

    private string Sql(string target, char verb, ulong sent, ulong each)
    {
        List<string> arrays = [], names = [], key = [], set = [], columns = [], values = [];
        for (int at = 0, number = 1; at < Columns.Count; at++)
        {
            if ((sent >> at & 1) == 0) continue;
            var (name, value) = (ColumnNames[at], $"${number++}");
            if ((each >> at & 1) == 1)
            {
                arrays.Add(value);
                names.Add(name);
                value = $"q.{name}";
            }

            columns.Add(name);
            values.Add(value);
            if (at < Key.Count) key.Add($"t.{name} = {value}");
            else set.Add($"{name} = {value}");
        }

        var rows = $"unnest({string.Join(", ", arrays)}) as q({string.Join(", ", names)})";
        return verb switch
        {
            'l' => $"select {string.Join(", ", ColumnNames.Select(c => "t." + c))} from {rows} join {target} t on {string.Join(" and ", key)}",
            'i' => $"insert into {target} ({string.Join(", ", columns)}) select {string.Join(", ", values)} from {rows}",
            _ => $"update {target} t set {string.Join(", ", set)} from {rows} where {string.Join(" and ", key)}",
        };
    }
}
