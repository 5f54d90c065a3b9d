using System.Buffers;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Subscriptions;
using Ledger.Domain.Tests;
using Ledger.Domain.Tests.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>What is saved of a subscription, its place and its account comes back as it was.</summary>
public sealed class Subscriptions_at_rest
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_subscription_comes_back_after_each_of_its_events()
    {
        var model = new SubscriptionModel();
        var stream = SubscriptionModel.StreamOf("default", SubscriptionId.Of(1));
        var state = model.Initial(stream);
        foreach (var (name, happened) in SubscriptionSamples.All.Where(sample => sample.Event is SubscriptionEvent))
        {
            state = model.Evolve(state, happened, Time);
            Saved(model, stream, state).ShouldBe(state, name);
        }
    }

    [Fact]
    public void The_place_comes_back()
    {
        var model = new SubscriberModel();
        var stream = SubscriberModel.StreamOf("default", new("acct_1"));
        var state = model.Initial(stream);
        foreach (var (name, happened) in SubscriptionSamples.All.Where(sample => sample.Event is SubscriberEvent))
        {
            state = model.Evolve(state, happened, Time);
            Saved(model, stream, state).ShouldBe(state, name);
        }

        ((Subscriber)state).HasTried("pro").ShouldBeTrue();
    }

    [Fact]
    public void An_account_keeps_what_came_with_its_subscription_and_others_pay_a_byte_for_it()
    {
        var model = new AccountModel();
        var stream = AccountModel.StreamOf("default", new("acct_1"));
        var account = (Account)model.Evolve(model.Initial(stream), new AccountOpened { Tag = Samples.Tag, Owner = new(OwnerKind.User, "u_1"), Unit = "credit", Scale = 6, OverdraftLimit = 0 }, Time);
        var plain = Bytes(model, account);
        foreach (var part in Enum.GetValues<PeriodPart>())
        {
            var id = TransactionId.For(Samples.Tag, account.Version + 1);
            account = account.Evolve(new CreditsGranted
            {
                Id = id,
                Lot = id.FirstLot,
                Amount = 7.5m,
                Source = GrantSource.Subscription,
                Priority = 100,
                ExpiresAt = Time.AddDays(30),
                Before = account.Balance,
                After = account.Balance + 7.5m,
                Available = 0,
                Allocations = [new(id.FirstLot, 7.5m)],
                Period = new(SubscriptionId.Of(1), 2, part),
            }, Time);
            Saved(model, stream, account).ShouldBe(account);
        }

        AccountBody.Of(account, Time).NextReset.ShouldBe(new ResetBody(Time.AddDays(30)));
        AccountBody.Of(account, Time.AddDays(30)).NextReset.ShouldBeNull();
        account = account.Evolve(account.SettledAt(Time.AddDays(31)).Events[0], Time.AddDays(31));
        (account.Period!.Lapsed, account.Lots[0].Subscription).ShouldBe((7.5m, SubscriptionId.Of(1)));
        Saved(model, stream, account).ShouldBe(account);
        Bytes(model, account with { Period = null, Lots = [], Balance = 0, Totals = Totals.Zero, Version = 1, UpdatedAt = Time }).ShouldBe(plain);
    }

    private static object Saved(IStreamModel model, StreamRef stream, object state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        model.Save(state, buffer);
        return model.Load(stream, buffer.WrittenSpan);
    }

    private static byte[] Bytes(AccountModel model, Account account)
    {
        var buffer = new ArrayBufferWriter<byte>();
        model.Save(account, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
