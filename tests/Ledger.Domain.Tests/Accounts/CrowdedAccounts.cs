using System.Collections.Immutable;
using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

public sealed class CrowdedAccounts
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string Tag = new('a', AccountTag.Length);

    [Fact]
    public void As_many_lots_and_holds_as_an_account_may_have_are_settled_to_the_last_credit()
    {
        // Every lot ends before every hold, so all lots are kept; then the holds end one by one, and each lets ten lots go. One step of quadratic cost here would take minutes.
        const int lots = Account.LotsMax;
        const int holds = Account.HoldsMax;
        var account = new Account
        {
            Id = new AccountId("crowded"),
            Tag = Tag,
            Version = lots + holds,
            Unit = "credit",
            Scale = 6,
            CreatedAt = Start,
            UpdatedAt = Start,
            Balance = lots,
            Held = lots,
            Totals = new Totals { Granted = lots },
            Lots = [.. Enumerable.Range(0, lots).Select(i => Lot(i)).Order(Comparer<Lot>.Create(Domain.Accounts.Lot.Compare))],
            Holds = [.. Enumerable.Range(0, holds).Select(i => new Hold(HoldId.For(Tag, lots + i + 1), lots / holds, Start, Start.AddHours(2).AddSeconds(i)))],
        };

        var kept = account.SettledAt(Start.AddHours(1).AddMinutes(59));
        kept.Events.ShouldBeEmpty();
        kept.Account.Available.ShouldBe(Credits.Zero);
        account.NextDue.ShouldBe(Start.AddHours(2));

        var (half, events) = account.SettledAt(Start.AddHours(2).AddSeconds((holds / 2) - 1));
        (half.Balance, half.Held, half.Lots.Length).ShouldBe((lots / 2, lots / 2, lots / 2));
        events.OfType<HoldExpired>().Count().ShouldBe(holds / 2);
        events.OfType<LotExpired>().Sum(e => e.Amount.Value).ShouldBe(lots / 2);

        var (over, _) = account.SettledAt(Start.AddHours(3));
        (over.Balance, over.Held, over.Lots.Length, over.Holds.Length).ShouldBe((Credits.Zero, Credits.Zero, 0, 0));
        over.Totals.Expired.ShouldBe(lots);
    }

    private static Lot Lot(int i) => new()
    {
        Id = LotId.For(Tag, i + 1),
        Kind = LotKind.Granted,
        Origin = LotOrigin.Grant,
        Amount = 1,
        Remaining = 1,
        Priority = (i * 7) % 256,
        ExpiresAt = Start.AddHours(1).AddMilliseconds(i),
        CreatedAt = Start,
        TransactionId = TransactionId.For(Tag, i + 1),
    };
}
