using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>Commands on subscriptions over HTTP. What has to be paid begins with a checkout; what a provider has to be told is told by this very request where that goes.</summary>
internal sealed class SubscriptionEndpoints(SubscriptionHallway hallway, SubscriptionCalls calls, CheckoutEndpoint checkouts, CatalogEndpoints catalog, ProviderDesk providers, ILogger<SubscriptionEndpoints> logger)
{
    private static readonly TimeSpan CallWait = TimeSpan.FromSeconds(20);

    /// <summary><c>POST /v1/accounts/{accountId}/subscriptions</c>.</summary>
    public async Task StartAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<StartSubscriptionRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        if (read.Value is { } given) Check(given, errors);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem();
        if (problem is null)
        {
            var fingerprint = Fingerprint.Of("start_subscription", account.Value, read.Value!);
            problem = await hallway.UsedAsync(caller.Tenant, key.Value!, fingerprint, http.RequestAborted) is { } used
                ? await RepeatAsync(http, caller, used, StatusCodes.Status201Created)
                : await StartAsync(http, caller, account, read.Value!, key.Value!, fingerprint);
        }

        if (problem is not null) await problem.WriteAsync(http);
    }

    /// <summary><c>POST /v1/subscriptions/{id}/change</c>.</summary>
    public Task ChangeAsync(HttpContext http) => HandleAsync<ChangeSubscriptionRequest>(
        http,
        "change_subscription",
        (request, errors) =>
        {
            errors.Id(request.PlanId, "planId");
            errors.Range(request.Seats, "seats", 1, CheckoutEndpoint.SeatsMax);
            if (request.PlanId is null && request.Seats is null) errors.Add("planId", "is required, or seats");
        },
        (id, request, caller, now) => new ChangeSubscription
        {
            Subscription = id,
            Account = default,
            PlanId = request.PlanId,
            When = request.When ?? ChangeWhen.Now,
            Prorate = request.Prorate ?? true,
            Seats = request.Seats,
            MayGivePaid = caller.Has(Roles.Admin),
        });

    /// <summary><c>POST /v1/subscriptions/{id}/cancel</c>.</summary>
    public Task CancelAsync(HttpContext http) => HandleAsync<CancelSubscriptionRequest>(
        http,
        "cancel_subscription",
        (request, errors) => errors.Text(request.Reason, "reason", CommandRequest.TextMax),
        (id, request, _, _) => new CancelSubscription { Subscription = id, Account = default, When = request.When ?? ChangeWhen.PeriodEnd, Reason = request.Reason });

    /// <summary><c>POST /v1/subscriptions/{id}/resume</c>.</summary>
    public Task ResumeAsync(HttpContext http) => HandleAsync<ResumeSubscriptionRequest>(http, "resume_subscription", (_, _) => { }, (id, _, _, _) => new ResumeSubscription { Subscription = id, Account = default });

    /// <summary><c>POST /v1/subscriptions/{id}/pause</c>.</summary>
    public Task PauseAsync(HttpContext http) => HandleAsync<PauseSubscriptionRequest>(http, "pause_subscription", (_, _) => { }, (id, _, _, _) => new PauseSubscription { Subscription = id, Account = default });

    /// <summary><c>POST /v1/subscriptions/{id}/mark-past-due</c>.</summary>
    public Task MarkPastDueAsync(HttpContext http) => HandleAsync<MarkPastDueRequest>(
        http, "mark_past_due", (request, errors) => errors.Text(request.Reason, "reason", CommandRequest.TextMax), (id, request, _, _) => new MarkPastDue { Subscription = id, Account = default, Reason = request.Reason });

    /// <summary><c>POST /v1/subscriptions/{id}/renew</c>: a checkout for the next period where a payment of ours pays for it; else an administrator's word.</summary>
    public async Task RenewAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<RenewSubscriptionRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        if (read.Value is { } given) CheckPages(given.SuccessUrl, given.CancelUrl, given.Customer, errors);
        var known = SubscriptionId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem() ?? (known ? null : SubscriptionQueries.NotFound());
        if (problem is null)
        {
            var fingerprint = Fingerprint.Of("renew_subscription", id.Value, read.Value!);
            problem = await hallway.UsedAsync(caller.Tenant, key.Value!, fingerprint, http.RequestAborted) is { } used
                ? await RepeatAsync(http, caller, used, StatusCodes.Status200OK)
                : await hallway.FindAsync(caller.Tenant, id, http.RequestAborted) switch
                {
                    { Provider: not Subscription.Manual, RenewsAtProvider: false, HasEnded: false, Status: not SubscriptionStatus.Incomplete } now => await CheckoutAsync(
                        http, caller, CheckoutOf(now, read.Value!), read.Value!.Customer, key.Value!, fingerprint, StatusCodes.Status200OK),
                    { Provider: Subscription.Manual, Price.Amount: > 0 } when !caller.Has(Roles.Admin) => new Problem(ProblemTypes.Forbidden, "Only an administrator renews a plan that costs something without a payment."),
                    _ => await SendAsync(http, caller, new RenewSubscription { Subscription = id, Account = default, MayGivePaid = caller.Has(Roles.Admin) }, key.Value!, fingerprint),
                };
        }

        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> StartAsync(HttpContext http, Caller caller, AccountId account, StartSubscriptionRequest request, string key, UInt128 fingerprint)
    {
        var item = await catalog.FindAsync(caller.Tenant, ItemKind.Plan, request.PlanId!, http.RequestAborted);
        var provider = request.Provider ?? Subscription.Manual;
        if (provider != Subscription.Manual && item.Entry is Plan plan && plan.PriceOf(request.Seats ?? plan.Seats?.Min).Amount > 0)
        {
            var command = new StartCheckout
            {
                Payment = default,
                Account = account,
                Item = CatalogItem.Begin(ItemKind.Plan, request.PlanId!),
                Quantity = 1,
                Provider = provider,
                Seats = request.Seats,
                TrialDays = request.TrialDays,
                SuccessUrl = request.SuccessUrl,
                CancelUrl = request.CancelUrl,
            };
            return await ExistsAsync(caller.Tenant, command, http.RequestAborted) ?? await CheckoutAsync(http, caller, command, request.Customer, key, fingerprint, StatusCodes.Status201Created);
        }

        // The same key and request are the same subscription.
        var id = SubscriptionId.Of(PaymentHallway.Hash($"subscription\n{caller.Tenant}\n{key}\n{fingerprint:x32}"));
        var start = new StartSubscription
        {
            Subscription = id,
            Account = account,
            PlanId = request.PlanId,
            TrialDays = request.TrialDays,
            Seats = request.Seats,
            StartAt = request.StartAt,
            MayGivePaid = caller.Has(Roles.Admin),
        };
        return await SendAsync(http, caller, start, key, fingerprint, StatusCodes.Status201Created);
    }

    /// <summary>A checkout for the plan that the account has would renew it; who wants to start one hears that there is one.</summary>
    private async Task<Problem?> ExistsAsync(string tenant, StartCheckout command, CancellationToken cancellationToken)
    {
        if (await hallway.LiveAsync(tenant, command.Account, cancellationToken) is not var (live, _) || live.Price.Amount == 0 || (live.Scheduled?.Plan ?? live.Plan).Id != command.Item.Id) return null;
        return Refusals.ToProblem(new AccountRefusal(new SubscriptionExists(live.Id, live.Status), null));
    }

    /// <summary>The same key and request answer as they did, whichever way they went then and however things stand now.</summary>
    private async Task<Problem?> RepeatAsync(HttpContext http, Caller caller, Outcome used, int status)
    {
        if (used is not Outcome.Done done) return CommandHallway.ProblemOf(used);
        if (PaymentModel.Is(done.Stream)) return await CheckoutAsync(http, caller, await checkouts.RepeatAsync(http, caller.Tenant, PaymentModel.PaymentOf(done.Stream)), status);
        Answer.Replayed(http);
        await Answer.Json(http, status, SubscriptionBody.Of(await hallway.AtVersionAsync(caller.Tenant, SubscriptionModel.SubscriptionOf(done.Stream), done.Version)));
        return null;
    }

    private void Check(StartSubscriptionRequest request, Errors errors)
    {
        errors.RequiredId(request.PlanId, "planId");
        errors.Range(request.TrialDays, "trialDays", 0, StartSubscription.TrialDaysMax);
        errors.Range(request.Seats, "seats", 1, CheckoutEndpoint.SeatsMax);
        errors.OneOf(request.Provider, "provider", [Subscription.Manual, .. providers.Names]);
        if (request.StartAt is not null && request.Provider is not (null or Subscription.Manual)) errors.Add("startAt", "goes with manual alone: what is paid begins with its payment");
        CheckPages(request.SuccessUrl, request.CancelUrl, request.Customer, errors);
    }

    private static void CheckPages(string? success, string? cancel, CheckoutCustomerRequest? customer, Errors errors)
    {
        CheckoutEndpoint.Page(success, "successUrl", errors);
        CheckoutEndpoint.Page(cancel, "cancelUrl", errors);
        CheckoutEndpoint.Check(customer, errors);
    }

    private static StartCheckout CheckoutOf(Subscription subscription, RenewSubscriptionRequest request) => new()
    {
        Payment = default,
        Account = subscription.Account,
        Item = CatalogItem.Begin(ItemKind.Plan, (subscription.Scheduled?.Plan ?? subscription.Plan).Id),
        Quantity = 1,
        Provider = subscription.Provider,
        SuccessUrl = request.SuccessUrl,
        CancelUrl = request.CancelUrl,
    };

    private async Task<Problem?> CheckoutAsync(HttpContext http, Caller caller, StartCheckout command, CheckoutCustomerRequest? customer, string key, UInt128 fingerprint, int status)
    {
        var (payment, problem) = await checkouts.BeginAsync(http, caller, command, customer, key, fingerprint);
        return payment is null ? problem : await CheckoutAsync(http, caller, payment, status);
    }

    private async Task<Problem?> CheckoutAsync(HttpContext http, Caller caller, Payment payment, int status)
    {
        if (payment.Subscription is not { } id) throw new InvalidOperationException($"{payment.Id} is for a plan and for no subscription.");
        // As it was when the checkout was begun, where it was begun with it.
        var now = await hallway.FindAsync(caller.Tenant, id, CancellationToken.None) ?? throw new InvalidOperationException($"{id} is not there.");
        var then = status == StatusCodes.Status201Created ? await hallway.AtVersionAsync(caller.Tenant, id, 1) : now;
        await Answer.Json(http, status, SubscriptionBody.Of(then) with { Checkout = CheckoutBody.Of(payment) });
        return null;
    }

    private async Task HandleAsync<TRequest>(HttpContext http, string name, Action<TRequest, Errors> check, Func<SubscriptionId, TRequest, Caller, Subscription?, SubscriptionCommand> toCommand)
        where TRequest : class
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<TRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        if (read.Value is { } given) check(given, errors);
        var known = SubscriptionId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem() ?? (known ? null : SubscriptionQueries.NotFound());
        if (problem is null)
        {
            var now = await hallway.FindAsync(caller.Tenant, id, http.RequestAborted);
            problem = await SendAsync(http, caller, toCommand(id, read.Value!, caller, now), key.Value!, Fingerprint.Of(name, id.Value, read.Value!));
        }

        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> SendAsync(HttpContext http, Caller caller, SubscriptionCommand command, string key, UInt128 fingerprint, int status = StatusCodes.Status200OK)
    {
        var result = await hallway.SendAsync(caller.Tenant, command, CommandHandler.MetaOf(http, caller, key), fingerprint, answersNothing: true, cancellationToken: http.RequestAborted);
        if (result.Problem is { } problem) return problem;
        if (result.Unwritten is { Decision: var undone }) return new Problem(ProblemTypes.Conflict, undone is SubscriptionDecision.Waits waits ? waits.Why : "Nothing was to be done.").With("state", "unchanged");
        if (result.Replayed)
        {
            // Two of the same request went two ways at once: the second is answered when it comes again.
            if (result.Answers is { } other && other != SubscriptionModel.StreamOf(caller.Tenant, command.Subscription)) return CheckoutEndpoint.UnderWay();
            Answer.Replayed(http);
        }

        var then = result.Subscription ?? await hallway.AtVersionAsync(caller.Tenant, command.Subscription, result.Version);
        if (result.Subscription?.Asking is not null) await AskAsync(caller.Tenant, command.Subscription);
        // A change at once is the provider's to make: the answer says what came of it.
        if (then.Changing is not null && await hallway.FindAsync(caller.Tenant, command.Subscription, CancellationToken.None) is { } since) then = since;
        await Answer.Json(http, status, SubscriptionBody.Of(then));
        return null;
    }

    /// <summary>What is stored is stored: whatever comes of the call, it is made again by workers.</summary>
    private async Task AskAsync(string tenant, SubscriptionId id)
    {
        using var limit = new CancellationTokenSource(CallWait);
        try
        {
            await calls.DoDueAsync(tenant, id, limit.Token);
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "What the provider has to be told of {Subscription} was not told by its request; a worker goes on.", id);
        }
    }
}
