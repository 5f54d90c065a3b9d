using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.ReadModels;

/// <summary>A day (UTC) of an account of the ledger. The tenant is named as it is stored.</summary>
public readonly record struct JournalDayKey(string Tenant, string Account, DateOnly Day);

/// <summary>What a bought lot was when a day first touched it: enough to tell the cost of that day's postings from that day's events alone.</summary>
/// <param name="Lot">The end of the lot's id, behind the account's tag.</param>
/// <param name="Remaining">What it held.</param>
/// <param name="Moved">What had gone on into other lots.</param>
/// <param name="PurchaseRefunded">How much of its purchase had been refunded.</param>
public readonly record struct LotOpening(string Lot, decimal Remaining, decimal Moved, decimal PurchaseRefunded);

/// <summary>The sums of the postings of one account on one day; debits are above 0, credits below.</summary>
public sealed record JournalDayRow
{
    /// <summary>Which account and day.</summary>
    public required JournalDayKey Key { get; init; }

    /// <summary>The version of the day's first posting.</summary>
    public required long FirstVersion { get; init; }

    /// <summary>The version of the day's last posting.</summary>
    public required long LastVersion { get; init; }

    /// <summary>By <see cref="UnitCode"/>; null stands for zeros.</summary>
    public decimal[]? Units { get; init; }

    /// <summary>The currency of <see cref="Money"/>: the first that the day met.</summary>
    public string? Currency { get; init; }

    /// <summary>By <see cref="MoneyCode"/>; null stands for zeros.</summary>
    public decimal[]? Money { get; init; }

    /// <summary>The sums of the day's other currencies, as <see cref="JournalTotals"/> writes them; an account rarely has any.</summary>
    public string? More { get; init; }

    /// <summary>The bought lots of days before that this one touched, as it found them.</summary>
    public ImmutableArray<LotOpening> Opening { get; init; } = [];

    /// <summary>The row with the postings of one more event.</summary>
    public JournalDayRow With(JournalEntry entry, long version, ImmutableArray<LotOpening> opening)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var next = this with { LastVersion = version, Units = JournalEntry.Add(Units, entry.Units), Opening = opening };
        foreach (var (currency, sums) in entry.Money)
        {
            if (next.Currency is null || next.Currency == currency) next = next with { Currency = currency, Money = JournalEntry.Add(next.Money, sums) };
            else next = next with { More = JournalTotals.Write(JournalTotals.Add(JournalTotals.Read(next.More), currency, sums), ChartOfAccounts.Money) };
        }

        return next;
    }
}

/// <summary>The sums of the postings of one tenant on one day, by unit and by currency.</summary>
public sealed record JournalTotalRow
{
    /// <summary>The tenant, as it is stored.</summary>
    public required string Tenant { get; init; }

    /// <summary>The day, UTC.</summary>
    public required DateOnly Day { get; init; }

    /// <summary>By unit, then by <see cref="UnitCode"/>.</summary>
    public ImmutableSortedDictionary<string, decimal[]> Units { get; init; } = JournalTotals.None;

    /// <summary>By currency, then by <see cref="MoneyCode"/>.</summary>
    public ImmutableSortedDictionary<string, decimal[]> Money { get; init; } = JournalTotals.None;

    /// <summary>The row with the postings of one more event.</summary>
    public JournalTotalRow With(JournalEntry entry, string unit)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var money = Money;
        foreach (var (currency, sums) in entry.Money) money = JournalTotals.Add(money, currency, sums);
        return this with { Units = JournalTotals.Add(Units, unit, entry.Units), Money = money };
    }
}

/// <summary>Sums by unit or currency, as JSON: <c>{ "usd": { "2000": -5 } }</c>, the number of the chart's account before its sum.</summary>
public static class JournalTotals
{
    /// <summary>No sums.</summary>
    public static ImmutableSortedDictionary<string, decimal[]> None { get; } = ImmutableSortedDictionary.Create<string, decimal[]>(StringComparer.Ordinal);

    /// <summary>The sums with those of one event.</summary>
    public static ImmutableSortedDictionary<string, decimal[]> Add(ImmutableSortedDictionary<string, decimal[]> sums, string measure, IReadOnlyList<decimal> more)
    {
        ArgumentNullException.ThrowIfNull(sums);
        var known = sums.GetValueOrDefault(measure);
        var added = JournalEntry.Add(known, more);
        return added is null || ReferenceEquals(added, known) ? sums : sums.SetItem(measure, added);
    }

    /// <summary>Writes the sums that are not 0.</summary>
    public static string Write(ImmutableSortedDictionary<string, decimal[]> sums, ImmutableArray<JournalAccount> chart)
    {
        ArgumentNullException.ThrowIfNull(sums);
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (measure, amounts) in sums)
            {
                writer.WriteStartObject(measure);
                for (var at = 0; at < amounts.Length; at++)
                {
                    if (amounts[at] != 0) writer.WriteNumber(chart[at].Code.ToString(CultureInfo.InvariantCulture), Plain(amounts[at]));
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The same number without zeros at its end, as every amount is stored: the way that it was summed up must not show, or a rebuild would not give the same text.</summary>
    internal static decimal Plain(decimal amount) => amount / 1.0000000000000000000000000000m;

    /// <summary>Reads sums of money.</summary>
    public static ImmutableSortedDictionary<string, decimal[]> Read(string? json) => Read(json, ChartOfAccounts.Money);

    /// <summary>Reads sums by the accounts of a part of the chart.</summary>
    public static ImmutableSortedDictionary<string, decimal[]> Read(string? json, ImmutableArray<JournalAccount> chart)
    {
        if (json is null) return None;
        using var document = JsonDocument.Parse(json);
        var sums = None.ToBuilder();
        foreach (var measure in document.RootElement.EnumerateObject())
        {
            var amounts = new decimal[chart.Length];
            foreach (var sum in measure.Value.EnumerateObject())
            {
                var code = int.Parse(sum.Name, CultureInfo.InvariantCulture);
                amounts[chart.First(account => account.Code == code).Place] = sum.Value.GetDecimal();
            }

            sums.Add(measure.Name, amounts);
        }

        return sums.ToImmutable();
    }
}

/// <summary>The unit of an account of the ledger: no event but its opening says it.</summary>
public sealed record JournalUnitRow(string Tenant, string Account, string Unit);

/// <summary>What left one account for another last: the event of the receiver, which follows, does not say which lots its credits were in.</summary>
/// <param name="Tenant">The tenant, as it is stored.</param>
/// <param name="From">The payer.</param>
/// <param name="To">The receiver.</param>
/// <param name="RecordedAt">When both events were recorded.</param>
/// <param name="Amount">How much.</param>
/// <param name="Lots">The payer's lots in the order drawn, separated by spaces.</param>
public sealed record LotTransferRow(string Tenant, string From, string To, DateTimeOffset RecordedAt, decimal Amount, string Lots);

/// <summary>The tables of the journal.</summary>
internal static class JournalTables
{
    private static readonly int UnitCount = ChartOfAccounts.Units.Length;

    public static ProjectionTable<JournalDayKey, JournalDayRow> Days { get; } = new(
        "journal_days",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<JournalDayKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<JournalDayKey, string>("account_id", NpgsqlDbType.Text, key => key.Account),
            new ProjectionColumn<JournalDayKey, DateOnly>("day", NpgsqlDbType.Date, key => key.Day),
        ],
        [
            new ProjectionColumn<JournalDayRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<JournalDayRow, string>("account_id", NpgsqlDbType.Text, row => row.Key.Account),
            new ProjectionColumn<JournalDayRow, DateOnly>("day", NpgsqlDbType.Date, row => row.Key.Day),
            new ProjectionColumn<JournalDayRow, long>("first_version", NpgsqlDbType.Bigint, row => row.FirstVersion),
            new ProjectionColumn<JournalDayRow, long>("last_version", NpgsqlDbType.Bigint, row => row.LastVersion),
            new ProjectionColumn<JournalDayRow, string?>("currency", NpgsqlDbType.Text, row => row.Currency),
            new ProjectionColumn<JournalDayRow, string?>("more", NpgsqlDbType.Jsonb, row => row.More),
            new ProjectionColumn<JournalDayRow, string?>("opening", NpgsqlDbType.Jsonb, row => Write(row.Opening), row => ImmutableCollectionsMarshal.AsArray(row.Opening)),
            .. ChartOfAccounts.Units.Select(account => Sum(account, row => row.Units)),
            .. ChartOfAccounts.Money.Select(account => Sum(account, row => row.Money)),
        ],
        reader => new JournalDayRow
        {
            Key = new JournalDayKey(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateOnly>(2)),
            FirstVersion = reader.GetInt64(3),
            LastVersion = reader.GetInt64(4),
            Currency = Text(reader, 5),
            More = Text(reader, 6),
            Opening = ReadOpening(Text(reader, 7)),
            Units = Sums(reader, 8, UnitCount),
            Money = Sums(reader, 8 + UnitCount, ChartOfAccounts.Money.Length),
        });

    public static ProjectionTable<(string Tenant, DateOnly Day), JournalTotalRow> Totals { get; } = new(
        "journal_totals",
        isLog: false,
        row => (row.Tenant, row.Day),
        [
            new ProjectionColumn<(string Tenant, DateOnly Day), string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<(string Tenant, DateOnly Day), DateOnly>("day", NpgsqlDbType.Date, key => key.Day),
        ],
        [
            new ProjectionColumn<JournalTotalRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Tenant),
            new ProjectionColumn<JournalTotalRow, DateOnly>("day", NpgsqlDbType.Date, row => row.Day),
            new ProjectionColumn<JournalTotalRow, string>("units", NpgsqlDbType.Jsonb, row => JournalTotals.Write(row.Units, ChartOfAccounts.Units), row => row.Units),
            new ProjectionColumn<JournalTotalRow, string>("money", NpgsqlDbType.Jsonb, row => JournalTotals.Write(row.Money, ChartOfAccounts.Money), row => row.Money),
        ],
        reader => new JournalTotalRow
        {
            Tenant = reader.GetString(0),
            Day = reader.GetFieldValue<DateOnly>(1),
            Units = JournalTotals.Read(reader.GetString(2), ChartOfAccounts.Units),
            Money = JournalTotals.Read(reader.GetString(3), ChartOfAccounts.Money),
        });

    public static ProjectionTable<(string Tenant, string Account), JournalUnitRow> Units { get; } = new(
        "journal_units",
        isLog: false,
        row => (row.Tenant, row.Account),
        [
            new ProjectionColumn<(string Tenant, string Account), string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<(string Tenant, string Account), string>("account_id", NpgsqlDbType.Text, key => key.Account),
        ],
        [
            new ProjectionColumn<JournalUnitRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Tenant),
            new ProjectionColumn<JournalUnitRow, string>("account_id", NpgsqlDbType.Text, row => row.Account),
            new ProjectionColumn<JournalUnitRow, string>("unit", NpgsqlDbType.Text, row => row.Unit),
        ],
        reader => new JournalUnitRow(reader.GetString(0), reader.GetString(1), reader.GetString(2)));

    public static ProjectionTable<(string Tenant, string From, string To), LotTransferRow> Transfers { get; } = new(
        "lot_transfers",
        isLog: false,
        row => (row.Tenant, row.From, row.To),
        [
            new ProjectionColumn<(string Tenant, string From, string To), string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<(string Tenant, string From, string To), string>("account_id", NpgsqlDbType.Text, key => key.From),
            new ProjectionColumn<(string Tenant, string From, string To), string>("to_account_id", NpgsqlDbType.Text, key => key.To),
        ],
        [
            new ProjectionColumn<LotTransferRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Tenant),
            new ProjectionColumn<LotTransferRow, string>("account_id", NpgsqlDbType.Text, row => row.From),
            new ProjectionColumn<LotTransferRow, string>("to_account_id", NpgsqlDbType.Text, row => row.To),
            new ProjectionColumn<LotTransferRow, DateTime>("recorded_at", NpgsqlDbType.TimestampTz, row => row.RecordedAt.UtcDateTime),
            new ProjectionColumn<LotTransferRow, decimal>("amount", NpgsqlDbType.Numeric, row => row.Amount),
            new ProjectionColumn<LotTransferRow, string>("lots", NpgsqlDbType.Text, row => row.Lots),
        ],
        reader => new LotTransferRow(reader.GetString(0), reader.GetString(1), reader.GetString(2), new DateTimeOffset(reader.GetDateTime(3), TimeSpan.Zero), reader.GetDecimal(4), reader.GetString(5)));

    private static ProjectionColumn<JournalDayRow, decimal?> Sum(JournalAccount account, Func<JournalDayRow, decimal[]?> sums) =>
        new(account.Column, NpgsqlDbType.Numeric, row => sums(row) is { } amounts && amounts[account.Place] != 0 ? amounts[account.Place] : null);

    private static decimal[]? Sums(NpgsqlDataReader reader, int first, int count)
    {
        decimal[]? sums = null;
        for (var at = 0; at < count; at++)
        {
            if (!reader.IsDBNull(first + at)) (sums ??= new decimal[count])[at] = reader.GetDecimal(first + at);
        }

        return sums;
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    // { "00000004": [96], "00000007": [3, 1, 0] }: what remained, what had moved on, what was refunded of the purchase; zeros at the end are left out.
    private static string? Write(ImmutableArray<LotOpening> opening)
    {
        if (opening.IsEmpty) return null;
        var text = new StringBuilder("{");
        foreach (var lot in opening)
        {
            if (text.Length > 1) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"\"{lot.Lot}\":[{JournalTotals.Plain(lot.Remaining)}");
            if (lot.Moved != 0 || lot.PurchaseRefunded != 0) text.Append(CultureInfo.InvariantCulture, $",{JournalTotals.Plain(lot.Moved)}");
            if (lot.PurchaseRefunded != 0) text.Append(CultureInfo.InvariantCulture, $",{JournalTotals.Plain(lot.PurchaseRefunded)}");
            text.Append(']');
        }

        return text.Append('}').ToString();
    }

    private static ImmutableArray<LotOpening> ReadOpening(string? json)
    {
        if (json is null) return [];
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateObject().Select(lot =>
        {
            decimal At(int place) => place < lot.Value.GetArrayLength() ? lot.Value[place].GetDecimal() : 0;
            return new LotOpening(lot.Name, At(0), At(1), At(2));
        })];
    }
}
