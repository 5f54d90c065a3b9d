using System.Security.Cryptography;
using Ledger.Api.Catalog;
using Ledger.Api.Subscriptions;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Maintenance;

/// <summary>What a backfill came to.</summary>
/// <param name="Accounts">Open accounts without a live subscription that were found.</param>
/// <param name="Opened">For so many the free plan was opened.</param>
/// <param name="WithoutPlan">Accounts of tenants that sell no free plan.</param>
/// <param name="Refused">Accounts that could not take it, such as one that got a subscription or was closed just then.</param>
/// <param name="More">Whether the time was over before all were looked at: ask again.</param>
public sealed record BackfillBody(long Accounts, long Opened, long WithoutPlan, long Refused, bool More);

/// <summary>
/// Opens the free plan for accounts without a live subscription. It takes them in the order of their ids and asks for each in a commit of its own, where the account's one place decides: what is broken off goes on with the next
/// run, and two at once do no harm.
/// </summary>
internal sealed class FreePlanBackfill(SubscriptionHallway hallway, CatalogEndpoints catalog, NpgsqlDataSource source)
{
    /// <summary>At most so many accounts at once.</summary>
    public const int AtOnceMax = 64;

    private const int PageMax = 512;

    private const string Without =
        """
        from ledger.accounts a
        where a.status <> 'closed' and ($1::text is null or a.tenant_id = $1)
          and not exists (select from ledger.subscriptions s where s.tenant_id = a.tenant_id and s.account_id = a.id and s.is_live)
        """;

    private static readonly EventMeta Meta = new(null, null, "backfill");

    /// <summary>How many accounts are without one.</summary>
    public async Task<long> CountAsync(string? tenant, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select count(*) " + Without);
        command.Parameters.Add(Text(tenant is null ? null : Tenants.Stored(tenant)));
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Goes through all of them, at most this long.</summary>
    /// <param name="tenant">One tenant's; null for all.</param>
    /// <param name="atMost">It begins no new page after so long.</param>
    /// <param name="told">Told how many more accounts were looked at.</param>
    /// <param name="cancellationToken">Ends it between two accounts.</param>
    public async Task<BackfillBody> RunAsync(string? tenant, TimeSpan atMost, Action<long>? told, CancellationToken cancellationToken)
    {
        var began = System.Diagnostics.Stopwatch.StartNew();
        var plans = new Dictionary<string, string?>(StringComparer.Ordinal);
        var (accounts, opened, withoutPlan, refused) = (0L, 0L, 0L, 0L);
        (string Tenant, string Account)? after = null;
        while (true)
        {
            var page = await PageAsync(tenant, after, cancellationToken);
            foreach (var of in page.Select(p => p.Tenant).Distinct(StringComparer.Ordinal))
            {
                if (!plans.ContainsKey(of)) plans.Add(of, await FreePlanAsync(Tenants.Named(of), cancellationToken));
            }

            await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = cancellationToken }, async (one, stop) =>
            {
                if (plans[one.Tenant] is not { } plan) Interlocked.Increment(ref withoutPlan);
                else if (await OpenAsync(Tenants.Named(one.Tenant), new AccountId(one.Account), plan, stop)) Interlocked.Increment(ref opened);
                else Interlocked.Increment(ref refused);
                told?.Invoke(1);
            });
            accounts += page.Count;
            if (page.Count < PageMax) return new BackfillBody(accounts, opened, withoutPlan, refused, false);
            if (began.Elapsed > atMost) return new BackfillBody(accounts, opened, withoutPlan, refused, true);
            after = page[^1];
        }
    }

    private async Task<bool> OpenAsync(string tenant, AccountId account, string plan, CancellationToken cancellationToken)
    {
        var id = SubscriptionId.Of(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16)));
        var command = new StartSubscription { Subscription = id, Account = account, PlanId = plan };
        return await hallway.SendAsync(tenant, command, Meta, bulk: true, cancellationToken: cancellationToken) is { Problem: null, Subscription: not null };
    }

    /// <summary>The plan that costs nothing and is sold: <c>free</c> where there is one, else the first in order.</summary>
    private async Task<string?> FreePlanAsync(string tenant, CancellationToken cancellationToken)
    {
        var plans = await catalog.PlansAsync(tenant, cancellationToken);
        var free = plans.Where(plan => plan is { IsForSale: true, Entry: Plan { Price.Amount: 0 } }).ToList();
        return (free.Find(plan => plan.Id == "free") ?? free.FirstOrDefault())?.Id;
    }

    private async Task<List<(string Tenant, string Account)>> PageAsync(string? tenant, (string Tenant, string Account)? after, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select a.tenant_id, a.id {Without} and ($2::text is null or (a.tenant_id, a.id) > ($2 collate \"C\", $3 collate \"C\")) order by a.tenant_id, a.id limit {PageMax}");
        foreach (var text in new[] { tenant is null ? null : Tenants.Stored(tenant), after?.Tenant, after?.Account }) command.Parameters.Add(Text(text));
        var page = new List<(string, string)>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) page.Add((rows.GetString(0), rows.GetString(1)));
        return page;
    }

    private static NpgsqlParameter<string?> Text(string? text) => new() { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text };
}
