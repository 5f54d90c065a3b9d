using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Queries on accounts, answered from states, facts and streams.</summary>
internal sealed class AccountQueries(EventReader reader, AccountFinder accounts)
{
    /// <summary>So many lots or holds that are over are looked through for a page.</summary>
    public const int FactsMax = 5 * EventReader.PageMax;

    /// <summary><c>GET /v1/accounts/{accountId}</c>: now, at a time, or at a version.</summary>
    public async Task GetAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var at = query.Time("at");
        var version = query.Number("version", 1, long.MaxValue);
        if (at is not null && version is not null) query.Add("version", "goes not together with at");
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        var then = at is not null && at < now.Now ? await reader.StateAtTimeAsync(now.Stream, at.Value, http.RequestAborted)
            : version is not null ? await reader.StateAtVersionAsync(now.Stream, version.Value, http.RequestAborted)
            : now;
        if (then is null)
        {
            await new Problem(ProblemTypes.NotFound, "The account had not been opened by then, or has not come to that version.").WriteAsync(http);
            return;
        }

        // Without a time, a past version is judged as of when it was recorded.
        var judged = at is not null && at < now.Now ? at.Value : version is not null ? then.RecordedAt : now.Now;
        Answer.Version(http, then.Version);
        await Answer.Ok(http, AccountBody.Of((Account)then.State, judged));
    }

    /// <summary><c>GET /v1/accounts</c>, the newest first.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var (ownerId, ownerKind, status) = (query.Text("ownerId", Errors.IdLengthMax), query.Word<OwnerKind>("ownerKind"), query.Word<AccountStatus>("status"));
        var (unit, search) = (query.Text("unit", Errors.IdLengthMax), query.Text("search", Errors.IdLengthMax));
        var list = ListRequest.Read(query, caller.Tenant, "/v1/accounts", ListRequest.IsNumber);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        await using var command = reader.Source.CreateCommand(
            """
            select id, opened from ledger.accounts
            where tenant_id = $1 and opened < $2 and ($3::text is null or owner_id = $3) and ($4::text is null or owner_kind = $4) and ($5::text is null or status = $5)
              and ($6::text is null or (owner_kind = $6 and owner_id = $7)) and ($8::text is null or unit = $8) and ($9::text is null or id ^@ $9 or owner_id ^@ $9)
            order by opened desc limit $10
            """);
        command.Parameters.AddWithValue(Tenants.Stored(caller.Tenant));
        command.Parameters.AddWithValue(list.NumberAfter() ?? long.MaxValue);
        foreach (var text in new[] { ownerId, ownerKind is null ? null : Words.Of(ownerKind.Value), status is null ? null : Words.Of(status.Value), caller.Owner?.Kind, caller.Owner?.Id, unit, search })
        {
            command.Parameters.Add(new Npgsql.NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        }

        command.Parameters.AddWithValue(list.Limit + 1);
        var found = new List<(string Id, long Opened)>();
        await using (var rows = await command.ExecuteReaderAsync(http.RequestAborted))
        {
            while (await rows.ReadAsync(http.RequestAborted)) found.Add((rows.GetString(0), rows.GetInt64(1)));
        }

        var page = list.Page(found, entry => entry.Opened.ToString(CultureInfo.InvariantCulture));
        var states = await reader.StatesAsync(caller.Tenant, page.Data.Select(entry => $"{AccountModel.StreamKind}/{entry.Id}").ToList(), http.RequestAborted);
        await Answer.Ok(http, new Page<AccountBody>(states.Select(s => AccountBody.Of((Account)s.State, s.Now)).ToList(), page.NextCursor));
    }

    /// <summary><c>GET .../events</c>: the stream itself, oldest first.</summary>
    public async Task EventsAsync(HttpContext http)
    {
        var (query, list) = Listing(http, ListRequest.IsNumber);
        if (await accounts.FindAsync(http, query) is not { } now) return;
        var events = await reader.EventsAsync(now.Stream, (list.NumberAfter() ?? 0) + 1, list.Limit + 1, http.RequestAborted);
        var strings = Preferences.DecimalsAsStrings(http);
        var page = list.Page(events, e => e.Version.ToString(CultureInfo.InvariantCulture));
        await Answer.Ok(http, new Page<EventBody>(page.Data.Select(e => EventBody.Of(e, strings)).ToList(), page.NextCursor));
    }

    /// <summary><c>GET .../lots</c>, the newest first.</summary>
    public async Task LotsAsync(HttpContext http)
    {
        var (query, list) = Listing(http);
        var state = query.WordList("state", "active", "frozen", "depleted", "expired", "revoked", "transferred");
        if (state is { Count: > 1 }) query.Add("state", "must be one state");
        if (await accounts.FindAsync(http, query) is not { } now) return;
        var account = (Account)now.State;
        var settled = account.SettledAt(now.Now).Account;
        // What has ended by now and is not written yet shows as it will be.
        var live = account.Lots.Select(lot => settled.FindLot(lot.Id) ?? lot with { Remaining = Credits.Zero, Ended = LotEnd.Expired }).ToDictionary(lot => lot.Id.Value, StringComparer.Ordinal);
        var over = state is not ["active" or "frozen"];
        var page = await MergeAsync(now.Stream, "lot", live, over, lot => ((LotClosed)lot).Lot, lot => state is null || LotBody.StateOf(lot) == state[0], lot => lot.Id.Value, list, http.RequestAborted);
        await Answer.Ok(http, new Page<LotBody>(page.Data.Select(LotBody.Of).ToList(), page.NextCursor));
    }

    /// <summary><c>GET .../holds</c>, the newest first.</summary>
    public async Task HoldsAsync(HttpContext http)
    {
        var (query, list) = Listing(http);
        var state = query.Word<HoldState>("state");
        if (await accounts.FindAsync(http, query) is not { } now) return;
        var account = (Account)now.State;
        var active = account.Holds.Select(hold => hold.ExpiresAt <= now.Now ? HoldBody.Of(account.Id, hold, HoldState.Expired, Credits.Zero, hold.ExpiresAt, null) : HoldBody.Of(account.Id, hold)).ToDictionary(hold => hold.Id, StringComparer.Ordinal);
        var over = state is not HoldState.Active;
        await Answer.Ok(http, await MergeAsync(now.Stream, "hold", active, over, ended => HoldBody.Of(account.Id, (HoldEnded)ended), hold => state is null || hold.State == state, hold => hold.Id, list, http.RequestAborted));
    }

    /// <summary>
    /// What is live (in the state, so few) and what is over (kept as facts, maybe many), from the highest id down; the state knows better than an older fact.
    /// Ids of one account sort by age. Where few of those that are over are wanted, a page ends after some thousands of them, maybe with none, and the next one goes on there.
    /// </summary>
    private async Task<Page<T>> MergeAsync<T>(
        StreamRef stream, string kind, Dictionary<string, T> live, bool over, Func<FactBody, T> of, Func<T, bool> wanted, Func<T, string> id, ListRequest list, CancellationToken cancellationToken)
    {
        var below = list.After;
        var pending = new Stack<KeyValuePair<string, T>>(live.Where(pair => below is null || string.CompareOrdinal(pair.Key, below) < 0).OrderBy(pair => pair.Key, StringComparer.Ordinal));
        var found = new List<T>();
        void Add(T item)
        {
            if (wanted(item) && found.Count <= list.Limit) found.Add(item);
        }

        for (var looked = 0; over && found.Count <= list.Limit; looked += EventReader.PageMax)
        {
            if (looked >= FactsMax) return new Page<T>(found, list.CursorAt(below!));
            var facts = await reader.FactsDownAsync(stream, kind, below, EventReader.PageMax, cancellationToken);
            foreach (var (key, data) in facts)
            {
                while (pending.TryPeek(out var next) && string.CompareOrdinal(next.Key, key) > 0) Add(pending.Pop().Value);
                if (!live.ContainsKey(key)) Add(of(EventJson.ReadFact(kind, data)));
            }

            if (facts.Count < EventReader.PageMax) break;
            below = facts[^1].Key;
        }

        while (pending.TryPop(out var rest)) Add(rest.Value);
        return list.Page(found, id);
    }

    private static (QueryParameters Query, ListRequest List) Listing(HttpContext http, Func<string, bool>? isPlace = null)
    {
        var query = QueryParameters.Of(http);
        return (query, ListRequest.Read(query, Caller.Of(http).Tenant, http.Request.Path.Value!, isPlace));
    }
}
