using System.Text.Json;

namespace Ledger.Api.Demo;

/// <summary>
/// Adds up an account's events anew, as an auditor would: from what each one says was done, by its name, and never from the balances that it carries.
/// It shares no code with the service.
/// </summary>
internal sealed class EventFold
{
    private readonly Dictionary<string, decimal> holds = new(StringComparer.Ordinal);

    /// <summary>What came in less what went out.</summary>
    public decimal Balance { get; private set; }

    /// <summary>What the holds that stand reserve.</summary>
    public decimal Held => holds.Values.Sum();

    /// <summary>How many events were added.</summary>
    public long Version { get; private set; }

    /// <summary>Adds the next event, as <c>GET /v1/accounts/{id}/events</c> gives it.</summary>
    /// <exception cref="FormatException">It is not the next one, or its type is not known.</exception>
    public void Add(JsonElement recorded)
    {
        var version = recorded.GetProperty("version").GetInt64();
        if (version != Version + 1) throw new FormatException($"version {version} follows version {Version}");
        Version = version;
        var (type, data) = (recorded.GetProperty("type").GetString(), recorded.GetProperty("data"));
        switch (type)
        {
            case "credits_purchased" or "credits_granted" or "consumption_refunded" or "purchase_restored" or "credits_transferred_in":
                Balance += Amount(data);
                break;
            case "credits_consumed" or "purchase_refunded" or "credits_transferred_out" or "lot_expired":
                Balance -= Amount(data);
                break;
            case "credits_adjusted":
                Balance += data.TryGetProperty("negative", out var negative) && negative.GetBoolean() ? -Amount(data) : Amount(data);
                break;
            case "hold_placed":
                holds.Add(data.GetProperty("id").GetString()!, Amount(data));
                break;
            case "hold_captured":
                Balance -= Amount(data);
                End(data);
                break;
            case "hold_released" or "hold_expired":
                End(data);
                break;
            case "account_opened" or "account_changed" or "account_watched" or "account_frozen" or "account_unfrozen" or "account_closed" or "lot_frozen" or "lot_unfrozen" or "shortfall_recorded" or "shortfall_lifted":
                break;
            default:
                throw new FormatException($"version {version} is a {type}, which is not known here");
        }
    }

    private static decimal Amount(JsonElement data) => data.GetProperty("amount").GetDecimal();

    private void End(JsonElement data)
    {
        var hold = data.GetProperty("hold").GetString()!;
        if (!holds.Remove(hold)) throw new FormatException($"version {Version} ends the hold {hold}, which does not stand");
    }
}
