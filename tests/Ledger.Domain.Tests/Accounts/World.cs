using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>Accounts in memory: loads what a command names, decides, appends, keeps facts, and checks the laws after every step.</summary>
internal sealed class World
{
    public static readonly AccountId Main = new("acct_1");
    public static readonly AccountId Second = new("acct_2");
    public static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<AccountId, Account> states = [];
    private readonly Dictionary<AccountId, List<(AccountEvent Event, DateTimeOffset At)>> streams = [];
    private readonly Dictionary<AccountId, Dictionary<FactName, FactBody>> facts = [];
    private readonly Dictionary<FactName, FactBody> tenantFacts = [];

    public DateTimeOffset Now { get; set; } = Start;

    public bool CheckEachStep { get; init; } = true;

    public bool FoldEachStep { get; init; } = true;

    public IEnumerable<AccountId> Ids => states.Keys;

    public static string TagOf(AccountId id) => id == Main ? "0123456789abcdef" : id == Second ? "zyxwvtsrqpnmkjhg" : string.Concat(Enumerable.Range(0, 16).Select(index => AccountTag.Alphabet[(id.Value[index % id.Value.Length] + index) % 32]));

    public Account State(AccountId id) => states.GetValueOrDefault(id) ?? Account.Unopened(id);

    public IReadOnlyList<(AccountEvent Event, DateTimeOffset At)> Stream(AccountId id) => streams.GetValueOrDefault(id) ?? [];

    public IReadOnlyDictionary<FactName, FactBody> Facts(AccountId id) => facts.GetValueOrDefault(id) ?? [];

    public Lot? Lot(AccountId id, LotId lot) => State(id).FindLot(lot) ?? (Facts(id).GetValueOrDefault(FactName.Lot(lot)) as LotClosed)?.Lot;

    public IEnumerable<Lot> AllLots(AccountId id) => State(id).Lots.Concat(Facts(id).Values.OfType<LotClosed>().Select(fact => fact.Lot).Where(lot => State(id).FindLot(lot.Id) is null));

    /// <summary>Puts a saved state in place of the live one, as a store does.</summary>
    public void Restore(AccountId id) => states[id] = Copy(State(id));

    public Decision Send(AccountCommand command)
    {
        var account = State(command.Account);
        var other = command.Other is { } id ? State(id) : null;
        var past = Load(command.Account, command.Names, Recollection.Empty);
        past = Load(command.Account, command.NamesMore(account, past), past, command.Names);
        var decision = command.Decide(account, other, past, Now);
        var streamsToAppend = decision switch
        {
            Decision.Accepted accepted => accepted.Streams,
            Decision.AlreadyDone already => already.Streams,
            _ => [],
        };
        foreach (var (stream, events) in streamsToAppend)
        {
            foreach (var happened in events) Append(stream, happened);
            if (CheckEachStep) Laws.Hold(this, stream);
        }

        if (decision is Decision.Accepted { } done) done.Answer.ShouldBeInRange(0, done.Streams[0].Events.Length - 1);
        return decision;
    }

    private void Append(AccountId id, AccountEvent happened)
    {
        var next = State(id).Evolve(happened, Now);
        states[id] = next;
        if (!streams.TryGetValue(id, out var stream)) streams[id] = stream = [];
        stream.Add((happened, Now));
        if (!facts.TryGetValue(id, out var kept)) facts[id] = kept = [];
        foreach (var fact in next.Left)
        {
            if (fact.Name.TenantWide) tenantFacts[fact.Name] = fact.Body;
            else kept[fact.Name] = fact.Body;
        }
    }

    private Recollection Load(AccountId id, Names more, Recollection before, Names? again = null)
    {
        if (more.IsNone) return before;
        var mine = Facts(id);
        var names = again is null ? more : new(again.Facts.AddRange(more.Facts), again.Kinds.AddRange(more.Kinds), again.Versions.AddRange(more.Versions));
        var found = names.Facts
            .Where(name => (name.TenantWide ? tenantFacts : mine).ContainsKey(name))
            .Select(name => new Fact(name, (name.TenantWide ? tenantFacts : mine)[name]))
            .Concat(mine.Where(fact => names.Kinds.Contains(fact.Key.Kind)).Select(fact => new Fact(fact.Key, fact.Value)));
        var events = names.Versions.Distinct().Where(version => version >= 1 && version <= Stream(id).Count).Select(version => KeyValuePair.Create(version, Stream(id)[(int)version - 1].Event));
        return new([.. found], [.. events]);
    }

    // Member by member, as a codec does: nothing that is not public survives.
    public static Account Copy(Account from) => new()
    {
        Id = from.Id,
        Version = from.Version,
        Tag = from.Tag,
        Owner = from.Owner,
        Unit = from.Unit,
        Scale = from.Scale,
        OverdraftLimit = from.OverdraftLimit,
        Metadata = from.Metadata,
        Status = from.Status,
        CreatedAt = from.CreatedAt,
        UpdatedAt = from.UpdatedAt,
        Balance = from.Balance,
        Held = from.Held,
        Debt = from.Debt,
        Frozen = from.Frozen,
        Totals = from.Totals,
        Calls = from.Calls,
        Watch = from.Watch,
        Lots = [.. from.Lots],
        Holds = [.. from.Holds],
        Debts = [.. from.Debts],
    };
}

/// <summary>What must be so after every step of every test.</summary>
internal static class Laws
{
    public static void Hold(World world, AccountId id)
    {
        var account = world.State(id);
        var totals = account.Totals;
        account.Version.ShouldBe(world.Stream(id).Count);
        account.Balance.ShouldBe(totals.Purchased + totals.Granted + totals.Refunded + totals.Adjusted + totals.Transferred - totals.Consumed - totals.Revoked - totals.Expired, "conservation");
        Sum(account.Lots.Select(lot => lot.Remaining)).ShouldBe(account.Balance + account.Debt, "lots less debt are the balance");
        Sum(account.Debts.Select(debt => debt.Left)).ShouldBe(account.Debt, "debts add up");
        Sum(account.Holds.Select(hold => hold.Amount)).ShouldBe(account.Held, "holds add up");
        Sum(account.Lots.Where(lot => lot.IsFrozen).Select(lot => lot.Remaining)).ShouldBe(account.Frozen, "frozen lots add up");
        account.Debts.ShouldAllBe(debt => debt.Left.IsPositive);
        account.Debts.Select(debt => debt.Version).ShouldBe(account.Debts.Select(debt => debt.Version).Order(), "oldest debt first");
        account.Holds.Select(hold => hold.Id.Value).ShouldBe(account.Holds.Select(hold => hold.Id.Value).Order(StringComparer.Ordinal), "oldest hold first");
        for (var index = 1; index < account.Lots.Length; index++) Lot.Compare(account.Lots[index - 1], account.Lots[index]).ShouldBeLessThan(0, "lots stand in burn order");
        foreach (var lot in account.Lots)
        {
            lot.Remaining.IsPositive.ShouldBeTrue("a live lot holds something");
            lot.Ended.ShouldBeNull();
        }

        foreach (var lot in world.AllLots(id))
        {
            lot.Remaining.ShouldBeInRange(Credits.Zero, lot.Amount);
            lot.Revoked.ShouldBeInRange(Credits.Zero, lot.Amount);
            lot.Moved.ShouldBeInRange(Credits.Zero, lot.Amount, "no more moves on than there was");
            lot.Remaining.IsZero.ShouldBe(lot.Ended is not null);
            if (lot.Claims is not { } claims) continue;
            claims.ShouldNotBe(new LotClaims(), "no claims are none");
            claims.Elsewhere.IsNegative.ShouldBeFalse();
            claims.Shortfall.IsNegative.ShouldBeFalse();
            (claims.Elsewhere + claims.Shortfall).ShouldBeLessThanOrEqualTo(lot.Revoked, "what others gave and what nothing covered are parts of what was refunded");
        }

        var kept = account.Lots.Where(lot => lot.HasExpiredBy(account.UpdatedAt)).ToList();
        if (account.Debt.IsPositive) account.Lots.Where(lot => !lot.IsFrozen).ShouldBe(kept, "no debt beside a lot that holds something, is not disputed and has not ended");
        kept.ShouldAllBe(lot => !lot.IsFrozen, "nothing disputed is kept for holds");
        foreach (var lot in kept)
        {
            Sum(kept.Where(each => each.ExpiresAt <= lot.ExpiresAt).Select(each => each.Remaining))
                .ShouldBeLessThanOrEqualTo(Sum(account.Holds.Where(hold => hold.CreatedAt < lot.ExpiresAt).Select(hold => hold.Amount)), "only what holds can use is kept");
        }

        var settled = account.SettledAt(account.UpdatedAt);
        settled.Events.IsEmpty.ShouldBeTrue("after a command nothing is due");
        (account.NextDue is null || account.NextDue > account.UpdatedAt).ShouldBeTrue("what is due next lies ahead");
        if (account.NextDue is { } due)
        {
            account.SettledAt(due.AddTicks(-1)).Events.ShouldBeEmpty("nothing is due before the next due time");
            account.SettledAt(due).Events.ShouldNotBeEmpty("something is due then");
        }

        if (account.Status == AccountStatus.Closed) (account.Debts.IsEmpty && account.Holds.IsEmpty).ShouldBeTrue("closed owes and reserves nothing");
        if (world.FoldEachStep) Fold(world, id);
    }

    /// <summary>The whole stream once more: witnesses agree, and the same state comes out.</summary>
    public static void Fold(World world, AccountId id)
    {
        var balance = Credits.Zero;
        var version = 0;
        var again = Account.Unopened(id);
        foreach (var (happened, at) in world.Stream(id))
        {
            version++;
            again = again.Evolve(happened, at);
            if (happened is not TransactionEvent transaction) continue;
            transaction.Id.ShouldBe(TransactionId.For(world.State(id).Tag, version));
            transaction.Amount.IsPositive.ShouldBeTrue();
            transaction.Before.ShouldBe(balance, "before is the after of the one before");
            balance = transaction.After;
            transaction.After.ShouldBe(transaction.Direction() == Direction.Credit ? transaction.Before + transaction.Amount : transaction.Before - transaction.Amount);
            again.Balance.ShouldBe(transaction.After, "the witness agrees with the state");
            again.Available.ShouldBe(transaction.Available, "the witness agrees with the state");
            Sum(transaction.Allocations.Select(part => part.Amount)).ShouldBe(transaction.Amount, "allocations add up");
            transaction.Allocations.ShouldAllBe(part => part.Amount.IsPositive);
        }

        again.ShouldBe(world.State(id), "folding the events again gives the same state");
    }

    public static Credits Sum(IEnumerable<Credits> amounts) => amounts.Aggregate(Credits.Zero, (sum, amount) => sum + amount);
}
