using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>Given commands, when a command, then exactly these events. Lots, holds and transactions are named by the version of the event that made them.</summary>
public abstract class AccountSpec
{
    private Decision decision = Decision.Nothing;
    private long versionBefore;

    internal World World { get; } = new();

    internal Account Account => World.State(World.Main);

    protected static string Tag => World.TagOf(World.Main);

    protected static DateTimeOffset Day(int day) => World.Start.AddDays(day);

    protected static LotId L(long version, int part = 0) => LotId.For(Tag, version, part);

    protected static TransactionId T(long version) => TransactionId.For(Tag, version);

    protected static HoldId H(long version) => HoldId.For(Tag, version);

    // ---- Commands, on the main account ----

    protected static OpenAccount Open(decimal overdraft = 0, int? scale = null, AccountId? id = null, string? unit = null) => new()
    {
        Account = id ?? World.Main,
        Tag = World.TagOf(id ?? World.Main),
        Owner = new(OwnerKind.User, "u_1"),
        OverdraftLimit = overdraft,
        Scale = scale,
        Unit = unit,
        MaySetOverdraft = true,
    };

    protected static GrantCredits Grant(decimal amount, DateTimeOffset? expires = null, int? priority = null, GrantSource source = GrantSource.Bonus, AccountId? to = null) =>
        new() { Account = to ?? World.Main, Amount = amount, ExpiresAt = expires, Priority = priority, Source = source };

    protected static PurchaseCredits Buy(decimal amount, long cents = 1000, string? payment = null, DateTimeOffset? expires = null, AccountId? to = null) =>
        new() { Account = to ?? World.Main, CreditAmount = amount, Price = new(cents, "usd"), PaymentId = payment, ExpiresAt = expires };

    protected static ConsumeCredits Consume(decimal amount, Spending? on = null, AccountId? from = null) => new() { Account = from ?? World.Main, Amount = amount, Spending = on };

    protected static Spending Once(string id = "ws_3") => new("chat", null, new("workshop", id), OncePerResource: true);

    protected static RefundConsumption Refund(long version, decimal? amount = null) => new() { Account = World.Main, Transaction = T(version), Amount = amount is { } given ? given : (Credits?)null, Reason = "failed" };

    protected static RefundPurchase Revoke(long version, decimal? amount = null, bool allowDebt = false) =>
        new() { Account = World.Main, Transaction = T(version), Amount = amount is { } given ? given : (Credits?)null, Reason = "returned", AllowDebt = allowDebt };

    protected static RevokePurchase Take(long version, decimal amount, bool allowDebt = false, bool fromProvider = true, string? refund = "re_1") =>
        new() { Account = World.Main, Transaction = T(version), Amount = amount, Reason = "returned", AllowDebt = allowDebt, FromProvider = fromProvider, Refund = refund };

    protected static RestorePurchase Restore(long version, decimal amount) => new() { Account = World.Main, Transaction = T(version), Amount = amount, Refund = "re_1", Reason = "failed" };

    protected static FreezeLot Dispute(long version, string dispute = "dp_1") => new() { Account = World.Main, Transaction = T(version), Dispute = dispute };

    protected static UnfreezeLot EndDispute(long version, string dispute = "dp_1") => new() { Account = World.Main, Transaction = T(version), Dispute = dispute };

    protected static AdjustCredits Adjust(decimal amount) => new() { Account = World.Main, Amount = amount, Reason = "correction" };

    protected static HoldCredits Hold(decimal amount, DateTimeOffset? expires = null, Spending? on = null) => new() { Account = World.Main, Amount = amount, ExpiresAt = expires, Spending = on };

    protected static CaptureHold Capture(long version, decimal? amount = null, Spending? on = null) => new() { Account = World.Main, Hold = H(version), Amount = amount is { } given ? given : (Credits?)null, Spending = on };

    protected static ReleaseHold Release(long version) => new() { Account = World.Main, Hold = H(version) };

    protected static TransferCredits Transfer(decimal amount, AccountId? to = null) => new() { Account = World.Main, To = to ?? World.Second, Amount = amount };

    protected static FreezeAccount Freeze() => new() { Account = World.Main, Reason = "review" };

    protected static UnfreezeAccount Unfreeze() => new() { Account = World.Main };

    protected static CloseAccount Close(bool forfeit = false) => new() { Account = World.Main, Forfeit = forfeit };

    protected static SettleDue Settle() => new() { Account = World.Main };

    // ---- Events, without their ids, which come from where they stand ----

    protected static (LotId?, Credits) Debt(decimal amount) => (null, amount);

    protected static ValueList<Allocation> Parts(params (LotId? Lot, Credits Amount)[] parts) => [.. parts.Select(part => new Allocation(part.Lot, part.Amount))];

    protected static CreditsConsumed Consumed(decimal amount, decimal before, decimal available, params (LotId? Lot, Credits Amount)[] parts) =>
        new() { Id = default, Amount = amount, Before = before, After = before - amount, Available = available, Allocations = Parts(parts) };

    protected static HoldCaptured Captured(long hold, decimal amount, decimal before, decimal available, params (LotId? Lot, Credits Amount)[] parts) =>
        new() { Id = default, Hold = H(hold), Amount = amount, Before = before, After = before - amount, Available = available, Allocations = Parts(parts) };

    protected static LotExpired Expired(LotId lot, decimal amount, decimal before, decimal available, DateTimeOffset at) =>
        new() { Id = default, Lot = lot, Amount = amount, Before = before, After = before - amount, Available = available, Allocations = [new(lot, amount)], Note = new(OccurredAt: at) };

    protected static PurchaseRefunded Revoked(long purchase, decimal amount, decimal before, decimal available, params (LotId? Lot, Credits Amount)[] parts) => new()
    {
        Id = default,
        RefundOf = T(purchase),
        Lot = L(purchase),
        Reason = "returned",
        Amount = amount,
        Before = before,
        After = before - amount,
        Available = available,
        Allocations = Parts(parts),
        Elsewhere = parts.Where(part => part.Lot != L(purchase)).Aggregate(Credits.Zero, (sum, part) => sum + part.Amount) is { IsZero: false } elsewhere ? elsewhere : null,
    };

    protected static PurchaseRestored Restored(long purchase, decimal amount, decimal before, decimal available, params (LotId? Lot, Credits Amount)[] parts) => new()
    {
        Id = default,
        RefundOf = T(purchase),
        Lot = L(purchase),
        Refund = "re_1",
        Reason = "failed",
        Amount = amount,
        Before = before,
        After = before + amount,
        Available = available,
        Allocations = Parts(parts),
        Lots = [],
    };

    protected static Shortfall Lacking(decimal amount, long cents) => new(amount, new(cents, "usd"));

    protected static ConsumptionRefunded Refunded(long consumption, decimal amount, decimal before, decimal available, RefundedSoFar soFar, params (LotId? Lot, Credits Amount)[] parts) => new()
    {
        Id = default,
        RefundOf = T(consumption),
        Reason = "failed",
        Amount = amount,
        Before = before,
        After = before + amount,
        Available = available,
        SoFar = soFar,
        Allocations = Parts(parts),
    };

    protected static HoldReleased Released(long hold, decimal amount) => new() { Hold = H(hold), Amount = amount };

    protected static HoldExpired HoldEnded(long hold, decimal amount) => new() { Hold = H(hold), Amount = amount };

    protected static RefundedSoFar SoFar(decimal debt = 0, decimal paid = 0, decimal lots = 0) => new(debt, paid, lots);

    // ---- Given, when, then ----

    internal AccountSpec Given(params AccountCommand[] commands)
    {
        foreach (var command in commands) World.Send(command).ShouldBeOfType<Decision.Accepted>(command.ToString());
        return this;
    }

    internal AccountSpec At(DateTimeOffset now)
    {
        World.Now = now;
        return this;
    }

    internal AccountSpec When(AccountCommand command)
    {
        versionBefore = Account.Version;
        decision = World.Send(command);
        return this;
    }

    /// <summary>Accepted with exactly these events on the main account; ids are filled in.</summary>
    internal AccountSpec Then(params AccountEvent[] expected)
    {
        decision.ShouldBeOfType<Decision.Accepted>((decision as Decision.Refused)?.Refusal.ToString());
        var version = versionBefore;
        var happened = World.Stream(World.Main).Skip((int)versionBefore).Select(entry => entry.Event).ToList();
        happened.Count.ShouldBe(expected.Length, string.Join(Environment.NewLine, happened));
        foreach (var (actual, wanted) in happened.Zip(expected))
        {
            version++;
            actual.ShouldBe(wanted is TransactionEvent transaction ? transaction with { Id = T(version) } : wanted);
        }

        return this;
    }

    internal AccountSpec Accepted()
    {
        decision.ShouldBeOfType<Decision.Accepted>((decision as Decision.Refused)?.Refusal.ToString());
        return this;
    }

    internal AccountSpec ThenRefused(Refusal refusal)
    {
        decision.ShouldBe(Decision.Refuse(refusal));
        refusal.Detail.ShouldEndWith(".");
        RefusalsSeen.Add(refusal);
        Account.Version.ShouldBe(versionBefore, "a refused command appends nothing");
        return this;
    }

    internal AccountSpec ThenNothing()
    {
        decision.ShouldBe(Decision.Nothing);
        Account.Version.ShouldBe(versionBefore);
        return this;
    }

    internal AccountSpec ThenAlready(long version)
    {
        var already = decision.ShouldBeOfType<Decision.AlreadyDone>();
        already.Account.ShouldBe(World.Main);
        already.Version.ShouldBe(version);
        return this;
    }

    internal AccountSpec Balance(decimal balance, decimal available, decimal debt = 0)
    {
        Account.Balance.ShouldBe(balance);
        Account.Available.ShouldBe(available);
        Account.Debt.ShouldBe(debt);
        return this;
    }

    internal AccountSpec Lots(params (LotId Lot, Credits Remaining)[] lots)
    {
        Account.Lots.Select(lot => (lot.Id, lot.Remaining)).ShouldBe(lots);
        return this;
    }

    internal T Last<T>()
        where T : AccountEvent => World.Stream(World.Main)[^1].Event.ShouldBeOfType<T>();
}

/// <summary>Which refusals the tests have produced; see the test that asks for all of them.</summary>
internal static class RefusalsSeen
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, bool> Types = new();

    public static void Add(Refusal refusal) => Types[refusal.GetType()] = true;

    public static bool Contains(Type type) => Types.ContainsKey(type);
}
