using System.Text.Json.Serialization;
using Ledger.Api.Accounts;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Explain;

/// <summary>Where the credits of an account came from and went to: its lots, the newest first, a page at a time; the sums are those of all pages.</summary>
public sealed record AccountExplanationBody
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>The unit that it counts.</summary>
    public required string Unit { get; init; }

    /// <summary>The account's version that is explained.</summary>
    public required long Version { get; init; }

    /// <summary>The balance at that version; what has ended by now does not count.</summary>
    public required Credits Balance { get; init; }

    /// <summary>What all lots hold together.</summary>
    public required Credits Remaining { get; init; }

    /// <summary>What stands of debts.</summary>
    public required Credits Debt { get; init; }

    /// <summary>Whether what the lots hold less the debt is the balance, and what came to every lot is what went and what remains.</summary>
    public required bool AddsUp { get; init; }

    /// <summary>Everything that ever came and went.</summary>
    public required Totals Totals { get; init; }

    /// <summary>The debts that stand, oldest first; at most 100 are listed.</summary>
    public required IReadOnlyList<StandingDebtBody> Debts { get; init; }

    /// <summary>How many lots there are on all pages.</summary>
    public required long Lots { get; init; }

    /// <summary>The page's lots.</summary>
    public required IReadOnlyList<LotExplanationBody> Data { get; init; }

    /// <summary>Where the next page begins; null after the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? NextCursor { get; init; }
}

/// <summary>A debt that stands.</summary>
/// <param name="TransactionId">The transaction that made it.</param>
/// <param name="Amount">What stands of it.</param>
/// <param name="Url">Where that is explained.</param>
public sealed record StandingDebtBody(string TransactionId, Credits Amount, string Url);

/// <summary>A lot: where its credits came from, and where they went. <c>amount</c> = <c>remaining</c> + <c>went.used</c> - <c>went.givenBack</c> + all else that went.</summary>
public sealed record LotExplanationBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Bought or given.</summary>
    public required LotKind Kind { get; init; }

    /// <summary>Why it was given.</summary>
    public GrantSource? Source { get; init; }

    /// <summary><c>active</c> while something remains, <c>frozen</c> while its payment is disputed besides; else what took the last of it.</summary>
    public required string State { get; init; }

    /// <summary>All that came in with it.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What it still holds.</summary>
    public required Credits Remaining { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Where it came from.</summary>
    public required LotCameBody Came { get; init; }

    /// <summary>Where it went.</summary>
    public required LotWentBody Went { get; init; }

    /// <summary>What of its purchase was refunded and nothing covered; left out where there is none.</summary>
    public Credits? Shortfall { get; init; }

    /// <summary>What was paid for it and what became of that; left out where nothing was paid.</summary>
    public LotMoneyBody? Money { get; init; }

    /// <summary>Where each of its transactions is listed.</summary>
    public required string Url { get; init; }
}

/// <summary>Where a lot came from.</summary>
public sealed record LotCameBody
{
    /// <summary>purchase, grant, adjustment, transfer, or refund (credits on their way back whose own lot could not take them).</summary>
    public required LotOrigin By { get; init; }

    /// <summary>The transaction that made it.</summary>
    public required string TransactionId { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The payment of a purchase.</summary>
    public string? PaymentId { get; init; }

    /// <summary>Where the transaction is explained.</summary>
    public required string Url { get; init; }

    /// <summary>The lots that its credits were in before, the last one first, as far as the caller may see their accounts; at most 8.</summary>
    public IReadOnlyList<ParentLotBody>? Before { get; init; }
}

/// <summary>A lot that credits were in before.</summary>
/// <param name="AccountId">Its account.</param>
/// <param name="LotId">The lot.</param>
/// <param name="By">What sort of transaction made it.</param>
/// <param name="TransactionId">That transaction.</param>
/// <param name="At">When.</param>
/// <param name="PaymentId">The payment of a purchase.</param>
/// <param name="Price">What was paid for the whole lot.</param>
/// <param name="Url">Where it is explained.</param>
public sealed record ParentLotBody(string AccountId, string LotId, LotOrigin By, string TransactionId, DateTimeOffset At, string? PaymentId, Money? Price, string Url);

/// <summary>Where a lot's credits went.</summary>
/// <param name="Used">Consumed, captured, and debt that it paid.</param>
/// <param name="GivenBack">Given back to it by refunds of consumptions.</param>
/// <param name="Expired">Ended by time.</param>
/// <param name="Revoked">Taken by refunds of purchases.</param>
/// <param name="Adjusted">Taken by negative adjustments.</param>
/// <param name="Transferred">Gone to other accounts.</param>
public sealed record LotWentBody(Credits Used, Credits GivenBack, Credits Expired, Credits Revoked, Credits Adjusted, Credits Transferred);

/// <summary>The money of a lot, in minor units; what is not deferred any more is one of the others, but for minor units lost to rounding in transfers.</summary>
/// <param name="Currency">The currency.</param>
/// <param name="Cost">What was paid for it.</param>
/// <param name="Deferred">Not earned yet.</param>
/// <param name="Recognised">Earned by consumption.</param>
/// <param name="Breakage">Earned by expiry.</param>
/// <param name="Refunded">Released by refunds of its purchase.</param>
/// <param name="Forfeited">Earned by negative adjustments and forfeits.</param>
/// <param name="Moved">Gone on into other lots.</param>
public sealed record LotMoneyBody(string Currency, long Cost, long Deferred, long Recognised, long Breakage, long Refunded, long Forfeited, long Moved);

/// <summary>A lot with its transactions, the oldest first, a page at a time.</summary>
/// <param name="Lot">The lot.</param>
/// <param name="Data">The page's transactions.</param>
/// <param name="NextCursor">Where the next page begins; null after the last. A page may be short, or empty, before the last one: each looks through so many versions of the account at most.</param>
public sealed record LotHistoryBody(LotExplanationBody Lot, IReadOnlyList<LotMoveBody> Data, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>What a transaction did to a lot, or the end of its dispute, where it pays debt.</summary>
/// <param name="TransactionId">The transaction; left out at the end of a dispute.</param>
/// <param name="Type">Its type; left out at the end of a dispute.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Change">By how much it changed what the lot holds.</param>
/// <param name="PaidDebt">How much paid debt: of what came, at once; at the end of a dispute, of what the lot held.</param>
/// <param name="Remaining">What the lot held after it.</param>
/// <param name="Url">Where it is explained; left out at the end of a dispute.</param>
public sealed record LotMoveBody(string? TransactionId, TransactionType? Type, DateTimeOffset At, Credits Change, Credits? PaidDebt, Credits Remaining, string? Url);

/// <summary>A transaction: what caused it, what it moved, what came of it, and its postings in the journal.</summary>
public sealed record TransactionExplanationBody
{
    /// <summary>The transaction.</summary>
    public required TransactionBody Transaction { get; init; }

    /// <summary>What caused it.</summary>
    public required CausesBody Causes { get; init; }

    /// <summary>What it took from or gave to each lot, and the debt that it made or paid.</summary>
    public required IReadOnlyList<PartBody> Parts { get; init; }

    /// <summary>The debts that its credits paid, the oldest first.</summary>
    public IReadOnlyList<PaidDebtBody>? Paid { get; init; }

    /// <summary>Who paid the debt that it made, in that order; the last 100 are listed.</summary>
    public IReadOnlyList<PaidDebtBody>? PaidBy { get; init; }

    /// <summary>What stands of the debt that it made.</summary>
    public Credits? Debt { get; init; }

    /// <summary>The refunds of it, the oldest first; at most 100 are listed. An amount below 0 came back, as a refund failed.</summary>
    public IReadOnlyList<RelatedBody>? Refunds { get; init; }

    /// <summary>Its postings.</summary>
    public required IReadOnlyList<PostingBody> Postings { get; init; }

    /// <summary>Whether its parts are its amount, the balance after it is the one before and the amount, and its postings add up to nothing.</summary>
    public required bool AddsUp { get; init; }
}

/// <summary>What caused a transaction, as far as it is known.</summary>
public sealed record CausesBody
{
    /// <summary>The idempotency key of the command.</summary>
    public string? CausationId { get; init; }

    /// <summary>What it belongs to across systems, such as a trace.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The transaction that it takes back.</summary>
    public RelatedBody? RefundOf { get; init; }

    /// <summary>The hold that it captured.</summary>
    public RelatedBody? Hold { get; init; }

    /// <summary>Where transferred credits came from.</summary>
    public RelatedBody? FromAccount { get; init; }

    /// <summary>Where transferred credits went.</summary>
    public RelatedBody? ToAccount { get; init; }
}

/// <summary>Something that a transaction has to do with.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Amount">How much, where it has an amount.</param>
/// <param name="Url">Where it is.</param>
public sealed record RelatedBody(string Id, Credits? Amount, string Url);

/// <summary>A part of a transaction.</summary>
public sealed record PartBody
{
    /// <summary>The lot; null for debt.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? LotId { get; init; }

    /// <summary>How much; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What it did: took, gave, made_debt or paid_debt.</summary>
    public required PartWay Way { get; init; }

    /// <summary>Bought or given.</summary>
    public LotKind? Kind { get; init; }

    /// <summary>Why it was given.</summary>
    public GrantSource? Source { get; init; }

    /// <summary>Where the lot came from.</summary>
    public LotCameBody? Came { get; init; }

    /// <summary>Where the lot is explained.</summary>
    public string? Url { get; init; }
}

/// <summary>What a part of a transaction did.</summary>
public enum PartWay
{
    /// <summary>Took from a lot.</summary>
    Took,

    /// <summary>Gave to a lot.</summary>
    Gave,

    /// <summary>Became debt.</summary>
    MadeDebt,

    /// <summary>Lowered debt.</summary>
    PaidDebt,
}

/// <summary>A payment of debt.</summary>
/// <param name="TransactionId">The transaction on the other side: the one that made the debt, or the one that paid; left out where a lot paid when its dispute ended.</param>
/// <param name="LotId">The lot that paid.</param>
/// <param name="Amount">How much.</param>
/// <param name="Url">Where the other side is explained.</param>
public sealed record PaidDebtBody(string? TransactionId, string LotId, Credits Amount, string Url);

/// <summary>A posting of the journal; one of <c>units</c> and <c>money</c> is there.</summary>
/// <param name="Code">The number of the chart's account.</param>
/// <param name="Name">Its name.</param>
/// <param name="LotId">The lot that it is about.</param>
/// <param name="Side">debit or credit.</param>
/// <param name="Units">Credits; more than 0.</param>
/// <param name="Money">Money; more than 0.</param>
public sealed record PostingBody(int Code, string Name, string? LotId, ReadModels.NormalSide Side, Credits? Units, Money? Money);
