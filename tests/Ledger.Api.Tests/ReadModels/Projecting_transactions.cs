using Ledger.Api.Accounts;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>The pure part of the log of transactions and the balances by day: rows against the events and their fold.</summary>
public sealed class Projecting_transactions(ITestOutputHelper output)
{
    private const int Histories = 60;

    private static readonly TransactionsProjection Projection = new();

    private static Rows Apply(IEnumerable<StoredEvent> events)
    {
        var rows = new Rows();
        foreach (var happened in events.Where(happened => Projection.Handles.Contains(happened.Data.GetType()))) Projection.Apply(happened, rows);
        return rows;
    }

    [Fact]
    public void Each_transaction_is_a_row_that_says_what_its_answer_says()
    {
        var seed = RandomEvents.Seed(output);
        var seen = new HashSet<TransactionType>();
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var rows = Apply(made.Events).All(TransactionTables.Transactions).OrderBy(row => row.SeqId).ToList();
            var answers = made.Events.Select(happened => (Event: happened, Answer: TransactionBody.Of(happened))).Where(entry => entry.Answer is not null).ToList();
            rows.Count.ShouldBe(answers.Count);
            foreach (var (row, (happened, answer)) in rows.Zip(answers))
            {
                seen.Add(answer!.Type);
                row.Key.ShouldBe(new VersionKey("*DEFAULT*", answer.AccountId, answer.Version));
                (row.SeqId, row.RecordedAt, row.OccurredAt ?? row.RecordedAt).ShouldBe((happened.SeqId, answer.RecordedAt.UtcDateTime, answer.OccurredAt.UtcDateTime));
                row.Type.ShouldBe(answer.Type);
                Math.Abs(row.Change).ShouldBe(answer.Amount.Value);
                (row.Change > 0).ShouldBe(answer.Direction == Direction.Credit);
                (row.After - row.Change, row.After).ShouldBe((answer.BalanceBefore.Value, answer.BalanceAfter.Value));
                (row.Spending?.Service, row.Spending?.Operation, row.Actor, row.Reference).ShouldBe((answer.Service, answer.Operation, answer.Actor, answer.Reference));
                (row.Spending?.Resource?.Type, row.Spending?.Resource?.Id).ShouldBe((answer.Resource?.Type, answer.Resource?.Id));
                row.OtherAccount.ShouldBe(answer.Type == TransactionType.Transfer ? (answer.FromAccountId == answer.AccountId ? answer.ToAccountId : answer.FromAccountId) : null);
                (row.RefundOf is { } version ? TransactionId.For(World.TagOf(new(answer.AccountId)), version).Value : null).ShouldBe(answer.RefundOf);
            }
        }

        seen.ShouldBe(Enum.GetValues<TransactionType>(), ignoreOrder: true, "the histories have every type");
    }

    [Fact]
    public void Totals_are_those_of_the_account_and_each_row_runs_up_to_its_own()
    {
        var seed = RandomEvents.Seed(output);
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var rows = new Rows();
            var accounts = RandomEvents.Ids.ToDictionary(id => id.Value, Account.Unopened);
            foreach (var happened in made.Events)
            {
                var id = Ledger.Api.Commands.AccountModel.AccountOf(happened.Stream).Value;
                var account = accounts[id] = accounts[id].Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                if (!Projection.Handles.Contains(happened.Data.GetType())) continue;
                Projection.Apply(happened, rows);
                var now = rows.Find(TransactionTables.Totals, new("*DEFAULT*", id)).ShouldNotBeNull();
                (now.Version, now.RecordedAt, now.Balance, now.Held, now.Frozen, now.Totals).ShouldBe((account.Version, account.UpdatedAt.UtcDateTime, account.Balance.Value, account.Held.Value, account.Frozen.Value, account.Totals));
            }

            foreach (var log in rows.All(TransactionTables.Transactions).GroupBy(row => (row.Key.Account, row.Type)))
            {
                var total = 0m;
                foreach (var row in log.OrderBy(row => row.SeqId))
                {
                    total += row.Type switch { TransactionType.Adjustment or TransactionType.Transfer => row.Change, TransactionType.PurchaseRefund => -row.Change, _ => Math.Abs(row.Change) };
                    row.Total.ShouldBe(total);
                }
            }
        }
    }

    [Fact]
    public void A_day_is_kept_as_it_ended_when_a_later_one_begins()
    {
        var seed = RandomEvents.Seed(output);
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var rows = Apply(made.Events);
            foreach (var id in RandomEvents.Ids)
            {
                var key = new AccountKey("*DEFAULT*", id.Value);
                var expected = new List<(DateOnly, long, decimal, decimal, Totals)>();
                var account = Account.Unopened(id);
                foreach (var (happened, at) in made.World.Stream(id))
                {
                    account = account.Evolve(happened, at);
                    if (!Projection.Handles.Contains(happened.GetType())) continue;
                    var day = DateOnly.FromDateTime(at.UtcDateTime);
                    if (expected.Count > 0 && expected[^1].Item1 == day) expected.RemoveAt(expected.Count - 1);
                    expected.Add((day, account.Version, account.Balance.Value, account.Held.Value, account.Totals));
                }

                rows.All(TransactionTables.Days).Where(row => row.Key == key).Append(rows.Find(TransactionTables.Totals, key)!)
                    .Select(row => (row.Day, row.Version, row.Balance, row.Held, row.Totals)).ShouldBe(expected);
            }
        }
    }

    [Fact]
    public void What_comes_before_the_opening_is_refused()
    {
        var made = RandomEvents.Of(1);
        Should.Throw<InvalidOperationException>(() => Apply(made.Events.Where(happened => happened.Data is not AccountOpened))).Message.ShouldContain("opening");
    }

    [Fact]
    public void Every_type_has_a_code_of_its_own() => Enum.GetValues<TransactionType>().Select(TransactionRow.Code).ShouldBe([1, 2, 3, 4, 5, 6, 7, 8], "they stand in the database");
}
