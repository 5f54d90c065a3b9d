using Ledger.Api.Maintenance;
using Ledger.Api.Tests.Contract;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.Api.Tests.Subscriptions;

[Collection(SubscriptionsCollection.Name)]
public sealed class Tenants_side_by_side(ContractService service)
{
    [Fact]
    public async Task However_much_of_one_tenant_is_due_and_hangs_others_are_not_held_up()
    {
        var kind = new Hanging();
        await service.QueryAsync<object>($"insert into ledger.due (tenant_id, stream_id, at) select 'crowd', '{kind.Kind}/' || n, '2020-01-01' from generate_series(1, 40) n returning 1");
        await service.QueryAsync<object>($"insert into ledger.due (tenant_id, stream_id, at) values ('alone', '{kind.Kind}/1', '2021-01-01') returning 1");
        var lane = new DueLane(kind, service.Services.GetRequiredService<DueDesk>(), NullLogger.Instance);
        try
        {
            (await lane.BeginAsync(null, null, mayCall: true, CancellationToken.None, CancellationToken.None)).ShouldBe(3);
            for (var n = 0; n < 3; n++) (await kind.OneBegan.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBeTrue();
            kind.Begun.Order().ShouldBe(["alone", "crowd", "crowd"]);
            (await lane.BeginAsync(null, null, mayCall: true, CancellationToken.None, CancellationToken.None)).ShouldBe(0, "the crowd has all that it may have");
        }
        finally
        {
            kind.Ends.SetResult();
            await lane.EndAsync(TimeSpan.FromSeconds(10));
            await service.QueryAsync<object>($"delete from ledger.due where stream_id like '{kind.Kind}/%' returning 1");
        }
    }

    private sealed class Hanging : IDueKind
    {
        public System.Collections.Concurrent.ConcurrentBag<string> Begun { get; } = [];

        public SemaphoreSlim OneBegan { get; } = new(0);

        public TaskCompletionSource Ends { get; } = new();

        public string Kind => "hanging";

        public int AtOnceMax => 4;

        public int OfTenantMax => 2;

        public TimeSpan Lease => TimeSpan.FromMinutes(1);

        public bool SettlesTime => false;

        public async Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping)
        {
            Begun.Add(claim.Stream.Tenant);
            OneBegan.Release();
            await Ends.Task;
            return Settled.Nothing;
        }
    }
}
