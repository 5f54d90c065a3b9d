using Ledger.Api.Maintenance;

namespace Ledger.Api.Quotas;

/// <summary>Settles quotas that are due: a top-up that waits, or that has to be looked at. (Where the account's watch was crossed, the account is what is due.)</summary>
internal sealed class QuotaDue(QuotaHallway quotas) : IDueKind
{
    /// <inheritdoc/>
    public string Kind => QuotaModel.StreamKind;

    /// <inheritdoc/>
    public int AtOnceMax => 200;

    /// <inheritdoc/>
    public int OfTenantMax => AtOnceMax;

    /// <inheritdoc/>
    public TimeSpan Lease => TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public bool SettlesTime => true;

    /// <inheritdoc/>
    public async Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping)
    {
        var result = await quotas.SettleAsync(claim.Stream.Tenant, QuotaModel.AccountOf(claim.Stream), stopping);
        return result.Problem is null ? new Settled(result.Events) : Settled.Failed();
    }
}
