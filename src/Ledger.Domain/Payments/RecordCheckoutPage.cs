using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>The provider opened its page.</summary>
public sealed record RecordCheckoutPage : PaymentCommand
{
    /// <summary>Its references.</summary>
    public required ProviderRefs Refs { get; init; }

    /// <summary>Where the payer is sent.</summary>
    public required string RedirectUrl { get; init; }

    /// <summary>A token for the provider's script.</summary>
    public string? Token { get; init; }

    /// <summary>Which attempt it was.</summary>
    public required int Attempt { get; init; }

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => RecordCheckoutPageHandler.Handle(this, payment, past, now);
}

/// <summary>Keeps the provider's pages.</summary>
public static class RecordCheckoutPageHandler
{
    /// <summary>Keeps the first page; a second answer to the same call changes nothing.</summary>
    public static PaymentDecision Handle(RecordCheckoutPage command, Payment payment, PaymentPast past, DateTimeOffset now)
    {
        if (!payment.Exists) return new PaymentDecision.Refused(new PaymentNotFound(command.Payment));
        if (payment.Page is { RedirectUrl: not null }) return new PaymentDecision.Nothing("the page is known");
        var draft = new PaymentDraft(payment, null, past, now);
        draft.Add(new CheckoutPageOpened { Refs = command.Refs, RedirectUrl = command.RedirectUrl, Token = command.Token, Attempt = command.Attempt });
        return draft.Done("the page is known");
    }
}
