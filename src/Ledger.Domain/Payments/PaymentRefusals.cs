namespace Ledger.Domain.Payments;

/// <summary>There is no such payment (404).</summary>
public sealed record PaymentNotFound(PaymentId Payment) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"There is no payment {Payment}. Take the id from the list of payments.";
}

/// <summary>The payment can't be refunded so (409).</summary>
/// <param name="What">Why, and what to do about it.</param>
/// <param name="State">How the payment stands.</param>
public sealed record NotRefundable(string What, PaymentStatus State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => What;
}

/// <summary>More money is asked back than is left of the payment (409).</summary>
/// <param name="Payment">The payment.</param>
/// <param name="Left">What is left of it.</param>
/// <param name="State">How the payment stands.</param>
public sealed record NothingLeftToRefund(PaymentId Payment, Money Left, PaymentStatus State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Of {Payment}, {Left} is left to refund. Ask for no more than that.";
}

/// <summary>Nobody has to look at the payment (409).</summary>
/// <param name="Payment">The payment.</param>
/// <param name="State">How the payment stands.</param>
public sealed record NothingToResolve(PaymentId Payment, PaymentStatus State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"{Payment} needs no attention: there is nothing to resolve.";
}

/// <summary>What a provider told can't be true of this payment: it is not applied (409).</summary>
/// <param name="Payment">The payment.</param>
/// <param name="What">What does not fit.</param>
public sealed record FactRefused(PaymentId Payment, string What) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => What;
}
