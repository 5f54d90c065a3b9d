using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore.Projections;

/// <summary>The rows of one table in memory, and how they come from the database and go there.</summary>
internal abstract class TableRows
{
    /// <summary>The table.</summary>
    public abstract ProjectionTable Table { get; }

    /// <summary>Rows that were put since the last write.</summary>
    public abstract int Changed { get; }

    /// <summary>Rows in memory.</summary>
    public abstract int Count { get; }

    /// <summary>The statement that loads what was named and is not in memory; null where nothing is missing.</summary>
    public abstract NpgsqlBatchCommand? Load(RowNeeds needs, string target);

    /// <summary>Takes the answer to <see cref="Load"/>.</summary>
    public abstract void Loaded(NpgsqlDataReader reader);

    /// <summary>Adds the statements that write what was put.</summary>
    /// <param name="target">The table, with its schema.</param>
    /// <param name="commands">Takes the statements.</param>
    /// <param name="updates">Takes each update with the number of rows that it must find.</param>
    public abstract void Write(string target, IList<NpgsqlBatchCommand> commands, List<(NpgsqlBatchCommand Command, int Rows)> updates);

    /// <summary>Copies all that was put into a table without these rows.</summary>
    public abstract void Copy(NpgsqlConnection connection, string target);

    /// <summary>What was put is written: it becomes what is known of the database.</summary>
    public abstract void Committed();
}

/// <inheritdoc/>
internal sealed class TableRows<TKey, TRow>(ProjectionTable<TKey, TRow> table, Rows owner) : TableRows
    where TKey : notnull, IEquatable<TKey>
    where TRow : class
{
    private readonly List<TRow> added = []; // of a log
    private readonly List<Slot> changed = [];
    private readonly TableShape<TKey> loads = new(table.Key, table.Key.Count, owner.KeepMax == 0);
    private readonly TableShape<TRow> inserts = new(table.Columns, table.Key.Count, owner.KeepMax == 0);
    private readonly TableShape<TRow> replacements = new(table.Columns, table.Key.Count, owner.KeepMax == 0);

    // Two generations: what was not used while the younger one filled is forgotten. Nothing is forgotten in the middle of a batch.
    private Dictionary<TKey, Slot> young = [];
    private Dictionary<TKey, Slot> old = [];

    public override ProjectionTable Table => table;

    public override int Changed => added.Count + changed.Count;

    public override int Count => added.Count + young.Count + old.Count;

    public IReadOnlyCollection<TRow> All => table.IsLog ? added : [.. young.Values.Concat(old.Values).Where(slot => slot.Row is not null).Select(slot => slot.Row!)];

    public TRow? Find(TKey key)
    {
        if (Slots(key) is { } slot) return slot.Row;
        if (owner.IsPartial) throw new InvalidOperationException($"The row {key} of {table.Name} was not named beforehand, so it was not loaded.");
        return table.IsLog ? added.FindLast(row => table.KeyOf(row).Equals(key)) : null;
    }

    public void Put(TRow row)
    {
        if (table.IsLog)
        {
            added.Add(row);
            return;
        }

        var key = table.KeyOf(row);
        var slot = Slots(key);
        if (slot is null) young.Add(key, slot = new Slot());
        if (!slot.IsChanged) slot.Before = slot.Row;
        slot.Row = row;
        if (slot.IsChanged) return;
        slot.IsChanged = true;
        changed.Add(slot);
    }

    public override NpgsqlBatchCommand? Load(RowNeeds needs, string target)
    {
        if (table.IsLog) return null;
        List<TKey>? missing = null;
        foreach (var key in needs.Of(table))
        {
            if (Slots(key) is not null) continue;
            (missing ??= []).Add(key);
            young.Add(key, new Slot());
        }

        return missing is null ? null : table.Load(target, loads, missing);
    }

    public override void Loaded(NpgsqlDataReader reader)
    {
        while (reader.Read())
        {
            var row = table.Read!(reader);
            var key = table.KeyOf(row);
            if (!young.TryGetValue(key, out var slot)) throw new InvalidOperationException($"{table.Name} gave the row {key}, which nobody asked for: its columns are not read back as they were written.");
            slot.Row = row;
            slot.IsStored = true;
        }
    }

    public override void Write(string target, IList<NpgsqlBatchCommand> commands, List<(NpgsqlBatchCommand Command, int Rows)> updates)
    {
        if (table.IsLog)
        {
            if (added.Count > 0) commands.Add(table.Insert(target, inserts, added));
            return;
        }

        List<TRow> born = [], before = [], moved = [];
        foreach (var slot in changed)
        {
            if (!slot.IsStored)
            {
                born.Add(slot.Row!);
                continue;
            }

            before.Add(slot.Before!);
            moved.Add(slot.Row!);
        }

        if (born.Count > 0) commands.Add(table.Insert(target, inserts, born));
        if (moved.Count == 0 || table.Update(target, replacements, before, moved) is not { } update) return;
        commands.Add(update);
        updates.Add((update, moved.Count));
    }

    public override void Copy(NpgsqlConnection connection, string target)
    {
        if (Changed == 0) return;
        var rows = added;
        if (changed.Count > 0)
        {
            rows = new List<TRow>(changed.Count);
            foreach (var slot in changed) rows.Add(slot.Row!);
        }

        // What is null in all of them is not copied: it is null there already.
        var columns = table.Columns.Where(column => !column.AreNull(rows)).ToArray();
        using var copy = new BinaryCopy(connection, target, columns.Select(column => column.Name));
        foreach (var row in rows)
        {
            copy.Row(columns.Length);
            foreach (var column in columns) column.Write(copy, row);
        }

        copy.Complete();
    }

    public override void Committed()
    {
        foreach (var slot in changed) (slot.IsStored, slot.IsChanged, slot.Before) = (true, false, null);
        changed.Clear();
        added.Clear();
        if (young.Count <= owner.KeepMax) return;
        old = young;
        young = [];
    }

    private Slot? Slots(TKey key)
    {
        if (young.TryGetValue(key, out var slot)) return slot;
        if (!old.Remove(key, out slot)) return null;
        young.Add(key, slot);
        return slot;
    }

    private sealed class Slot
    {
        public TRow? Row;
        public TRow? Before; // as it is stored, once it is changed
        public bool IsStored;
        public bool IsChanged;
    }
}
