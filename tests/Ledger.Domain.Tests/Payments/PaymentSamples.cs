using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Payments;

/// <summary>Every type of event of payments and the catalogue at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class PaymentSamples
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);

    private static readonly ProviderRefs FullRefs = new()
    {
        CheckoutSessionId = "cs_1",
        PaymentIntentId = "pi_1",
        ChargeId = "ch_1",
        OrderId = "pay_1-1",
        TransactionId = "t-1",
        CustomerId = "cus_1",
        SubscriptionId = "sub_1",
        InvoiceId = "in_1",
    };

    private static readonly ProviderRefs SmallRefs = new() { PaymentIntentId = "pi_1" };

    private static readonly MethodShown FullMethod = new("card", "visa", "4242", 12, 2030, "pm_1");

    private static readonly Metadata Noted = Metadata.Of([new("team", "blue"), new("a", "1")]);

    private static readonly Plan FullPlan = new()
    {
        Name = "Pro",
        Description = "All of it",
        Active = true,
        Metadata = Noted,
        Tier = "pro",
        Price = new(2999, "usd"),
        Interval = PlanInterval.Month,
        TrialDays = 14,
        CreditsPerPeriod = 100.5m,
        RolloverMax = 50,
        Limits = [new("api_calls", 1000), new("storage_mb", 1024.5m)],
        Features = """{"sso":true}""",
        Seats = new(1, 10, new(500, "usd")),
        ProviderRefs = [new("midtrans"), new("stripe", "price_1", "prod_1")],
        DisplayOrder = 3,
    };

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("package_defined_full", new PackageDefined { Package = new() { Name = "Large", Description = "30 credits", Active = false, Metadata = Noted, Price = new(3000, "usd"), CreditAmount = 30.25m, ExpiresAfterDays = 365, SortOrder = 3 } }),
        ("package_defined_small", new PackageDefined { Package = new() { Name = "Large", Active = true, Price = new(3000, "idr"), CreditAmount = 30 } }),
        ("package_archived_full", new PackageArchived { Reason = "replaced" }),
        ("package_archived_small", new PackageArchived()),
        ("product_defined_full", new ProductDefined { Product = new() { Name = "Workshop", Description = "A day", Active = true, Metadata = Noted, Type = "workshop", Price = new(9900, "eur") } }),
        ("product_defined_small", new ProductDefined { Product = new() { Name = "Workshop", Active = true, Type = "course" } }),
        ("product_archived_full", new ProductArchived { Reason = "over" }),
        ("product_archived_small", new ProductArchived()),
        ("plan_defined_full", new PlanDefined { Plan = FullPlan }),
        ("plan_defined_term", new PlanDefined { Plan = new() { Name = "Pass", Active = true, Tier = "pass", Price = new(900, "usd"), Interval = PlanInterval.Fixed, TermDays = 30 } }),
        ("plan_defined_small", new PlanDefined { Plan = new() { Name = "Free", Active = true, Tier = "free", Price = new(0, "usd"), Interval = PlanInterval.Lifetime } }),
        ("plan_archived_full", new PlanArchived { Reason = "replaced" }),
        ("plan_archived_small", new PlanArchived()),
        ("payment_intended_full", new PaymentIntended
        {
            Status = PaymentStatus.Pending, Account = new("acct_1"), Purpose = PaymentPurpose.Credits, Item = new(ItemKind.Package, "large", 2, "Large", 3, new(3000, "usd"), 365), Amount = new(8000, "usd"), ListPrice = new(9000, "usd"), CreditAmount = 90,
            Provider = "stripe", ExpiresAt = Time.AddHours(23), SuccessUrl = "https://app.example/ok", CancelUrl = "https://app.example/no", Metadata = Noted,
        }),
        ("payment_intended_small", new PaymentIntended { Account = new("acct_1"), Purpose = PaymentPurpose.Product, Item = new(ItemKind.Product, "ws_1", 1, "Workshop", 1, new(0, "usd")), Amount = new(0, "usd"), ListPrice = new(0, "usd"), ExpiresAt = Time }),
        ("payment_intended_kept_method", new PaymentIntended { Account = new("acct_1"), Purpose = PaymentPurpose.Credits, Item = new(ItemKind.Package, "small", 1, "Small", 1, new(500, "usd")), Amount = new(500, "usd"), ListPrice = new(500, "usd"), Provider = "stripe", KeepsMethod = true, ExpiresAt = Time }),
        ("payment_intended_plan", new PaymentIntended
        {
            Status = PaymentStatus.Pending, Account = new("acct_1"), Purpose = PaymentPurpose.Subscription, Item = new(ItemKind.Plan, "pro-monthly", 2, "Pro", 1, new(2999, "usd")), Amount = new(2999, "usd"), ListPrice = new(2999, "usd"), Provider = "stripe",
            ExpiresAt = Time.AddHours(23), Subscription = SubscriptionId.Of(1),
        }),
        ("payment_intended_charge", new PaymentIntended
        {
            Account = new("acct_1"), Purpose = PaymentPurpose.Credits, Item = new(ItemKind.Package, "large", 2, "Large", 1, new(3000, "usd")), Amount = new(3000, "usd"), ListPrice = new(3000, "usd"), CreditAmount = 30,
            Provider = "stripe", ExpiresAt = Time.AddHours(20), Charge = new("cus_1", "pm_1"), Metadata = Metadata.Of([new("autoTopup", "1")]),
        }),
        ("payment_reported_full", new PaymentReported { Status = PaymentStatus.Pending, Account = new("acct_1"), Provider = "stripe", Amount = new(700, "kwd"), CreditAmount = 7.5m }),
        ("payment_reported_small", new PaymentReported { Account = new("acct_1"), Provider = "midtrans", Amount = new(15_000_000, "idr"), CreditAmount = 1 }),
        ("payment_billed_full", new PaymentBilled { Status = PaymentStatus.Pending, Account = new("acct_1"), Provider = "stripe", Subscription = SubscriptionId.Of(1), Amount = new(2999, "usd"), Item = new(ItemKind.Plan, "pro-monthly", 2, "Pro", 1, new(2999, "usd")), Refs = FullRefs }),
        ("payment_billed_small", new PaymentBilled { Account = new("acct_1"), Provider = "stripe", Subscription = SubscriptionId.Of(2), Amount = new(700, "usd"), Refs = new() { InvoiceId = "in_1" } }),
        ("payment_details_learnt_by_invoice", new PaymentDetailsLearnt { Refs = new() { InvoiceId = "in_1" }, ByInvoice = true }),
        ("checkout_page_opened_full", new CheckoutPageOpened { Refs = FullRefs, RedirectUrl = "https://pay.example/cs_1", Token = "tok_1", Attempt = 2 }),
        ("checkout_page_opened_small", new CheckoutPageOpened { Refs = SmallRefs, RedirectUrl = "https://pay.example/cs_1", Attempt = 1 }),
        ("provider_call_tried_full", new ProviderCallTried { Call = ProviderCall.Refund, Refund = "rfd_1", Reason = "no answer", NextAt = Time.AddSeconds(2) }),
        ("provider_call_tried_small", new ProviderCallTried { Call = ProviderCall.Open, NextAt = Time }),
        ("provider_call_tried_charge", new ProviderCallTried { Call = ProviderCall.Charge, NextAt = Time }),
        ("charge_begun_full", new ChargeBegun { Status = PaymentStatus.Pending }),
        ("charge_begun_small", new ChargeBegun()),
        ("payment_advanced_full", new PaymentAdvanced { Status = PaymentStatus.Challenged, To = PaymentStatus.Challenged, Reason = "fraud check", Refs = FullRefs, Method = FullMethod }),
        ("payment_advanced_small", new PaymentAdvanced { To = PaymentStatus.RequiresAction }),
        ("payment_succeeded_full", new PaymentSucceeded { Status = PaymentStatus.Succeeded, Received = new(8000, "usd"), PaidAt = Time.AddSeconds(-3), Refs = FullRefs, Method = FullMethod }),
        ("payment_succeeded_small", new PaymentSucceeded { Received = new(0, "usd") }),
        ("payment_fulfilled_full", new PaymentFulfilled { Status = PaymentStatus.Succeeded, Purchase = TransactionId.For(Samples.Tag, 2) }),
        ("payment_fulfilled_small", new PaymentFulfilled()),
        ("payment_mismatched_full", new PaymentMismatched { Status = PaymentStatus.Failed, NeedsAttention = true, Reason = "1499 usd was paid", Received = new(1499, "usd"), Refs = FullRefs }),
        ("payment_mismatched_small", new PaymentMismatched { Reason = "without an amount" }),
        ("payment_reversed_full", new PaymentReversed { Status = PaymentStatus.Canceled, To = PaymentStatus.Canceled, Reason = "void", Refs = FullRefs }),
        ("payment_reversed_small", new PaymentReversed { To = PaymentStatus.Failed }),
        ("payment_details_learnt_full", new PaymentDetailsLearnt { Refs = FullRefs, Method = FullMethod }),
        ("payment_details_learnt_small", new PaymentDetailsLearnt { Method = new("qris") }),
        ("refund_started_full", new RefundStarted { Status = PaymentStatus.PartiallyRefunded, Refunded = 500, Refund = "rfd_1", Amount = new(500, "usd"), Reason = "returned", KeepsCredits = true, AllowsDebt = true }),
        ("refund_started_small", new RefundStarted { Refund = "rfd_1", Amount = new(500, "usd") }),
        ("refund_advanced_full", new RefundAdvanced { Refund = "rfd_1", ProviderId = "re_1", Amount = new(500, "usd"), To = RefundStatus.Failed, Reason = "account closed" }),
        ("refund_advanced_small", new RefundAdvanced { Refund = "re_1", Amount = new(500, "usd"), To = RefundStatus.Pending }),
        ("refund_total_told_full", new RefundTotalTold { Status = PaymentStatus.PartiallyRefunded, Refunded = 500, Total = new(500, "usd") }),
        ("refund_total_told_small", new RefundTotalTold { Total = new(1, "jpy") }),
        ("dispute_advanced_full", new DisputeAdvanced { Status = PaymentStatus.Disputed, Dispute = "dp_1", Amount = new(500, "usd"), To = DisputeStatus.Open, Reason = "fraudulent" }),
        ("dispute_advanced_small", new DisputeAdvanced { Dispute = "dp_1", Amount = new(500, "usd"), To = DisputeStatus.Withdrawn }),
        ("payment_credits_revoked_full", new PaymentCreditsRevoked { Amount = 3, Shortfall = 2.5m }),
        ("payment_credits_revoked_small", new PaymentCreditsRevoked { Amount = 0.000001m }),
        ("payment_credits_restored_full", new PaymentCreditsRestored { Amount = 3, Shortfall = 2.5m }),
        ("payment_credits_restored_small", new PaymentCreditsRestored { Amount = 3 }),
        ("attention_needed_full", new AttentionNeeded { Status = PaymentStatus.Succeeded, NeedsAttention = true, Reason = "the account is closed" }),
        ("attention_needed_small", new AttentionNeeded { Reason = "look" }),
        ("attention_resolved_full", new AttentionResolved { Status = PaymentStatus.Failed, Reason = "refunded in the dashboard" }),
        ("attention_resolved_small", new AttentionResolved { Reason = "done" }),
        ("customer_linked_full", new CustomerLinked { Account = new("acct_1"), Provider = "stripe", CustomerId = "cus_1" }),
        ("customer_linked_small", new CustomerLinked { Account = new("a"), Provider = "fake", CustomerId = "c" }),
        ("customer_unlinked_full", new CustomerUnlinked { CustomerId = "cus_1" }),
        ("customer_unlinked_small", new CustomerUnlinked { CustomerId = "c" }),
    ];
}
