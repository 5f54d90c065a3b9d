namespace Ledger.Bench;

/// <summary>Two services on one database share the load of P1; a command for one account comes to either.</summary>
internal static class Nodes
{
    public static async Task MeasureAsync(Round round)
    {
        // What the load before has left to the read models is not this one's to pay.
        await round.ReadModels.CatchUpAsync();
        await using var second = await round.Ground.StartAsync(round.Ground.Main.Database, round.Service.Keys);
        var load = await round.Ground.LoadAsync("nodes", [round.Service, second], round.Load);
        round.Findings.Costs.Add(("two nodes", load.Cost));
        round.Add("nodes", "two services on one database, against P1", round.Plain, load.PerSecond, "1/s", 0.85, load);
    }
}
