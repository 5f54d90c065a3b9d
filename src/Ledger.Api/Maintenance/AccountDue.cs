using Ledger.Api.Commands;
using Ledger.Api.Quotas;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Maintenance;

/// <summary>Writes the events of lots and holds whose time has ended. Where a level of the account's watch was crossed, its quotas do what follows: an alert, a top-up.</summary>
internal sealed class AccountDue(CommandHallway hallway, QuotaHallway quotas) : IDueKind
{
    private static readonly EventMeta Meta = new(null, null, "sweep");

    /// <inheritdoc/>
    public string Kind => AccountModel.StreamKind;

    /// <inheritdoc/>
    public int AtOnceMax => 500;

    /// <inheritdoc/>
    public int OfTenantMax => AtOnceMax;

    /// <inheritdoc/>
    public TimeSpan Lease => TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public bool SettlesTime => true;

    /// <inheritdoc/>
    public async Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping)
    {
        var result = await hallway.SendAsync(new CommandEnvelope(claim.Stream.Tenant, null, default, new SettleDue { Account = AccountModel.AccountOf(claim.Stream) }, Meta), bulk: true);
        if (result.Problem is not null) return Settled.Failed();
        if (result.Account is not { Watch.CrossedAt: not null } account) return new Settled(result.Events);
        var followed = await quotas.SettleAsync(claim.Stream.Tenant, account.Id, stopping);
        return followed.Problem is null ? new Settled([.. result.Events, .. followed.Events]) : Settled.Failed();
    }
}
