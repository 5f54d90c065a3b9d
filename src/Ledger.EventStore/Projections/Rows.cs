namespace Ledger.EventStore.Projections;

/// <summary>Gathers the keys of the rows that the events of a batch will look up, each once.</summary>
public sealed class RowNeeds
{
    private readonly Dictionary<ProjectionTable, object> keys = [];

    /// <summary>The row of this key, to be looked up by <see cref="Rows.Find"/>.</summary>
    public void Row<TKey, TRow>(ProjectionTable<TKey, TRow> table, TKey key)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class
    {
        ArgumentNullException.ThrowIfNull(table);
        if (!keys.TryGetValue(table, out var set)) keys.Add(table, set = new HashSet<TKey>());
        ((HashSet<TKey>)set).Add(key);
    }

    internal IReadOnlyCollection<TKey> Of<TKey, TRow>(ProjectionTable<TKey, TRow> table)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class => keys.TryGetValue(table, out var set) ? (HashSet<TKey>)set : [];
}

/// <summary>
/// The rows of a projection in memory while events are applied: those that were loaded, as the events so far left them. Made without a database it is a whole
/// read model in memory, for tests of <see cref="Projection.Apply"/>.
/// </summary>
public sealed class Rows
{
    private readonly Dictionary<ProjectionTable, object> tables = [];

    /// <summary>The row of this key; null where there is none. Only keys that were named beforehand may be asked for.</summary>
    public TRow? Find<TKey, TRow>(ProjectionTable<TKey, TRow> table, TKey key)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class => Of(table).Find(key);

    /// <summary>Puts a row in place of the one of its key, or adds it.</summary>
    public void Put<TKey, TRow>(ProjectionTable<TKey, TRow> table, TRow row)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class => Of(table).Put(row);

    /// <summary>All rows that were put or loaded, in no order.</summary>
    public IReadOnlyCollection<TRow> All<TKey, TRow>(ProjectionTable<TKey, TRow> table)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class => Of(table).All;

    internal TableRows<TKey, TRow> Of<TKey, TRow>(ProjectionTable<TKey, TRow> table)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class
    {
        ArgumentNullException.ThrowIfNull(table);
        if (!tables.TryGetValue(table, out var rows)) tables.Add(table, rows = new TableRows<TKey, TRow>(table));
        return (TableRows<TKey, TRow>)rows;
    }
}

/// <summary>The rows of one table in memory.</summary>
internal sealed class TableRows<TKey, TRow>(ProjectionTable<TKey, TRow> table)
    where TKey : notnull, IEquatable<TKey>
    where TRow : class
{
    private readonly Dictionary<TKey, TRow> rows = [];

    public IReadOnlyCollection<TRow> All => rows.Values;

    public TRow? Find(TKey key) => rows.GetValueOrDefault(key);

    public void Put(TRow row) => rows[table.KeyOf(row)] = row;
}
