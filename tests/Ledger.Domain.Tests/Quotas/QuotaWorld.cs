using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Quotas;

/// <summary>One account with its quotas, its subscription and the payments of its top-ups, in memory: loads what a command needs, decides, appends, and does what is due as time passes.</summary>
internal sealed class QuotaWorld
{
    public static readonly AccountId Id = new("acct_1");
    public static readonly DateTimeOffset Begin = new(2026, 11, 10, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<PaymentId, Payment> payments = [];
    private readonly List<(DateTimeOffset At, Account State)> past = [];

    public DateTimeOffset Now { get; set; } = Begin;

    public Account Account { get; private set; } = Account.Unopened(Id);

    public Quota Quota { get; private set; } = new();

    public Subscription? Live { get; set; }

    public Subscription? Ended { get; set; }

    public DateTimeOffset? SubscriptionDueSince { get; set; }

    public Chargeable? Method { get; set; } = new("fake", "cus_1", "pm_1");

    public CatalogItem Package { get; set; } = CatalogItem.Begin(ItemKind.Package, "small");

    public List<object> Happened { get; } = [];

    public IReadOnlyList<AlertRaised> Raised => [.. Happened.OfType<AlertRaised>()];

    public QuotaSheet Sheet => new(Quota, Account, Live, Baseline, Now, Ended);

    public Payment? Last => (Quota.TopUp.Open ?? Quota.TopUp.Last) is { } last ? payments[last] : null;

    public Payment? Open => Quota.TopUp.Open is { } open ? payments[open] : null;

    private Baseline Baseline
    {
        get
        {
            var start = QuotaPeriod.Of(Live, Ended, Now).Start;
            return Baseline.Of(start, past.LastOrDefault(one => one.At < start).State);
        }
    }

    public static QuotaWorld Opened(Credits? balance = null)
    {
        var world = new QuotaWorld();
        world.Do(new OpenAccount { Account = Id, Tag = "0123456789abcdef", Owner = new(OwnerKind.User, "u_1"), Scale = 6 });
        if (balance is { } credits) world.Do(new GrantCredits { Account = Id, Amount = credits, Source = GrantSource.Bonus });
        return world;
    }

    /// <summary>A live subscription whose plan has these limits.</summary>
    public QuotaWorld With(params PlanLimit[] limits)
    {
        Live = Subscription.None(SubscriptionId.Of(1)) with
        {
            Version = 1,
            Account = Id,
            Status = SubscriptionStatus.Active,
            Plan = new("pro", 1, new() { Name = "Pro", Tier = "pro", Active = true, Price = new(2999, "usd"), Interval = PlanInterval.Month, Limits = [.. limits] }),
            CurrentPeriodStart = Begin.AddDays(-5),
            CurrentPeriodEnd = Begin.AddDays(-5).AddMonths(1),
        };
        return this;
    }

    public void Do(AccountCommand command)
    {
        if (command.Decide(Account, null, Recollection.Empty, Now) is Decision.Accepted accepted) Append(accepted.Streams[0].Events);
        Wake();
    }

    public QuotaDecision Send(QuotaCommand command)
    {
        var looked = new LookedUp(Baseline, Method, Method is null ? "there is no saved payment method that can be charged" : null);
        var was = Last;
        var next = PaymentId.Of((UInt128)(Quota.TopUp.Number + 1));
        var decision = (command with { LookedUp = looked }).Decide(new QuotaStates { Quota = Quota, Account = Account, Live = Live, Last = Last, Ended = Ended, SubscriptionDueSince = SubscriptionDueSince, Next = next, Package = Package, Vain = [.. ((IEnumerable<PaymentId>)Quota.TopUp.Vain).Select(id => payments[id])] }, Now);
        if (decision is not QuotaDecision.Accepted accepted) return decision;
        foreach (var happened in accepted.Quota)
        {
            Quota = Quota.Evolve(happened, Now);
            Happened.Add(happened);
        }

        foreach (var happened in accepted.CalledOff)
        {
            payments[was!.Id] = was.Evolve(happened, Now);
            Happened.Add(happened);
        }

        Append(accepted.Account);
        foreach (var happened in accepted.Payment)
        {
            payments.ContainsKey(next).ShouldBeFalse("a top-up's payment is begun once");
            payments[next] = Payment.None(next).Evolve(happened, Now);
            Happened.Add(happened);
        }

        Account.Watch?.CrossedAt.ShouldBeNull("what is watched for has just been done");
        return decision;
    }

    public QuotaDecision Post(string metric, Credits quantity, UsageMode mode = UsageMode.Add, bool enforce = false, string? category = null, DateTimeOffset? at = null) =>
        Send(new RecordUsage { Account = Id, Metric = metric, Quantity = quantity, Mode = mode, Enforce = enforce, Category = category, OccurredAt = at });

    public void Consume(Credits amount) => Do(new ConsumeCredits { Account = Id, Amount = amount });

    public void Grant(Credits amount) => Do(new GrantCredits { Account = Id, Amount = amount, Source = GrantSource.Bonus });

    /// <summary>What the provider says of the open top-up; paid ones are delivered.</summary>
    public void Tell(PaymentStatus status)
    {
        var open = Open!;
        var told = new PaymentTold { Provider = "fake", Refs = new() { PaymentIntentId = $"pi_{Quota.TopUp.Number}" }, Status = status, Amount = open.Amount, Reason = status == PaymentStatus.Succeeded ? null : "card_declined" };
        var command = new ApplyProviderFact { Payment = open.Id, Tenant = "default", Fact = told };
        var accepted = command.Decide(open, Account, PaymentPast.Empty, Now).ShouldBeOfType<PaymentDecision.Accepted>();
        foreach (var happened in accepted.Payment) payments[open.Id] = payments[open.Id].Evolve(happened, Now);
        Append(accepted.Account);
        Wake();
    }

    /// <summary>What the provider says late of a payment that was given up.</summary>
    public void Pay(PaymentId id) => payments[id] = payments[id].Evolve(new PaymentSucceeded { Received = payments[id].Amount }, Now);

    /// <summary>Something happens to the last top-up's payment.</summary>
    public void Happen(PaymentEvent happened) => payments[Last!.Id] = Last.Evolve(happened, Now);

    /// <summary>Time passes, and what is due is done as it becomes due.</summary>
    public void Pass(TimeSpan time)
    {
        var end = Now + time;
        for (var steps = 0; Quota.NextDue is { } due && due <= end; steps++)
        {
            steps.ShouldBeLessThan(2_000, "time goes on");
            if (due > Now) Now = due;
            Send(new SettleQuota { Account = Id }).ShouldBeOfType<QuotaDecision.Accepted>();
        }

        Now = end;
    }

    /// <summary>What is due on the account, and then what a crossed watch asks for.</summary>
    public void Wake()
    {
        if (Account.NextDue <= Now && new SettleDue { Account = Id }.Decide(Account, null, Recollection.Empty, Now) is Decision.Accepted accepted) Append(accepted.Streams[0].Events);
        if (Account.Watch?.CrossedAt is not null) Send(new SettleQuota { Account = Id }).ShouldBeOfType<QuotaDecision.Accepted>();
    }

    private void Append(IEnumerable<AccountEvent> events)
    {
        foreach (var happened in events)
        {
            Account = Account.Evolve(happened, Now);
            past.Add((Now, Account));
        }
    }
}
