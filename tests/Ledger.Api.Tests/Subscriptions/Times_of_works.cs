using System.Collections.Immutable;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Payments;
using Ledger.Api.Profiles;
using Ledger.Api.Quotas;
using Ledger.Api.Subscriptions;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using FactName = Ledger.EventStore.FactName;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>The time that something is decided at is the one that it is recorded at: so it is never before the last event of any stream that the decision appends to.</summary>
public sealed class Times_of_works
{
    private const string Tenant = "default";
    private static readonly AccountId Account = new("acct_1");
    private static readonly DateTimeOffset Now = new(2026, 11, 10, 0, 0, 0, TimeSpan.Zero);
    private static readonly EventMeta Meta = new(null, null, "test");

    private static Loaded Opened()
    {
        var loaded = new Loaded();
        loaded.Add(AccountModel.StreamOf(Tenant, Account), new AccountOpened { Tag = "0123456789abcdef", Owner = new(OwnerKind.User, "u_1"), Unit = "credits", Scale = 6, OverdraftLimit = 0 });
        return loaded;
    }

    private static void Decide(Loaded loaded, Work work, params StreamRef[] among)
    {
        var verdict = work.Decide(loaded);
        verdict.Refusal.ShouldBeNull();
        verdict.Appends.Select(append => append.Stream).ShouldBeSubsetOf(loaded.TimedBy);
        foreach (var stream in among) verdict.Appends.Select(append => append.Stream).ShouldContain(stream);
    }

    [Fact]
    public void A_subscription_with_its_invoice()
    {
        var id = SubscriptionId.Of(1);
        var start = new StartSubscription { Subscription = id, Account = Account, PlanId = "pro-monthly", MayGivePaid = true };
        var look = new SubscriptionLook(id, Account, [], [.. BillingLoad.InvoicesOf(Subscription.None(id), Now), InvoiceId.Of(id, 2)]);
        Decide(Opened(), new SubscriptionWork(start, look, BillingPolicy.Default) { Tenant = Tenant, Meta = Meta }, InvoicingModel.StreamOf(Tenant), SubscriberModel.StreamOf(Tenant, Account));
    }

    [Fact]
    public void A_payment_with_its_invoice_and_the_method_that_it_shows()
    {
        var (loaded, id) = (Opened(), PaymentId.Of(1));
        loaded.Add(PaymentModel.StreamOf(Tenant, id), new PaymentIntended
        {
            Account = Account,
            Purpose = PaymentPurpose.Credits,
            Item = new(ItemKind.Package, "small", 1, "Small", 1, new(500, "usd")),
            Amount = new(500, "usd"),
            ListPrice = new(500, "usd"),
            CreditAmount = 5,
            Provider = "stripe",
            ExpiresAt = Now.AddHours(1),
            KeepsMethod = true,
        });
        var told = new PaymentTold { Provider = "stripe", Status = PaymentStatus.Succeeded, Amount = new(500, "usd"), Method = new("card", "visa", "4242", 12, 2030, "pm_1") };
        var look = new PaymentLook(id, Account, null, [], IsKnown: true);
        Decide(
            loaded, new PaymentWork(new ApplyProviderFact { Payment = id, Fact = told, Tenant = Tenant }, look, BillingPolicy.Default) { Tenant = Tenant, Meta = Meta },
            InvoicingModel.StreamOf(Tenant), ProfileModel.StreamOf(Tenant, Account), AccountModel.StreamOf(Tenant, Account));
    }

    [Fact]
    public void Quotas_with_a_top_up_and_all_that_they_are_judged_by()
    {
        var (loaded, id) = (Opened(), SubscriptionId.Of(1));
        loaded.Add(SubscriberModel.StreamOf(Tenant, Account), new SubscriptionTaken { Subscription = id });
        var settings = new AutoTopUp { Threshold = 10, Package = "small", Quantity = 1, Price = new(0, ""), MaxPerMonth = 3, CooldownMinutes = 60, Enabled = true };
        var command = new SetAutoTopUp { Account = Account, Settings = settings, LookedUp = new(new Baseline(QuotaPeriod.MonthOf(Now), 0, 0), new("fake", "cus_1", "pm_1")) };
        var work = new QuotaWork(command, BillingPolicy.Default) { Tenant = Tenant, Meta = Meta };
        work.Name(new Needs());
        work.NameMore(loaded, new Needs());
        Decide(loaded, work, PaymentModel.StreamOf(Tenant, QuotaModel.PaymentOf(Tenant, Account, 1)));
        loaded.TimedBy.ShouldContain(SubscriptionModel.StreamOf(Tenant, id));
    }

    private sealed class Loaded : IDecisionContext
    {
        private readonly StreamModels models = new([new AccountModel(), new PaymentModel(), new CustomerModel(), .. CatalogModel.All, .. BillingRoutes.Models]);
        private readonly Dictionary<StreamRef, (object State, long Version)> states = [];

        public HashSet<StreamRef> TimedBy { get; } = [];

        public void Add(StreamRef stream, object happened) => states[stream] = (models.Of(stream).Evolve(State(stream), happened, Now), Version(stream) + 1);

        public DateTimeOffset NowFor(params ReadOnlySpan<StreamRef> streams)
        {
            foreach (var stream in streams) TimedBy.Add(stream);
            return Now;
        }

        public long Version(StreamRef stream) => states.GetValueOrDefault(stream).Version;

        public object State(StreamRef stream) => states.TryGetValue(stream, out var known) ? known.State : models.Of(stream).Initial(stream);

        public string? Fact(FactName name) => null;

        public IReadOnlyList<(string Key, string Data)> FactsOfKind(StreamRef stream, string kind) => [];

        public (object Event, DateTimeOffset RecordedAt)? Event(StreamRef stream, long version) => null;
    }
}
