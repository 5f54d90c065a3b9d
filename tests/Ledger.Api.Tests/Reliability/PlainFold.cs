using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Ledger.Api.Tests.Reliability;

/// <summary>
/// An account folded from the JSON of its events alone, in whole millionths: no code of the service is used. It says in words what is wrong with an event.
/// </summary>
internal sealed class PlainFold(string account)
{
    private readonly Dictionary<string, BigInteger> holds = new(StringComparer.Ordinal);
    private readonly HashSet<(string Lot, string Dispute)> disputes = [];
    private readonly Dictionary<string, long> transactions = new(StringComparer.Ordinal);

    public string Account => account;

    public long Version { get; private set; }

    public BigInteger Balance { get; private set; }

    public BigInteger Held { get; private set; }

    public BigInteger Overdraft { get; private set; }

    public Dictionary<string, BigInteger> Lots { get; } = new(StringComparer.Ordinal);

    public Dictionary<long, BigInteger> Debts { get; } = [];

    public Dictionary<string, BigInteger> Totals { get; } = new(StringComparer.Ordinal);

    public BigInteger Frozen => Lots.Where(lot => disputes.Any(dispute => dispute.Lot == lot.Key)).Aggregate(BigInteger.Zero, (sum, lot) => sum + lot.Value);

    public BigInteger Available => Balance - Held - Frozen;

    public BigInteger Debt => Debts.Values.Aggregate(BigInteger.Zero, (sum, debt) => sum + debt);

    public int ActiveHolds => holds.Count;

    public static BigInteger Millionths(string number)
    {
        var negative = number.StartsWith('-');
        var parts = number.TrimStart('-').Split('.');
        if (parts.Length == 2 && parts[1].Length > 6) throw new FormatException($"{number} has more than 6 decimals");
        var whole = BigInteger.Parse(parts[0] + (parts.Length == 2 ? parts[1] : "").PadRight(6, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        return negative ? -whole : whole;
    }

    public static BigInteger Millionths(JsonElement number) => Millionths(number.ValueKind == JsonValueKind.String ? number.GetString()! : number.GetRawText());

    public void Apply(long version, string type, JsonElement data)
    {
        Check(version == Version + 1, $"version {version} follows version {Version}");
        Version = version;
        switch (type)
        {
            case "account_opened" or "account_changed":
                if (data.TryGetProperty("overdraftLimit", out var limit)) Overdraft = Millionths(limit);
                return;
            case "account_frozen" or "account_unfrozen" or "account_closed":
                return;
            case "shortfall_recorded" or "shortfall_lifted":
                return;
            case "lot_frozen":
                Check(disputes.Add((data.GetProperty("lot").GetString()!, data.GetProperty("dispute").GetString()!)), "a dispute freezes a lot twice");
                return;
            case "lot_unfrozen":
                Unfreeze(data);
                return;
            case "hold_placed":
                var placed = Millionths(data.GetProperty("amount"));
                holds.Add(data.GetProperty("id").GetString()!, placed);
                Held += placed;
                Check(Available >= -Overdraft, $"a hold of {placed} left {Available} available");
                return;
            case "hold_released" or "hold_expired":
                EndHold(data);
                return;
        }

        var amount = Millionths(data.GetProperty("amount"));
        var (availableBefore, heldFor) = (Available, BigInteger.Zero);
        Check(amount > 0, $"{type} of {amount}");
        Check(Millionths(data.GetProperty("before")) == Balance, $"{type} begins at {data.GetProperty("before")}, but the balance was {Balance} millionths");
        transactions.Add(data.GetProperty("id").GetString()!, version);
        var incoming = type is "credits_purchased" or "credits_granted" or "consumption_refunded" or "purchase_restored" or "credits_transferred_in"
            || (type == "credits_adjusted" && !(data.TryGetProperty("negative", out var down) && down.GetBoolean()));
        if (type == "hold_captured") heldFor = EndHold(data);
        if (incoming) Come(type, data, amount);
        else Go(type, data, amount);
        Count(type, incoming ? amount : -amount);
        Check(Millionths(data.GetProperty("after")) == Balance, $"{type} ends at {data.GetProperty("after")}, but the balance is {Balance} millionths");
        Check(Millionths(data.GetProperty("available")) == Available, $"{type} says {data.GetProperty("available")} available, but it is {Available} millionths");
        Check(Lots.Values.Aggregate(BigInteger.Zero, (sum, lot) => sum + lot) - Debt == Balance, $"after {type} the lots less the debts are not the balance");
        Overspent(type, amount, heldFor, availableBefore);
    }

    private void Come(string type, JsonElement data, BigInteger amount)
    {
        BigInteger toLots = 0, toDebt = 0, paid = 0;
        foreach (var (lot, part) in Allocations(data))
        {
            if (lot is null) toDebt += part;
            else
            {
                toLots += part;
                Lots[lot] = Lots.GetValueOrDefault(lot) + part;
            }
        }

        if (type == "consumption_refunded" && Millionths(data.GetProperty("ownDebt")) is { IsZero: false } own)
        {
            Pay(transactions[data.GetProperty("refundOf").GetString()!], own);
            paid += own;
        }

        foreach (var (debt, part) in Payments(data))
        {
            Pay(debt, part);
            paid += part;
        }

        Check(toLots + toDebt == amount, $"{type} of {amount} allocates {toLots + toDebt}");
        Check(toDebt == paid, $"{type} pays {paid} of debts, and says {toDebt}");
        Balance += amount;
    }

    // The lot pays debt from what it holds, so the balance stays.
    private void Unfreeze(JsonElement data)
    {
        var lot = data.GetProperty("lot").GetString()!;
        Check(disputes.Remove((lot, data.GetProperty("dispute").GetString()!)), "a dispute ends that is not open");
        foreach (var (debt, part) in Payments(data))
        {
            Pay(debt, part);
            var rest = Lots[lot] -= part;
            Check(rest >= 0, $"{lot} pays {-rest} more than it holds");
            if (rest.IsZero) Lots.Remove(lot);
        }
    }

    private void Go(string type, JsonElement data, BigInteger amount)
    {
        BigInteger sum = 0;
        foreach (var (lot, part) in Allocations(data))
        {
            sum += part;
            if (lot is null) Debts[Version] = Debts.GetValueOrDefault(Version) + part;
            else
            {
                var rest = Lots.GetValueOrDefault(lot) - part;
                Check(rest >= 0, $"{type} takes {part} from {lot}, which is {-rest} more than it holds");
                if (rest.IsZero) Lots.Remove(lot);
                else Lots[lot] = rest;
            }
        }

        Check(sum == amount, $"{type} of {amount} allocates {sum}");
        Balance -= amount;
    }

    // The rules of spending: what may use the overdraft may not pass it, what may not stays at 0; a capture up to what was held, and a purchase taken back, may.
    private void Overspent(string type, BigInteger amount, BigInteger heldFor, BigInteger before)
    {
        if (type == "credits_consumed") Check(Available >= -Overdraft, $"overspent: {amount} consumed of {before} left {Available}, the overdraft is {Overdraft}");
        if (type == "hold_captured" && amount > heldFor) Check(Available >= -Overdraft, $"overspent: {amount} captured of a hold of {heldFor} left {Available}, the overdraft is {Overdraft}");
        if (type == "credits_transferred_out") Check(Available >= 0, $"overspent: {amount} transferred of {before} left {Available}");
        if (type == "credits_adjusted" && Available < before) Check(Available >= 0, $"overspent: {amount} adjusted away of {before} left {Available}");
    }

    private BigInteger EndHold(JsonElement data)
    {
        var id = data.GetProperty("hold").GetString()!;
        Check(holds.Remove(id, out var amount), $"the hold {id} ends, but it is not active");
        Held -= amount;
        return amount;
    }

    private void Pay(long debt, BigInteger amount)
    {
        var rest = Debts.GetValueOrDefault(debt) - amount;
        Check(rest >= 0, $"{amount} is paid of the debt of version {debt}, which is {-rest} more than stands");
        if (rest.IsZero) Debts.Remove(debt);
        else Debts[debt] = rest;
    }

    private void Count(string type, BigInteger signed)
    {
        var (name, value) = type switch
        {
            "credits_purchased" => ("purchased", signed),
            "credits_granted" => ("granted", signed),
            "credits_consumed" or "hold_captured" => ("consumed", -signed),
            "consumption_refunded" => ("refunded", signed),
            "purchase_refunded" or "purchase_restored" => ("revoked", -signed),
            "lot_expired" => ("expired", -signed),
            "credits_adjusted" => ("adjusted", signed),
            "credits_transferred_in" or "credits_transferred_out" => ("transferred", signed),
            _ => throw new InvalidOperationException($"{account} has an event of the unknown type {type}"),
        };
        Totals[name] = Totals.GetValueOrDefault(name) + value;
    }

    private static IEnumerable<(long Debt, BigInteger Amount)> Payments(JsonElement data) => data.TryGetProperty("pays", out var pays)
        ? pays.EnumerateArray().Select(payment => (payment.GetProperty("debt").GetInt64(), Millionths(payment.GetProperty("amount"))))
        : [];

    private static IEnumerable<(string? Lot, BigInteger Amount)> Allocations(JsonElement data) =>
        data.GetProperty("allocations").EnumerateArray().Select(part => (part.TryGetProperty("lot", out var lot) ? lot.GetString() : null, Millionths(part.GetProperty("amount"))));

    private void Check(bool isSo, string wrong)
    {
        if (!isSo) throw new InvalidOperationException($"{account}, version {Version}: {wrong}.");
    }
}
