namespace Ledger.Bench;

/// <summary>A figure with its baseline of the same run. Its ratio is what the goal is about.</summary>
internal sealed record Figure(string Id, string What, double Baseline, double Value, double Ratio, string Unit, double? P50Ms, double? P99Ms, double Goal, bool AtMost)
{
    public bool Met => AtMost ? Ratio <= Goal : Ratio >= Goal;
}

/// <summary>A point of a curve: what a load at <paramref name="X"/> gave.</summary>
internal sealed record Point(double X, double PerSecond, double P50Ms, double P99Ms);

/// <summary>All that a run has found, repeats side by side.</summary>
internal sealed class Findings
{
    /// <summary>Every figure of every repeat.</summary>
    public List<Figure> Figures { get; } = [];

    /// <summary>What a command of a load cost each side.</summary>
    public List<(string Load, Cost Cost)> Costs { get; } = [];

    /// <summary>Events a second of each read model's rebuild.</summary>
    public List<(string Model, double PerSecond)> Rebuilds { get; } = [];

    /// <summary>The points of each curve, in the order in which they were measured.</summary>
    public List<(string Curve, Point Point)> Points { get; } = [];

    /// <summary>What each statement cost the database, where it was asked.</summary>
    public List<StatementCost> Statements { get; } = [];

    /// <summary>Of each figure the repeat in the middle.</summary>
    public IReadOnlyList<Figure> Medians => [.. Figures.GroupBy(f => f.Id).Select(g => g.OrderBy(f => f.Ratio).ElementAt(g.Count() / 2)).OrderBy(f => Place(f.Id)).ThenBy(f => f.Id, StringComparer.Ordinal)];

    /// <summary>The ratios of all repeats of a figure.</summary>
    public IReadOnlyList<double> Ratios(string id) => [.. Figures.Where(f => f.Id == id).Select(f => f.Ratio)];

    /// <summary>The costs of each load, its repeat in the middle.</summary>
    public IReadOnlyList<(string Load, Cost Cost)> MedianCosts => [.. Costs.GroupBy(c => c.Load).Select(g => g.OrderBy(c => c.Cost.ServiceUs).ElementAt(g.Count() / 2))];

    /// <summary>A curve: its points by their place, repeats of one place by their median.</summary>
    public IReadOnlyList<Point> Curve(string name) =>
        [.. Points.Where(p => p.Curve == name).Select(p => p.Point).GroupBy(p => p.X).OrderBy(g => g.Key).Select(g => g.OrderBy(p => p.PerSecond).ElementAt(g.Count() / 2))];

    /// <summary>Numbered figures come first, by number.</summary>
    private static int Place(string id) =>
        id[0] == 'P' && int.TryParse(id.AsSpan(1, id.AsSpan(1).IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : id.Length - 1), out var number) ? number : int.MaxValue;
}
