using Ledger.EventStore.Verification;

namespace Ledger.EventStore.Tests;

/// <summary>What tests of verification ask of a database.</summary>
internal static class VerifiedStore
{
    public static Task PassDaysAsync(this StoreDatabase database, int days) => database.ExecuteAsync($"update ledger.clock set shift = shift + interval '{days} days'");

    public static async Task<VerificationReport> VerifyAsync(this StoreDatabase database, VerificationOptions? options = null, params IStreamAudit[] audits) =>
        await new StoreVerification(database.Reader.Source, ThingModel.Catalog(), new StreamModels(new ThingModel()), audits).RunAsync(options ?? new VerificationOptions());

    public static async Task<byte[]> HashAsync(this StoreDatabase database, long seqId) =>
        Convert.FromBase64String(await database.ScalarAsync<string>("select headers->>'hash' from ledger.mt_events where seq_id = $1", seqId));

    public static async Task<byte[]> TreeAsync(this StoreDatabase database, long first, long last)
    {
        var builder = new MerkleBuilder();
        for (var seqId = first; seqId <= last; seqId++) builder.Add(MerkleTree.Leaf(seqId, await database.HashAsync(seqId)));
        return builder.Root();
    }
}
