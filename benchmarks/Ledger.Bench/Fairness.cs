namespace Ledger.Bench;

/// <summary>What a small tenant notices of its neighbours, against the same load from many equal ones.</summary>
internal static class Fairness
{
    private const int Share = 16;
    private const int Tenants = 16;
    private const int AccountsEach = 500;

    private static readonly List<string> ApiKeys = [];

    public static async Task MeasureAsync(Round round)
    {
        var service = round.Service;
        for (var i = ApiKeys.Count; i < Tenants; i++)
        {
            ApiKeys.Add(await service.MakeTenantAsync($"bench{i}"));
            await Filling.OpenAccountsAsync(service, ApiKeys[i], 0, AccountsEach);
        }

        var small = round.Load with { Connections = Share, Accounts = AccountsEach, ApiKeys = [ApiKeys[0]] };
        var many = await BesideAsync(round, "many tenants", small, small with { Connections = Share * (Tenants - 1), ApiKeys = ApiKeys[1..] });
        var flood = await BesideAsync(round, "one tenant's flood", small, small with { Connections = Share * (Tenants - 1), ApiKeys = [ApiKeys[1]] });
        var bulk = await BesideAsync(round, "huge batches", small, small with { Kind = "batch", Connections = 2, LinesPerRequest = 10_000, ApiKeys = [ApiKeys[1]] });
        round.Add("fairness", "p99 beside one tenant's flood, against the same load from many tenants", many.Result.P99Ms, flood.Result.P99Ms, "ms", 1.5, flood, atMost: true);
        round.Add("fairness-bulk", "p99 beside batches of 10,000 lines, against the load of many tenants", many.Result.P99Ms, bulk.Result.P99Ms, "ms", 1.5, bulk, atMost: true);
    }

    private static async Task<Load> BesideAsync(Round round, string what, LoadOptions small, LoadOptions others)
    {
        await round.ReadModels.CatchUpAsync();
        var loads = await Task.WhenAll(
            round.Ground.LoadAsync($"fairness, beside {what}", round.Service, small),
            round.Ground.LoadAsync($"fairness, {what}", round.Service, others with { Seconds = others.Seconds + 1 }));
        return loads[0];
    }
}
