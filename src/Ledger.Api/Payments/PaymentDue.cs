using Ledger.Api.Maintenance;

namespace Ledger.Api.Payments;

/// <summary>
/// Asks providers what is due on payments: pages that their request could not open, refunds, how a payment stands of which nothing is heard, and whether a page that has closed was paid. The lease of a payment keeps it from being
/// asked by two at once, a request among them, and the provider's keys make a call that is repeated after a crash the same call.
/// </summary>
internal sealed class PaymentDue(PaymentCalls calls) : IDueKind
{
    /// <inheritdoc/>
    public string Kind => PaymentModel.StreamKind;

    /// <inheritdoc/>
    public int AtOnceMax => 16;

    /// <inheritdoc/>
    public int OfTenantMax => 8;

    /// <inheritdoc/>
    public TimeSpan Lease => TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public bool SettlesTime => false;

    /// <inheritdoc/>
    public Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping) => calls.DoDueAsync(claim.Stream.Tenant, PaymentModel.PaymentOf(claim.Stream), stopping);
}
