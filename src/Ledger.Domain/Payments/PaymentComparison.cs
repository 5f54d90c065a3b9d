using System.Collections.Immutable;

namespace Ledger.Domain.Payments;

/// <summary>In what a payment differs between the ledger and its provider.</summary>
public enum DifferenceKind
{
    /// <summary>The provider has money that the ledger knows nothing of.</summary>
    MissingHere,

    /// <summary>The ledger has money that the provider knows nothing of.</summary>
    MissingThere,

    /// <summary>The money is another: what was paid, or what went back of it.</summary>
    Amount,

    /// <summary>It stands elsewhere.</summary>
    Status,

    /// <summary>The credits are not those that the money bought.</summary>
    Credits,
}

/// <summary>One thing in which a payment differs.</summary>
/// <param name="Kind">What.</param>
/// <param name="Ledger">What the ledger has; null where it has nothing.</param>
/// <param name="Provider">What the provider has; null where it has nothing.</param>
/// <param name="Why">What that means, in a sentence.</param>
public sealed record Difference(DifferenceKind Kind, string? Ledger, string? Provider, string Why)
{
    /// <summary>Whether a person has to decide: no word of the provider may put it right by itself.</summary>
    public bool IsForPeople { get; init; }

    /// <summary>Whether it counts only where the provider's words would change the payment: two names for one thing that came to nothing.</summary>
    public bool IsInNameOnly { get; init; }
}

/// <summary>Compares a payment with what its provider tells of it.</summary>
public static class PaymentComparison
{
    /// <summary>All in which they differ; none where they agree. A refund that was begun here and has yet to be asked for is no difference.</summary>
    /// <param name="payment">The payment.</param>
    /// <param name="told">The provider's words.</param>
    /// <param name="scale">Decimals of the account's amounts, 0 to 6.</param>
    /// <param name="granted">The credits of the account's purchase for it; null where there is none.</param>
    public static ImmutableArray<Difference> Compare(Payment payment, PaymentTelling told, int scale, Credits? granted)
    {
        ArgumentNullException.ThrowIfNull(payment);
        ArgumentNullException.ThrowIfNull(told);
        var isOther = payment.Refs.PaymentIntentId is { } own && told.Refs.PaymentIntentId is { } other && own != other;
        // A declined try beside the one that was paid is no difference; a second one that was paid is money of which nothing has come.
        if (isOther && payment.HasSucceeded)
        {
            return !told.HasMoney || told.Refunded >= told.Amount?.Amount ? []
                : [new Difference(DifferenceKind.MissingHere, null, Text(told.Amount), $"{payment.Id} was paid a second time, as {told.Refs.PaymentIntentId}. Refund that one with the provider.") { IsForPeople = true }];
        }

        if (payment.IsMismatched && !payment.HasSucceeded)
        {
            return !told.HasMoney || told.Refunded >= told.Amount?.Amount ? []
                : [new Difference(DifferenceKind.Amount, Text(payment.Amount), Text(told.Amount), payment.FailureReason ?? "What was paid is not what was asked. Refund it with the provider, or grant the credits.") { IsForPeople = true }];
        }

        var all = ImmutableArray.CreateBuilder<Difference>();
        Money(payment, told, all);
        if (payment.CreditAmount is { } credits) Credited(payment, told, credits, scale, granted, all);
        return all.ToImmutable();
    }

    /// <summary>What the ledger has of a payment that the provider knows nothing of; null where that is as it should be, since no money came.</summary>
    public static Difference? Unknown(Payment payment)
    {
        ArgumentNullException.ThrowIfNull(payment);
        return payment.HasSucceeded || payment.IsMismatched
            ? new Difference(DifferenceKind.MissingThere, Text(payment.Amount), null, "It was paid by the ledger's books, and the provider knows nothing of it: look whether the key is that of the same account, and who recorded it.") { IsForPeople = true }
            : null;
    }

    private static void Money(Payment payment, PaymentTelling told, ImmutableArray<Difference>.Builder all)
    {
        if (!told.HasMoney)
        {
            if (payment.Status == told.Status) return;
            var isPaidHere = payment.HasSucceeded;
            var why = isPaidHere ? "It is paid by the ledger's books, and not by the provider's." : "The provider has gone on, and nothing of that has come in.";
            all.Add(new Difference(DifferenceKind.Status, Word(payment.Status), Word(told.Status), why) { IsInNameOnly = !isPaidHere });
            return;
        }

        if (told.Amount is null || told.Amount.Value.Currency != payment.Amount.Currency || told.Amount.Value.Amount != payment.Amount.Amount)
            all.Add(new Difference(DifferenceKind.Amount, Text(payment.Amount), Text(told.Amount), "What was paid is not what was asked. Refund it with the provider, or grant the credits.") { IsForPeople = true });
        long underWay = 0;
        foreach (var refund in payment.Refunds)
        {
            if (refund is { Status: RefundStatus.Pending, IsOurs: true, ProviderId: null }) underWay += refund.Amount;
        }

        var refundsDiffer = told.Refunded < payment.Refunded - underWay || told.Refunded > payment.Refunded;
        if (refundsDiffer)
        {
            all.Add(new Difference(DifferenceKind.Amount, Text(payment.Amount with { Amount = payment.Refunded }), Text(payment.Amount with { Amount = told.Refunded }),
                told.Refunded > payment.Refunded ? "The provider gave money back of which nothing has come in." : "The ledger counts a refund that the provider does not have."));
        }

        if (payment.Status != told.Status && (underWay == 0 || refundsDiffer))
        {
            all.Add(new Difference(DifferenceKind.Status, Word(payment.Status), Word(told.Status),
                payment.HasSucceeded ? "Something happened to it after it was paid, and nothing of that has come in." : "It is paid, and nothing of that has come in."));
        }
    }

    private static void Credited(Payment payment, PaymentTelling told, Credits credits, int scale, Credits? granted, ImmutableArray<Difference>.Builder all)
    {
        if (told.Marks.Credits is { } marked && (!Credits.TryParse(marked, out var meant) || meant != credits))
            all.Add(new Difference(DifferenceKind.Credits, Text(credits), marked, "ledger_credits says another number than what was granted: adjust the account, or correct it at the provider.") { IsForPeople = true });
        if (payment.HasSucceeded && !payment.IsFulfilled)
        {
            all.Add(new Difference(DifferenceKind.Credits, Text(Credits.Zero), Text(credits), payment.Attention ?? "It is paid, and its credits are not in the account."));
            return;
        }

        if (!payment.IsFulfilled) return;
        if (granted != credits)
            all.Add(new Difference(DifferenceKind.Credits, Text(granted ?? Credits.Zero), Text(credits), "The account was granted another number of credits for it than it buys.") { IsForPeople = true });
        var (gone, should) = (payment.Revoked + payment.Shortfall, payment.CreditsGone(scale));
        if (gone != should)
            all.Add(new Difference(DifferenceKind.Credits, Text(credits - gone), Text(credits - should), "The credits that were taken back are not those of the money that went back.") { IsForPeople = true });
    }

    private static string? Text(Money? money) => money?.ToString();

    private static string Text(Credits credits) => credits.ToString();

    private static string Word(PaymentStatus status)
    {
        // The words of the contract: lower case, with an underscore before each further word.
        var name = status.ToString();
        var text = new System.Text.StringBuilder(name.Length + 2);
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
