using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Profiles;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Commands;

/// <summary>The one table from what the domain refuses to what HTTP answers.</summary>
internal static class Refusals
{
    private static readonly string Nobody = new('z', AccountTag.Length);

    /// <summary>Stands for what was sent as a transaction's id and is none; no account has it.</summary>
    public static TransactionId NoTransaction { get; } = TransactionId.For(Nobody, 1);

    /// <summary>Stands for what was sent as a hold's id and is none; no account has it.</summary>
    public static HoldId NoHold { get; } = HoldId.For(Nobody, 1);

    /// <summary>The status that a refusal is answered with; it also says which check it belongs to.</summary>
    public static int StatusOf(Refusal refusal) => TypeOf(refusal).Status;

    /// <summary>The problem document of whatever a work was refused for.</summary>
    public static Problem ToProblem(object reason)
    {
        if (reason is StaleVersion stale)
        {
            return new Problem(ProblemTypes.VersionMismatch, $"The account is at version {stale.Version}. Read it again, decide again, and send its ETag.").With("version", stale.Version);
        }

        var (refusal, status) = (AccountRefusal)reason;
        return refusal switch
        {
            InvalidAmount(var member, var message) => Problem.Invalid(member, message),
            InvalidRequest(var member, var message) => Problem.Invalid(member, message),
            InsufficientCredits(var available, var required) => Of(refusal).With("available", available).With("required", required),
            AccountIsClosed => Of(refusal).With("state", "closed"),
            AccountIsFrozen => Of(refusal).With("state", "frozen"),
            HoldNotActive(_, var state) => Of(refusal).With("state", Words.Of(state)),
            AlreadyRefunded(_, var left) => Of(refusal).With("left", left).With("state", left.IsPositive ? "partially_refunded" : "refunded"),
            LimitReached(_, var max) => Of(refusal).With("max", max).With("state", status is null ? null : Words.Of(status.Value)),
            Conflict => Of(refusal).With("state", status is null ? null : Words.Of(status.Value)),
            EntryConflict(_, var state) => Of(refusal).With("state", state),
            NotRefundable(_, var state) => Of(refusal).With("state", Words.Of(state)),
            NothingLeftToRefund(_, var left, var state) => Of(refusal).With("left", left).With("state", Words.Of(state)),
            SubscriptionConflict(_, var state) => Of(refusal).With("state", Words.Of(state)),
            SubscriptionExists(var live, var state) => Of(refusal).With("subscriptionId", live.Value).With("state", Words.Of(state)),
            QuotaExceeded(var metric, var limit, var used) exceeded => Of(refusal).With("metric", metric).With("limit", limit).With("used", used).With("remaining", exceeded.Remaining).With("state", "exceeded"),
            LevelTooLow(_, var level) => Of(refusal).With("level", level).With("state", "too_low"),
            FactRefused => Of(refusal).With("state", "refused"),
            NothingToResolve(_, var state) => Of(refusal).With("state", Words.Of(state)),
            // An id of ours that nobody sent would only puzzle.
            TransactionNotFound(var transaction) when transaction == NoTransaction => new Problem(TypeOf(refusal), "That is no transaction's id. Take it from this account's transactions."),
            HoldNotFound(var hold) when hold == NoHold => new Problem(TypeOf(refusal), "That is no hold's id. Take it from the answer that placed the hold."),
            _ => Of(refusal),
        };
    }

    private static Problem Of(Refusal refusal) => new(TypeOf(refusal), refusal.Detail);

    private static ProblemType TypeOf(Refusal refusal) => refusal switch
    {
        InvalidAmount or InvalidRequest => ProblemTypes.InvalidRequest,
        InsufficientCredits => ProblemTypes.InsufficientCredits,
        OverdraftNotAllowed or PaidPlanNotAllowed => ProblemTypes.Forbidden,
        AccountNotFound => ProblemTypes.AccountNotFound,
        TransactionNotFound or HoldNotFound or EntryNotFound or PaymentNotFound or PaymentMethodNotFound or SubscriptionNotFound => ProblemTypes.NotFound,
        NotRefundable => ProblemTypes.NotRefundable,
        SubscriptionExists => ProblemTypes.SubscriptionExists,
        AccountIsClosed => ProblemTypes.AccountClosed,
        AccountIsFrozen => ProblemTypes.AccountFrozen,
        HoldNotActive => ProblemTypes.HoldNotActive,
        AlreadyRefunded or NothingLeftToRefund => ProblemTypes.AlreadyRefunded,
        QuotaExceeded => ProblemTypes.QuotaExceeded,
        LevelTooLow or Conflict or LimitReached or EntryConflict or FactRefused or NothingToResolve or SubscriptionConflict => ProblemTypes.Conflict,
        _ => throw new InvalidOperationException($"{refusal.GetType().Name} has no problem type."),
    };
}
