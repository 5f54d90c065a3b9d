using System.Buffers;
using System.Numerics;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Tests.Reliability;

/// <summary>
/// Amounts from one unit of the last decimal to the largest that a command takes, at every scale: what is accepted and what each balance becomes is worked out in
/// whole numbers from the commands alone, and the lots and debts from the stored form of the events.
/// </summary>
public sealed class Amounts_at_the_edges(ITestOutputHelper output)
{
    private const int Commands = 100;

    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void no_unit_is_made_or_lost()
    {
        var seed = Run.Seed(output);
        int cases = Run.Of(20_000, 100_000), accepted = 0;
        for (var history = 0; history < cases / Commands; history++)
        {
            var books = new Purses(new Random(unchecked(seed + history)), history % 7);
            try
            {
                for (var step = 0; step < Commands; step++) accepted += books.Step() ? 1 : 0;
                books.Close();
            }
            catch (Exception wrong)
            {
                throw new InvalidOperationException($"LEDGER_SEED={seed + history}, scale {history % 7}, after:\n{string.Join('\n', books.Told)}", wrong);
            }
        }

        output.WriteLine($"{cases} cases, {accepted} accepted");
        accepted.ShouldBeInRange(cases / 3, cases * 9 / 10, "the cases lie on both sides of the limits");
    }

    /// <summary>Three accounts of one scale in memory, and beside them what they must come to.</summary>
    private sealed class Purses
    {
        private static readonly AccountId[] Ids = [new("edge.0"), new("edge.1"), new("edge.2")];
        private static readonly BigInteger Most = new(1_000_000_000_000_000_000);

        private readonly Random random;
        private readonly int scale;
        private readonly BigInteger unit;
        private readonly Dictionary<AccountId, Account> states = [];
        private readonly Dictionary<AccountId, PlainFold> folds = [];
        private readonly Dictionary<AccountId, List<AccountEvent>> events = [];
        private readonly Dictionary<AccountId, Dictionary<FactName, FactBody>> facts = [];
        private readonly Dictionary<AccountId, BigInteger> balances = [];
        private readonly Dictionary<AccountId, BigInteger> held = [];
        private readonly Dictionary<AccountId, BigInteger> overdrafts = [];
        private readonly Dictionary<TransactionId, BigInteger> consumed = [];
        private readonly Dictionary<TransactionId, BigInteger> bought = [];
        private readonly Dictionary<HoldId, BigInteger> holds = [];
        private DateTimeOffset now = Start;

        public Purses(Random random, int scale)
        {
            (this.random, this.scale, unit) = (random, scale, BigInteger.Pow(10, 6 - scale));
            foreach (var id in Ids)
            {
                (balances[id], held[id], events[id], facts[id], folds[id], states[id]) = (0, 0, [], [], new PlainFold(id.Value), Account.Unopened(id));
                overdrafts[id] = random.Next(3) switch { 0 => 0, 1 => unit, _ => Most };
                var tag = string.Concat(Enumerable.Range(0, AccountTag.Length).Select(_ => AccountTag.Alphabet[random.Next(32)]));
                Send(new OpenAccount { Account = id, Tag = tag, Owner = new(OwnerKind.User, "u"), Scale = scale, OverdraftLimit = Credits(overdrafts[id]), MaySetOverdraft = true }).ShouldBeOfType<Decision.Accepted>();
            }
        }

        public List<string> Told { get; } = [];

        /// <summary>One command: accepted or refused as the whole numbers say, and the balances with it.</summary>
        public bool Step()
        {
            now = now.AddMilliseconds(random.Next(0, 5));
            var id = Ids[random.Next(Ids.Length)];
            var other = Ids[(Array.IndexOf(Ids, id) + 1) % Ids.Length];
            var available = balances[id] - held[id];
            var amount = Amount(available, overdrafts[id]);
            var fits = amount > 0 && amount <= Most && amount % unit == 0;
            switch (random.Next(12))
            {
                case 0 or 1:
                    return Expect(new GrantCredits { Account = id, Amount = Credits(amount), Source = GrantSource.Bonus, Priority = random.Next(99, 102) }, fits, id, amount);
                case 2:
                    return Expect(new PurchaseCredits { Account = id, CreditAmount = Credits(amount), Price = new(random.Next(1, 100), "usd") }, fits, id, amount, made => bought[made] = amount);
                case 3 or 4 or 5:
                    return Expect(new ConsumeCredits { Account = id, Amount = Credits(amount) }, fits && amount <= available + overdrafts[id], id, -amount, made => consumed[made] = amount);
                case 6:
                    var (placed, fit) = (new HoldId(""), fits && amount <= available + overdrafts[id]);
                    if (fit) placed = HoldId.For(states[id].Tag, states[id].Version + 1);
                    if (!Expect(new HoldCredits { Account = id, Amount = Credits(amount), ExpiresAt = now.AddDays(1) }, fit, id, 0)) return false;
                    held[id] += holds[placed] = amount;
                    return true;
                case 7 when states[id].Holds is { IsEmpty: false } active:
                    var hold = active[random.Next(active.Length)].Id;
                    var taken = random.Next(2) == 0 ? holds[hold] : amount;
                    var enough = (taken == holds[hold] || fits) && (taken <= holds[hold] || taken - holds[hold] <= available + overdrafts[id]);
                    if (!Expect(new CaptureHold { Account = id, Hold = hold, Amount = taken == holds[hold] ? null : Credits(taken) }, enough, id, -taken, made => consumed[made] = taken)) return false;
                    held[id] -= holds[hold];
                    return true;
                case 8 when Some(consumed, id) is { } spent:
                    var back = random.Next(2) == 0 ? consumed[spent] : amount;
                    return Expect(
                        new RefundConsumption { Account = id, Transaction = spent, Amount = back == consumed[spent] ? null : Credits(back) }, back == consumed[spent] ? back > 0 : fits && back <= consumed[spent], id, back,
                        _ => consumed[spent] -= back);
                case 9 when Some(bought, id) is { } purchase:
                    var gone = random.Next(2) == 0 ? bought[purchase] : amount;
                    return Expect(
                        new RefundPurchase { Account = id, Transaction = purchase, Amount = gone == bought[purchase] ? null : Credits(gone), AllowDebt = true }, gone == bought[purchase] ? gone > 0 : fits && gone <= bought[purchase], id, -gone,
                        _ => bought[purchase] -= gone);
                case 10:
                    var fitting = fits && amount <= available;
                    if (!Expect(new TransferCredits { Account = id, To = other, Amount = Credits(amount) }, fitting, id, -amount)) return false;
                    balances[other] += amount;
                    return true;
                default:
                    var signed = random.Next(2) == 0 ? amount : -amount;
                    return Expect(new AdjustCredits { Account = id, Amount = Credits(signed), Reason = "r" }, fits && (signed > 0 || amount <= available), id, signed);
            }
        }

        /// <summary>At the end every account is what was worked out, however it is looked at.</summary>
        public void Close()
        {
            foreach (var id in Ids)
            {
                var (state, fold) = (states[id], folds[id]);
                Whole(state.Balance).ShouldBe(balances[id], $"made or lost on {id}");
                fold.Balance.ShouldBe(balances[id], $"the events of {id} make or lose");
                Whole(state.Held).ShouldBe(held[id]);
                Whole(state.Debt).ShouldBe(fold.Debt);
                state.Lots.ToDictionary(lot => lot.Id.Value, lot => Whole(lot.Remaining)).OrderBy(lot => lot.Key, StringComparer.Ordinal).ShouldBe(fold.Lots.OrderBy(lot => lot.Key, StringComparer.Ordinal));
                state.Debts.ToDictionary(debt => debt.Version, debt => Whole(debt.Left)).OrderBy(debt => debt.Key).ShouldBe(fold.Debts.OrderBy(debt => debt.Key));
            }

            Ids.Aggregate(BigInteger.Zero, (sum, id) => sum + folds[id].Totals.GetValueOrDefault("transferred")).ShouldBe(BigInteger.Zero, "transfers");
        }

        private static BigInteger Whole(Credits credits) => PlainFold.Millionths(credits.ToString());

        private static Credits Credits(BigInteger millionths)
        {
            var digits = BigInteger.Abs(millionths).ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(7, '0');
            Ledger.Domain.Credits.TryParse($"{(millionths.Sign < 0 ? "-" : "")}{digits[..^6]}.{digits[^6..]}", out var credits).ShouldBeTrue();
            return credits;
        }

        // At, one under and one over whatever limits there are, and anywhere between.
        private BigInteger Amount(BigInteger available, BigInteger overdraft)
        {
            var amount = random.Next(12) switch
            {
                0 => Most,
                1 => Most - unit,
                2 => random.Next(4) == 0 ? Most + unit : Most / 3 / unit * unit,
                3 => unit,
                4 => available,
                5 => available + unit,
                6 => available + overdraft,
                7 => available + overdraft + unit,
                8 => available - unit,
                9 => scale < 6 && random.Next(3) == 0 ? unit / 10 : 999_999 / unit * unit,
                _ => new BigInteger(random.NextInt64(1, 1_000_000_000_000_000_000)) / unit * unit,
            };
            return amount > 0 && amount <= Most + unit ? amount : unit * random.Next(1, 1_000);
        }

        private TransactionId? Some(Dictionary<TransactionId, BigInteger> of, AccountId id)
        {
            var own = of.Keys.Where(transaction => TransactionId.TryRead(transaction.Value, states[id].Tag, out _)).ToList();
            return own.Count == 0 ? null : own[random.Next(own.Count)];
        }

        private bool Expect(AccountCommand command, bool fits, AccountId id, BigInteger change, Action<TransactionId>? made = null)
        {
            Told.Add($"{command.GetType().Name} {id} {change} millionths: balance {balances[id]}, held {held[id]}, overdraft {overdrafts[id]}");
            var next = TransactionId.For(states[id].Tag, states[id].Version + 1);
            var decision = Send(command);
            if (decision is Decision.Refused refused)
            {
                fits.ShouldBeFalse($"it fits, but is refused: {refused.Refusal.Detail}");
                return false;
            }

            fits.ShouldBeTrue("it does not fit, but is accepted");
            balances[id] += change;
            made?.Invoke(next);
            return true;
        }

        // As a store does it: loads what the command names, decides, writes the events down, reads them back, folds them; now and then the state as well.
        private Decision Send(AccountCommand command)
        {
            var id = command.Account;
            var past = Load(id, command.Names);
            if (command.NamesMore(states[id], past) is { IsNone: false } more)
                past = Load(id, new(command.Names.Facts.AddRange(more.Facts), command.Names.Kinds.AddRange(more.Kinds), command.Names.Versions.AddRange(more.Versions)));
            var decision = command.Decide(states[id], command.Other is { } other ? states[other] : null, past, now);
            if (decision is not Decision.Accepted accepted) return decision;
            foreach (var (stream, happened) in accepted.Streams)
            {
                foreach (var one in happened) Append(stream, one);
                if (random.Next(16) == 0) Restore(stream);
            }

            return decision;
        }

        private void Append(AccountId id, AccountEvent happened)
        {
            var text = new ArrayBufferWriter<byte>();
            EventJson.Catalog.Write(happened, text);
            var name = EventJson.Catalog.NameOf(happened);
            using var json = JsonDocument.Parse(text.WrittenMemory);
            folds[id].Apply(folds[id].Version + 1, name, json.RootElement);
            var stored = (AccountEvent)EventJson.Catalog.Read(name, text.WrittenSpan);
            states[id] = states[id].Evolve(stored, now);
            events[id].Add(stored);
            foreach (var (fact, body) in states[id].Left) facts[id][fact] = EventJson.ReadFact(fact.Kind, EventJson.Write(body));
        }

        private void Restore(AccountId id)
        {
            var saved = new ArrayBufferWriter<byte>();
            AccountSnapshot.Save(states[id], saved, EventJson.Catalog.Json);
            var restored = AccountSnapshot.Load(id, saved.WrittenSpan, EventJson.Catalog.Json);
            restored.ShouldBe(states[id], "a state is saved to the last unit");
            states[id] = restored;
        }

        private Recollection Load(AccountId id, Names names) => names.IsNone ? Recollection.Empty : new Recollection(
            facts[id].Where(fact => names.Facts.Contains(fact.Key) || names.Kinds.Contains(fact.Key.Kind)).Select(fact => new Fact(fact.Key, fact.Value)),
            names.Versions.Where(version => version >= 1 && version <= events[id].Count).Distinct().Select(version => KeyValuePair.Create(version, events[id][(int)version - 1])));
    }
}
