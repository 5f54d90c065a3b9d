using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Explain;

/// <summary>Where things are explained.</summary>
internal static class ExplainUrls
{
    public static string Transaction(string account, string id) => $"/v1/accounts/{account}/transactions/{id}/explain";

    public static string Lot(string account, string id) => $"/v1/accounts/{account}/lots/{id}/explain";

    public static string Hold(string account) => $"/v1/accounts/{account}/holds";

    public static string Account(string account) => $"/v1/accounts/{account}/explain";
}

/// <summary>Reads lots and the lots that their credits were in before, and shows them.</summary>
internal static class LotReader
{
    /// <summary>So far back a lot's credits are followed.</summary>
    public const int ParentsMax = 8;

    private static readonly string Columns = string.Join(", ", LotTable.Table.ColumnNames.Select(name => "l." + name));

    /// <summary>Some lots of an account, the newest first.</summary>
    public static async Task<List<LotRow>> PageAsync(NpgsqlConnection connection, string tenant, string account, string? below, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select {Columns} from ledger.lots l where l.tenant_id = $1 and l.account_id = $2 and ($3::text is null or l.lot_id < $3) order by l.lot_id desc limit $4", connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        command.Parameters.Add(Optional(below));
        command.Parameters.AddWithValue(limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>These lots of an account.</summary>
    public static async Task<List<LotRow>> SomeAsync(NpgsqlConnection connection, string tenant, string account, IReadOnlyCollection<string> lots, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select {Columns} from ledger.lots l where l.tenant_id = $1 and l.account_id = $2 and l.lot_id = any($3)", connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        command.Parameters.AddWithValue(lots.ToArray());
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>For each lot those that its credits were in before, the last one first, as far as the caller may see their accounts.</summary>
    public static async Task<ILookup<string, ParentLotBody>> ParentsAsync(NpgsqlConnection connection, Caller caller, string tenant, IReadOnlyCollection<LotRow> lots, CancellationToken cancellationToken)
    {
        var born = lots.Where(lot => lot.ParentLot is not null).ToList();
        if (born.Count == 0) return Enumerable.Empty<ParentLotBody>().ToLookup(_ => "");
        await using var command = new NpgsqlCommand(
            $"""
            with recursive up(start, depth, account_id, lot_id) as (
                select q.start, 1, q.account_id collate "C", q.lot_id collate "C" from unnest($2::text[], $3::text[], $4::text[]) as q(start, account_id, lot_id)
                join ledger.accounts a on a.tenant_id = $1 and a.id = q.account_id and ($5::text is null or (a.owner_kind = $5 and a.owner_id = $6))
                union all
                select u.start, u.depth + 1, a.id, l.parent_lot_id
                from up u
                join ledger.lots l on l.tenant_id = $1 and l.account_id = u.account_id and l.lot_id = u.lot_id
                join ledger.accounts a on a.tenant_id = $1 and a.id = coalesce(l.parent_account_id, l.account_id) and ($5::text is null or (a.owner_kind = $5 and a.owner_id = $6))
                where l.parent_lot_id is not null and u.depth < {ParentsMax}
            )
            select {Columns}, u.start from up u join ledger.lots l on l.tenant_id = $1 and l.account_id = u.account_id and l.lot_id = u.lot_id order by u.start, u.depth
            """, connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(born.Select(lot => lot.Key.Lot).ToArray());
        command.Parameters.AddWithValue(born.Select(lot => lot.ParentAccount ?? lot.Key.Account).ToArray());
        command.Parameters.AddWithValue(born.Select(lot => lot.ParentLot!).ToArray());
        command.Parameters.Add(Optional(caller.Owner?.Kind));
        command.Parameters.Add(Optional(caller.Owner?.Id));
        var found = new List<(string Start, ParentLotBody Parent)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var lot = LotTable.Read(reader);
            found.Add((reader.GetString(LotTable.Table.ColumnNames.Count), new ParentLotBody(
                lot.Key.Account, lot.Key.Lot, lot.Origin, TransactionOf(lot), lot.CreatedAt, lot.PaymentId, lot.Currency is null ? null : new Money(lot.Cost, lot.Currency), ExplainUrls.Lot(lot.Key.Account, lot.Key.Lot))));
        }

        return found.ToLookup(each => each.Start, each => each.Parent, StringComparer.Ordinal);
    }

    /// <summary>A lot as it is shown; <paramref name="ended"/> of it has ended by now and is not written yet.</summary>
    public static LotExplanationBody Show(LotRow lot, ILookup<string, ParentLotBody> parents, decimal ended = 0)
    {
        var remaining = lot.Remaining - ended;
        return new LotExplanationBody
        {
            Id = lot.Key.Lot,
            Kind = lot.Kind,
            Source = lot.Source,
            State = remaining > 0 ? lot.Disputes > 0 ? "frozen" : "active" : Words.Of(lot.Ended ?? LotEnd.Expired),
            Amount = lot.Amount,
            Remaining = remaining,
            ExpiresAt = lot.ExpiresAt,
            Came = Came(lot, parents),
            Went = new LotWentBody(lot.Used, lot.GivenBack, lot.Expired + ended, lot.Revoked, lot.Adjusted, lot.Transferred),
            Shortfall = lot.Shortfall == 0 ? null : (Credits?)lot.Shortfall,
            Money = lot.Currency is null ? null : new LotMoneyBody(
                lot.Currency, lot.Cost, lot.DeferredAt(remaining), lot.CostRecognised, lot.CostExpired + lot.CostOf(lot.Remaining, remaining), lot.CostRefunded, lot.CostAdjusted, lot.CostMoved),
            Url = ExplainUrls.Lot(lot.Key.Account, lot.Key.Lot),
        };
    }

    /// <summary>Where a lot came from.</summary>
    public static LotCameBody Came(LotRow lot, ILookup<string, ParentLotBody> parents) => new()
    {
        By = lot.Origin,
        TransactionId = TransactionOf(lot),
        At = lot.CreatedAt,
        PaymentId = lot.PaymentId,
        Url = ExplainUrls.Transaction(lot.Key.Account, TransactionOf(lot)),
        Before = lot.ParentLot is null ? null : [.. parents[lot.Key.Lot]],
    };

    /// <summary>A text that may be null.</summary>
    public static NpgsqlParameter<string?> Optional(string? text) => new() { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text };

    // The transaction that made a lot has the lot's tag and version.
    private static string TransactionOf(LotRow lot) => string.Concat("txn_", lot.Key.Lot.AsSpan(4, AccountTag.Length + 8));

    private static async Task<List<LotRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var lots = new List<LotRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) lots.Add(LotTable.Read(reader));
        return lots;
    }
}
