using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

/// <summary>What is compared of two traces.</summary>
internal static class TraceShape
{
    /// <summary>The value that so large a share does not exceed.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }

    /// <summary>Spearman's: Pearson's of the ranks, equal values sharing theirs.</summary>
    public static double RankCorrelation(IReadOnlyList<TracedCall> trace)
    {
        var (x, y) = (Ranks([.. trace.Select(call => call.InputTokens)]), Ranks([.. trace.Select(call => call.OutputTokens)]));
        var (meanX, meanY) = (x.Average(), y.Average());
        var together = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum();
        return together / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
    }

    /// <summary>Calls in each whole minute.</summary>
    public static int[] ByMinute(IReadOnlyList<TracedCall> trace)
    {
        var counts = new int[(int)trace[^1].At.TotalMinutes + 1];
        foreach (var call in trace) counts[(int)call.At.TotalMinutes]++;
        return counts;
    }

    /// <summary>Variance by mean of the calls in each second; 1 for a steady Poisson process.</summary>
    public static double Burstiness(IReadOnlyList<TracedCall> trace)
    {
        var counts = new int[(int)trace[^1].At.TotalSeconds];
        foreach (var call in trace)
        {
            if ((int)call.At.TotalSeconds < counts.Length) counts[(int)call.At.TotalSeconds]++;
        }

        var mean = counts.Average();
        return counts.Average(count => (count - mean) * (count - mean)) / mean;
    }

    private static double[] Ranks(int[] values)
    {
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Length];
        for (var from = 0; from < order.Length;)
        {
            var to = from;
            while (to + 1 < order.Length && values[order[to + 1]] == values[order[from]]) to++;
            for (var i = from; i <= to; i++) ranks[order[i]] = (from + to) / 2.0;
            from = to + 1;
        }

        return ranks;
    }
}
