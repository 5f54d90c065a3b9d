using Ledger.Api.Billing;
using Ledger.Api.Maintenance;
using Ledger.Api.Subscriptions;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Ledger.Providers;
using Ledger.Providers.Midtrans;

namespace Ledger.Api.Payments;

/// <summary>
/// Asks providers what is due on payments, one at a time for each payment over all nodes, and sends back what came of it. Whoever calls it (the request that has just stored an intent, a worker after a crash) makes the
/// same call: the provider's keys are made from the payment's and the refund's ids.
/// </summary>
internal sealed class PaymentCalls(PaymentHallway hallway, EventReader reader, ProviderDesk providers, PaymentDesk desk, ILogger<PaymentCalls> logger)
{
    private const int ReasonMax = 500;

    // Stripe forgets a key after a day; with room for what a call may take, and for clocks.
    private static readonly TimeSpan KeysLast = TimeSpan.FromHours(20);

    private static readonly TimeSpan OthersAreAtIt = TimeSpan.FromSeconds(2);

    private static readonly EventMeta Meta = new(null, null, "payments");

    /// <summary>Does all that is due on a payment now.</summary>
    /// <returns>Nothing where that is done; later where somebody else is at it; failed where what came of it could not be kept.</returns>
    public async Task<Settled> DoDueAsync(string tenant, PaymentId id, CancellationToken cancellationToken)
    {
        if (await desk.TakeAsync(tenant, id, cancellationToken) is not { } attempt) return Settled.Later(OthersAreAtIt);
        try
        {
            await using var lease = KeptLease.Hold(cancel => desk.KeepAsync(tenant, id, attempt, cancel), logger);
            if (await reader.StateAsync(PaymentModel.StreamOf(tenant, id), cancellationToken) is not { State: Payment payment } found) return Settled.Nothing;
            var isKept = true;
            foreach (var (call, refund) in payment.DueBy(found.Now).ToList()) isKept &= await DoAsync(tenant, payment, call, refund, attempt, found.Now, cancellationToken);
            return isKept ? Settled.Nothing : Settled.Failed();
        }
        finally
        {
            await desk.GiveBackAsync(tenant, id, attempt);
        }
    }

    /// <summary>Does one call; false where what came of it, or that it begins, could not be kept: then it is due as before.</summary>
    private async Task<bool> DoAsync(string tenant, Payment payment, ProviderCall call, Refund? refund, int attempt, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var tried = new RecordProviderCall { Payment = payment.Id, Call = call, Refund = refund?.Id };
        try
        {
            if (await providers.OfAsync(tenant, payment.Provider, cancellationToken) is not var (provider, settings))
            {
                return await SendAsync(tenant, tried with { Reason = $"The tenant has not set up {payment.Provider}." });
            }

            switch (call)
            {
                case ProviderCall.Open:
                    return await OpenAsync(tenant, payment, provider, settings, attempt, cancellationToken);
                case ProviderCall.Charge:
                    // What was called off meanwhile is not asked for; what can't be noted now is asked for later.
                    if (!payment.IsChargeBegun && !await SendAsync(tenant, new BeginCharge { Payment = payment.Id })) return false;
                    if (await hallway.FindAsync(tenant, payment.Id, cancellationToken) is not { IsChargeBegun: true, Standing: PaymentStatus.Pending }) return true;
                    var charge = new ChargeOrder
                    {
                        Tenant = tenant,
                        Account = payment.Account.Value,
                        Payment = payment.Id.Value,
                        CustomerId = payment.Charge!.CustomerId,
                        MethodId = payment.Charge.MethodId,
                        Amount = payment.Amount,
                        Description = payment.Item!.Name,
                        MayHaveBeenAsked = now - payment.CreatedAt > KeysLast,
                    };
                    // What was not applied is told again by the same call: the same key gives the same answer.
                    return await SendAsync(tenant, tried with { Reason = await ApplyAsync(tenant, $"call/{payment.Id}", await provider.ChargeAsync(settings, charge, cancellationToken), cancellationToken) });
                case ProviderCall.Refund:
                    var money = payment.Amount with { Amount = refund!.Amount };
                    var order = new RefundOrder(payment.Id.Value, refund.Id, payment.Refs, money, refund.Reason, tenant, payment.Account.Value, now - refund.CreatedAt > KeysLast);
                    var told = await provider.RefundAsync(settings, order, cancellationToken);
                    var unapplied = await ApplyAsync(tenant, $"call/{refund.Id}", told.Select(fact => fact is RefundTold one && (one.OurRefundId is null && told.Length == 1) ? one with { OurRefundId = refund.Id } : fact), cancellationToken);
                    return (await hallway.FindAsync(tenant, payment.Id, cancellationToken))?.FindRefund(refund.Id) is not { NextTry: not null }
                        || await SendAsync(tenant, tried with { Reason = unapplied ?? "The provider has not said yet how it stands." });
                default:
                    var facts = await provider.AskAsync(settings, payment.Refs, cancellationToken);
                    return await SendAsync(tenant, tried with { Reason = await ApplyAsync(tenant, $"call/{payment.Id}", facts, cancellationToken), IsUnknown = facts.IsEmpty });
            }
        }
        catch (ProviderException failure)
        {
            logger.LogWarning(failure, "The call {Call} of payment {Payment} failed ({Fault}).", call, payment.Id, failure.Fault);
            // A page forgets a customer who is no more by itself; what is charged is that customer's, and lost with it.
            if (failure.Fault == ProviderFault.CustomerGone && payment.Charge is { } lost) await hallway.LinkAsync(tenant, new LinkCustomer(payment.Account, payment.Provider!, lost.CustomerId, Deleted: true));
            // An order id that was used is the trace of a call whose answer was lost: the next attempt has another one.
            var isFinal = call != ProviderCall.Ask && failure.Fault is ProviderFault.Refused or ProviderFault.NotFound or ProviderFault.CustomerGone && failure.Code != MidtransProvider.OrderIdTaken;
            return await SendAsync(tenant, tried with { Reason = Cut(failure.Message), IsFinal = isFinal, IsUnknown = call == ProviderCall.Ask && failure.Fault == ProviderFault.NotFound });
        }
    }

    private async Task<bool> OpenAsync(string tenant, Payment payment, IPaymentProvider provider, ProviderSettings settings, int attempt, CancellationToken cancellationToken)
    {
        var contact = await desk.ContactAsync(tenant, payment.Id, cancellationToken);
        var order = OrderOf(tenant, payment, attempt, await desk.ShiftAsync(cancellationToken)) with { Email = contact?.Email, Name = contact?.Name };
        order = await WithPlanAsync(tenant, payment, order, cancellationToken);
        var (customer, started) = await WithCustomerAsync(
            tenant, payment.Account, provider, settings, contact,
            async (known, number) => (known, await provider.StartAsync(settings, order with { CustomerId = known, CustomerNumber = number }, cancellationToken)), cancellationToken);
        var refs = customer is null ? started.Refs : new ProviderRefs { CustomerId = customer }.With(started.Refs);
        return await SendAsync(tenant, new RecordCheckoutPage { Payment = payment.Id, Refs = refs, RedirectUrl = started.RedirectUrl.ToString(), Token = started.Token, Attempt = attempt });
    }

    /// <summary>Where the provider is to charge each period by itself, its page is one for its own price.</summary>
    private async Task<CheckoutOrder> WithPlanAsync(string tenant, Payment payment, CheckoutOrder order, CancellationToken cancellationToken)
    {
        if (payment.Subscription is not { } id || (await reader.StateAsync(SubscriptionModel.StreamOf(tenant, id), cancellationToken))?.State is not Subscription { RenewsAtProvider: true } subscription || subscription.Checkout != payment.Id) return order;
        var plan = subscription.Plan.Terms;
        return order with { RecurringPriceId = plan.PriceAt(payment.Provider), TrialDays = subscription.TrialDays, Quantity = SubscriptionCalls.QuantityOf(plan, subscription.Seats) };
    }

    /// <summary>Asks something for the customer that an account is at a provider, made at its first checkout. One whom the provider has deleted is forgotten, and a new one takes the place.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="settings">Of the tenant.</param>
    /// <param name="contact">What is known of the payer.</param>
    /// <param name="ask">Asks; is given the customer, null where the provider knows none, and which one of the account it is, from 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<T> WithCustomerAsync<T>(
        string tenant, AccountId account, IPaymentProvider provider, ProviderSettings settings, CheckoutContact? contact, Func<string?, int, Task<T>> ask, CancellationToken cancellationToken)
    {
        var (customer, number) = await CustomerAsync(tenant, account, provider, settings, contact, cancellationToken);
        try
        {
            return await ask(customer, number);
        }
        catch (ProviderException gone) when (gone.Fault == ProviderFault.CustomerGone && customer is not null)
        {
            logger.LogWarning("Customer {Customer} of account {Account} of tenant {Tenant} is no more at {Provider}; a new one is made.", customer, account, tenant, provider.Name);
            await hallway.LinkAsync(tenant, new LinkCustomer(account, provider.Name, customer, Deleted: true));
            (customer, number) = await CustomerAsync(tenant, account, provider, settings, contact, cancellationToken);
            return await ask(customer, number);
        }
    }

    /// <summary>The customer that an account is at a provider; null where it is none so far.</summary>
    public async Task<string?> KnownCustomerAsync(string tenant, AccountId account, string provider, CancellationToken cancellationToken) =>
        (await CustomerStateAsync(tenant, account, provider, cancellationToken)).CustomerId;

    private async Task<(string? Id, int Number)> CustomerAsync(string tenant, AccountId account, IPaymentProvider provider, ProviderSettings settings, CheckoutContact? contact, CancellationToken cancellationToken)
    {
        var known = await CustomerStateAsync(tenant, account, provider.Name, cancellationToken);
        if (known.CustomerId is not null) return (known.CustomerId, known.Number);
        if (await provider.CreateCustomerAsync(settings, tenant, account.Value, contact?.Email, contact?.Name, known.Number, cancellationToken) is not { } made) return (null, known.Number);
        if (await hallway.LinkAsync(tenant, new LinkCustomer(account, provider.Name, made)) is FactOutcome.Refused refused) throw new ProviderException(refused.Reason, ProviderFault.Refused, "customer_taken");
        // Of two that were made at once the first one stays.
        var linked = await CustomerStateAsync(tenant, account, provider.Name, cancellationToken);
        return (linked.CustomerId ?? made, linked.Number);
    }

    private async Task<Customer> CustomerStateAsync(string tenant, AccountId account, string provider, CancellationToken cancellationToken) =>
        (await reader.StateAsync(CustomerModel.StreamOf(tenant, provider, account), cancellationToken))?.State as Customer ?? new Customer();

    /// <summary>What is asked of the provider: the same for each attempt but its number.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="payment">The payment.</param>
    /// <param name="attempt">Which attempt it is.</param>
    /// <param name="shift">By how much business time is ahead of the provider's.</param>
    public static CheckoutOrder OrderOf(string tenant, Payment payment, int attempt, TimeSpan shift) => new()
    {
        Tenant = tenant,
        Account = payment.Account.Value,
        Payment = payment.Id.Value,
        Attempt = attempt,
        ItemName = payment.Item!.Name,
        Quantity = payment.Item.Quantity,
        UnitPrice = payment.Item.UnitPrice,
        Total = payment.Amount,
        ExpiresAt = payment.Page!.ExpiresAt - shift,
        SuccessUrl = payment.Page.SuccessUrl is { } success ? new Uri(success) : null,
        KeepsMethod = payment.Page.KeepsMethod,
        CancelUrl = payment.Page.CancelUrl is { } cancel ? new Uri(cancel) : null,
    };

    /// <summary>Applies what was answered; why not all of it, or null.</summary>
    private async Task<string?> ApplyAsync(string tenant, string key, IEnumerable<ProviderFact> facts, CancellationToken cancellationToken)
    {
        var n = 0;
        string? unapplied = null;
        foreach (var fact in facts)
        {
            var outcome = await hallway.ApplyAsync(tenant, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{key}/{n++}"), fact with { IsHint = false }, false, cancellationToken);
            if (outcome.NotApplied is not { } why) continue;
            logger.LogWarning("What the provider answered about {Key} was not applied: {Outcome}", key, outcome);
            unapplied ??= Cut("What the provider answered was not applied. " + why);
        }

        return unapplied;
    }

    // False where it could not be kept; what had to be kept no more counts as kept.
    private async Task<bool> SendAsync(string tenant, PaymentCommand command)
    {
        var result = await hallway.SendAsync(tenant, command, Meta);
        if (result.Problem is { } problem) logger.LogWarning("What came of a call of payment {Payment} could not be kept, and is asked again: {Detail}", command.Payment, problem.Detail);
        return result.Problem is null;
    }

    private static string Cut(string text) => text.Length <= ReasonMax ? text : text[..ReasonMax];
}
