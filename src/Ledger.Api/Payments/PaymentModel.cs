using System.Buffers;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>Payments as the store sees them: streams <c>payment/{id}</c>. Each reference that leads to one is a fact of its tenant.</summary>
public sealed class PaymentModel : IStreamModel
{
    /// <summary>What stands before the slash in the id of a payment's stream.</summary>
    public const string StreamKind = "payment";

    /// <summary>The kind of the facts that lead from a provider's reference to a payment.</summary>
    public const string RefFact = "payment_ref";

    /// <inheritdoc/>
    public string Kind => StreamKind;

    /// <inheritdoc/>
    public short Format => 2;

    /// <summary>The stream of a payment.</summary>
    public static StreamRef StreamOf(string tenant, PaymentId id) => new(tenant, $"{StreamKind}/{id.Value}");

    /// <summary>The payment of a stream.</summary>
    public static PaymentId PaymentOf(StreamRef stream) => new(stream.Id[(StreamKind.Length + 1)..]);

    /// <summary>Whether a stream is a payment's.</summary>
    public static bool Is(StreamRef stream) => stream.Id.StartsWith(StreamKind + "/", StringComparison.Ordinal);

    /// <summary>The fact that leads from a reference, <c>stripe:pi_...</c>, to its payment.</summary>
    public static FactName RefOf(string tenant, string name) => new(new StreamRef(tenant, ""), RefFact, name);

    /// <summary>The payment that such a fact leads to.</summary>
    public static PaymentId LedTo(string fact) => JsonSerializer.Deserialize<Led>(fact, EventJson.Catalog.Json)!.Payment;

    /// <inheritdoc/>
    public object Initial(StreamRef stream) => Payment.None(PaymentOf(stream));

    /// <inheritdoc/>
    public object Evolve(object state, object @event, DateTimeOffset recordedAt) => ((Payment)state).Evolve((PaymentEvent)@event, recordedAt);

    /// <inheritdoc/>
    public void Save(object state, IBufferWriter<byte> into)
    {
        using var writer = new Utf8JsonWriter(into);
        JsonSerializer.Serialize(writer, (Payment)state, EventJson.Catalog.Json);
    }

    /// <inheritdoc/>
    public object Load(StreamRef stream, ReadOnlySpan<byte> saved) => JsonSerializer.Deserialize<Payment>(saved, EventJson.Catalog.Json)!;

    /// <inheritdoc/>
    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var payment = (Payment)state;
        foreach (var name in payment.Learnt()) into.Add(new FactWrite(RefOf(stream.Tenant, name), JsonSerializer.Serialize(new Led(payment.Id), EventJson.Catalog.Json)));
    }

    /// <inheritdoc/>
    public DateTimeOffset? DueAt(object state) => ((Payment)state).NextDue;

    private sealed record Led(PaymentId Payment);
}

/// <summary>Which customer of a provider an account is: streams <c>customer/{provider}:{account}</c>. Each customer is a fact of its tenant, so that one account is it.</summary>
public sealed class CustomerModel : IStreamModel
{
    /// <summary>What stands before the slash in the id of such a stream.</summary>
    public const string StreamKind = "customer";

    /// <summary>The kind of the facts that say which account is a provider's customer.</summary>
    public const string HolderFact = "customer";

    /// <inheritdoc/>
    public string Kind => StreamKind;

    /// <inheritdoc/>
    public short Format => 1;

    /// <summary>The stream of an account's customer at a provider.</summary>
    public static StreamRef StreamOf(string tenant, string provider, AccountId account) => new(tenant, $"{StreamKind}/{provider}:{account.Value}");

    /// <summary>The fact that says which account is a provider's customer.</summary>
    public static FactName HolderFactOf(string tenant, string provider, string customer) => new(new StreamRef(tenant, ""), HolderFact, $"{provider}:{customer}");

    /// <summary>The account that such a fact names; null where none is it (any more).</summary>
    public static AccountId? HolderOf(string? fact) => fact is null ? null : JsonSerializer.Deserialize<Holder>(fact, EventJson.Catalog.Json)!.Account;

    /// <inheritdoc/>
    public object Initial(StreamRef stream) => new Customer();

    /// <inheritdoc/>
    public object Evolve(object state, object @event, DateTimeOffset recordedAt) => ((Customer)state).Evolve((CustomerEvent)@event);

    /// <inheritdoc/>
    public void Save(object state, IBufferWriter<byte> into)
    {
        using var writer = new Utf8JsonWriter(into);
        JsonSerializer.Serialize(writer, (Customer)state, EventJson.Catalog.Json);
    }

    /// <inheritdoc/>
    public object Load(StreamRef stream, ReadOnlySpan<byte> saved) => JsonSerializer.Deserialize<Customer>(saved, EventJson.Catalog.Json)!;

    /// <inheritdoc/>
    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (((Customer)state).Told() is not { } told) return;
        // What an account is called may have colons; what a provider is called has none.
        var name = stream.Id[(StreamKind.Length + 1)..];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        into.Add(new FactWrite(HolderFactOf(stream.Tenant, name[..colon], told.CustomerId), JsonSerializer.Serialize(new Holder(told.Held ? new AccountId(name[(colon + 1)..]) : null), EventJson.Catalog.Json)));
    }

    /// <inheritdoc/>
    public DateTimeOffset? DueAt(object state) => null;

    private sealed record Holder(AccountId? Account);
}
