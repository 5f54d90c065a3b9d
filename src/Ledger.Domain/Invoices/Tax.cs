namespace Ledger.Domain.Invoices;

/// <summary>A tax that is in prices.</summary>
public static class Tax
{
    /// <summary>The most decimals of a rate: with them the share below is exact before it is rounded.</summary>
    public const int PercentDecimalsMax = 4;

    /// <summary>
    /// The tax in an amount that contains it: amount x percent / (100 + percent), rounded half to even in minor units. What is left is the net amount, so both always add up to what is paid.
    /// </summary>
    /// <param name="gross">The amount, the tax in it.</param>
    /// <param name="percent">The rate, in percent of the net amount; 0 to 100 with at most 4 decimals.</param>
    public static Money In(Money gross, decimal percent)
    {
        Invariant.Holds(percent is >= 0 and <= 100, "a tax is 0 to 100 percent");
        // 10^15 minor units with 4 decimals of the rate stay within the 28 digits, and no quotient comes so near to a half that these would not tell it from one.
        return gross with { Amount = (long)decimal.Round(gross.Amount * percent / (100 + percent), 0, MidpointRounding.ToEven) };
    }

    /// <summary>A rate without zeros at its end, so that the same rate is stored in one way.</summary>
    public static decimal Plain(decimal percent) => percent / 1.0000000000000000000000000000m;
}
