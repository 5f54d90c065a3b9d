using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Verification;
using Ledger.Api.Tests.Webhooks;
using Xunit.Sdk;
using Xunit.v3;

// Many tests wait for processes, time-outs and the database: one more than the cores of the smallest machine keeps those busy.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
[assembly: TestCollectionOrderer(typeof(Ledger.Api.Tests.Longest_first))]

namespace Ledger.Api.Tests;

/// <summary>The longest collections begin first, so that at the end none of them runs alone while the other threads have nothing left. The rest stays in the order that it comes in.</summary>
public sealed class Longest_first : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        ContractCollection.Name, HistoryCollection.Name, PayingCollection.Name, nameof(Reliability.Notifications_shuffled), nameof(Exports.Large_exports),
        nameof(ReadModels.Queries_and_read_models_behind), nameof(Http.The_command_line), nameof(Demo.The_demo), nameof(Analytics.Logins_of_analysts),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(Place)];

    private static int Place<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        // A collection of one class has that in its name.
        var name = collection.TestCollectionDisplayName.Split(" (id:")[0].Split('.')[^1];
        return Array.IndexOf(Long, name) is var at and >= 0 ? at : Long.Length;
    }
}
