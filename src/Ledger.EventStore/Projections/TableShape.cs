namespace Ledger.EventStore.Projections;

/// <summary>
/// What a statement over many rows sends of each column: one array with a value for each row, or one value for all of them, or, of what is in its place already, nothing. Most columns
/// of most rows stay as they are, and an array costs the database as much for a value that is always null as for any other. A column that varied once is taken to vary for a while,
/// so that a table has a few statements, which stay prepared.
/// </summary>
/// <param name="columns">The columns.</param>
/// <param name="keyColumns">How many of the first are the key.</param>
/// <param name="isWhole">Whether every column is sent, for each row, always: for who writes too seldom to learn from it.</param>
internal sealed class TableShape<TRow>(IReadOnlyList<ProjectionColumn<TRow>> columns, int keyColumns, bool isWhole)
{
    private const int Remembered = 64;

    private readonly long[] varied = Never(columns.Count);
    private readonly long[] changed = Never(columns.Count);
    private readonly int[] still = new int[columns.Count];
    private long count;

    /// <summary>The columns of the key, as bits.</summary>
    private ulong Key => (1UL << keyColumns) - 1;

    /// <summary>The columns, as bits, of which the rows in place differ from those before by now; 0 where none does. Those of the key never do.</summary>
    public ulong Changed(IReadOnlyList<TRow> before, IReadOnlyList<TRow> now)
    {
        var recent = 0UL;
        var left = 0; // of the columns that did not change lately
        for (var at = keyColumns; at < columns.Count; at++)
        {
            if (isWhole || count - changed[at] < Remembered) recent |= 1UL << at;
            else still[left++] = at;
        }

        var differ = isWhole;
        for (var i = 0; i < now.Count; i++)
        {
            if (!differ) differ = Differ(before[i], now[i], recent);
            for (var place = left - 1; place >= 0; place--)
            {
                var at = still[place];
                if (columns[at].IsSame(before[i], now[i])) continue;
                changed[at] = count;
                recent |= 1UL << at;
                differ = true;
                still[place] = still[--left];
            }
        }

        return differ ? recent : 0;
    }

    /// <summary>
    /// Of these columns those, as bits, that are sent as an array; at least the last one of the key. Where rows are looked up, all of the key: a column that is compared with one value
    /// leads the planner to look for all rows of that value, which it takes for few in a table that is young.
    /// </summary>
    public ulong Varying(IReadOnlyList<TRow> rows, ulong sent, bool areFound)
    {
        var each = areFound ? Key : 1UL << keyColumns - 1;
        for (var at = 0; at < columns.Count; at++)
        {
            var bit = 1UL << at;
            if ((sent & ~each & bit) == 0) continue;
            if (!isWhole && count - varied[at] >= Remembered)
            {
                if (columns[at].IsOne(rows)) continue;
                varied[at] = count;
            }

            each |= bit;
        }

        count++;
        return each;
    }

    /// <summary>The key and these columns.</summary>
    public ulong WithKey(ulong more) => Key | more;

    private bool Differ(TRow one, TRow other, ulong among)
    {
        for (var at = keyColumns; at < columns.Count; at++)
        {
            if ((among >> at & 1) == 1 && !columns[at].IsSame(one, other)) return true;
        }

        return false;
    }

    private static long[] Never(int count)
    {
        var never = new long[count];
        Array.Fill(never, -Remembered);
        return never;
    }
}
