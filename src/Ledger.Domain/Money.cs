using System.Collections.Frozen;

namespace Ledger.Domain;

/// <summary>An amount of money in the currency's minor unit (1500 usd is 15.00 dollars, 1500 jpy is 1500 yen).</summary>
/// <param name="Amount">Minor units; may be negative.</param>
/// <param name="Currency">The lower-case ISO 4217 code.</param>
public readonly record struct Money(long Amount, string Currency)
{
    /// <summary>
    /// The share of this money that belongs to a part of what it paid for: the part of <paramref name="amount"/> credits that begins where <paramref name="before"/> are left and ends where
    /// <paramref name="after"/> are left. Shares are differences of floors of the running total, so the shares of all parts add up to the whole, to the minor unit.
    /// </summary>
    public Money Share(Credits amount, Credits before, Credits after)
    {
        Invariant.Holds(amount.IsPositive && before <= amount && after <= before && !after.IsNegative, "a share is a part of the whole");
        return this with { Amount = RunningTotal(amount, amount - after) - RunningTotal(amount, amount - before) };
    }

    /// <summary>Plain words for logs and messages, such as "1500 usd".</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Amount} {Currency}");

    private long RunningTotal(Credits amount, Credits gone)
    {
        var product = (Int128)Amount * Micros(gone);
        var whole = Micros(amount);
        var quotient = product / whole;
        return (long)(product < 0 && product % whole != 0 ? quotient - 1 : quotient);
    }

    // An amount has at most 6 decimals and 10^12 whole credits, so the product above stays below 2^127.
    private static Int128 Micros(Credits amount) => (Int128)(amount.Value * 1_000_000m);
}

/// <summary>The active currencies of ISO 4217 and how many decimals their minor unit has.</summary>
public static class Currencies
{
    // Code and exponent, as the standard's list one has them; funds codes, metals and test codes are no payment currencies and are left out.
    private const string Table =
        "aed2 afn2 all2 amd2 aoa2 ars2 aud2 awg2 azn2 bam2 bbd2 bdt2 bgn2 bhd3 bif0 bmd2 bnd2 bob2 brl2 bsd2 btn2 bwp2 byn2 bzd2 cad2 cdf2 chf2 clp0 cny2 cop2 crc2 cup2 cve2 czk2 djf0 dkk2 dop2 dzd2 egp2 ern2 etb2 " +
        "eur2 fjd2 fkp2 gbp2 gel2 ghs2 gip2 gmd2 gnf0 gtq2 gyd2 hkd2 hnl2 htg2 huf2 idr2 ils2 inr2 iqd3 irr2 isk0 jmd2 jod3 jpy0 kes2 kgs2 khr2 kmf0 kpw2 krw0 kwd3 kyd2 kzt2 lak2 lbp2 lkr2 lrd2 lsl2 lyd3 mad2 mdl2 " +
        "mga2 mkd2 mmk2 mnt2 mop2 mru2 mur2 mvr2 mwk2 mxn2 myr2 mzn2 nad2 ngn2 nio2 nok2 npr2 nzd2 omr3 pab2 pen2 pgk2 php2 pkr2 pln2 pyg0 qar2 ron2 rsd2 rub2 rwf0 sar2 sbd2 scr2 sdg2 sek2 sgd2 shp2 sle2 sos2 " +
        "srd2 ssp2 stn2 svc2 syp2 szl2 thb2 tjs2 tmt2 tnd3 top2 try2 ttd2 twd2 tzs2 uah2 ugx0 usd2 uyu2 uzs2 ved2 ves2 vnd0 vuv0 wst2 xaf0 xcd2 xcg2 xof0 xpf0 yer2 zar2 zmw2 zwg2";

    private static readonly FrozenDictionary<string, int> Decimals = Table.Split(' ').ToFrozenDictionary(entry => entry[..3], entry => entry[3] - '0', StringComparer.Ordinal);

    /// <summary>All codes, lower case.</summary>
    public static IReadOnlyCollection<string> Codes => Decimals.Keys;

    /// <summary>Whether <paramref name="code"/> is an active currency, in lower case.</summary>
    public static bool IsKnown(string code) => Decimals.ContainsKey(code);

    /// <summary>How many decimals the minor unit has (usd 2, jpy 0, kwd 3); false for no known lower-case code.</summary>
    public static bool TryGetDecimals(string code, out int decimals) => Decimals.TryGetValue(code, out decimals);
}
