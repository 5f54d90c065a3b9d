using System.Data;
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

/// <summary>Explains an account by its lots, and a lot by its transactions.</summary>
internal sealed class AccountExplanation(EventReader reader, AccountFinder accounts)
{
    /// <summary>So many debts are listed.</summary>
    public const int DebtsMax = 100;

    /// <summary>So many versions of an account are looked through for a page of a lot's transactions.</summary>
    public const int VersionsMax = 20_000;

    /// <summary><c>GET .../explain</c>.</summary>
    public async Task AccountAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var caller = Caller.Of(http);
        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!);
        if (await accounts.FindAsync(http, query, readModels: BooksProjection.ProjectionName) is not { } now) return;

        var (tenant, account) = (Tenants.Stored(caller.Tenant), AccountModel.AccountOf(now.Stream).Value);
        await using var connection = await reader.Source.OpenConnectionAsync(http.RequestAborted);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, http.RequestAborted);
        var sums = await SumsAsync(connection, tenant, account, http.RequestAborted);
        var found = await LotReader.PageAsync(connection, tenant, account, list.After, list.Limit + 1, http.RequestAborted);
        var page = list.Page(found, lot => lot.Key.Lot);
        var parents = await LotReader.ParentsAsync(connection, caller, tenant, page.Data, http.RequestAborted);
        await moment.CommitAsync(http.RequestAborted);

        var state = await StateAsync(now, sums, http.RequestAborted);
        var settled = state.SettledAt(now.Now);
        var ended = EndedIn(settled);
        var (balance, debt, remaining) = (settled.Account.Balance, settled.Account.Debt, sums.Remaining - ended.Values.Sum());
        await Answer.Ok(http, new AccountExplanationBody
        {
            AccountId = account,
            Unit = state.Unit,
            Version = state.Version,
            Balance = balance,
            Remaining = remaining,
            Debt = debt,
            AddsUp = remaining - debt.Value == balance.Value && sums.LotsAddUp,
            Totals = settled.Account.Totals,
            Debts = [.. settled.Account.Debts.Take(DebtsMax).Select(each => TransactionId.For(state.Tag, each.Version).Value is var id ? new StandingDebtBody(id, each.Left, ExplainUrls.Transaction(account, id)) : null!)],
            Lots = sums.Lots,
            Data = [.. page.Data.Select(lot => LotReader.Show(lot, parents, ended.GetValueOrDefault(lot.Key.Lot)))],
            NextCursor = page.NextCursor,
        });
    }

    /// <summary><c>GET .../lots/{lotId}/explain</c>.</summary>
    public async Task LotAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var caller = Caller.Of(http);
        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!, text => TryPlace(text, out _));
        if (await accounts.FindAsync(http, query, readModels: BooksProjection.ProjectionName) is not { } now) return;

        var (tenant, account, id) = (Tenants.Stored(caller.Tenant), AccountModel.AccountOf(now.Stream).Value, (string)http.Request.RouteValues["lotId"]!);
        await using var connection = await reader.Source.OpenConnectionAsync(http.RequestAborted);
        var lots = await LotReader.SomeAsync(connection, tenant, account, [id], http.RequestAborted);
        if (lots.Count == 0)
        {
            await new Problem(ProblemTypes.NotFound, "This account has no such lot. Take the id from its list of lots.").WriteAsync(http);
            return;
        }

        var parents = await LotReader.ParentsAsync(connection, caller, tenant, lots, http.RequestAborted);
        var ended = EndedIn(((Account)now.State).SettledAt(now.Now));

        // A place is the version looked at last and what the lot held after it.
        (long Version, Credits Remaining)? place = list.After is not null && TryPlace(list.After, out var found) ? found : null;
        var above = place is { } after ? after.Version : TransactionId.TryParse(LotReader.Came(lots[0], parents).TransactionId, out var made) ? made.Version - 1 : 0;
        var remaining = place?.Remaining ?? Credits.Zero;
        var last = Math.Min(now.Version, above + VersionsMax);
        var versions = await VersionsAsync(connection, now.Stream, id, above, last, list.Limit + 1, http.RequestAborted);
        var more = versions.Count > list.Limit;
        if (more) versions.RemoveAt(list.Limit);
        var moves = new List<LotMoveBody>();
        foreach (var happened in (await reader.EventsDownAsync(now.Stream, versions, http.RequestAborted)).Reverse())
        {
            if (happened.Data is LotUnfrozen { Pays: { } pays })
            {
                var spent = pays.Aggregate(Credits.Zero, (sum, payment) => sum + payment.Amount);
                remaining -= spent;
                moves.Add(new LotMoveBody(null, null, happened.RecordedAt, -spent, spent, remaining, null));
            }

            if (happened.Data is not TransactionEvent e) continue;
            var (change, paid) = ChangeOf(e, id);
            remaining += change;
            moves.Add(new LotMoveBody(e.Id.Value, e.Type(), happened.RecordedAt, change, paid.IsZero ? null : paid, remaining, ExplainUrls.Transaction(account, e.Id.Value)));
        }

        string? next = null;
        if (more || last < now.Version) next = list.CursorAt(string.Create(CultureInfo.InvariantCulture, $"{(more ? versions[^1] : last)}|{remaining}"));
        await Answer.Ok(http, new LotHistoryBody(LotReader.Show(lots[0], parents, ended.GetValueOrDefault(id)), moves, next));
    }

    private static bool TryPlace(string text, out (long Version, Credits Remaining) place)
    {
        place = default;
        if (text.Split('|') is not [var version, var remaining] || !ListRequest.IsNumber(version) || !Credits.TryParse(remaining, out var held) || held > Credits.AmountMax) return false;
        place = (long.Parse(version, CultureInfo.InvariantCulture), held);
        return true;
    }

    /// <summary>What of each lot has ended by now and is not written yet.</summary>
    private static Dictionary<string, decimal> EndedIn(Settled settled)
    {
        var ended = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var happened in settled.Events)
        {
            if (happened is LotExpired e) ended[e.Lot.Value] = ended.GetValueOrDefault(e.Lot.Value) + e.Amount.Value;
        }

        return ended;
    }

    private static (Credits Change, Credits Paid) ChangeOf(TransactionEvent e, string lot)
    {
        var (change, paid) = (Credits.Zero, Credits.Zero);
        foreach (var part in e.Allocations)
        {
            if (part.Lot?.Value == lot) change += e.Direction() == Direction.Credit ? part.Amount : -part.Amount;
        }

        foreach (var payment in (e as IncomingEvent)?.Pays ?? [])
        {
            if (payment.Lot.Value == lot) paid += payment.Amount;
        }

        return (change, paid);
    }

    private static async Task<List<long>> VersionsAsync(NpgsqlConnection connection, StreamRef stream, string lot, long above, long upTo, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select version from ledger.mt_events
            where tenant_id = $1 and stream_id = $2 and version > $3 and version <= $4 and (data->'allocations' @> $5::jsonb or data->'pays' @> $5::jsonb)
            order by version limit $6
            """, connection);
        command.Parameters.AddWithValue(Tenants.Stored(stream.Tenant));
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(above);
        command.Parameters.AddWithValue(upTo);
        command.Parameters.AddWithValue(NpgsqlTypes.NpgsqlDbType.Jsonb, $$"""[{"lot":"{{lot}}"}]""");
        command.Parameters.AddWithValue(limit);
        var versions = new List<long>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) versions.Add(rows.GetInt64(0));
        return versions;
    }

    /// <summary>The account as of what the lots show: now, where they show all of it, else at the last transaction that they have seen.</summary>
    private async Task<Account> StateAsync(StreamSnapshot now, LotSums sums, CancellationToken cancellationToken)
    {
        var state = (Account)now.State;
        if (sums.LastVersion <= now.Version && (state.Balance + state.Debt).Value == sums.Remaining) return state;
        return (Account)((await reader.StateAtVersionAsync(now.Stream, sums.LastVersion, cancellationToken))?.State ?? state);
    }

    private static async Task<LotSums> SumsAsync(NpgsqlConnection connection, string tenant, string account, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select count(*), coalesce(sum(remaining), 0), coalesce(bool_and(amount = remaining + used - given_back + expired + revoked + adjusted + transferred), true),
                   coalesce((select d.last_version from ledger.journal_days d where d.tenant_id = $1 and d.account_id = $2 order by d.day desc limit 1), 0)
            from ledger.lots where tenant_id = $1 and account_id = $2
            """, connection);
        command.Parameters.AddWithValue(tenant);
        command.Parameters.AddWithValue(account);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new LotSums(row.GetInt64(0), row.GetDecimal(1), row.GetBoolean(2), row.GetInt64(3));
    }

    private sealed record LotSums(long Lots, decimal Remaining, bool LotsAddUp, long LastVersion);
}
