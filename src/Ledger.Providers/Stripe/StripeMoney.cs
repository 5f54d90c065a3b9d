using Ledger.Domain;

namespace Ledger.Providers.Stripe;

/// <summary>
/// Stripe counts some currencies in another unit than ISO 4217 has: see its list of zero-decimal and special currencies. All else has two decimals there, the rupiah included.
/// </summary>
internal static class StripeMoney
{
    private static readonly HashSet<string> None = new(["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"], StringComparer.Ordinal);
    private static readonly HashSet<string> Three = new(["bhd", "jod", "kwd", "omr", "tnd"], StringComparer.Ordinal);

    /// <summary>Whether amounts must end in a zero: the third decimal can't be paid.</summary>
    public static bool EndsInZero(string currency) => Three.Contains(currency);

    /// <summary>Our minor units as Stripe's; null where Stripe has no such amount.</summary>
    public static long? ToStripe(Money money)
    {
        var amount = Scaled(money.Amount, Decimals(money.Currency) - Ours(money.Currency));
        return amount is { } whole && EndsInZero(money.Currency) && whole % 10 != 0 ? null : amount;
    }

    /// <summary>Stripe's minor units as ours.</summary>
    /// <exception cref="UnreadableNotificationException">It is no amount of that currency.</exception>
    public static Money FromStripe(long amount, string currency)
    {
        var code = currency.ToLowerInvariant();
        return Scaled(amount, Ours(code) - Decimals(code)) is { } scaled ? new Money(scaled, code) : throw new UnreadableNotificationException($"{amount} is no amount of {code}.");
    }

    private static int Decimals(string currency) => None.Contains(currency) ? 0 : Three.Contains(currency) ? 3 : 2;

    // A currency that we do not know is counted as Stripe counts it.
    private static int Ours(string currency) => Currencies.TryGetDecimals(currency, out var decimals) ? decimals : Decimals(currency);

    private static long? Scaled(long amount, int places)
    {
        var scaled = (Int128)amount;
        for (; places > 0; places--) scaled *= 10;
        for (; places < 0; places++)
        {
            if (scaled % 10 != 0) return null;
            scaled /= 10;
        }

        return scaled < long.MinValue || scaled > long.MaxValue ? null : (long)scaled;
    }
}
