using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Profiles;
using Ledger.EventStore;

namespace Ledger.Api.Profiles;

/// <summary>What accounts are besides their credits: streams <c>profile/{account}</c>. Each payment method of a provider is a fact of its tenant, so that one account has it.</summary>
public sealed class ProfileModel() : JsonModel<Profile>(StreamKind)
{
    /// <summary>What stands before the slash in the id of such a stream.</summary>
    public const string StreamKind = "profile";

    /// <summary>The kind of the facts that say which account has a provider's method.</summary>
    public const string MethodFact = "payment_method";

    /// <summary>The stream of an account's profile.</summary>
    public static StreamRef StreamOf(string tenant, AccountId account) => new(tenant, $"{StreamKind}/{account.Value}");

    /// <summary>The fact that says which account has a provider's method, <c>stripe:pm_...</c>.</summary>
    public static FactName MethodOf(string tenant, string name) => new(new StreamRef(tenant, ""), MethodFact, name);

    /// <summary>The account that such a fact names; null where none has it (any more).</summary>
    public static AccountId? HolderOf(string? fact) => fact is null ? null : JsonSerializer.Deserialize<Holder>(fact, EventJson.Catalog.Json)!.Account;

    /// <inheritdoc/>
    public override void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (((Profile)state).Told() is { } told) into.Add(new FactWrite(MethodOf(stream.Tenant, told.Name), JsonSerializer.Serialize(new Holder(told.Held ? new AccountId(IdOf(stream)) : null), EventJson.Catalog.Json)));
    }

    /// <inheritdoc/>
    protected override Profile Begin(StreamRef stream) => Profile.None(new(IdOf(stream)));

    /// <inheritdoc/>
    protected override Profile Next(Profile state, object happened, DateTimeOffset recordedAt) => state.Evolve((ProfileEvent)happened, recordedAt);

    private sealed record Holder(AccountId? Account);
}
