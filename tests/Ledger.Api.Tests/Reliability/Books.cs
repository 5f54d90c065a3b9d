using System.Buffers;
using System.Data;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Tests.Reliability;

/// <summary>An event as its row says.</summary>
internal sealed record Row(long SeqId, long TransactionId, Guid Id, StreamRef Stream, long Version, string Type, DateTimeOffset At, string? Correlation, string? Causation, string? Actor, string Hash, string Data)
{
    public JsonElement Json => JsonDocument.Parse(Data).RootElement;

    /// <summary>Written because time had passed, ahead of what a command did.</summary>
    public bool IsSettlement => Type is "lot_expired" or "hold_expired";
}

/// <summary>Reads the whole database as its owner and checks that every number in it follows from the events. A fault says what was lost, doubled or bent.</summary>
internal sealed class Books
{
    private readonly Dictionary<StreamRef, Account> states = [];
    private readonly Dictionary<(StreamRef Stream, string Kind, string Key), string> facts = [];
    private readonly Dictionary<(StreamRef Stream, long Version), string> checkpoints = [];

    private Books(IReadOnlyList<Row> rows) => Rows = rows;

    public IReadOnlyList<Row> Rows { get; }

    public Dictionary<StreamRef, PlainFold> Folds { get; } = [];

    /// <summary>Reads and checks all that is always so.</summary>
    public static async Task<Books> CheckAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var session = await source.OpenConnectionAsync();
        // One snapshot for all, so that a service that still sweeps is no fault.
        await using var snapshot = await session.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var books = new Books(await ReadAsync(session));
        books.CheckOrder();
        books.CheckHashes();
        books.Fold();
        await books.CheckVersionsAsync(session);
        await books.CheckStatesAsync(session);
        await books.CheckCheckpointsAsync(session);
        await books.CheckFactsAsync(session);
        await books.CheckDueAsync(session);
        await books.CheckKeysAsync(session);
        return books;
    }

    /// <summary>No number is missing: nothing was rolled back after it had drawn one.</summary>
    public void CheckNoGaps()
    {
        for (var i = 0; i < Rows.Count; i++)
        {
            if (Rows[i].SeqId != i + 1) throw new InvalidOperationException($"Position {i + 1} is missing: the event there was lost, or never committed. Next is {Rows[i]}.");
        }
    }

    /// <summary>Every acknowledged command is in its stream with the content that was acknowledged, once; every refused one is nowhere.</summary>
    /// <returns>How many were acknowledged.</returns>
    public int CheckStories(IReadOnlyCollection<Story> stories)
    {
        var byKey = Rows.Where(row => row.Causation is not null && !row.IsSettlement).ToLookup(row => row.Causation!, StringComparer.Ordinal);
        var byId = Rows.Where(row => !row.IsSettlement).ToLookup(row => (row.Stream.Id, row.Version));
        foreach (var (sent, reply, doubtful, nothingDoneAt) in stories)
        {
            var effects = byKey[sent.Key].ToList();
            if (effects.Count > Most(sent)) throw new InvalidOperationException($"Doubled: {sent} has {effects.Count} effects: {string.Join("; ", effects)}");
            // A client that went away: done at most once; not at all where it last heard that nothing was done.
            if (reply is null && effects.Count > 0 && doubtful == 0) throw new InvalidOperationException($"Reported wrongly: {sent} was answered overloaded, nothing done; but it did {effects[0]}");
            if (nothingDoneAt is { } said && effects.Any(effect => effect.At < said.AddMilliseconds(-20)))
                throw new InvalidOperationException($"Reported wrongly: at {said:O} it was said that nothing had been done for {sent}; but there was {effects[0]}");
            if (reply is null) continue;
            if (reply.Status >= 500) throw new InvalidOperationException($"Failed: {sent} was answered {reply}");
            if (!reply.IsDone)
            {
                if (effects.Count > 0) throw new InvalidOperationException($"Reported wrongly: {sent} was refused with {reply}; but it did {effects[0]}");
                continue;
            }

            var body = reply.Json;
            if (reply.Status == 200 && sent.Name != "holds/release") continue; // done before under another key, which has its own story
            if (effects.Count != Most(sent)) throw new InvalidOperationException($"Lost: {sent} was acknowledged with {reply}, but {(effects.Count == 0 ? "nothing is there" : $"only {effects[0]} is there")}");
            if (sent.Name is "holds" or "holds/release")
            {
                var hold = effects[0].Json;
                var id = hold.GetProperty(sent.Name == "holds" ? "id" : "hold").GetString();
                if (id != body.GetProperty("id").GetString() || !Same(hold, "amount", body, "amount")) throw new InvalidOperationException($"Bent: {sent} was acknowledged with {reply}, but there is {effects[0]}");
                continue;
            }

            var answer = byId[($"account/{body.GetProperty("accountId").GetString()}", body.GetProperty("version").GetInt64())].SingleOrDefault(row => row.Causation == sent.Key);
            if (answer is null) throw new InvalidOperationException($"Lost: {sent} was acknowledged with {reply}, but that version is another: {effects[0]}");
            var data = answer.Json;
            if (data.GetProperty("id").GetString() != body.GetProperty("id").GetString() || !Same(data, "amount", body, "amount") || !Same(data, "before", body, "balanceBefore")
                || !Same(data, "after", body, "balanceAfter") || !Same(data, "available", body, "available") || answer.At != body.GetProperty("recordedAt").GetDateTimeOffset())
                throw new InvalidOperationException($"Bent: {sent} was acknowledged with {reply}, but there is {answer}");
        }

        return stories.Count(story => story.Reply?.IsDone == true);
    }

    /// <summary>What the service shows of each account is what its events add up to; so is the sum over all. Nothing may be due on them.</summary>
    public async Task CheckAnswersAsync(Client client, IEnumerable<string> accounts)
    {
        BigInteger shown = 0, moved = 0, transferred = 0;
        foreach (var account in accounts)
        {
            var fold = Folds[AccountModel.StreamOf(Tenants.Default, new(account))];
            var body = (await client.GetAsync($"/v1/accounts/{account}")).Json;
            var balance = PlainFold.Millionths(body.GetProperty("balance"));
            if (balance != fold.Balance) throw new InvalidOperationException($"{account} shows {balance} millionths, its events add up to {fold.Balance}: {(balance > fold.Balance ? "made" : "lost")} {BigInteger.Abs(balance - fold.Balance)}.");
            PlainFold.Millionths(body.GetProperty("held")).ShouldBe(fold.Held, $"held on {account}");
            PlainFold.Millionths(body.GetProperty("debt")).ShouldBe(fold.Debt, $"debt of {account}");
            PlainFold.Millionths(body.GetProperty("available")).ShouldBe(fold.Available, $"available on {account}");
            body.GetProperty("version").GetInt64().ShouldBe(fold.Version);
            foreach (var total in body.GetProperty("totals").EnumerateObject()) PlainFold.Millionths(total.Value).ShouldBe(fold.Totals.GetValueOrDefault(total.Name), $"{total.Name} of {account}");
            shown += balance;
            moved += fold.Totals.Aggregate(BigInteger.Zero, (sum, total) => total.Key is "consumed" or "revoked" or "expired" ? sum - total.Value : sum + total.Value);
            transferred += fold.Totals.GetValueOrDefault("transferred");
        }

        shown.ShouldBe(moved, "the sum of all balances is the sum of all events");
        transferred.ShouldBe(BigInteger.Zero, "what transfers took from one account came to another");
    }

    private static int Most(Sent sent) => sent.Name == "transfers" ? 2 : 1;

    private static bool Same(JsonElement one, string name, JsonElement other, string otherName) => PlainFold.Millionths(one.GetProperty(name)) == PlainFold.Millionths(other.GetProperty(otherName));

    private static async Task<IReadOnlyList<Row>> ReadAsync(NpgsqlConnection session)
    {
        await using var command = new NpgsqlCommand(
            "select seq_id, xmin::text::bigint, id, tenant_id, stream_id, version, type, timestamp, correlation_id, causation_id, headers->>'actor', headers->>'hash', data::text from ledger.mt_events order by seq_id", session);
        command.CommandTimeout = 300;
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Row>();
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        while (await reader.ReadAsync())
        {
            rows.Add(new Row(reader.GetInt64(0), reader.GetInt64(1), reader.GetGuid(2), new StreamRef(Tenants.Named(reader.GetString(3)), reader.GetString(4)), reader.GetInt64(5), reader.GetString(6),
                new DateTimeOffset(reader.GetDateTime(7), TimeSpan.Zero), Text(8), Text(9), Text(10), reader.GetString(11), reader.GetString(12)));
        }

        return rows;
    }

    // A transaction gets its number while it holds the writer's lock, so transactions rise with positions where positions were given in the order of commits.
    private void CheckOrder()
    {
        var last = new Dictionary<StreamRef, Row>();
        Row? before = null;
        foreach (var row in Rows)
        {
            if (before is not null && row.TransactionId < before.TransactionId) throw new InvalidOperationException($"Out of order: {row} was committed before {before}.");
            var ahead = last.GetValueOrDefault(row.Stream);
            if (row.Version != (ahead?.Version ?? 0) + 1) throw new InvalidOperationException($"{(row.Version <= (ahead?.Version ?? 0) ? "Doubled" : "Lost")}: after {ahead} comes {row}.");
            if (row.At < ahead?.At) throw new InvalidOperationException($"Time went back from {ahead} to {row}.");
            last[row.Stream] = before = row;
        }
    }

    private void CheckHashes()
    {
        var previous = new Dictionary<StreamRef, byte[]>();
        foreach (var row in Rows)
        {
            var hash = EventHash.Of(
                previous.GetValueOrDefault(row.Stream) ?? new byte[EventHash.Size], row.Stream, row.Version, row.Type, row.At, new EventMeta(row.Correlation, row.Causation, row.Actor), CanonicalJson.Of(row.Data));
            if (Convert.ToBase64String(hash) != row.Hash) throw new InvalidOperationException($"The chain breaks at {row}.");
            EventHash.IdOf(hash).ShouldBe(row.Id);
            previous[row.Stream] = hash;
        }
    }

    private void Fold()
    {
        var model = new AccountModel();
        var left = new List<FactWrite>();
        foreach (var row in Rows)
        {
            if (!Folds.TryGetValue(row.Stream, out var fold)) Folds.Add(row.Stream, fold = new PlainFold(row.Stream.Id));
            fold.Apply(row.Version, row.Type, row.Json);
            var state = (Account)model.Evolve(states.GetValueOrDefault(row.Stream) ?? model.Initial(row.Stream), EventJson.Catalog.Read(row.Type, row.Data), row.At);
            states[row.Stream] = state;
            left.Clear();
            model.CollectFacts(row.Stream, state, left);
            foreach (var (name, data) in left) facts[(name.Stream, name.Kind, name.Key)] = data;
            if (row.Version % 1_000 == 0) checkpoints[(row.Stream, row.Version)] = $"{Convert.ToBase64String(Saved(state))} {row.At:O} {row.Hash}";
        }

        foreach (var (stream, fold) in Folds)
        {
            var state = states[stream];
            PlainFold.Millionths(state.Balance.ToString()).ShouldBe(fold.Balance, $"balance of {stream}");
            state.Lots.ToDictionary(lot => lot.Id.Value, lot => PlainFold.Millionths(lot.Remaining.ToString())).OrderBy(lot => lot.Key, StringComparer.Ordinal)
                .ShouldBe(fold.Lots.OrderBy(lot => lot.Key, StringComparer.Ordinal), $"lots of {stream}");
            state.Debts.ToDictionary(debt => debt.Version, debt => PlainFold.Millionths(debt.Left.ToString())).OrderBy(debt => debt.Key).ShouldBe(fold.Debts.OrderBy(debt => debt.Key), $"debts of {stream}");
            state.Holds.Length.ShouldBe(fold.ActiveHolds, $"holds of {stream}");
        }
    }

    private static byte[] Saved(Account state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        AccountSnapshot.Save(state, buffer, EventJson.Catalog.Json);
        return buffer.WrittenSpan.ToArray();
    }

    private async Task CheckVersionsAsync(NpgsqlConnection session)
    {
        var versions = new Dictionary<StreamRef, long>();
        await EachAsync(session, "select tenant_id, id, version from ledger.mt_streams", reader => versions.Add(StreamOf(reader), reader.GetInt64(2)));
        versions.Count.ShouldBe(Folds.Count, "streams without events, or events without a stream");
        foreach (var (stream, fold) in Folds) versions.GetValueOrDefault(stream).ShouldBe(fold.Version, $"version of {stream} in mt_streams");
    }

    private async Task CheckStatesAsync(NpgsqlConnection session)
    {
        var found = new Dictionary<StreamRef, string>();
        await EachAsync(session, "select tenant_id, stream_id, version, recorded_at, hash, state from ledger.stream_states", reader =>
            found.Add(StreamOf(reader), $"{reader.GetInt64(2)} {At(reader, 3):O} {Convert.ToBase64String(reader.GetFieldValue<byte[]>(4))} {Convert.ToBase64String(reader.GetFieldValue<byte[]>(5))}"));
        var last = Rows.GroupBy(row => row.Stream).ToDictionary(rows => rows.Key, rows => rows.Last());
        Compare("The state of", found, states.ToDictionary(state => state.Key, state => $"{state.Value.Version} {last[state.Key].At:O} {last[state.Key].Hash} {Convert.ToBase64String(Saved(state.Value))}"));
    }

    private async Task CheckCheckpointsAsync(NpgsqlConnection session)
    {
        var found = new Dictionary<(StreamRef, long), string>();
        await EachAsync(session, "select tenant_id, stream_id, version, recorded_at, hash, state from ledger.stream_checkpoints", reader =>
            found.Add((StreamOf(reader), reader.GetInt64(2)), $"{Convert.ToBase64String(reader.GetFieldValue<byte[]>(5))} {At(reader, 3):O} {Convert.ToBase64String(reader.GetFieldValue<byte[]>(4))}"));
        Compare("The checkpoint", found, checkpoints);
    }

    private async Task CheckFactsAsync(NpgsqlConnection session)
    {
        var found = new Dictionary<(StreamRef, string, string), string>();
        await EachAsync(session, "select tenant_id, stream_id, kind, key, data::text from ledger.facts", reader => found.Add((StreamOf(reader), reader.GetString(2), reader.GetString(3)), Canonical(reader.GetString(4))));
        Compare("The fact", found, facts.ToDictionary(fact => fact.Key, fact => Canonical(fact.Value)));
    }

    private async Task CheckDueAsync(NpgsqlConnection session)
    {
        var found = new Dictionary<StreamRef, string>();
        await EachAsync(session, "select tenant_id, stream_id, at from ledger.due", reader => found.Add(StreamOf(reader), $"{At(reader, 2):O}"));
        Compare("What is due on", found, states.Where(state => state.Value.NextDue is not null).ToDictionary(state => state.Key, state => $"{state.Value.NextDue:O}"));
    }

    // A key stands for an event that it caused, or for one that had been made before under another.
    private async Task CheckKeysAsync(NpgsqlConnection session)
    {
        var events = Rows.ToDictionary(row => (row.Stream, row.Version));
        var keys = new HashSet<string>(StringComparer.Ordinal);
        await EachAsync(session, "select tenant_id, stream_id, version, key, answer from ledger.idempotency_keys", reader =>
        {
            var (stream, version, key) = (StreamOf(reader), reader.GetInt64(2), reader.GetString(3));
            keys.Add(key);
            if (!events.TryGetValue((stream, version), out var row)) throw new InvalidOperationException($"Lost: the key {key} is answered by version {version} of {stream}, which is not there.");
            if (reader.GetInt16(4) == 0 && row.Causation != key) throw new InvalidOperationException($"The key {key} is answered by {row}.");
        });
        foreach (var row in Rows)
        {
            if (row.Causation is not null && !keys.Contains(row.Causation)) throw new InvalidOperationException($"The key of {row} was lost: a repeat would do it twice.");
        }
    }

    private static void Compare<TKey>(string what, Dictionary<TKey, string> found, Dictionary<TKey, string> derived)
        where TKey : notnull
    {
        foreach (var (key, value) in derived)
        {
            if (!found.TryGetValue(key, out var stored)) throw new InvalidOperationException($"{what} {key} was lost; the events say {value}");
            if (stored != value) throw new InvalidOperationException($"{what} {key} is {stored}, but the events say {value}");
        }

        foreach (var key in found.Keys)
        {
            if (!derived.ContainsKey(key)) throw new InvalidOperationException($"{what} {key} stands there, but no event says so");
        }
    }

    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Of(json));

    private static StreamRef StreamOf(NpgsqlDataReader reader) => new(Tenants.Named(reader.GetString(0)), reader.GetString(1));

    private static DateTimeOffset At(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    private static async Task EachAsync(NpgsqlConnection session, string sql, Action<NpgsqlDataReader> each)
    {
        await using var command = new NpgsqlCommand(sql, session);
        command.CommandTimeout = 300;
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) each(reader);
    }
}
