using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>A call to the provider failed, or told nothing new.</summary>
public sealed record RecordProviderCall : PaymentCommand
{
    /// <summary>What was asked.</summary>
    public required ProviderCall Call { get; init; }

    /// <summary>The refund that it was about.</summary>
    public string? Refund { get; init; }

    /// <summary>What the provider, or the way to it, said; null where nothing went wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the provider won't do it, now or later.</summary>
    public bool IsFinal { get; init; }

    /// <summary>Whether the provider knows nothing of the payment.</summary>
    public bool IsUnknown { get; init; }

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => RecordProviderCallHandler.Handle(this, payment, account, past, now);
}

/// <summary>Says when a provider is asked again, or gives up.</summary>
public static class RecordProviderCallHandler
{
    /// <summary>The longest wait between two tries.</summary>
    public static readonly TimeSpan PauseMax = TimeSpan.FromHours(1);

    /// <summary>The longest wait between two questions how a payment stands.</summary>
    public static readonly TimeSpan AskPauseMax = TimeSpan.FromHours(6);

    /// <summary>The first wait; each try doubles it.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Waits ever longer; what the provider refuses for good fails, and credits that a refund had revoked go back.</summary>
    public static PaymentDecision Handle(RecordProviderCall command, Payment payment, Account? account, PaymentPast past, DateTimeOffset now)
    {
        if (!payment.Exists) return new PaymentDecision.Refused(new PaymentNotFound(command.Payment));
        var draft = new PaymentDraft(payment, account, past, now);
        switch (command.Call)
        {
            case ProviderCall.Refund:
                if (payment.FindRefund(command.Refund) is not { Status: RefundStatus.Pending, NextTry: not null } refund) break;
                if (!command.IsFinal)
                {
                    draft.Add(new ProviderCallTried { Call = command.Call, Refund = refund.Id, Reason = command.Reason, NextAt = now + After(refund.Tries) });
                    break;
                }

                draft.Add(new RefundAdvanced { Refund = refund.Id, Amount = payment.Amount with { Amount = refund.Amount }, To = RefundStatus.Failed, Reason = command.Reason });
                if (draft.SettleCredits(allowDebt: false, fromProvider: true, refund.Id, command.Reason) is { } refused) draft.Add(new AttentionNeeded { Reason = refused.Detail });
                break;
            case ProviderCall.Open:
                if (payment is not { Page: { RedirectUrl: null } page, Standing: PaymentStatus.Pending }) break;
                if (command.IsFinal) draft.Add(new PaymentAdvanced { To = PaymentStatus.Failed, Reason = command.Reason });
                else draft.Add(new ProviderCallTried { Call = command.Call, Reason = command.Reason, NextAt = now + After(page.Tries) });
                break;
            case ProviderCall.Charge:
                if (payment is not { Charge: not null, IsCharged: false, Standing: PaymentStatus.Pending, Page: { } charge }) break;
                // Past its end the provider may have forgotten the key of the call, so that asking again could charge twice. Where it was charged after all, its notification finds the payment.
                if (command.IsFinal || (command.Reason is not null && charge.ExpiresAt <= now)) draft.Add(new PaymentAdvanced { To = PaymentStatus.Failed, Reason = command.Reason });
                else draft.Add(new ProviderCallTried { Call = command.Call, Reason = command.Reason, NextAt = command.Reason is null ? AskAgain(payment, now) : now + After(charge.Tries) });
                break;
            default:
                if (payment.NextCall is null) break;
                // The page has closed by now, and the provider never saw anybody pay.
                // Nor is anybody there to do what a charge without its payer still asks for.
                if ((command.IsUnknown || payment is { Charge: not null, Standing: PaymentStatus.RequiresAction }) && payment.Page?.ExpiresAt <= now) draft.Add(new PaymentAdvanced { To = PaymentStatus.Expired });
                else draft.Add(new ProviderCallTried { Call = command.Call, Reason = command.Reason, NextAt = command.Reason is null ? AskAgain(payment, now) : now + After(payment.Asked + 6) });
                break;
        }

        return draft.Done("nothing waits for this call any more");
    }

    // While nothing is told of it a payer may still pay: asked ever more seldom, and once more when the page has closed.
    private static DateTimeOffset AskAgain(Payment payment, DateTimeOffset now)
    {
        var next = now + (payment.Asked >= 3 ? AskPauseMax : TimeSpan.FromTicks(Math.Min(AskPauseMax.Ticks, Payment.AskAfter.Ticks << (2 * (payment.Asked + 1)))));
        return payment.Page is { } page && page.ExpiresAt + Payment.AskAfter is var closed && closed > now && closed < next ? closed : next;
    }

    private static TimeSpan After(int tries) => tries >= 11 ? PauseMax : TimeSpan.FromTicks(Math.Min(PauseMax.Ticks, Pause.Ticks << tries));
}
