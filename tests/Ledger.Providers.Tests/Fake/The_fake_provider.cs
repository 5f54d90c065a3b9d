using Ledger.Domain.Payments;
using Ledger.Providers.Fake;

namespace Ledger.Providers.Tests.Fake;

public sealed class The_fake_provider
{
    private static readonly ProviderSettings Settings = new("fake", ["fake_secret_of_the_tests"], new Uri("http://localhost:5080/"));

    private readonly FakeProvider _provider = new();

    [Fact]
    public async Task sends_the_payer_to_our_own_page_the_same_for_a_repeat()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        started.RedirectUrl.AbsoluteUri.ShouldBe("http://localhost:5080/fake-provider/pay/fcs_pay_1");
        (await _provider.StartAsync(Settings, Orders.Order() with { Attempt = 2 }, default)).ShouldBe(started);
        _provider.Find("fcs_pay_1")!.Order.Total.ShouldBe(Orders.Usd(1500));
        _provider.Find("fcs_pay_2").ShouldBeNull();
    }

    [Fact]
    public async Task tells_of_what_was_decided_with_a_signature_that_holds()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var told = Decide(FakeDecision.Pay).Only<PaymentTold>();
        (told.Status, told.Amount, told.Marks).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(1500), new LedgerMarks("default", "acct_1", "pay_1")));
        told.Refs.ShouldBe(new ProviderRefs { CheckoutSessionId = "fcs_pay_1", PaymentIntentId = "fpi_pay_1" });
        (await _provider.AskAsync(Settings, told.Refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Succeeded);
    }

    [Fact]
    public async Task a_decision_that_is_told_again_has_the_same_name_and_another_one_has_another()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var (first, again) = (_provider.Decide(Settings, "fcs_pay_1", FakeDecision.Pay)!, _provider.Decide(Settings, "fcs_pay_1", FakeDecision.Pay)!);
        again.Body.ShouldBe(first.Body);
        Named(_provider.Decide(Settings, "fcs_pay_1", FakeDecision.Dispute)!).ShouldNotBe(Named(first));
    }

    [Fact]
    public async Task a_signature_with_another_secret_or_over_another_body_does_not_hold()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var told = _provider.Decide(Settings, "fcs_pay_1", FakeDecision.Pay)!;
        _provider.Verify(Settings with { WebhookSecrets = ["another"] }, _ => told.Signature, told.Body, DateTimeOffset.UtcNow, out var fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Wrong);
        _provider.Verify(Settings, _ => told.Signature, [.. told.Body, 32], DateTimeOffset.UtcNow, out _).ShouldBeNull();
        _provider.Verify(Settings, _ => told.Signature, told.Body, DateTimeOffset.UtcNow.AddMinutes(6), out fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Stale);
    }

    [Fact]
    public async Task a_card_may_be_declined_before_it_pays_and_a_page_that_was_given_up_is_closed()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var declined = Decide(FakeDecision.Decline).Only<PaymentTold>();
        (declined.Status, declined.MayStillSucceed).ShouldBe((PaymentStatus.Failed, true));
        Decide(FakeDecision.Pay).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Succeeded);

        await _provider.StartAsync(Settings, Orders.Order(payment: "pay_2"), default);
        Decide(FakeDecision.GiveUp, "fcs_pay_2").Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Expired);
        _provider.Decide(Settings, "fcs_pay_2", FakeDecision.Pay).ShouldBeNull();
        _provider.Decide(Settings, "fcs_pay_2", FakeDecision.Refund).ShouldBeNull();
        _provider.Decide(Settings, "fcs_nope", FakeDecision.Pay).ShouldBeNull();
    }

    [Fact]
    public async Task refunds_up_to_what_was_paid_each_once()
    {
        var refs = (await _provider.StartAsync(Settings, Orders.Order(), default)).Refs;
        var order = new RefundOrder("pay_1", "ref_1", refs, Orders.Usd(500), null);
        (await Should.ThrowAsync<ProviderException>(() => _provider.RefundAsync(Settings, order, default))).Fault.ShouldBe(ProviderFault.Refused);
        Decide(FakeDecision.Pay);
        var told = (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>();
        (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>().ShouldBe(told);
        (await Should.ThrowAsync<ProviderException>(() => _provider.RefundAsync(Settings, order with { RefundId = "ref_2", Amount = Orders.Usd(1001) }, default))).Fault.ShouldBe(ProviderFault.Refused);

        var facts = Decide(FakeDecision.Refund);
        facts.OfType<RefundTold>().Select(refund => (refund.OurRefundId, refund.Amount)).ShouldBe([("ref_1", Orders.Usd(500)), (null, Orders.Usd(1000))]);
        (await Should.ThrowAsync<ProviderException>(() => _provider.RefundAsync(Settings, order with { Refs = ProviderRefs.None }, default))).Fault.ShouldBe(ProviderFault.NotFound);
    }

    [Fact]
    public async Task charges_a_kept_method_once_and_declines_the_one_that_is_there_for_that()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var kept = Decide(FakeDecision.Pay).Only<PaymentTold>().Method!.ProviderId!;
        var order = new ChargeOrder { Tenant = "default", Account = "acct_1", Payment = "pay_2", CustomerId = "fcus_default_acct_1", MethodId = kept, Amount = Orders.Usd(500), Description = "Top-up" };
        var told = (await _provider.ChargeAsync(Settings, order, default)).Only<PaymentTold>();
        (told.Status, told.Amount, told.Marks.Payment).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(500), "pay_2"));
        (await _provider.ChargeAsync(Settings, order with { MethodId = FakeProvider.DeclinedMethod }, default)).Only<PaymentTold>().ShouldBe(told);
        Decide(FakeDecision.Refund, "fcs_pay_2").One<RefundTold>().Amount.ShouldBe(Orders.Usd(500));

        var declined = (await _provider.ChargeAsync(Settings, order with { Payment = "pay_3", MethodId = FakeProvider.DeclinedMethod }, default)).Only<PaymentTold>();
        (declined.Status, declined.Reason, declined.MayStillSucceed).ShouldBe((PaymentStatus.Failed, "card_declined", false));
        _provider.Decide(Settings, "fcs_pay_3", FakeDecision.Pay).ShouldBeNull();
        (await Should.ThrowAsync<ProviderException>(() => _provider.ChargeAsync(Settings, order with { MethodId = "pm_other" }, default))).Fault.ShouldBe(ProviderFault.Refused);
    }

    [Fact]
    public async Task has_plans_that_are_paid_period_by_period_and_nothing_to_change_on_them()
    {
        IPaymentProvider provider = _provider;
        var order = new SubscriptionOrder { Tenant = "default", Account = "acct_1", Key = "k", SubscriptionId = "fsub_1" };
        foreach (var call in new Func<ProviderSettings, SubscriptionOrder, CancellationToken, Task<System.Collections.Immutable.ImmutableArray<ProviderFact>>>[]
                 { provider.ChangeSubscriptionAsync, provider.CancelSubscriptionAsync, provider.PauseSubscriptionAsync, provider.ResumeSubscriptionAsync })
            (await Should.ThrowAsync<ProviderException>(() => call(Settings, order, default))).Fault.ShouldBe(ProviderFault.Refused);
    }

    [Theory]
    [InlineData(FakeDecision.WinDispute, DisputeStatus.Won, PaymentStatus.Succeeded)]
    [InlineData(FakeDecision.LoseDispute, DisputeStatus.Lost, PaymentStatus.DisputeLost)]
    public async Task a_dispute_opens_and_ends(FakeDecision end, DisputeStatus status, PaymentStatus listed)
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        _provider.Decide(Settings, "fcs_pay_1", FakeDecision.Dispute).ShouldBeNull();
        Decide(FakeDecision.Pay);
        Decide(FakeDecision.Dispute).One<DisputeTold>().Status.ShouldBe(DisputeStatus.Open);
        Decide(end).One<DisputeTold>().Status.ShouldBe(status);
        _provider.Decide(Settings, "fcs_pay_1", FakeDecision.Dispute).ShouldBeNull();
        (await ListAsync()).Single().Status.ShouldBe(listed);
    }

    [Fact]
    public async Task lists_what_was_made_in_a_time()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        await _provider.StartAsync(Settings, Orders.Order(payment: "pay_2"), default);
        Decide(FakeDecision.Pay);
        Decide(FakeDecision.Refund);
        await _provider.ExpireAsync(Settings, new ProviderRefs { CheckoutSessionId = "fcs_pay_2" }, default);
        var listed = await ListAsync();
        listed.ToDictionary(payment => payment.Marks.Payment!, payment => (payment.Status, payment.Amount, payment.Refunded)).ShouldBe(new Dictionary<string, (PaymentStatus, Ledger.Domain.Money, Ledger.Domain.Money)>
        {
            ["pay_1"] = (PaymentStatus.Refunded, Orders.Usd(1500), Orders.Usd(1500)),
            ["pay_2"] = (PaymentStatus.Expired, Orders.Usd(0), Orders.Usd(0)),
        }, ignoreOrder: true);
    }

    private async Task<List<ProviderPayment>> ListAsync()
    {
        var listed = new List<ProviderPayment>();
        await foreach (var payment in _provider.ListAsync(Settings, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1), default)) listed.Add(payment);
        return listed;
    }

    private string Named(FakeNotification told) => _provider.Verify(Settings, name => name == FakeProvider.SignatureHeader ? told.Signature : null, told.Body, DateTimeOffset.UtcNow, out _)!.EventId;

    private System.Collections.Immutable.ImmutableArray<ProviderFact> Decide(FakeDecision decision, string session = "fcs_pay_1")
    {
        var told = _provider.Decide(Settings, session, decision).ShouldNotBeNull();
        Named(told).ShouldNotBeEmpty();
        return _provider.Translate(told.Body);
    }
}
