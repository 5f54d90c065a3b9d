namespace Ledger.Bench;

/// <summary>One repeat of everything: what is compared is measured close together, since the machine is shared and noisy.</summary>
internal sealed class Round(Ground ground, Findings findings, int number)
{
    public Ground Ground { get; } = ground;

    public BenchOptions Options => Ground.Options;

    public Service Service => Ground.Main.Service;

    public ReadModels ReadModels => Ground.Main.ReadModels;

    public Findings Findings { get; } = findings;

    /// <summary>Which repeat this is, from 0.</summary>
    public int Number { get; } = number;

    /// <summary>Transactions a second of the baseline.</summary>
    public double Baseline { get; set; }

    /// <summary>Consumptions a second of P1.</summary>
    public double Plain { get; set; }

    public bool Wants(params string[] ids) => Options.Wants(ids);

    /// <summary>The same load as P1's.</summary>
    public LoadOptions Load => new() { Seconds = Options.Seconds };

    /// <summary>Measures on the main database and keeps what it cost.</summary>
    public async Task<Load> LoadAsync(string what, LoadOptions options)
    {
        var load = await Ground.LoadAsync(what, Service, options);
        Findings.Costs.Add((what, load.Cost));
        return load;
    }

    /// <summary>Keeps a figure.</summary>
    public void Add(string id, string what, double baseline, double value, string unit, double goal, Load? load = null, bool atMost = false) =>
        Findings.Figures.Add(new Figure(id, what, baseline, value, value / baseline, unit, load?.Result.P50Ms, load?.Result.P99Ms, goal, atMost));

    /// <summary>Keeps a point of a curve.</summary>
    public void Draw(string curve, double x, Load load) => Findings.Points.Add((curve, new Point(x, load.PerSecond, load.Result.P50Ms, load.Result.P99Ms)));
}
