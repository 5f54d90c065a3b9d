using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Maintenance;

/// <summary>Writes the events of lots and holds whose time has ended.</summary>
internal sealed class AccountDue(CommandHallway hallway) : IDueKind
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
        return result.Problem is null ? new Settled(result.Events) : Settled.Failed();
    }
}
