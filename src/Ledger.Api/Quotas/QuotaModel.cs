using System.Globalization;
using Ledger.Api.Commands;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>What accounts use and may use, as the store sees it: streams <c>quota/{account}</c>.</summary>
public sealed class QuotaModel() : JsonModel<Quota>(StreamKind)
{
    /// <summary>What stands before the slash in the id of such a stream.</summary>
    public const string StreamKind = "quota";

    /// <inheritdoc/>
    public override short Format => 3;

    /// <summary>The stream of an account's quotas.</summary>
    public static StreamRef StreamOf(string tenant, AccountId account) => new(tenant, $"{StreamKind}/{account.Value}");

    /// <summary>The account of such a stream.</summary>
    public static AccountId AccountOf(StreamRef stream) => new(stream.Id[(StreamKind.Length + 1)..]);

    /// <summary>The payment of an account's top-up of this number: always the same, so that it is begun once.</summary>
    internal static PaymentId PaymentOf(string tenant, AccountId account, long number) => PaymentId.Of(PaymentHallway.Hash(string.Create(CultureInfo.InvariantCulture, $"auto_topup\n{tenant}\n{account.Value}\n{number}")));

    /// <inheritdoc/>
    public override DateTimeOffset? DueAt(object state) => ((Quota)state).NextDue;

    /// <inheritdoc/>
    protected override Quota Begin(StreamRef stream) => new();

    /// <inheritdoc/>
    protected override Quota Next(Quota state, object happened, DateTimeOffset recordedAt) => state.Evolve((QuotaEvent)happened, recordedAt);
}
