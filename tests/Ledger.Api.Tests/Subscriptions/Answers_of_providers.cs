using System.Collections.Immutable;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Maintenance;
using Ledger.Api.Payments;
using Ledger.Api.Settings;
using Ledger.Api.Subscriptions;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Ledger.Providers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>Providers whose answers can't be applied, and charges that are called off: the calls as they are composed, with a provider that answers what the test wants. No worker takes part.</summary>
[Collection(SubscriptionsCollection.Name)]
public sealed class Answers_of_providers(ContractService service) : IAsyncLifetime
{
    private static readonly EventMeta Meta = new(null, null, "test");

    private readonly Answering provider = new("fake");

    private Purchaser Shop => new(service);

    private PaymentCalls Payments => Through(Get<PaymentHallway>());

    private PaymentCalls Through(PaymentHallway hallway) => new(hallway, Get<EventReader>(), new ProviderDesk([provider], Get<TenantSettings>()), Get<PaymentDesk>(), NullLogger<PaymentCalls>.Instance);

    // A run that an operator asked for is under way: workers leave everything to it.
    public async ValueTask InitializeAsync() => await service.QueryAsync<string>("update ledger.maintenance_turn set holder = 'a test', until = now() + interval '1 minute' returning holder");

    public async ValueTask DisposeAsync() => await service.QueryAsync<object>("update ledger.maintenance_turn set holder = null, until = '-infinity' returning until");

    private T Get<T>() where T : notnull => service.Services.GetRequiredService<T>();

    private Task<object> ShiftAsync(int seconds) => service.QueryAsync<object>($"update ledger.clock set shift = shift + interval '{seconds} seconds' returning shift");

    private async Task<(TestAccount Account, string Payment)> ToppedUpAsync()
    {
        var account = await service.OpenAsync();
        // The account is a customer of the provider's by its first page, and has a method that can be charged.
        (await service.Admin.Put(account.Path + "/profile", $$$"""{"providerCustomers":{"fake":"{{{Subscribing.NewId("fcus_")}}}"}}""")).ShouldBe(200);
        (await account.Client.Put(account.Path + "/payment-methods", $$"""{"provider":"fake","providerMethodId":"{{Subscribing.NewId("fpm_")}}","type":"card","default":true}""")).Status.ShouldBeInRange(200, 201);
        var set = (await account.Client.Put(account.Path + "/auto-topup", """{"threshold":10,"item":"small","cooldownMinutes":0}""")).ShouldBe(200);
        return (account, set["pendingPaymentId"]);
    }

    private PaymentTold Paid(ChargeOrder order, string? account = null) =>
        new() { Provider = "fake", Marks = new(order.Tenant, account ?? order.Account, order.Payment), Refs = new() { PaymentIntentId = "fpi_" + order.Payment }, Status = PaymentStatus.Succeeded, Amount = order.Amount };

    [Fact]
    public async Task A_charge_whose_answer_can_not_be_applied_is_asked_for_again_under_the_same_key()
    {
        var (account, payment) = await ToppedUpAsync();
        var id = new PaymentId(payment);
        provider.Charge = order => [Paid(order, "another")];
        (await Payments.DoDueAsync("default", id, CancellationToken.None)).ShouldBe(Settled.Nothing);
        var tried = (await Shop.Hallway.FindAsync("default", id, CancellationToken.None))!;
        (tried.Status, tried.IsChargeBegun, tried.IsCharged, tried.Page!.Tries).ShouldBe((PaymentStatus.Pending, true, false, 1));
        tried.NextCall.ShouldNotBeNull("it is asked for again");
        (await Shop.Get(payment))["history"].ShouldNotBeNull();
        await ShiftAsync(5);
        (await account.Client.Put(account.Path + "/auto-topup", """{"enabled":false}""")).ShouldBe(200);
        (await Shop.Get(payment))["status"].ShouldBe("pending", "what was asked for takes its course");
        provider.Charge = order => [Paid(order)];
        await Payments.DoDueAsync("default", id, CancellationToken.None);
        (await Shop.Get(payment))["status"].ShouldBe("succeeded");
        (await service.Admin.Get(account.Path))["balance"].ShouldBe("5");
        provider.Charged.Count.ShouldBe(2);
        provider.Charged.Distinct().Count().ShouldBe(1, "all that the key is made of, and all else, is the same");
    }

    [Fact]
    public async Task A_charge_that_is_turned_off_before_it_was_asked_for_is_canceled_and_never_asked_for()
    {
        var (account, payment) = await ToppedUpAsync();
        var off = (await account.Client.Put(account.Path + "/auto-topup", """{"enabled":false}""")).ShouldBe(200);
        (off["enabled"], off["thisMonth"], off["failures"]).ShouldBe(("false", "0", "0"));
        (await Shop.Get(payment))["status"].ShouldBe("canceled");
        await Payments.DoDueAsync("default", new PaymentId(payment), CancellationToken.None);
        provider.Charged.ShouldBeEmpty();
        (await service.QueryAsync<long>($"select count(*) from ledger.due where stream_id = 'payment/{payment}'")).ShouldBe(0);
    }

    [Fact]
    public async Task A_charge_that_can_not_be_noted_as_begun_is_not_asked_for_and_left_alone_ever_longer()
    {
        var (_, payment) = await ToppedUpAsync();
        var ended = new GroupCommit(service.ConnectionString, EventJson.Catalog, new StreamModels(), [], new GroupCommitOptions(), NullLogger.Instance);
        ended.Dispose();
        var hallway = new PaymentHallway(ended, Get<EventReader>(), Get<TenantSettings>(), Get<SubscriptionFacts>(), Get<SubscriptionHallway>());
        var came = await Through(hallway).DoDueAsync("default", new PaymentId(payment), CancellationToken.None);
        (came.HasFailed, came.After(1), came.After(2)).ShouldBe((true, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)));
        provider.Charged.ShouldBeEmpty();
        provider.Charge = order => [Paid(order)];
        (await Payments.DoDueAsync("default", new PaymentId(payment), CancellationToken.None)).ShouldBe(Settled.Nothing);
        (await Shop.Get(payment))["status"].ShouldBe("succeeded");
    }

    [Fact]
    public async Task A_refund_whose_answer_can_not_be_applied_is_asked_for_again_and_its_credits_can_not_be_spent_meanwhile()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account);
        var id = new PaymentId(payment);
        var hallway = Shop.Hallway;
        await hallway.SendAsync("default", new StartRefund { Payment = id, Refund = "rfd_" + payment[4..], Reason = "returned" }, Meta);
        (await service.Admin.Get(account.Path)).ShouldSatisfyAllConditions(now => now["balance"].ShouldBe("0"), now => now["available"].ShouldBe("0"));
        var spent = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => account.Consume("1")));
        spent.ShouldAllBe(reply => reply.Status == 402);
        (await account.Post("holds", """{"amount":1}""")).ShouldBe(402, "insufficient-credits");

        provider.Refund = order => [Told(order, "another")];
        await Payments.DoDueAsync("default", id, CancellationToken.None);
        var pending = (await hallway.FindAsync("default", id, CancellationToken.None))!.Refunds.Single();
        (pending.Status, pending.Tries, pending.NextTry is not null).ShouldBe((RefundStatus.Pending, 1, true));
        await ShiftAsync(5);
        provider.Refund = order => [Told(order)];
        await Payments.DoDueAsync("default", id, CancellationToken.None);
        (await hallway.FindAsync("default", id, CancellationToken.None))!.Refunds.Single().Status.ShouldBe(RefundStatus.Succeeded);
        (await account.Consume("1")).Status.ShouldBe(402);
        provider.Refunded.Select(order => order.RefundId).ShouldBe([pending.Id, pending.Id]);

        RefundTold Told(RefundOrder order, string? of = null) =>
            new() { Provider = "fake", Marks = new("default", of ?? account.Id, payment), Refs = order.Refs, RefundId = "fre_" + payment, OurRefundId = order.RefundId, Amount = order.Amount!.Value, Status = RefundStatus.Succeeded };
    }

    [Fact]
    public async Task What_a_provider_answers_of_a_subscription_and_can_not_be_applied_is_asked_again_under_the_same_key()
    {
        var stripe = new Answering("stripe");
        var (hallway, account) = (Get<SubscriptionHallway>(), await service.OpenAsync());
        var price = Subscribing.NewId("price_");
        await new Subscribing(service).PlanAsync(more: $$$""","providerRefs":{"stripe":{"priceId":"{{{price}}}"}}""");
        var (theirs, now) = (Subscribing.NewId("sub_"), await new Subscribing(service).NowAsync());
        SubscriptionTold Told(string of, bool ends = false) => new()
        {
            Provider = "stripe",
            SubscriptionId = theirs,
            Marks = new("default", of, null),
            Refs = new() { SubscriptionId = theirs },
            Status = ToldSubscriptionStatus.Active,
            CancelAtPeriodEnd = ends,
            At = now,
            Items = [new("si_1", price, 1, now, now.AddMonths(1))],
        };
        await Get<SubscriptionFacts>().ApplyAsync("default", theirs, Told(account.Id), false, CancellationToken.None);
        var id = (await hallway.LiveAsync("default", new AccountId(account.Id), CancellationToken.None))!.Value.Subscription.Id;
        await hallway.SendAsync("default", new CancelSubscription { Subscription = id, Account = default, When = ChangeWhen.PeriodEnd }, Meta);

        var settings = new TenantSettings(Get<NpgsqlDataSource>(), new ConfigurationBuilder().AddInMemoryCollection([new("Stripe:SecretKey", "sk_test_answers"), new("Stripe:WebhookSecret", "whsec_answers")]).Build(), requiresPublic: false);
        var calls = new SubscriptionCalls(hallway, Get<SubscriptionFacts>(), Get<EventReader>(), new ProviderDesk([stripe], settings), Get<DueDesk>(), NullLogger<SubscriptionCalls>.Instance);
        stripe.Cancel = _ => [Told("another", ends: true)];
        await calls.DoDueAsync("default", id, CancellationToken.None);
        var tried = (await hallway.FindAsync("default", id, CancellationToken.None))!;
        (tried.Tries, tried.Asking?.Kind, tried.Attention).ShouldBe((1, ProviderActionKind.CancelAtPeriodEnd, null));
        await ShiftAsync(5);
        stripe.Cancel = _ => [Told(account.Id, ends: true)];
        await calls.DoDueAsync("default", id, CancellationToken.None);
        var told = (await hallway.FindAsync("default", id, CancellationToken.None))!;
        (told.Asks.Count, told.CancelAtPeriodEnd, told.NextCall).ShouldBe((0, true, null));
        stripe.Canceled.Count.ShouldBe(2);
        stripe.Canceled[0].ShouldBe(stripe.Canceled[1], "it is the same call with the same key");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_whose_answer_was_lost_and_that_is_too_late_now_is_judged_by_how_the_provider_says_it_stands(bool isDone)
    {
        var stripe = new Answering("stripe");
        var (hallway, account, plans) = (Get<SubscriptionHallway>(), await service.OpenAsync(), new Subscribing(service));
        var (month, year) = (Subscribing.NewId("price_"), Subscribing.NewId("price_"));
        var monthly = await plans.PlanAsync(more: $$$""","providerRefs":{"stripe":{"priceId":"{{{month}}}"}}""");
        var yearly = await plans.PlanAsync(9_000, interval: "year", more: $$$""","providerRefs":{"stripe":{"priceId":"{{{year}}}"}}""");
        var (theirs, now) = (Subscribing.NewId("sub_"), await plans.NowAsync());
        SubscriptionTold Told(string price, DateTimeOffset at, DateTimeOffset start, DateTimeOffset end) => new()
        {
            Provider = "stripe",
            SubscriptionId = theirs,
            Marks = new("default", account.Id, null),
            Refs = new() { SubscriptionId = theirs },
            Status = ToldSubscriptionStatus.Active,
            At = at,
            Items = [new("si_1", price, 1, start, end)],
        };
        // The period ends in half an hour: so the provider is to be asked for the year at once.
        var end = now.AddMinutes(30);
        await Get<SubscriptionFacts>().ApplyAsync("default", theirs, Told(month, now, end.AddMonths(-1), end), false, CancellationToken.None);
        var id = (await hallway.LiveAsync("default", new AccountId(account.Id), CancellationToken.None))!.Value.Subscription.Id;
        (await hallway.SendAsync("default", new ChangeSubscription { Subscription = id, Account = default, PlanId = yearly, When = ChangeWhen.PeriodEnd }, Meta)).Problem.ShouldBeNull();
        await hallway.SendAsync("default", new SettleSubscription { Subscription = id, Account = default }, Meta);

        var settings = new TenantSettings(Get<NpgsqlDataSource>(), new ConfigurationBuilder().AddInMemoryCollection([new("Stripe:SecretKey", "sk_test_answers"), new("Stripe:WebhookSecret", "whsec_answers")]).Build(), requiresPublic: false);
        var calls = new SubscriptionCalls(hallway, Get<SubscriptionFacts>(), Get<EventReader>(), new ProviderDesk([stripe], settings), Get<DueDesk>(), NullLogger<SubscriptionCalls>.Instance);
        await calls.DoDueAsync("default", id, CancellationToken.None);
        var tried = (await hallway.FindAsync("default", id, CancellationToken.None))!;
        (tried.Tries, tried.Asking?.Kind, stripe.Changes).ShouldBe((1, ProviderActionKind.Change, 1), "its answer was lost");

        await ShiftAsync(31 * 60);
        var (begun, next) = (now.AddMinutes(1), end.AddMonths(1));
        stripe.Asked = _ => isDone ? [Told(year, begun, begun, begun.AddYears(1))] : [Told(month, end, end, next)];
        await calls.DoDueAsync("default", id, CancellationToken.None);
        var known = (await hallway.FindAsync("default", id, CancellationToken.None))!;
        (known.Asks.Count, known.Plan.Id, stripe.Changes).ShouldBe((0, isDone ? yearly : monthly, 1));
        (known.Attention, known.Scheduled?.Plan.Id).ShouldBe(isDone ? (null, null) : ("The period ended before stripe had done the change. It is asked for it before the next one ends.", yearly));
    }

    private sealed class Answering(string name) : IPaymentProvider
    {
        public Func<ChargeOrder, ImmutableArray<ProviderFact>> Charge { get; set; } = _ => [];

        public Func<RefundOrder, ImmutableArray<ProviderFact>> Refund { get; set; } = _ => [];

        public Func<SubscriptionOrder, ImmutableArray<ProviderFact>> Cancel { get; set; } = _ => [];

        public Func<ProviderRefs, ImmutableArray<ProviderFact>> Asked { get; set; } = _ => throw new NotSupportedException();

        public int Changes { get; private set; }

        public List<ChargeOrder> Charged { get; } = [];

        public List<RefundOrder> Refunded { get; } = [];

        public List<SubscriptionOrder> Canceled { get; } = [];

        public string Name => name;

        public Task<ImmutableArray<ProviderFact>> ChargeAsync(ProviderSettings settings, ChargeOrder order, CancellationToken cancellationToken)
        {
            Charged.Add(order);
            return Task.FromResult(Charge(order));
        }

        public Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken)
        {
            Refunded.Add(order);
            return Task.FromResult(Refund(order));
        }

        public Task<ImmutableArray<ProviderFact>> CancelSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
        {
            Canceled.Add(order);
            return Task.FromResult(Cancel(order));
        }

        public Task<ImmutableArray<ProviderFact>> ChangeSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
        {
            Changes++;
            throw new ProviderException("no answer", ProviderFault.Unknown);
        }

        public string? Objection(CheckoutOrder order) => null;

        public Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken) => Task.FromResult(Asked(refs));

        public IAsyncEnumerable<ProviderPayment>? ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => null;

        public Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault) => throw new NotSupportedException();

        public ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body) => [];
    }
}
