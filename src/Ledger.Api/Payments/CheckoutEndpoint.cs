using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Catalog;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Payments;

/// <summary>What is to be bought.</summary>
public sealed record CheckoutItemRequest
{
    /// <summary>package, plan or product.</summary>
    public ItemKind? Kind { get; init; }

    /// <summary>Its id in the catalogue.</summary>
    public string? Id { get; init; }

    /// <summary>How many, 1 to 10,000; 1 where it is left out.</summary>
    public long? Quantity { get; init; }
}

/// <summary>Who pays. Personal data: it is kept apart and goes to the provider's page alone.</summary>
public sealed record CheckoutCustomerRequest
{
    /// <summary>Mail address.</summary>
    public string? Email { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }
}

/// <summary>Somebody wants to buy something.</summary>
public sealed record CheckoutRequest
{
    /// <summary>Most characters of an address of a page.</summary>
    public const int UrlMax = 2_000;

    /// <summary>The account that it is for.</summary>
    public string? AccountId { get; init; }

    /// <summary>Opens the account where there is none, in one with the intent.</summary>
    public OpenAccountRequest? OpenAccount { get; init; }

    /// <summary>What is to be bought.</summary>
    public CheckoutItemRequest? Item { get; init; }

    /// <summary>How many people use a plan; for plans alone.</summary>
    public int? Seats { get; init; }

    /// <summary>Days of trial, 0 to 730, of a plan that the provider charges by itself; the plan's where it is left out.</summary>
    public int? TrialDays { get; init; }

    /// <summary>The provider; may be left out where nothing is to be paid.</summary>
    public string? Provider { get; init; }

    /// <summary>A promotion code; not available yet.</summary>
    public string? PromoCode { get; init; }

    /// <summary>A referral code; not available yet.</summary>
    public string? ReferralCode { get; init; }

    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>Whether the payer's method is kept for later charges (automatic top-ups); the provider's page tells the payer so. False where it is left out.</summary>
    public bool? KeepPaymentMethod { get; init; }

    /// <summary>Who pays.</summary>
    public CheckoutCustomerRequest? Customer { get; init; }

    /// <summary>At most 50 text members. No personal data: it is kept for ever.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }
}

/// <summary>Begins payments: the intent is stored, then the provider is asked for its page, by this very request where that goes.</summary>
internal sealed class CheckoutEndpoint(PaymentHallway hallway, PaymentCalls calls, PaymentDesk desk, ProviderDesk providers, CatalogEndpoints catalog, ILogger<CheckoutEndpoint> logger)
{
    /// <summary>No plan is for more people than this.</summary>
    internal const int SeatsMax = 1_000_000;

    private static readonly TimeSpan PageWait = TimeSpan.FromSeconds(20);

    /// <summary><c>POST /v1/checkouts</c>.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<CheckoutRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        var command = read.Problem is null ? ToCommand(read.Value!, caller, errors) : null;
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem() ?? Unavailable(read.Value!);
        if (problem is null)
        {
            var fingerprint = Fingerprint.Of("checkout", "", read.Value!);
            (var payment, problem) = await BeginAsync(http, caller, command!, read.Value!.Customer, key.Value!, fingerprint);
            if (payment is not null) await Answer.Json(http, StatusCodes.Status201Created, CheckoutBody.Of(payment));
        }

        if (problem is not null) await problem.WriteAsync(http);
    }

    /// <summary>The payment that a request begins.</summary>
    public static PaymentId IdOf(string tenant, string key, UInt128 fingerprint) => PaymentId.Of(PaymentHallway.Hash($"{tenant}\n{key}\n{fingerprint:x32}"));

    /// <summary>Begins a checkout, or finds the one that the same key began; says in the answer's headers where it did.</summary>
    /// <param name="http">The request.</param>
    /// <param name="caller">Who sends it.</param>
    /// <param name="command">What is to be bought; its payment is named here.</param>
    /// <param name="customer">Who pays.</param>
    /// <param name="key">The idempotency key.</param>
    /// <param name="fingerprint">What the key stands for.</param>
    /// <returns>The payment, with its page where the provider could be asked; or why there is none.</returns>
    public async Task<(Payment? Payment, Problem? Problem)> BeginAsync(HttpContext http, Caller caller, StartCheckout command, CheckoutCustomerRequest? customer, string key, UInt128 fingerprint)
    {
        // The same key and request are the same payment, so that what is kept beside it is kept once.
        command = command with { Payment = IdOf(caller.Tenant, key, fingerprint) };
        var item = (command.Item.Kind, command.Item.Id);
        if (await hallway.FindAsync(caller.Tenant, command.Payment, http.RequestAborted) is null)
        {
            if (await ObjectionAsync(caller.Tenant, command, http.RequestAborted) is { } objection) return (null, objection);
            if (customer is not null && (customer.Email ?? customer.Name) is not null) await desk.PutContactAsync(caller.Tenant, command.Payment, new CheckoutContact(customer.Email, customer.Name), http.RequestAborted);
        }

        var result = await hallway.SendAsync(caller.Tenant, command, CommandHandler.MetaOf(http, caller, key), fingerprint, account: command.Account, item: item, cancellationToken: http.RequestAborted);
        if (result.Problem is { } problem) return (null, problem);
        if (!result.Replayed) return (await WithPageAsync(caller.Tenant, result.Payment ?? await FoundAsync(caller.Tenant, command.Payment)), null);
        if (result.Answers is { } other && other != PaymentModel.StreamOf(caller.Tenant, command.Payment)) return (null, UnderWay());
        return (await RepeatAsync(http, caller.Tenant, command.Payment), null);
    }

    /// <summary>The payment that the same request began before; says so in the answer's headers.</summary>
    public async Task<Payment> RepeatAsync(HttpContext http, string tenant, PaymentId payment)
    {
        Answer.Replayed(http);
        return await WithPageAsync(tenant, await FoundAsync(tenant, payment));
    }

    /// <summary>What a request is told whose twin was done in another way while it was looked at.</summary>
    internal static Problem UnderWay() => Problem.Overloaded("The same request was done at the same time. Send it again, with the same key: it answers what was done.");

    private async Task<Payment> WithPageAsync(string tenant, Payment payment)
    {
        if (payment.Page is not { RedirectUrl: null } || payment.Standing != PaymentStatus.Pending) return payment;
        await OpenAsync(tenant, payment.Id);
        return await FoundAsync(tenant, payment.Id);
    }

    /// <summary>What is stored is stored: whatever comes of the call, it is made again by workers, and a repeat of the request gets the page.</summary>
    private async Task OpenAsync(string tenant, PaymentId payment)
    {
        using var limit = new CancellationTokenSource(PageWait);
        try
        {
            await calls.DoDueAsync(tenant, payment, limit.Token);
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "The page of payment {Payment} was not opened by its request; a worker goes on.", payment);
        }
    }

    private async Task<Payment> FoundAsync(string tenant, PaymentId id) => await hallway.FindAsync(tenant, id, CancellationToken.None) ?? throw new InvalidOperationException($"{id} is not there.");

    /// <summary>What the provider could never take is refused before anything is stored.</summary>
    private async Task<Problem?> ObjectionAsync(string tenant, StartCheckout command, CancellationToken cancellationToken)
    {
        if (command.Provider is not { } name) return null;
        if (providers.Find(name) is null) return Problem.Invalid("provider", "must be one of " + string.Join(", ", providers.Names));
        var found = await catalog.FindAsync(tenant, command.Item.Kind, command.Item.Id, cancellationToken);
        var plan = found.Entry as Plan;
        if (!found.IsForSale || (plan?.PriceOf(command.Seats ?? plan.Seats?.Min) ?? found.Entry?.Cost()) is not { Amount: > 0 } price || (Int128)price.Amount * command.Quantity > MoneyBody.AmountMax) return null;
        if (await providers.OfAsync(tenant, name, cancellationToken) is not var (provider, _))
            return new Problem(ProblemTypes.NotAvailable, $"provider can't be {name}: nobody has set its key. Set it with PUT /v1/settings.");
        var intent = Payment.None(command.Payment) with
        {
            Account = command.Account,
            Amount = price with { Amount = price.Amount * command.Quantity },
            Item = new SoldItem(found.Kind, found.Id, found.Version, found.Entry!.Name, command.Quantity, price),
            Page = new CheckoutPage { ExpiresAt = DateTimeOffset.MaxValue, SuccessUrl = command.SuccessUrl, CancelUrl = command.CancelUrl },
        };
        return provider.Objection(PaymentCalls.OrderOf(tenant, intent, 1, TimeSpan.Zero) with { RecurringPriceId = plan?.PriceAt(name) }) is { } objection ? Problem.Invalid("item", "can't be paid so. " + objection.TrimEnd('.')) : null;
    }

    private static Problem? Unavailable(CheckoutRequest request)
    {
        var member = request.PromoCode is not null ? "promoCode" : request.ReferralCode is not null ? "referralCode" : null;
        return member is null ? null : new Problem(ProblemTypes.NotAvailable, $"{member} is not available yet: there are no promotions here so far. Leave it out.");
    }

    private static StartCheckout ToCommand(CheckoutRequest request, Caller caller, Errors errors)
    {
        var account = errors.RequiredAccount(request.AccountId, "accountId");
        var hasItem = errors.RequiredObject(request.Item, "item");
        var kind = hasItem ? errors.Required(request.Item!.Kind, "item.kind") : default;
        var id = hasItem ? errors.RequiredId(request.Item!.Id, "item.id") : "";
        errors.Id(request.Provider, "provider");
        errors.Text(request.PromoCode, "promoCode", CommandRequest.NameMax);
        errors.Text(request.ReferralCode, "referralCode", CommandRequest.NameMax);
        Check(request.Customer, errors);

        return new StartCheckout
        {
            Payment = default,
            Account = account,
            Opening = request.OpenAccount?.ToCommand(account, caller, errors, "openAccount."),
            Item = CatalogItem.Begin(kind, id),
            Quantity = errors.Range(request.Item?.Quantity, "item.quantity", 1, StartCheckout.QuantityMax) ?? 1,
            Provider = request.Provider,
            Seats = errors.Range(request.Seats, "seats", 1, SeatsMax),
            TrialDays = errors.Range(request.TrialDays, "trialDays", 0, StartSubscription.TrialDaysMax),
            SuccessUrl = Page(request.SuccessUrl, "successUrl", errors),
            CancelUrl = Page(request.CancelUrl, "cancelUrl", errors),
            KeepsMethod = request.KeepPaymentMethod ?? false,
            Metadata = errors.Metadata(request.Metadata),
        };
    }

    /// <summary>Who pays.</summary>
    internal static void Check(CheckoutCustomerRequest? customer, Errors errors)
    {
        if (customer?.Email is { } email && (email.Length > 320 || !email.Contains('@', StringComparison.Ordinal) || email.Any(char.IsWhiteSpace))) errors.Add("customer.email", "must be a mail address");
        errors.Text(customer?.Name, "customer.name", CommandRequest.NameMax);
    }

    /// <summary>The address of a page.</summary>
    internal static string? Page(string? text, string member, Errors errors)
    {
        if (text is null || (text.Length <= CheckoutRequest.UrlMax && Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp))) return text;
        errors.Add(member, $"must be an address of at most {CheckoutRequest.UrlMax} characters that begins with https:// or http://");
        return null;
    }
}
