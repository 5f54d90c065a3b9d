namespace Ledger.EventStore;

/// <summary>
/// Which idempotency keys this writer has made lately, by their hashes: one that is in here must be looked up, one that is not is most likely new. Bounded: two generations, of which the older is
/// dropped when the younger is full. Not for several threads.
/// </summary>
internal sealed class RecentKeys(int keysMax)
{
    private HashSet<int> young = [];
    private HashSet<int> old = [];

    public bool Has(string tenant, string key)
    {
        var hash = HashCode.Combine(tenant, key);
        return young.Contains(hash) || old.Contains(hash);
    }

    public void Add(string tenant, string key)
    {
        if (young.Count >= keysMax / 2)
        {
            (old, young) = (young, old);
            young.Clear();
        }

        young.Add(HashCode.Combine(tenant, key));
    }
}
