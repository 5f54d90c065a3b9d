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
        if (table.IsLog) throw new InvalidOperationException($"{table.Name} is a log, which its projection never looks into.");
        if (!keys.TryGetValue(table, out var set)) keys.Add(table, set = new HashSet<TKey>());
        ((HashSet<TKey>)set).Add(key);
    }

    internal IReadOnlyCollection<TKey> Of<TKey, TRow>(ProjectionTable<TKey, TRow> table)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class => keys.TryGetValue(table, out var set) ? (HashSet<TKey>)set : [];

    internal void Clear() => keys.Clear();
}

/// <summary>
/// The rows of a projection in memory while events are applied: those that were loaded, as the events so far left them. Made without a database it is a whole
/// read model in memory, for tests of <see cref="Projection.Apply"/>.
/// </summary>
public sealed class Rows
{
    private readonly Dictionary<ProjectionTable, TableRows> tables = [];

    /// <summary>A read model in memory: what was not put is not there.</summary>
    public Rows()
        : this(false, int.MaxValue)
    {
    }

    /// <param name="isPartial">Whether rows lie in the database too, so that only those that were named and loaded are known.</param>
    /// <param name="keepMax">So many rows of a table are kept for later events (at times twice as many).</param>
    internal Rows(bool isPartial, int keepMax) => (IsPartial, KeepMax) = (isPartial, keepMax);

    /// <summary>Whether rows lie in the database too.</summary>
    internal bool IsPartial { get; set; }

    /// <summary>So many rows of a table are kept.</summary>
    internal int KeepMax { get; set; }

    internal IReadOnlyCollection<TableRows> Tables => tables.Values;

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
        if (!tables.TryGetValue(table, out var rows)) tables.Add(table, rows = new TableRows<TKey, TRow>(table, this));
        return (TableRows<TKey, TRow>)rows;
    }

    internal TableRows Of(ProjectionTable table)
    {
        if (!tables.TryGetValue(table, out var rows)) tables.Add(table, rows = table.NewRows(this));
        return rows;
    }
}
