using System.Collections.Immutable;
using System.Data;
using Ledger.Api.ReadModels;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Reports;

/// <summary>The sums of a tenant's journal up to an instant: debits above 0, credits below.</summary>
/// <param name="Units">By unit, then by <see cref="UnitCode"/>.</param>
/// <param name="Money">By currency, then by <see cref="MoneyCode"/>.</param>
internal sealed record JournalBalance(ImmutableSortedDictionary<string, decimal[]> Units, ImmutableSortedDictionary<string, decimal[]> Money)
{
    public static JournalBalance Zero { get; } = new(JournalTotals.None, JournalTotals.None);

    public decimal Of(string unit, UnitCode code) => Units.GetValueOrDefault(unit)?[(int)code] ?? 0;

    public decimal Of(string currency, MoneyCode code) => Money.GetValueOrDefault(currency)?[(int)code] ?? 0;

    public JournalBalance And(JournalBalance more)
    {
        var (units, money) = (Units, Money);
        foreach (var (unit, sums) in more.Units) units = JournalTotals.Add(units, unit, sums);
        foreach (var (currency, sums) in more.Money) money = JournalTotals.Add(money, currency, sums);
        return new JournalBalance(units, money);
    }
}

/// <summary>
/// A tenant's journal over time, of one moment of the database: the sums of whole days, and for instants within a day what had been recorded of it by then, from the events of that day.
/// </summary>
internal sealed class JournalHistory
{
    private readonly List<(DateOnly Day, JournalBalance Before)> days = [];
    private readonly Dictionary<DateTimeOffset, JournalBalance> parts = [];

    private JournalHistory()
    {
    }

    /// <summary>The first day that has a posting; null where none has.</summary>
    public DateOnly? FirstDay => days.Count == 0 ? null : days[0].Day;

    /// <summary>All that there is.</summary>
    public JournalBalance All { get; private set; } = JournalBalance.Zero;

    /// <summary>Loads a tenant's journal.</summary>
    /// <param name="source">The pool.</param>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="instants">The instants that will be asked for beside beginnings of days.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<JournalHistory> LoadAsync(NpgsqlDataSource source, string tenant, IEnumerable<DateTimeOffset> instants, CancellationToken cancellationToken)
    {
        var history = new JournalHistory();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var command = new NpgsqlCommand("select day, units, money from ledger.journal_totals where tenant_id = $1 order by day", connection))
        {
            command.Parameters.AddWithValue(Tenants.Stored(tenant));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                history.days.Add((reader.GetFieldValue<DateOnly>(0), history.All));
                history.All = history.All.And(new JournalBalance(JournalTotals.Read(reader.GetString(1), ChartOfAccounts.Units), JournalTotals.Read(reader.GetString(2), ChartOfAccounts.Money)));
            }
        }

        foreach (var instant in instants.Distinct())
        {
            if (instant.TimeOfDay != TimeSpan.Zero && history.days.Exists(day => day.Day == Day(instant))) history.parts.Add(instant, await PartAsync(connection, tenant, instant, cancellationToken));
        }

        return history;
    }

    /// <summary>The sums of all that was recorded before an instant: the beginning of a day, or one that was named when this was loaded.</summary>
    public JournalBalance Before(DateTimeOffset instant)
    {
        var day = Day(instant);
        var (low, high) = (0, days.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (days[middle].Day < day) low = middle + 1;
            else high = middle;
        }

        var whole = low == days.Count ? All : days[low].Before;
        if (instant.TimeOfDay == TimeSpan.Zero || low == days.Count || days[low].Day != day) return whole;
        return whole.And(parts[instant]);
    }

    private static async Task<JournalBalance> PartAsync(NpgsqlConnection connection, string tenant, DateTimeOffset instant, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select measure, asset, code, sum(amount) from ledger.journal_postings where tenant_id = $1 and day = $2 and recorded_at < $3 group by measure, asset, code", connection);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(Day(instant));
        command.Parameters.AddWithValue(instant.UtcDateTime);
        var (units, money) = (JournalTotals.None, JournalTotals.None);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var isUnits = reader.GetString(0) == "units";
            var chart = isUnits ? ChartOfAccounts.Units : ChartOfAccounts.Money;
            var sums = new decimal[chart.Length];
            var code = reader.GetInt32(2);
            sums[chart.First(account => account.Code == code).Place] = reader.GetDecimal(3);
            if (isUnits) units = JournalTotals.Add(units, reader.GetString(1), sums);
            else money = JournalTotals.Add(money, reader.GetString(1), sums);
        }

        return new JournalBalance(units, money);
    }

    private static DateOnly Day(DateTimeOffset instant) => DateOnly.FromDateTime(instant.UtcDateTime);
}
