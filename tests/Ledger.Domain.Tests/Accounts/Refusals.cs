using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>Every refusal of every command, and the limits at their maximum and one past it.</summary>
public sealed class Refusals : AccountSpec
{
    private static readonly AccountId Nobody = new("nobody");

    private static IEnumerable<AccountCommand> All(AccountId id) =>
    [
        new ChangeAccount { Account = id, OverdraftLimit = 5, MaySetOverdraft = true },
        Grant(1, to: id), Buy(1, to: id), Consume(1, from: id), Refund(2) with { Account = id }, Revoke(2) with { Account = id }, Adjust(1) with { Account = id }, Adjust(-1) with { Account = id },
        Hold(1) with { Account = id }, Capture(2) with { Account = id }, Release(2) with { Account = id }, Transfer(1) with { Account = id }, Freeze() with { Account = id }, Unfreeze() with { Account = id },
        Close() with { Account = id }, Settle() with { Account = id }, Take(2, 1, fromProvider: false) with { Account = id }, .. Told(id),
    ];

    // What only providers tell.
    private static IEnumerable<AccountCommand> Told(AccountId id) => [Restore(2, 1) with { Account = id }, Dispute(2) with { Account = id }, EndDispute(2) with { Account = id }];

    [Fact]
    public void Every_command_but_opening_needs_an_account()
    {
        foreach (var command in All(Nobody)) When(command).ThenRefused(new AccountNotFound(Nobody));
    }

    [Fact]
    public void A_closed_account_refuses_every_change()
    {
        Given(Open(), Open(id: World.Second), Buy(10), Consume(4), Hold(6), Capture(4, 6), Close());
        AccountCommand[] commands =
        [
            new ChangeAccount { Account = World.Main, OverdraftLimit = 5, MaySetOverdraft = true }, Open() with { Metadata = Metadata.Of([new("a", "b")]) }, Grant(1), Buy(1), Consume(1), Refund(3), Refund(5), Revoke(2), Adjust(1), Adjust(-1), Hold(1),
            Capture(4), Release(4), Transfer(1), Freeze(), Unfreeze(),
        ];
        // 2 was the purchase, 3 the consumption, 4 the hold, 5 its capture, 6 the closing.
        foreach (var command in commands) When(command).ThenRefused(new AccountIsClosed(World.Main));
        When(Close()).ThenNothing();
        When(Settle()).ThenNothing();
        When(Transfer(1) with { Account = World.Second, To = World.Main }).ThenRefused(new AccountIsClosed(World.Main));
    }

    [Fact]
    public void A_frozen_account_spends_nothing_and_all_else_goes_on()
    {
        Given(Open(overdraft: 10), Open(id: World.Second), Buy(50), Hold(10), Consume(5), Hold(5), Freeze());
        foreach (var command in new AccountCommand[] { Consume(1), Hold(1), Transfer(1), Adjust(-1), Capture(3, 11) }) When(command).ThenRefused(new AccountIsFrozen(World.Main));
        When(Freeze()).ThenNothing();
        Given(Capture(3, 10), Release(5), Grant(1), Buy(1), Refund(4), Revoke(2), Adjust(1), new ChangeAccount { Account = World.Main, Metadata = Metadata.Of([new("a", "1")]) });
        Given(Grant(1, to: World.Second), Transfer(1) with { Account = World.Second, To = World.Main });
        Given(Unfreeze());
        When(Unfreeze()).ThenNothing();
        Given(Consume(1));
    }

    [Fact]
    public void Amounts_are_more_than_0_within_the_scale_and_the_maximum()
    {
        Given(Open(scale: 2), Open(scale: 2, id: World.Second), Buy(10), Consume(1), Hold(1));
        (string Member, Func<decimal, AccountCommand> Command)[] verbs =
        [
            ("amount", amount => Grant(amount)), ("creditAmount", amount => Buy(amount)), ("amount", amount => Consume(amount)), ("amount", amount => Refund(3, amount)), ("amount", amount => Revoke(2, amount)), ("amount", amount => Take(2, amount, fromProvider: false)),
            ("amount", amount => Hold(amount)), ("amount", amount => Capture(4, amount)), ("amount", amount => Transfer(amount)),
        ];
        foreach (var (member, command) in verbs)
        {
            When(command(0)).ThenRefused(new InvalidAmount(member, "must be more than 0"));
            When(command(-1)).ThenRefused(new InvalidAmount(member, "must be more than 0"));
            When(command(1.001m)).ThenRefused(new InvalidAmount(member, "may have at most 2 decimals on this account"));
            When(command(1_000_000_000_000.01m)).ThenRefused(new InvalidAmount(member, "must be at most 1000000000000"));
        }

        When(Adjust(0)).ThenRefused(new InvalidAmount("amount", "must not be 0"));
        When(Adjust(0.001m)).ThenRefused(new InvalidAmount("amount", "may have at most 2 decimals on this account"));
        When(Adjust(-1_000_000_000_001m)).ThenRefused(new InvalidAmount("amount", "must be at most 1000000000000"));
        Given(Grant(1.1000m), Grant(1_000_000_000_000m), Adjust(-1_000_000_000_000m), Adjust(1_000_000_000_000m), Consume(1_000_000_000_000m));
        When(Open() with { OverdraftLimit = -1 }).ThenRefused(new InvalidAmount("overdraftLimit", "must be 0 or more"));
        When(Open() with { OverdraftLimit = 0.001m }).ThenRefused(new InvalidAmount("overdraftLimit", "may have at most 2 decimals on this account"));
    }

    [Fact]
    public void Opening_checks_its_settings_and_what_stands_stays()
    {
        When(Open(scale: 7)).ThenRefused(new InvalidRequest("scale", "must be 0 to 6"));
        When(Open(scale: -1)).ThenRefused(new InvalidRequest("scale", "must be 0 to 6"));
        When(Open(overdraft: 1, scale: 0) with { OverdraftLimit = 1.5m }).ThenRefused(new InvalidAmount("overdraftLimit", "may have at most 0 decimals on this account"));
        When(Open(overdraft: 5) with { MaySetOverdraft = false }).ThenRefused(new OverdraftNotAllowed());
        When(Open(scale: 2, overdraft: 5) with { Metadata = Metadata.Of([new("a", "1")]) }).Then(new AccountOpened
        {
            Tag = Tag,
            Owner = new(OwnerKind.User, "u_1"),
            Unit = "credit",
            Scale = 2,
            OverdraftLimit = 5,
            Metadata = Metadata.Of([new("a", "1")]),
        });
        When(Open(scale: 2, overdraft: 5) with { MaySetOverdraft = false }).ThenNothing();
        When(new OpenAccount { Account = World.Main, Tag = Tag, Owner = new(OwnerKind.User, "u_1") }).ThenNothing();
        When(Open(overdraft: 6) with { Scale = null, MaySetOverdraft = false }).ThenRefused(new OverdraftNotAllowed());
        When(Open(overdraft: 6)).Then(new AccountChanged { OverdraftLimit = 6 });
        When(new ChangeAccount { Account = World.Main, Metadata = Metadata.Empty }).Then(new AccountChanged { Metadata = Metadata.Empty });
        When(Open(overdraft: 6) with { Owner = new(OwnerKind.Workspace, "u_1") }).ThenRefused(new Conflict("Account acct_1 belongs to another owner. Use another account id."));
        When(Open(overdraft: 6, unit: "token")).ThenRefused(new Conflict("Account acct_1 counts another unit (credit). Use another account id."));
        When(Open(overdraft: 6, scale: 3)).ThenRefused(new Conflict("Account acct_1 has another scale (2). Use another account id."));
        Account.Metadata.ShouldBeEmpty();
        Account.OverdraftLimit.ShouldBe(new Credits(6));
    }

    [Fact]
    public void What_ends_ends_later_than_now()
    {
        Given(Open());
        var now = World.Now;
        foreach (var command in new AccountCommand[] { Grant(1, now), Buy(1, expires: now), Hold(1, now.AddTicks(-10)) }) When(command).ThenRefused(new InvalidRequest("expiresAt", "has passed"));
        Given(Grant(1, now.AddMicroseconds(1)));
    }

    [Fact]
    public void A_hold_lasts_at_most_30_days()
    {
        Given(Open(), Grant(10), Hold(1, Day(30)));
        When(Hold(1, Day(30).AddMicroseconds(1))).ThenRefused(new InvalidRequest("expiresAt", "must be at most 30 days from now"));
    }

    [Fact]
    public void A_priority_is_0_to_255()
    {
        Given(Open(), Grant(1, priority: 0), Grant(1, priority: 255));
        When(Grant(1, priority: 256)).ThenRefused(new InvalidRequest("priority", "must be 0 to 255"));
        When(Grant(1, priority: -1)).ThenRefused(new InvalidRequest("priority", "must be 0 to 255"));
    }

    [Fact]
    public void A_price_is_money()
    {
        Given(Open());
        When(Buy(1, cents: -1)).ThenRefused(new InvalidRequest("price", "must be 0 or more"));
        When(Buy(1) with { Price = new(1, "USD") }).ThenRefused(new InvalidRequest("price", "must have a currency of ISO 4217 in lower case"));
    }

    [Fact]
    public void A_note_has_at_most_50_members_and_happened_lately()
    {
        At(Day(100)).Given(Open(), Open(id: World.Second), Grant(10));
        Metadata Of(int count) => Metadata.Of(Enumerable.Range(0, count).Select(index => KeyValuePair.Create($"k{index}", "v")));
        foreach (var command in All(World.Main).Where(command => command is not (ChangeAccount or SettleDue or RestorePurchase or FreezeLot or UnfreezeLot)))
        {
            When(command with { Note = new(Metadata: Of(51)) }).ThenRefused(new InvalidRequest("metadata", "may have at most 50 members"));
            When(command with { Note = new(OccurredAt: World.Now.AddMinutes(1).AddMicroseconds(1)) }).ThenRefused(new InvalidRequest("occurredAt", "must not be in the future"));
            When(command with { Note = new(OccurredAt: World.Now.AddDays(-35).AddMicroseconds(-1)) }).ThenRefused(new InvalidRequest("occurredAt", "must be at most 35 days back"));
        }

        Given(Grant(1) with { Note = new(Metadata: Of(50), OccurredAt: World.Now.AddMinutes(1)) }, Consume(1) with { Note = new(OccurredAt: World.Now.AddDays(-35)) });
        When(Open() with { Metadata = Of(51) }).ThenRefused(new InvalidRequest("metadata", "may have at most 50 members"));
        When(Open(id: Nobody) with { Metadata = Of(51) }).ThenRefused(new InvalidRequest("metadata", "may have at most 50 members"));
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        Given(Open(overdraft: 100), Open(id: World.Second), Grant(10), Buy(10), Consume(1), Hold(1), Consume(1, from: World.Main));
        foreach (var version in new long[] { 1, 2, 3, 5, 99 }) When(Refund(version)).ThenRefused(new TransactionNotFound(T(version)));
        foreach (var version in new long[] { 1, 2, 4, 5, 99 }) When(Revoke(version)).ThenRefused(new TransactionNotFound(T(version)));
        foreach (var command in Told(World.Main).Append(Take(2, 1)).Append(Take(2, 1, fromProvider: false))) When(command).ThenRefused(new TransactionNotFound(T(2)));
        var elsewhere = TransactionId.For(World.TagOf(World.Second), 4);
        When(Refund(4) with { Transaction = elsewhere }).ThenRefused(new TransactionNotFound(elsewhere));
        When(Revoke(4) with { Transaction = elsewhere }).ThenRefused(new TransactionNotFound(elsewhere));
        When(Capture(4)).ThenRefused(new HoldNotFound(H(4)));
        When(Release(99)).ThenRefused(new HoldNotFound(H(99)));
        When(Transfer(1, Nobody)).ThenRefused(new AccountNotFound(Nobody));
    }

    [Fact]
    public void A_hold_that_has_ended_says_how()
    {
        Given(Open(), Grant(30), Hold(1), Hold(2), Hold(3), Capture(3), Release(4));
        When(Capture(3)).ThenRefused(new HoldNotActive(H(3), HoldState.Captured));
        When(Release(3)).ThenRefused(new HoldNotActive(H(3), HoldState.Captured));
        When(Capture(4)).ThenRefused(new HoldNotActive(H(4), HoldState.Released));
        At(World.Start.AddMinutes(15)).When(Capture(5)).ThenRefused(new HoldNotActive(H(5), HoldState.Expired));
        Given(Settle());
        When(Release(5)).ThenRefused(new HoldNotActive(H(5), HoldState.Expired));
        var ended = World.Facts(World.Main)[FactName.Hold(H(3))].ShouldBeOfType<HoldEnded>();
        ended.Captured.ShouldBe(new Credits(1));
        ended.EndVersion.ShouldBe(6);
    }

    [Fact]
    public void Too_little_is_402_and_the_overdraft_is_for_consumptions_holds_and_captures_only()
    {
        Given(Open(overdraft: 5), Open(id: World.Second), Buy(10), Hold(4));
        Balance(10, 6);
        When(Consume(11.5m)).ThenRefused(new InsufficientCredits(6, 11.5m));
        When(Hold(11.5m)).ThenRefused(new InsufficientCredits(6, 11.5m));
        When(Adjust(-7)).ThenRefused(new InsufficientCredits(6, 7));
        When(Transfer(7)).ThenRefused(new InsufficientCredits(6, 7));
        When(Capture(3, 15.5m)).ThenRefused(new InsufficientCredits(6, 11.5m));
        When(Revoke(2, 7)).ThenRefused(new Conflict($"Of {T(2)}, 6 can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        When(Capture(3, 15)).Then(Captured(3, 15, 10, -5, (L(2), 10), Debt(5)));
    }

    [Fact]
    public void More_than_is_left_of_a_consumption_is_not_refunded()
    {
        Given(Open(), Buy(10), Consume(5), Refund(3, 2));
        When(Refund(3, 3.5m)).ThenRefused(new AlreadyRefunded(T(3), 3));
        Given(Refund(3));
        When(Refund(3)).ThenRefused(new AlreadyRefunded(T(3), 0));
        When(Refund(3, 1)).ThenRefused(new AlreadyRefunded(T(3), 0));
    }

    [Fact]
    public void A_transfer_to_itself_or_between_units_is_refused()
    {
        Given(Open(), Grant(5), Open(id: World.Second, unit: "token"));
        When(Transfer(1, World.Main)).ThenRefused(new InvalidRequest("toAccountId", "must be another account"));
        When(Transfer(1)).ThenRefused(new Conflict("Account acct_1 counts credit with scale 6, account acct_2 token with scale 6. Credits move between accounts of one unit and scale."));
    }

    [Fact]
    public void Once_per_resource_needs_a_resource()
    {
        Given(Open(), Grant(5), Hold(1));
        var spending = new Spending(OncePerResource: true);
        foreach (var command in new AccountCommand[] { Consume(1, spending), Hold(1, on: spending), Capture(3, on: spending) }) When(command).ThenRefused(new InvalidRequest("resource", "is needed with oncePerResource"));
    }

    [Fact]
    public void An_account_has_at_most_1000_active_holds()
    {
        Given(Open(), Grant(10_000));
        Fill(account => account with { Holds = [.. Enumerable.Range(3, Account.HoldsMax - 1).Select(version => new Hold(H(version), 1, World.Now, Day(1)))], Held = Account.HoldsMax - 1, Version = 2_000 });
        Send(Hold(1)).ShouldBeOfType<Decision.Accepted>();
        Fill(account => account with { Holds = account.Holds.Add(new(H(2_000), 1, World.Now, Day(1))), Held = Account.HoldsMax });
        Refuses(Hold(1), new LimitReached("active holds", 1_000));
    }

    [Fact]
    public void What_active_holds_say_about_themselves_is_bounded_together()
    {
        Given(Open(), Grant(10_000));
        var full = new Hold(H(3), 1, World.Now, Day(1), Note: new Note(Description: new('x', Account.HoldTextMax - 4)));
        Fill(account => account with { Holds = [full], Held = 1, Version = 3 });
        Send(new HoldCredits { Account = World.Main, Amount = 1, Note = new Note(Reference: "1234") }).ShouldBeOfType<Decision.Accepted>();
        Refuses(new HoldCredits { Account = World.Main, Amount = 1, Note = new Note(Reference: "12345") }, new LimitReached("characters in what its active holds say about themselves", Account.HoldTextMax));
    }

    [Fact]
    public void An_account_has_at_most_10000_lots_that_hold_something()
    {
        Given(Open(), Open(id: World.Second), Grant(1, to: World.Second), Buy(1), Consume(1));
        Fill(account => account with { Lots = [.. Enumerable.Range(10, Account.LotsMax - 1).Select(Small)], Balance = Account.LotsMax - 1, Version = 20_000 });
        AccountCommand[] incoming = [Grant(1), Buy(1), Adjust(1)];
        foreach (var command in incoming) Send(command).ShouldBeOfType<Decision.Accepted>();
        Fill(account => account with { Lots = account.Lots.Add(Small(19_000)), Balance = Account.LotsMax });
        var full = new LimitReached("lots that hold something", 10_000);
        foreach (var command in incoming) Refuses(command, full);
        var receiver = state!;
        TransferCreditsHandler.Handle(Transfer(1) with { Account = World.Second, To = World.Main }, World.State(World.Second), receiver, World.Now).ShouldBe(Decision.Refuse(full));
        var past = new Recollection([new(FactName.Lot(L(2)), World.Facts(World.Main)[FactName.Lot(L(2))])], [KeyValuePair.Create(3L, World.Stream(World.Main)[2].Event)]);
        RefundConsumptionHandler.Handle(Refund(3), receiver, past, World.Now).ShouldBe(Decision.Refuse(full));
        Send(Consume(1)).ShouldBeOfType<Decision.Accepted>();
    }

    [Fact]
    public void A_credit_that_only_pays_debt_makes_no_lot_and_passes_a_full_account()
    {
        Given(Open(overdraft: 10));
        Fill(account => account with { Debts = [new(1, 5)], Debt = 5, Balance = -5 });
        var decision = Send(Grant(5)).ShouldBeOfType<Decision.Accepted>();
        state!.Evolve(decision.Streams[0].Events[0], World.Now).Lots.ShouldBeEmpty();
    }

    [Fact]
    public void At_most_10000_transactions_have_debt_that_stands_but_captures_pass()
    {
        Given(Open(overdraft: 1_000_000));
        Fill(account => account with { Debts = [.. Enumerable.Range(1, Account.DebtsMax - 1).Select(version => new Debt(version, 1))], Debt = Account.DebtsMax - 1, Balance = -(Account.DebtsMax - 1), Version = 20_000 });
        Send(Consume(1)).ShouldBeOfType<Decision.Accepted>();
        Fill(account => account with { Debts = account.Debts.Add(new(20_000, 1)), Debt = Account.DebtsMax, Balance = -Account.DebtsMax, Holds = [new(H(19_999), 1, World.Now, Day(1))], Held = 1 });
        Refuses(Consume(1), new LimitReached("transactions whose debt stands", 10_000));
        Send(Capture(19_999)).ShouldBeOfType<Decision.Accepted>();
    }

    [Fact]
    public void Every_refusal_is_produced_by_the_tests_of_this_class()
    {
        Every_command_but_opening_needs_an_account();
        new Refusals().A_closed_account_refuses_every_change();
        new Refusals().A_frozen_account_spends_nothing_and_all_else_goes_on();
        new Refusals().Opening_checks_its_settings_and_what_stands_stays();
        new Refusals().What_is_not_there_is_not_found();
        new Refusals().A_hold_that_has_ended_says_how();
        new Refusals().Too_little_is_402_and_the_overdraft_is_for_consumptions_holds_and_captures_only();
        new Refusals().More_than_is_left_of_a_consumption_is_not_refunded();
        new Refusals().A_hold_lasts_at_most_30_days();
        new Refusals().An_account_has_at_most_1000_active_holds();
        typeof(Refusal).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Refusal)) && type.Namespace == "Ledger.Domain").ShouldAllBe(type => RefusalsSeen.Contains(type));
    }

    // States near a limit are put together, not reached event by event.
    private Account? state;

    private void Fill(Func<Account, Account> change) => state = change(state ?? Account);

    private Decision Send(AccountCommand command) => command.Decide(state!, null, Recollection.Empty, World.Now);

    private void Refuses(AccountCommand command, Refusal refusal)
    {
        Send(command).ShouldBe(Decision.Refuse(refusal));
        RefusalsSeen.Add(refusal);
    }

    private static Lot Small(int version) => new()
    {
        Id = L(version),
        Kind = LotKind.Granted,
        Origin = LotOrigin.Grant,
        Amount = 1,
        Remaining = 1,
        Priority = 100,
        CreatedAt = World.Start,
        TransactionId = T(version),
    };
}
