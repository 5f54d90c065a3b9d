using System.Globalization;
using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>Random histories: the laws after every step, the plain model's answers, restored snapshots, split runs. LEDGER_SEED repeats a run, LEDGER_HISTORIES makes it longer.</summary>
public sealed class RandomHistories(ITestOutputHelper output)
{
    private const int Histories = 150;
    private const int Steps = 60;

    private static readonly AccountId[] Accounts = [World.Main, World.Second];

    [Fact]
    public void Random_histories_do_what_the_plain_model_does()
    {
        var seed = Number("LEDGER_SEED") ?? Environment.TickCount;
        var histories = Number("LEDGER_HISTORIES") ?? Histories;
        output.WriteLine($"LEDGER_SEED={seed}");
        int accepted = 0, refused = 0;
        for (var history = 0; history < histories; history++)
        {
            var random = new Random(seed + history);
            var world = new World { FoldEachStep = false };
            var model = new PlainModel();
            var done = new List<string>();
            try
            {
                foreach (var id in Accounts)
                {
                    var open = Open(random, id);
                    world.Send(open);
                    model.Send(open, world.Now).ShouldBeTrue();
                }

                for (var step = 0; step < Steps; step++)
                {
                    Pass(random, world);
                    var command = Next(random, world);
                    done.Add($"{world.Now:MM-dd HH:mm} {Short(command)}");
                    if (random.Next(8) == 0) world.Restore(command.Account);
                    var versions = Accounts.Select(id => world.State(id).Version).ToList();
                    var decision = world.Send(command);
                    var expected = model.Send(command, world.Now);
                    if (decision is Decision.Refused refusal)
                    {
                        refused++;
                        expected.ShouldBeFalse($"refused: {refusal.Refusal}");
                        Accounts.Select(id => world.State(id).Version).ShouldBe(versions, "a refused command appends nothing");
                    }
                    else
                    {
                        accepted++;
                        if (decision is Decision.Accepted) expected.ShouldBeTrue();
                    }

                    foreach (var id in Accounts) Same(world, model, id);
                }

                foreach (var id in Accounts) Laws.Fold(world, id);
            }
            catch (Exception wrong)
            {
                throw new InvalidOperationException($"LEDGER_SEED={seed + history} LEDGER_HISTORIES=1, at step {done.Count} of:{Environment.NewLine}{string.Join(Environment.NewLine, done)}", wrong);
            }
        }

        output.WriteLine($"{accepted} accepted, {refused} refused");
        accepted.ShouldBeGreaterThan(refused, "the histories do something");
    }

    [Fact]
    public void A_run_that_is_split_by_snapshots_equals_one_run()
    {
        var seed = Number("LEDGER_SEED") ?? Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        for (var history = 0; history < 20; history++)
        {
            var whole = Run(seed + history, restore: false);
            var split = Run(seed + history, restore: true);
            foreach (var id in Accounts)
            {
                split.Stream(id).ShouldBe(whole.Stream(id), $"LEDGER_SEED={seed + history}");
                split.State(id).ShouldBe(whole.State(id));
                split.Facts(id).OrderBy(fact => fact.Key.ToString(), StringComparer.Ordinal).ShouldBe(whole.Facts(id).OrderBy(fact => fact.Key.ToString(), StringComparer.Ordinal));
            }
        }
    }

    private static string Short(AccountCommand command) => System.Text.RegularExpressions.Regex.Replace(command.ToString(), "Note = .*?, (?=[A-Z])|Other = .*?, (?=Names)|Names = Names {.*?}, ", "");

    private static World Run(int seed, bool restore)
    {
        var random = new Random(seed);
        var world = new World { CheckEachStep = false };
        foreach (var id in Accounts) world.Send(Open(random, id));
        for (var step = 0; step < 80; step++)
        {
            Pass(random, world);
            world.Send(Next(random, world));
            if (!restore) continue;
            foreach (var id in Accounts) world.Restore(id);
        }

        return world;
    }

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static void Same(World world, PlainModel model, AccountId id)
    {
        // The model settles in a copy, as its state is settled only where a command was accepted.
        var purse = model.Purses[id];
        var account = world.State(id);
        account.Version.ShouldBe(purse.Version);
        account.Balance.Value.ShouldBe(purse.Balance);
        account.Held.Value.ShouldBe(purse.Held);
        account.Debt.Value.ShouldBe(purse.Debt);
        account.Frozen.Value.ShouldBe(purse.DisputedCredits);
        account.Lots.Select(lot => (lot.Id, lot.Remaining.Value)).ShouldBe(purse.Order.Select(bucket => (bucket.Id, bucket.Left)));
        account.Debts.Select(debt => (debt.Version, debt.Left.Value)).ShouldBe(purse.Debts.Where(debt => debt.Left > 0).Select(debt => (debt.Version, debt.Left)));
        account.Holds.Select(hold => hold.Id).ShouldBe(purse.Holds.Select(hold => hold.Id));
        foreach (var bucket in purse.Buckets)
        {
            var lot = world.Lot(id, bucket.Id).ShouldNotBeNull();
            lot.Amount.Value.ShouldBe(bucket.Amount);
            lot.Revoked.Value.ShouldBe(bucket.Revoked);
            lot.ExpiresAt.ShouldBe(bucket.End);
            (lot.Claims?.Disputes ?? []).ShouldBe(bucket.Disputes);
            (lot.Claims?.Elsewhere.Value ?? 0).ShouldBe(bucket.Elsewhere);
            (lot.Claims?.Shortfall.Value ?? 0).ShouldBe(bucket.Shortfall);
        }
    }

    private static void Pass(Random random, World world) =>
        world.Now += random.Next(4) switch { 0 => TimeSpan.Zero, 1 => TimeSpan.FromMinutes(random.Next(1, 20)), 2 => TimeSpan.FromHours(random.Next(1, 12)), _ => TimeSpan.FromHours(random.Next(0, 60)) };

    private static OpenAccount Open(Random random, AccountId id) =>
        new() { Account = id, Tag = World.TagOf(id), Owner = new(OwnerKind.User, "u_1"), Scale = 6, OverdraftLimit = random.Next(3) == 0 ? 0 : random.Next(1, 40), MaySetOverdraft = true };

    private static Credits Amount(Random random, int max) => random.Next(4) == 0 ? random.Next(1, max * 1000) / 1000m : random.Next(1, max);

    private static DateTimeOffset? End(Random random, World world) => random.Next(3) == 0 ? null : world.Now + TimeSpan.FromHours(random.Next(1, 8) * 12);

    private static AccountCommand Next(Random random, World world)
    {
        var id = Accounts[random.Next(4) == 0 ? 1 : 0];
        var other = id == World.Main ? World.Second : World.Main;
        var account = world.State(id);
        var version = random.Next(1, (int)account.Version + 1);
        var consumption = Some(random, world, id, happened => happened is ConsumptionEvent) ?? version;
        var purchase = Some(random, world, id, happened => happened is CreditsPurchased) ?? version;
        var hold = account.Holds.IsEmpty || random.Next(10) == 0 ? HoldId.For(account.Tag, version) : account.Holds[random.Next(account.Holds.Length)].Id;
        Credits? part = random.Next(3) == 0 ? null : Amount(random, 25);
        var payment = TransactionId.For(account.Tag, purchase);
        return random.Next(37) switch
        {
            < 4 => new GrantCredits { Account = id, Amount = Amount(random, 30), Source = GrantSource.Bonus, ExpiresAt = End(random, world), Priority = random.Next(3) == 0 ? random.Next(95, 105) : null },
            < 7 => new PurchaseCredits { Account = id, CreditAmount = Amount(random, 30), Price = new(random.Next(0, 5000), "usd"), ExpiresAt = End(random, world) },
            < 13 => new ConsumeCredits { Account = id, Amount = Amount(random, 25) },
            < 17 => new HoldCredits { Account = id, Amount = Amount(random, 25), ExpiresAt = world.Now + TimeSpan.FromHours(random.Next(1, 8) * 12) },
            < 20 => new CaptureHold { Account = id, Hold = hold, Amount = part },
            20 => new ReleaseHold { Account = id, Hold = hold },
            < 24 => new RefundConsumption { Account = id, Transaction = TransactionId.For(account.Tag, consumption), Amount = part },
            24 or 25 => new RefundPurchase { Account = id, Transaction = TransactionId.For(account.Tag, purchase), Amount = part, AllowDebt = random.Next(2) == 0 },
            26 => new AdjustCredits { Account = id, Amount = random.Next(2) == 0 ? Amount(random, 20) : -Amount(random, 20), Reason = "correction" },
            27 => new TransferCredits { Account = id, To = other, Amount = Amount(random, 20) },
            < 33 and > 29 => new RevokePurchase { Account = id, Transaction = payment, Amount = part ?? 30, AllowDebt = random.Next(2) == 0, FromProvider = random.Next(3) > 0, Refund = "re_1" },
            33 => new RestorePurchase { Account = id, Transaction = payment, Amount = part ?? 30, Refund = "re_1" },
            34 or 35 => new FreezeLot { Account = id, Transaction = payment, Dispute = random.Next(3) == 0 ? "dp_2" : "dp_1" },
            36 => new UnfreezeLot { Account = id, Transaction = payment, Dispute = random.Next(3) == 0 ? "dp_2" : "dp_1" },
            28 => random.Next(3) == 0 ? new FreezeAccount { Account = id } : new UnfreezeAccount { Account = id },
            _ => new SettleDue { Account = id },
        };
    }

    private static long? Some(Random random, World world, AccountId id, Func<AccountEvent, bool> wanted)
    {
        var versions = world.Stream(id).Select((entry, index) => (entry.Event, Version: index + 1L)).Where(entry => wanted(entry.Event)).Select(entry => entry.Version).ToList();
        return versions.Count == 0 ? null : versions[random.Next(versions.Count)];
    }
}
