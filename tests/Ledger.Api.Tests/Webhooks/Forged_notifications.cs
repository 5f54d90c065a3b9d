using System.Text;
using Ledger.Api.Tests.Reliability;

namespace Ledger.Api.Tests.Webhooks;

[Collection(InboxCollection.Name)]
public sealed class Forged_notifications(InboxService service, ITestOutputHelper output)
{
    [Fact]
    public async Task Of_2000_forged_altered_and_stale_notifications_none_is_accepted_or_stored()
    {
        var random = new Random(Run.Seed(output));
        const string all = "select concat_ws(' ', (select count(*) from ledger.webhook_deliveries), (select count(*) from ledger.webhook_bodies), (select coalesce(sum(repeats), 0) from ledger.webhook_deliveries), (select count(*) from ledger.mt_events), (select count(*) from ledger.idempotency_keys))";
        var real = TestPay.Body(InboxService.NewId());
        await service.Until((await service.Tell(real)).ShouldBe(200).Text("id"), Api.Webhooks.DeliveryStatus.Applied);
        const string counted = "select coalesce(sum(count), 0)::bigint from ledger.webhook_refusals";
        var before = await service.QueryAsync<string>(all);
        await Run.UntilAsync(async () => await Settled(counted), TimeSpan.FromSeconds(20), "earlier counts are written");
        var countedBefore = await service.QueryAsync<long>(counted);
        var accepted = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 2_000).Select(n => Forge(random, n, real)).ToList(), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (forged, _) =>
        {
            var answer = await service.Tell(forged.Body, forged.Signature, forged.Provider, forged.Tenant);
            if (answer.Status < 300) Interlocked.Increment(ref accepted);
            answer.ShouldBe(400, "bad-signature");
        });
        accepted.ShouldBe(0);
        (await service.QueryAsync<string>(all)).ShouldBe(before);
        service.Ledger.Sent.ShouldAllBe(key => !key.Contains("forged", StringComparison.Ordinal));
        await Run.UntilAsync(async () => await service.QueryAsync<long>(counted) >= countedBefore + 2_000, TimeSpan.FromSeconds(20), "each is counted");
        (await service.QueryAsync<long>(counted)).ShouldBe(countedBefore + 2_000);
    }

    /// <summary>Each in another way: no signature, one made up, one of another secret, tenant or provider's body, one of another body, one that is old or from the future, bent by a bit.</summary>
    private static (byte[] Body, string? Signature, string Provider, string Tenant) Forge(Random random, int n, byte[] real)
    {
        var body = TestPay.Body(InboxService.NewId("forged"));
        var now = DateTimeOffset.UtcNow;
        var good = TestPay.Sign(body);
        string? signature;
        switch (n % 12)
        {
            case 0: signature = null; break;
            case 1: signature = "t=1,v1="; break;
            case 2: signature = "v1=" + good[(good.IndexOf("v1=", StringComparison.Ordinal) + 3)..]; break;
            case 3: signature = TestPay.Sign(body, secret: "whsec_" + random.NextInt64()); break;
            case 4: signature = TestPay.Sign(real); break;
            case 5: signature = TestPay.Sign(body, now.AddSeconds(-301 - random.Next(100_000))); break;
            case 6: signature = TestPay.Sign(body, now.AddSeconds(302 + random.Next(100_000))); break;
            case 7: signature = good.Replace("t=1", "t=2", StringComparison.Ordinal); break;
            case 8:
                signature = good;
                body[random.Next(body.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 9:
                var at = good.Length - 1 - random.Next(64);
                signature = good[..at] + (good[at] == '0' ? '1' : '0') + good[(at + 1)..];
                break;
            case 10:
                signature = good;
                body = [.. body, (byte)' '];
                break;
            default:
                return (body, good, random.Next(2) == 0 ? InboxService.Pay : InboxService.Hint, "other");
        }

        return (body, signature, InboxService.Pay, "default");
    }

    private async Task<bool> Settled(string sql)
    {
        var first = await service.QueryAsync<long>(sql);
        await Task.Delay(100);
        return first == await service.QueryAsync<long>(sql);
    }
}
