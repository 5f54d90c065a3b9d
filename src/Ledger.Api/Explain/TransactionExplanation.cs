using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Explain;

/// <summary>Explains one transaction: its causes, its lots, the debt that it made or paid, what came of it, and its postings.</summary>
internal sealed class TransactionExplanation(EventReader reader, AccountFinder accounts)
{
    /// <summary>So many refunds and payments of debt are listed.</summary>
    public const int RelatedMax = 100;

    private static readonly string[] ReadModelNames = [BooksProjection.ProjectionName, TransactionsProjection.ItsName];

    /// <summary><c>GET .../transactions/{txnId}/explain</c>.</summary>
    public async Task TransactionAsync(HttpContext http)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http), readModels: ReadModelNames) is not { } now) return;
        var state = (Account)now.State;
        var id = (string)http.Request.RouteValues["itemId"]!;
        if (!TransactionId.TryRead(id, state.Tag, out var version) || await reader.EventAsync(now.Stream, version, http.RequestAborted) is not { Data: TransactionEvent e } stored)
        {
            await new Problem(ProblemTypes.NotFound, "This account has no such transaction. Take the id from its list of transactions.").WriteAsync(http);
            return;
        }

        var caller = Caller.Of(http);
        var (tenant, account) = (Tenants.Stored(caller.Tenant), state.Id.Value);
        await using var connection = await reader.Source.OpenConnectionAsync(http.RequestAborted);
        var lots = await LotReader.SomeAsync(connection, tenant, account, [.. e.Allocations.Where(part => part.Lot is not null).Select(part => part.Lot!.Value.Value)], http.RequestAborted);
        var parents = await LotReader.ParentsAsync(connection, caller, tenant, lots, http.RequestAborted);
        var postings = await PostingsAsync(connection, tenant, account, stored, http.RequestAborted);
        var refunds = await RefundsAsync(connection, tenant, account, state.Tag, version, http.RequestAborted);
        var payers = await PayersAsync(now.Stream, account, state.Tag, version, http.RequestAborted);
        var standing = state.Debts.Where(debt => debt.Version == version).Select(debt => (Credits?)debt.Left).FirstOrDefault();
        var madeDebt = e.Direction() == Direction.Debit && e.Allocations.Any(part => part.Lot is null);
        await Answer.Ok(http, new TransactionExplanationBody
        {
            Transaction = TransactionBody.Of(stored)!,
            Causes = Causes(stored, e, account),
            Parts = [.. e.Allocations.Select(part => Part(part, e.Direction(), account, lots.Find(lot => lot.Key.Lot == part.Lot?.Value), parents))],
            Paid = (e as IncomingEvent)?.Pays is { } pays
                ? [.. pays.Select(payment => TransactionId.For(state.Tag, payment.Debt).Value is var of ? new PaidDebtBody(of, payment.Lot.Value, payment.Amount, ExplainUrls.Transaction(account, of)) : null!)]
                : null,
            PaidBy = madeDebt ? payers : null,
            Debt = madeDebt ? standing ?? Credits.Zero : null,
            Refunds = e is ConsumptionEvent or CreditsPurchased ? refunds : null,
            Postings = [.. postings.Select(posting => posting.Body)],
            AddsUp = e.Allocations.Aggregate(0m, (sum, part) => sum + part.Amount.Value) == e.Amount.Value
                && e.After == (e.Direction() == Direction.Credit ? e.Before + e.Amount : e.Before - e.Amount)
                && postings.Count > 0 && postings.GroupBy(posting => posting.Asset).All(asset => asset.Sum(posting => posting.Amount) == 0),
        });
    }

    private static CausesBody Causes(StoredEvent stored, TransactionEvent e, string account) => new()
    {
        CausationId = stored.Meta.Causation,
        CorrelationId = stored.Meta.Correlation,
        RefundOf = e switch { ConsumptionRefunded c => c.RefundOf.Value, PurchaseRefunded p => p.RefundOf.Value, PurchaseRestored p => p.RefundOf.Value, _ => null } is { } of ? new RelatedBody(of, null, ExplainUrls.Transaction(account, of)) : null,
        Hold = e is HoldCaptured captured ? new RelatedBody(captured.Hold.Value, null, ExplainUrls.Hold(account)) : null,
        FromAccount = e is CreditsTransferredIn received ? new RelatedBody(received.From.Value, null, ExplainUrls.Account(received.From.Value)) : null,
        ToAccount = e is CreditsTransferredOut sent ? new RelatedBody(sent.To.Value, null, ExplainUrls.Account(sent.To.Value)) : null,
    };

    private static PartBody Part(Allocation part, Direction direction, string account, LotRow? lot, ILookup<string, ParentLotBody> parents) => new()
    {
        LotId = part.Lot?.Value,
        Amount = part.Amount,
        Way = (part.Lot, direction) switch { (null, Direction.Debit) => PartWay.MadeDebt, (null, _) => PartWay.PaidDebt, (_, Direction.Debit) => PartWay.Took, _ => PartWay.Gave },
        Kind = lot?.Kind,
        Source = lot?.Source,
        Came = lot is null ? null : LotReader.Came(lot, parents),
        Url = part.Lot is { } id ? ExplainUrls.Lot(account, id.Value) : null,
    };

    private static async Task<List<(string Asset, decimal Amount, PostingBody Body)>> PostingsAsync(NpgsqlConnection connection, string tenant, string account, StoredEvent stored, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select p.code, a.name, p.lot_id, p.measure, p.asset, p.amount from ledger.journal_postings p join ledger.journal_accounts a on a.code = p.code
            where p.tenant_id = $1 and p.account_id = $2 and p.day = $3 and p.version = $4 order by p.measure desc, p.code, p.lot_id nulls first, p.amount
            """, connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        command.Parameters.AddWithValue(DateOnly.FromDateTime(stored.RecordedAt.UtcDateTime));
        command.Parameters.AddWithValue(stored.Version);
        var postings = new List<(string, decimal, PostingBody)>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var (isUnits, asset, amount) = (row.GetString(3) == "units", row.GetString(4), row.GetDecimal(5));
            postings.Add(($"{row.GetString(3)} {asset}", amount, new PostingBody(
                row.GetInt32(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), amount > 0 ? NormalSide.Debit : NormalSide.Credit,
                isUnits ? new Credits(Math.Abs(amount)) : null, isUnits ? null : new Money((long)Math.Abs(amount), asset))));
        }

        return postings;
    }

    private static async Task<List<RelatedBody>> RefundsAsync(NpgsqlConnection connection, string tenant, string account, string tag, long version, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select version, case type when 5 then -change else change end from ledger.transactions where tenant_id = $1 and account_id = $2 and type in (4, 5) and version > $3 and refund_of = $3 order by version limit {RelatedMax}", connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        command.Parameters.AddWithValue(version);
        var refunds = new List<RelatedBody>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            var id = TransactionId.For(tag, row.GetInt64(0)).Value;
            refunds.Add(new RelatedBody(id, row.GetDecimal(1), ExplainUrls.Transaction(account, id)));
        }

        return refunds;
    }

    /// <summary>The payments of the debt that a transaction made: facts of the account, whose keys begin with the version that paid.</summary>
    private async Task<List<PaidDebtBody>> PayersAsync(StreamRef stream, string account, string tag, long version, CancellationToken cancellationToken)
    {
        var kind = Ledger.Domain.Accounts.FactName.PaidKind(version);
        var facts = await reader.FactsDownAsync(stream, kind, null, RelatedMax, cancellationToken);
        var payers = facts.Reverse().Select(fact => (
            Version: long.Parse(fact.Key.AsSpan(0, fact.Key.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture), Paid: (DebtPaid)EventJson.ReadFact(kind, fact.Data))).ToList();
        var events = await reader.EventsDownAsync(stream, payers.Select(payer => payer.Version).Distinct().ToList(), cancellationToken);
        var disputes = events.Where(happened => happened.Data is LotUnfrozen).Select(happened => happened.Version).ToHashSet();
        return [.. payers.Select(payer =>
        {
            var (lot, amount) = (payer.Paid.Lot.Value, payer.Paid.Amount);
            if (disputes.Contains(payer.Version)) return new PaidDebtBody(null, lot, amount, ExplainUrls.Lot(account, lot));
            var id = TransactionId.For(tag, payer.Version).Value;
            return new PaidDebtBody(id, lot, amount, ExplainUrls.Transaction(account, id));
        })];
    }
}
