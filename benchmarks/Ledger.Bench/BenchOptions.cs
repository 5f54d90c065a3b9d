namespace Ledger.Bench;

/// <summary>What is to be measured, and how thoroughly.</summary>
internal sealed record BenchOptions
{
    /// <summary>The figures and parts that there are.</summary>
    public static readonly IReadOnlyList<string> Known = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "fairness", "nodes", "overload", "growth"];

    /// <summary>Parts that are measured only where they are named: they tell about choices, not about the service.</summary>
    public static readonly IReadOnlyList<string> Aside = ["writes"];

    public const string Usage =
        """
        ./bench [P1 ... P13] [fairness] [nodes] [overload] [growth] [writes] [--quick] [--statements] [--docs]

        Nothing named: everything but `writes`, which sets ways to write a batch side by side. Figures go to artifacts/bench.json, charts to artifacts/bench.
          --quick       one repeat, three seconds a load, a tenth of the stored events
          --statements  what each statement costs the database, by its own count
          --docs        writes docs/performance.md and docs/charts (with --statements)
        """;

    public required IReadOnlyList<string> Wanted { get; init; }

    public bool Quick { get; init; }

    public bool Statements { get; init; }

    public bool Docs { get; init; }

    /// <summary>Seconds of each load.</summary>
    public int Seconds => Quick ? 3 : 10;

    /// <summary>Seconds of loads that only draw a curve.</summary>
    public int ShortSeconds => Quick ? 2 : 5;

    public int Repeats => Quick ? 1 : 3;

    /// <summary>Events of the large database.</summary>
    public int StoredEvents => Quick ? 500_000 : 5_000_000;

    /// <summary>Accounts of the large database.</summary>
    public int StoredAccounts => Quick ? 100_000 : 1_000_000;

    /// <summary>Events of the long account, which are some of those stored.</summary>
    public int LongEvents => Quick ? 100_000 : 1_000_000;

    public bool Wants(params string[] ids) => ids.Any(Wanted.Contains);

    /// <summary>Reads the command line.</summary>
    /// <exception cref="ArgumentException">It says what is not known.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        string[] flags = ["--quick", "--statements", "--docs"];
        if (args.FirstOrDefault(a => !Known.Contains(a) && !Aside.Contains(a) && !flags.Contains(a)) is { } unknown) throw new ArgumentException($"{unknown} is not measured.\n\n{Usage}");
        var wanted = args.Where(a => Known.Contains(a) || Aside.Contains(a)).ToList();
        var docs = args.Contains("--docs");
        return new BenchOptions { Wanted = wanted.Count == 0 ? Known : wanted, Quick = args.Contains("--quick"), Docs = docs, Statements = docs || args.Contains("--statements") };
    }
}
