using System.Buffers;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Commands;

/// <summary>Accounts as the store sees them: streams <c>account/{id}</c> that fold into an <see cref="Account"/>.</summary>
public sealed class AccountModel : IStreamModel
{
    /// <summary>What stands before the slash in the id of an account's stream.</summary>
    public const string StreamKind = "account";

    /// <inheritdoc/>
    public string Kind => StreamKind;

    /// <inheritdoc/>
    public short Format => AccountSnapshot.Format;

    /// <summary>The stream of an account.</summary>
    public static StreamRef StreamOf(string tenant, AccountId account) => new(tenant, $"{StreamKind}/{account.Value}");

    /// <summary>The account of a stream.</summary>
    public static AccountId AccountOf(StreamRef stream) => new(stream.Id[(StreamKind.Length + 1)..]);

    /// <inheritdoc/>
    public object Initial(StreamRef stream) => Account.Unopened(AccountOf(stream));

    /// <inheritdoc/>
    public object Evolve(object state, object @event, DateTimeOffset recordedAt) => ((Account)state).Evolve((AccountEvent)@event, recordedAt);

    /// <inheritdoc/>
    public void Save(object state, IBufferWriter<byte> into) => AccountSnapshot.Save((Account)state, into, EventJson.Catalog.Json);

    /// <inheritdoc/>
    public object Load(StreamRef stream, ReadOnlySpan<byte> saved) => AccountSnapshot.Load(AccountOf(stream), saved, EventJson.Catalog.Json);

    /// <inheritdoc/>
    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        foreach (var (name, body) in ((Account)state).Left) into.Add(new FactWrite(Name(stream, name), EventJson.Write(body)));
    }

    /// <inheritdoc/>
    public DateTimeOffset? DueAt(object state) => ((Account)state).NextDue;

    /// <summary>The store's name of an account's fact.</summary>
    internal static Ledger.EventStore.FactName Name(StreamRef stream, Ledger.Domain.Accounts.FactName name) =>
        new(name.TenantWide ? stream with { Id = "" } : stream, name.Kind, name.Key);
}
