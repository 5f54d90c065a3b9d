using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Settings;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Subscriptions;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>What a command on quotas came to.</summary>
/// <param name="Problem">Why it was not done; null where it was, or nothing had to be.</param>
/// <param name="Version">The version of the quotas that answers.</param>
/// <param name="Replayed">Whether the key was used before, by the same request.</param>
/// <param name="Answer">The event that answers, where it was recorded just now.</param>
internal sealed record QuotaResult(Problem? Problem, long Version = 0, bool Replayed = false, StoredEvent? Answer = null)
{
    /// <summary>All its events, where it was done just now.</summary>
    public IReadOnlyList<StoredEvent> Events { get; init; } = [];
}

/// <summary>The way of every command on quotas, whoever sends it, and what queries on them read.</summary>
internal sealed class QuotaHallway(GroupCommit store, EventReader reader, ChargeableMethods methods, TenantSettings settings)
{
    private const int LooksMax = 8;

    private static readonly EventMeta Inner = new(null, null, "quotas");

    /// <summary>Sends a command; what it has to know of the past is looked up first, as often as it turns out to be another by the time that it is decided.</summary>
    public async Task<QuotaResult> SendAsync(string tenant, QuotaCommand command, EventMeta meta, UInt128 fingerprint = default, bool bulk = false, CancellationToken cancellationToken = default)
    {
        var policy = await settings.PolicyAsync(tenant, cancellationToken);
        for (var looks = 1; ; looks++)
        {
            var work = new QuotaWork(await LookAsync(tenant, command, cancellationToken), policy) { Tenant = tenant, Key = meta.Causation, Fingerprint = fingerprint, Meta = meta };
            try
            {
                switch (await store.SubmitAsync(work, bulk))
                {
                    case Outcome.Refused { Reason: QuotasMoved }:
                        break;
                    case Outcome.Accepted done:
                        return new QuotaResult(null, done.Version, Answer: done.Events.FirstOrDefault(stored => stored.Stream == done.Stream && stored.Version == done.Version)) { Events = done.Events };
                    case Outcome.Done done:
                        return new QuotaResult(null, done.Version, !done.First);
                    case var other:
                        return new QuotaResult(CommandHallway.ProblemOf(other));
                }
            }
            catch (DecisionFailedException)
            {
                return new QuotaResult(CommandHallway.Undecided());
            }

            if (looks == LooksMax) return new QuotaResult(Problem.Overloaded("The account changes faster than it can be looked at. Nothing was done: send the same request again."));
        }
    }

    /// <summary>Does what is due on an account's quotas: where its watch was crossed, and where the quotas are due themselves. Safe to send at any time, any number of times.</summary>
    public Task<QuotaResult> SettleAsync(string tenant, AccountId account, CancellationToken cancellationToken = default) => SendAsync(tenant, new SettleQuota { Account = account }, Inner, bulk: true, cancellationToken: cancellationToken);

    /// <summary>All that an account uses and may use now, what the ledger itself has seen included.</summary>
    public async Task<QuotaSheet> SheetAsync(string tenant, StreamSnapshot account, CancellationToken cancellationToken)
    {
        var id = AccountModel.AccountOf(account.Stream);
        var quota = await StateAsync<Quota>(QuotaModel.StreamOf(tenant, id), cancellationToken) ?? new Quota();
        var (live, ended) = await SubscriptionAsync(tenant, id, account, cancellationToken);
        var sheet = new QuotaSheet(quota, (Account)account.State, live, null, account.Now, ended);
        return sheet with { Baseline = await BaselineAsync(sheet, account.Stream, cancellationToken) };
    }

    private async Task<QuotaCommand> LookAsync(string tenant, QuotaCommand command, CancellationToken cancellationToken)
    {
        if (!command.NeedsBaseline && !command.MayTopUp) return command;
        if (await reader.StateAsync(AccountModel.StreamOf(tenant, command.Account), cancellationToken) is not { State: Account } account) return command;
        var sheet = await SheetAsync(tenant, account, cancellationToken);
        var looked = new LookedUp(sheet.Baseline);
        var settings = command is SetAutoTopUp asked ? asked.Settings : sheet.Quota.AutoTopUp;
        if (command.MayTopUp && settings is { Enabled: true })
        {
            var (method, why) = await methods.FindAsync(tenant, command.Account, settings.Provider, cancellationToken);
            looked = looked with { Method = method, NoMethod = why };
        }

        return command with { LookedUp = looked };
    }

    private async Task<Baseline> BaselineAsync(QuotaSheet sheet, StreamRef stream, CancellationToken cancellationToken)
    {
        var start = sheet.Period.Start;
        // What is past does not change, so what is read here still holds when it is decided. What happened as the period began is of that period.
        return sheet.Account.CreatedAt >= start ? Baseline.Of(start, null) : Baseline.Of(start, (await reader.StateAtTimeAsync(stream, start.AddMicroseconds(-1), cancellationToken))?.State as Account);
    }

    // By business time: what is due is done, whether a worker came by or not.
    private async Task<(Subscription? Live, Subscription? Ended)> SubscriptionAsync(string tenant, AccountId id, StreamSnapshot account, CancellationToken cancellationToken)
    {
        var place = await StateAsync<Subscriber>(SubscriberModel.StreamOf(tenant, id), cancellationToken);
        if ((place?.Live ?? place?.Last) is not { } last || await StateAsync<Subscription>(SubscriptionModel.StreamOf(tenant, last), cancellationToken) is not { } found) return default;
        if (place!.Live is null) return (null, found);
        if (!(found.NextStepAt <= account.Now)) return (found, null);
        return SubscriptionAt.Both(found, null, new BillingStates { Account = (Account)account.State, Subscriber = place, Policy = await settings.PolicyAsync(tenant, cancellationToken) }, account.Now);
    }

    private async Task<T?> StateAsync<T>(StreamRef stream, CancellationToken cancellationToken)
        where T : class => (await reader.StateAsync(stream, cancellationToken))?.State as T;
}
