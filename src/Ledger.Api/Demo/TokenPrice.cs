using System.Numerics;

namespace Ledger.Api.Demo;

/// <summary>What a call costs. With at most three decimals in a price for 1,000 tokens, every cost has at most six: nothing is ever rounded.</summary>
internal sealed record TokenPrice
{
    /// <summary>The longest answer that a call asks for, unless it asks for more.</summary>
    public const int OutputBound = 1_024;

    private const int DecimalsMax = 3;

    /// <summary>Makes a price list.</summary>
    /// <param name="inputPer1000">Credits for 1,000 tokens read.</param>
    /// <param name="outputPer1000">Credits for 1,000 tokens written.</param>
    public TokenPrice(decimal inputPer1000, decimal outputPer1000)
    {
        (InputPer1000, OutputPer1000) = (inputPer1000, outputPer1000);
        if (inputPer1000 <= 0 || outputPer1000 <= 0 || decimal.Round(inputPer1000, DecimalsMax) != inputPer1000 || decimal.Round(outputPer1000, DecimalsMax) != outputPer1000)
            throw new ArgumentException($"A price for 1,000 tokens is more than 0 and has at most {DecimalsMax} decimals.");
    }

    /// <summary>The demo's prices: with them and the packages bought, about one user in six runs dry.</summary>
    public static TokenPrice Default { get; } = new(0.03m, 0.24m);

    /// <summary>Credits for 1,000 tokens read.</summary>
    public decimal InputPer1000 { get; }

    /// <summary>Credits for 1,000 tokens written.</summary>
    public decimal OutputPer1000 { get; }

    /// <summary>What so many tokens cost, in credits.</summary>
    public decimal Of(int inputTokens, int outputTokens) => ((inputTokens * InputPer1000) + (outputTokens * OutputPer1000)) / 1_000m;

    /// <summary>What a call may cost at most: its input is known, its output is bounded by what it asked for.</summary>
    public decimal Estimate(TracedCall call) =>
        Of(call.InputTokens, call.OutputTokens <= OutputBound ? OutputBound : (int)BitOperations.RoundUpToPowerOf2((uint)call.OutputTokens));
}
