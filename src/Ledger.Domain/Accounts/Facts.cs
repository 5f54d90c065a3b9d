using System.Collections.Immutable;
using System.Globalization;

namespace Ledger.Domain.Accounts;

/// <summary>The name of a fact that is kept beside an account because its state no longer holds it.</summary>
/// <param name="Kind">What sort of fact, such as lot.</param>
/// <param name="Key">Which one; facts of a kind sort by it.</param>
/// <param name="TenantWide">Whether it is one for the whole tenant, not for one account.</param>
public readonly record struct FactName(string Kind, string Key, bool TenantWide = false)
{
    /// <summary>A lot that holds nothing any more.</summary>
    public static FactName Lot(LotId lot) => new("lot", lot.Value);

    /// <summary>A hold that has ended.</summary>
    public static FactName Hold(HoldId hold) => new("hold", hold.Value);

    /// <summary>Which consumption charged a resource, of those that charge once.</summary>
    public static FactName Resource(Resource resource) =>
        new("resource", $"{resource.Type.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal)}/{resource.Id}");

    /// <summary>Which purchase counted a payment.</summary>
    public static FactName Payment(string paymentId) => new("payment", paymentId, TenantWide: true);

    /// <summary>How much of a consumption has been refunded.</summary>
    public static FactName Refunds(long version) => new("refunds", version.ToString(CultureInfo.InvariantCulture));

    /// <summary>A payment of the debt that the transaction at <paramref name="debt"/> made; in order of the keys the older payment comes first.</summary>
    public static FactName Paid(long debt, long payingVersion, int index) => new(PaidKind(debt), string.Create(CultureInfo.InvariantCulture, $"{payingVersion:d13}-{index:d5}"));

    /// <summary>The kind of all payments of the debt that the transaction at <paramref name="debt"/> made.</summary>
    public static string PaidKind(long debt) => string.Create(CultureInfo.InvariantCulture, $"paid:{debt}");
}

/// <summary>Something to keep under a name. The last one of a name holds.</summary>
public sealed record Fact(FactName Name, FactBody Body);

/// <summary>What a fact says. A closed family.</summary>
public abstract record FactBody
{
    private protected FactBody()
    {
    }
}

/// <summary>A lot as it was when it last held nothing.</summary>
public sealed record LotClosed(Lot Lot) : FactBody;

/// <summary>A hold that has ended.</summary>
/// <param name="Hold">As it was placed.</param>
/// <param name="State">How it ended.</param>
/// <param name="Captured">What was captured; 0 where it was not.</param>
/// <param name="EndedAt">When that was recorded.</param>
/// <param name="EndVersion">The version of the event that ended it.</param>
/// <param name="Usage">What its release said that the call used.</param>
public sealed record HoldEnded(Hold Hold, HoldState State, Credits Captured, DateTimeOffset EndedAt, long EndVersion, Usage? Usage = null) : FactBody;

/// <summary>The version of the consumption that charged a resource; null since that was refunded in full.</summary>
public sealed record ResourceCharged(long? Version) : FactBody;

/// <summary>The purchase that counted a payment.</summary>
public sealed record PaymentCounted(AccountId Account, long Version, Credits Amount) : FactBody;

/// <summary>Which lot paid how much of a debt.</summary>
public sealed record DebtPaid(LotId Lot, Credits Amount) : FactBody;

/// <summary>How much of a consumption has been refunded.</summary>
public sealed record ConsumptionRefunds(RefundedSoFar SoFar) : FactBody;

/// <summary>What a command needs to know beyond the state of its account, by name.</summary>
/// <param name="Facts">Facts by their names.</param>
/// <param name="Kinds">All facts of these kinds.</param>
/// <param name="Versions">Past events of the account, by version.</param>
public sealed record Names(ImmutableArray<FactName> Facts, ImmutableArray<string> Kinds, ImmutableArray<long> Versions)
{
    /// <summary>Nothing more than the state.</summary>
    public static Names None { get; } = new([], [], []);

    /// <summary>These facts.</summary>
    public static Names Of(params ImmutableArray<FactName> facts) => facts.IsEmpty ? None : new(facts, [], []);

    /// <summary>Whether there is nothing to load.</summary>
    public bool IsNone => Facts.IsEmpty && Kinds.IsEmpty && Versions.IsEmpty;
}

/// <summary>What was loaded for a command, to look up: facts and past events of its account. What is not there did not happen.</summary>
public sealed class Recollection
{
    private readonly Dictionary<FactName, FactBody> facts = [];
    private readonly Dictionary<long, AccountEvent> events = [];

    /// <summary>Nothing loaded.</summary>
    public static Recollection Empty { get; } = new([], []);

    /// <summary>These facts (the last one of a name holds) and these events by version.</summary>
    public Recollection(IEnumerable<Fact> facts, IEnumerable<KeyValuePair<long, AccountEvent>> events)
    {
        foreach (var fact in facts) this.facts[fact.Name] = fact.Body;
        foreach (var (version, happened) in events) this.events[version] = happened;
    }

    /// <summary>These, and what later events of the same commit left: of a name the newer holds. Where one commit decides several commands on an account, each needs what the ones before it left.</summary>
    public Recollection And(IEnumerable<Fact> newer) => new(facts.Select(known => new Fact(known.Key, known.Value)).Concat(newer), events);

    /// <summary>The fact of this name, or null.</summary>
    public T? Find<T>(FactName name)
        where T : FactBody => facts.GetValueOrDefault(name) as T;

    /// <summary>All facts of a kind, in order of their keys.</summary>
    public IReadOnlyList<Fact> OfKind(string kind)
    {
        var found = new List<Fact>();
        foreach (var (name, body) in facts)
        {
            if (name.Kind == kind) found.Add(new(name, body));
        }

        found.Sort(static (left, right) => string.CompareOrdinal(left.Name.Key, right.Name.Key));
        return found;
    }

    /// <summary>The event at this version, or null.</summary>
    public AccountEvent? Event(long version) => events.GetValueOrDefault(version);

    /// <summary>A lot, live or closed. What the state holds is newer than any fact.</summary>
    public Lot? Lot(Account account, LotId lot) => account.FindLot(lot) ?? Find<LotClosed>(FactName.Lot(lot))?.Lot;
}
