using System.Buffers;
using Ledger.Api.Commands;
using Ledger.Api.Tests.ReadModels;
using Ledger.Api.Verification;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Tests.Contract;

/// <summary>What is saved of an account, without a store: random histories with disputes, and a state that was saved before there were any.</summary>
public sealed class Packed_states(ITestOutputHelper output)
{
    private const int Histories = 30;

    // A state in the form that is written now.
    private const string Older =
        "0e20303132333435363738396162636465660006755f310c6372656469740c00000080c0d0bcffacb00680d0eda59aadb006c0f0f50b00000080dac40980ade2040000c096b102000000040602040280ade20480ade2040e0180c0bab0efc3b1060080889ff18cadb0060000000400000080dac409c0c39307c8010001d00f0675736480e4f79686adb006c096b102000000000000";

    private static readonly StreamRef Stream = AccountModel.StreamOf("default", new("acct_1"));

    private static Account Known { get; } = new()
    {
        Id = new("acct_1"),
        Version = 7,
        Tag = "0123456789abcdef",
        Owner = new(OwnerKind.User, "u_1"),
        Unit = "credit",
        Scale = 6,
        CreatedAt = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero),
        UpdatedAt = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero),
        Balance = 12.5m,
        Totals = new() { Purchased = 10, Granted = 5, Revoked = 2.5m },
        Lots =
        [
            new()
            {
                Id = LotId.For("0123456789abcdef", 3), Kind = LotKind.Granted, Source = GrantSource.Bonus, Origin = LotOrigin.Grant, Amount = 5, Remaining = 5, Priority = 7, ExpiresAt = new(2026, 12, 20, 12, 0, 0, TimeSpan.Zero),
                CreatedAt = new(2026, 11, 20, 12, 30, 0, TimeSpan.Zero), TransactionId = TransactionId.For("0123456789abcdef", 3),
            },
            new()
            {
                Id = LotId.For("0123456789abcdef", 2), Kind = LotKind.Purchased, Origin = LotOrigin.Purchase, Amount = 10, Remaining = 7.5m, Priority = 100, Cost = new(1000, "usd"),
                CreatedAt = new(2026, 11, 20, 12, 15, 0, TimeSpan.Zero), TransactionId = TransactionId.For("0123456789abcdef", 2), Revoked = 2.5m,
            },
        ],
    };

    [Fact]
    public void Every_state_of_every_history_is_brought_back_and_agrees_with_its_events()
    {
        var seed = RandomEvents.Seed(output);
        var (model, audit, frozen) = (new AccountModel(), new AccountAudit(), 0);
        for (var history = 0; history < Histories; history++)
        {
            var states = RandomEvents.Ids.ToDictionary(id => AccountModel.StreamOf("default", id), Account.Unopened);
            foreach (var happened in RandomEvents.Of(seed + history).Events)
            {
                var before = states[happened.Stream];
                var after = states[happened.Stream] = before.Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                audit.Witness(happened.Stream, before, happened.Data, after).ShouldBeNull($"LEDGER_SEED={seed + history}");
                audit.Whole(after).ShouldBeNull($"LEDGER_SEED={seed + history}");
                var saved = Save(model, after);
                var loaded = (Account)model.Load(happened.Stream, saved);
                loaded.ShouldBe(after, $"LEDGER_SEED={seed + history}");
                Save(model, loaded).ShouldBe(saved);
                if (after.Frozen.IsPositive) frozen++;
            }
        }

        frozen.ShouldBeGreaterThan(0, "the histories have disputes");
    }

    [Fact]
    public void A_known_state_is_read_and_written_as_it_was()
    {
        var model = new AccountModel();
        ((Account)model.Load(Stream, Convert.FromHexString(Older))).ShouldBe(Known);
        Convert.ToHexStringLower(Save(model, Known)).ShouldBe(Older);
    }

    [Fact]
    public void What_few_accounts_have_is_brought_back_too()
    {
        var model = new AccountModel();
        foreach (var watch in new[] { new AccountWatch(Below: 20.5m), new AccountWatch(Above: -1, Spent: 80), new AccountWatch(1, 2, 3, Known.UpdatedAt), new AccountWatch(Calls: 80), new AccountWatch(1, 2, 3, Known.UpdatedAt, 1_000_000_000_000) })
        {
            var state = Known with { Calls = 7, Watch = watch };
            ((Account)model.Load(Stream, Save(model, state))).ShouldBe(state);
        }
    }

    [Fact]
    public void The_audit_tells_a_frozen_sum_and_a_witness_that_are_wrong()
    {
        var audit = new AccountAudit();
        var disputed = Known.Evolve(new LotFrozen { Lot = Known.Lots[1].Id, Dispute = "dp_1", Amount = 7.5m }, Known.UpdatedAt);
        audit.Whole(disputed).ShouldBeNull();
        audit.Whole(disputed with { Frozen = 7 }).ShouldNotBeNull().What.ShouldBe("what is frozen is what disputed lots hold");
        audit.Witness(Stream, Known, new LotFrozen { Lot = Known.Lots[1].Id, Dispute = "dp_1", Amount = 7 }, disputed).ShouldNotBeNull();
        audit.Witness(Stream, disputed, new LotUnfrozen { Lot = Known.Lots[1].Id, Dispute = "dp_1", Amount = 7 }, Known).ShouldNotBeNull();
    }

    private static byte[] Save(AccountModel model, object state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        model.Save(state, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
