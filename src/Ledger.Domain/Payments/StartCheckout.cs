using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

/// <summary>Somebody wants to buy something: the intent is stored before any provider is asked. What costs nothing is delivered at once.</summary>
public sealed record StartCheckout : PaymentCommand
{
    /// <summary>The most of one item in one checkout.</summary>
    public const long QuantityMax = 10_000;

    /// <summary>How long a page is open; providers allow at most 24 hours.</summary>
    public static readonly TimeSpan PageLife = TimeSpan.FromHours(23);

    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>Opens the account where there is none; null where it must be there.</summary>
    public OpenAccount? Opening { get; init; }

    /// <summary>What is wanted, as the catalogue has it in this very commit.</summary>
    public required CatalogItem Item { get; init; }

    /// <summary>How many; 1 to <see cref="QuantityMax"/>.</summary>
    public required long Quantity { get; init; }

    /// <summary>The provider; may be null where the total is 0.</summary>
    public string? Provider { get; init; }

    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>Whether the payer's method is kept for later charges while nobody is there.</summary>
    public bool KeepsMethod { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>How many people use a plan; null for the least that it is for.</summary>
    public int? Seats { get; init; }

    /// <summary>Days of trial of a plan that the provider charges by itself; null for those of the plan, where the account has had none of its tier before.</summary>
    public int? TrialDays { get; init; }

    /// <inheritdoc/>
    public override SubscriptionId? Subscription => Item.Kind == ItemKind.Plan ? SubscriptionId.Of(Payment) : null;

    /// <inheritdoc/>
    public override PaymentCommand WithItem(CatalogItem? item) => this with { Item = item ?? Item };

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => StartCheckoutHandler.Handle(this, payment, account!, past, now);
}

/// <summary>Starts checkouts.</summary>
public static class StartCheckoutHandler
{
    /// <summary>Pins what is sold and stores the intent; a total of 0 is paid and delivered in the same commit.</summary>
    public static PaymentDecision Handle(StartCheckout command, Payment payment, Account account, PaymentPast past, DateTimeOffset now)
    {
        Invariant.Holds(!payment.Exists, "a checkout begins a payment of its own");
        var draft = new PaymentDraft(payment, account, past, now);
        if (command.Quantity is < 1 or > StartCheckout.QuantityMax) return PaymentDecision.Refuse(new InvalidRequest("item.quantity", string.Create(CultureInfo.InvariantCulture, $"must be between 1 and {StartCheckout.QuantityMax}")));
        if (command.Item is not { Entry: { } entry, Id: { } id }) return PaymentDecision.Refuse(new EntryNotFound(command.Item.Kind, command.Item.Id));
        if (!account.Exists)
        {
            if (command.Opening is null) return PaymentDecision.Refuse(new AccountNotFound(command.Account));
            if (draft.Open(command.Opening) is { } notOpened) return PaymentDecision.Refuse(notOpened);
        }

        if (PinnedPlan.Of(command.Item) is { } plan) return PlanCheckout.Start(command, draft, plan);
        if (command.Seats is not null || command.TrialDays is not null) return PaymentDecision.Refuse(new InvalidRequest(command.Seats is null ? "trialDays" : "seats", "is for plans only"));
        if (!command.Item.IsForSale) return PaymentDecision.Refuse(new EntryConflict($"{entry.Name} ({id}) is not sold now. Take another one from the list of what is active.", command.Item.IsArchived ? "archived" : "inactive"));
        if (entry.Cost() is not { } price) return PaymentDecision.Refuse(new EntryConflict($"{entry.Name} ({id}) has no price: it is included in every live subscription.", "included"));
        if (draft.Account!.Status == AccountStatus.Closed) return PaymentDecision.Refuse(new AccountIsClosed(command.Account));
        if ((Int128)price.Amount * command.Quantity > 1_000_000_000_000_000) return PaymentDecision.Refuse(new InvalidRequest("item.quantity", "makes the total larger than any payment may be"));
        var total = price with { Amount = price.Amount * command.Quantity };
        if (total.Amount > 0 && command.Provider is null) return PaymentDecision.Refuse(new InvalidRequest("provider", "is required where something is to be paid"));

        var package = entry as Package;
        var credits = package is null ? (Credits?)null : new Credits(package.CreditAmount.Value * command.Quantity);
        if (credits is { } bought && CheckCredits(draft.Account, bought) is { } wrong) return PaymentDecision.Refuse(wrong);
        draft.Add(new PaymentIntended
        {
            Account = command.Account,
            Purpose = package is null ? PaymentPurpose.Product : PaymentPurpose.Credits,
            Item = new(command.Item.Kind, id, command.Item.Version, entry.Name, command.Quantity, price, package?.ExpiresAfterDays),
            Amount = total,
            ListPrice = total,
            CreditAmount = credits,
            Provider = total.Amount == 0 ? null : command.Provider,
            ExpiresAt = now + StartCheckout.PageLife,
            SuccessUrl = command.SuccessUrl,
            CancelUrl = command.CancelUrl,
            KeepsMethod = command.KeepsMethod ? true : null,
            Metadata = command.Metadata is { Count: > 0 } ? command.Metadata : null,
        });
        if (total.Amount == 0)
        {
            draft.Add(new PaymentSucceeded { Received = total });
            if (draft.Fulfil(fromProvider: false) is { } refusal) return PaymentDecision.Refuse(refusal);
        }

        return draft.Done("nothing was to be done");
    }

    private static InvalidRequest? CheckCredits(Account account, Credits credits)
    {
        if (credits > Credits.AmountMax) return new InvalidRequest("item.quantity", $"makes more than {Credits.AmountMax} credits");
        return credits.Scale <= account.Scale
            ? null
            : new InvalidRequest("item.id", string.Create(CultureInfo.InvariantCulture, $"has credits with more decimals than the account counts ({account.Scale}); choose another package"));
    }
}
