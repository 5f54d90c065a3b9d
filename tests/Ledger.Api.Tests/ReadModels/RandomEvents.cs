using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>
/// Random histories of two accounts over some weeks, as stored events in the order of their positions: every command, with services, resources, actors, usage and
/// times of occurrence. The same seed gives the same history.
/// </summary>
internal sealed class RandomEvents
{
    private static readonly AccountId[] Accounts = [World.Main, World.Second];

    private readonly Random random;
    private readonly List<StoredEvent> events = [];

    private RandomEvents(int seed) => random = new Random(seed);

    public static IReadOnlyList<AccountId> Ids => Accounts;

    public World World { get; } = new() { CheckEachStep = false, FoldEachStep = false };

    /// <summary>All events, by position.</summary>
    public IReadOnlyList<StoredEvent> Events => events;

    /// <summary>The seed of a run: LEDGER_SEED where it is set, else a new one.</summary>
    public static int Seed(ITestOutputHelper output)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), System.Globalization.CultureInfo.InvariantCulture, out var set) ? set : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        return seed;
    }

    public static RandomEvents Of(int seed, int steps = 120, string tenant = "default")
    {
        var made = new RandomEvents(seed);
        foreach (var id in Accounts) made.Send(tenant, new OpenAccount { Account = id, Tag = World.TagOf(id), Owner = new(OwnerKind.User, "u_1"), Scale = 6, OverdraftLimit = made.random.Next(3) * 20, MaySetOverdraft = true });
        for (var step = 0; step < steps; step++)
        {
            made.World.Now += made.random.Next(4) switch { 0 => TimeSpan.Zero, 1 => TimeSpan.FromMicroseconds(made.random.Next(1, 2_000_000_000)), 2 => TimeSpan.FromHours(made.random.Next(1, 12)), _ => TimeSpan.FromHours(made.random.Next(0, 60)) };
            made.Send(tenant, made.Next());
        }

        return made;
    }

    /// <summary>A stored event around what happened, as projections see it.</summary>
    public static StoredEvent Stored(long position, string tenant, AccountId account, long version, AccountEvent happened, DateTimeOffset at) =>
        new(position, Guid.Empty, AccountModel.StreamOf(tenant, account), version, EventJson.Catalog.NameOf(happened), happened, at, EventMeta.None, default);

    private void Send(string tenant, AccountCommand command)
    {
        var before = Accounts.ToDictionary(id => id, id => World.Stream(id).Count);
        World.Send(command);
        // As the store writes them: the account that the command names first.
        foreach (var id in Accounts.OrderByDescending(id => id == command.Account))
        {
            foreach (var ((happened, at), index) in World.Stream(id).Select((entry, index) => (entry, index)).Skip(before[id])) events.Add(Stored(events.Count + 1, tenant, id, index + 1, happened, at));
        }
    }

    private Credits Amount(int max) => random.Next(4) == 0 ? random.Next(1, max * 1000) / 1000m : random.Next(1, max);

    private DateTimeOffset? End() => random.Next(3) == 0 ? null : World.Now + TimeSpan.FromHours(random.Next(1, 8) * 12);

    private string? Some(params string[] words) => random.Next(words.Length + 1) is var at && at < words.Length ? words[at] : null;

    private Note? Note()
    {
        DateTimeOffset? occurredAt = random.Next(3) switch { 0 => World.Now - TimeSpan.FromMinutes(random.Next(0, 40_000)), 1 => World.Now + TimeSpan.FromSeconds(random.Next(0, 30)), _ => null };
        var note = new Note(Some("ann", "bob"), Some("for people"), Some("r1", "r2"), null, occurredAt);
        return note == new Note() ? null : note;
    }

    private Usage? Usage() => random.Next(2) == 0 ? null : new Usage(
        random.Next(3) == 0 ? null : random.Next(0, 1000), random.Next(3) == 0 ? null : random.Next(0, 100), random.Next(3) == 0 ? null : random.NextInt64(long.MaxValue), random.Next(3) switch { 0 => null, 1 => true, _ => false });

    private Spending? Spending()
    {
        var spending = new Spending(Some("chat", "image"), Some("ask", "draw"), random.Next(3) == 0 ? new Resource(Some("w", "r") ?? "x", Some("1", "2") ?? "3") : null, false, Usage());
        return spending == new Spending() ? null : spending;
    }

    private AccountCommand Next()
    {
        var id = Accounts[random.Next(4) == 0 ? 1 : 0];
        var account = World.State(id);
        long Version(Func<AccountEvent, bool> wanted)
        {
            var versions = World.Stream(id).Select((entry, index) => (entry.Event, Version: index + 1L)).Where(entry => wanted(entry.Event)).Select(entry => entry.Version).ToList();
            return versions.Count == 0 ? 1 : versions[random.Next(versions.Count)];
        }

        var hold = account.Holds.IsEmpty ? HoldId.For(account.Tag, 1) : account.Holds[random.Next(account.Holds.Length)].Id;
        Credits? part = random.Next(3) == 0 ? null : Amount(20);
        var bought = TransactionId.For(account.Tag, Version(happened => happened is CreditsPurchased));
        return random.Next(36) switch
        {
            < 4 => new GrantCredits { Account = id, Amount = Amount(60), Source = Enum.GetValues<GrantSource>()[random.Next(5)], Priority = random.Next(3) == 0 ? random.Next(95, 105) : null, ExpiresAt = End(), Note = Note() },
            < 7 => new PurchaseCredits { Account = id, CreditAmount = Amount(60), Price = new(random.Next(0, 5000), random.Next(5) == 0 ? "eur" : "usd"), ExpiresAt = End(), Note = Note() },
            < 14 => new ConsumeCredits { Account = id, Amount = Amount(15), Spending = Spending(), Note = Note() },
            < 18 => new HoldCredits { Account = id, Amount = Amount(10), ExpiresAt = World.Now + TimeSpan.FromHours(random.Next(1, 8) * 12), Spending = Spending(), Note = Note() },
            < 20 => new CaptureHold { Account = id, Hold = hold, Amount = part, Spending = Spending(), Note = Note() },
            < 22 => new ReleaseHold { Account = id, Hold = hold, Usage = Usage(), Note = Note() },
            < 25 => new RefundConsumption { Account = id, Transaction = TransactionId.For(account.Tag, Version(happened => happened is ConsumptionEvent)), Amount = part, Note = Note() },
            25 => new RefundPurchase { Account = id, Transaction = TransactionId.For(account.Tag, Version(happened => happened is CreditsPurchased)), Amount = part, AllowDebt = random.Next(2) == 0 },
            26 => new AdjustCredits { Account = id, Amount = random.Next(2) == 0 ? Amount(20) : -Amount(20), Reason = "correction" },
            27 => new TransferCredits { Account = id, To = Accounts.Single(each => each != id), Amount = Amount(20), Note = Note() },
            30 or 31 => new RevokePurchase { Account = id, Transaction = bought, Amount = part ?? 60, AllowDebt = random.Next(2) == 0, FromProvider = random.Next(4) > 0, Refund = Some("re_1"), Reason = Some("returned"), Note = Note() },
            32 => new RestorePurchase { Account = id, Transaction = bought, Amount = part ?? 60, Refund = Some("re_1"), Note = Note() },
            33 or 34 => new FreezeLot { Account = id, Transaction = bought, Dispute = Some("dp_1", "dp_2") ?? "dp_3", Note = Note() },
            35 => new UnfreezeLot { Account = id, Transaction = World.State(id).Lots.FirstOrDefault(lot => lot.IsFrozen)?.TransactionId ?? bought, Dispute = Some("dp_1", "dp_2") ?? "dp_3", Note = Note() },
            28 => random.Next(3) == 0 ? new FreezeAccount { Account = id } : new UnfreezeAccount { Account = id },
            _ => new SettleDue { Account = id },
        };
    }
}
