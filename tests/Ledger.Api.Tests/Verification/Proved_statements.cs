using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Api.Http;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Verification;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Ledger.Testing;

namespace Ledger.Api.Tests.Verification;

/// <summary>A service on the history, for the tests that only read; what it wrote meanwhile is put back at the end.</summary>
public sealed class HistoryNode(LedgerHistory history) : IAsyncLifetime
{
    private ServiceProcess? node;
    private Client? client;

    internal Client Client => client!;

    public async ValueTask InitializeAsync()
    {
        node = await Run.NodeAsync(history.ConnectionString);
        client = new Client(node);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (node is not null) await node.DisposeAsync();
        await history.RestoreAsync();
    }
}

/// <summary>A statement with its proof is verified with a root alone, and nothing in it can be changed.</summary>
[Collection(HistoryCollection.Name)]
public sealed class Proved_statements(LedgerHistory history, HistoryNode node, ITestOutputHelper output) : IClassFixture<HistoryNode>
{
    private Client Client => node.Client;

    [Theory]
    [InlineData("a", "")]
    [InlineData("b", "")]
    [InlineData("long", "")]
    [InlineData("quiet", "")]
    public async Task are_proved_by_the_last_published_root(string account, string period)
    {
        var file = await FileAsync(account, period);
        var statement = JsonNode.Parse(file)!;
        var last = history.Published[^1];
        var verdict = StatementVerifier.Verify(file, new TrustedRoots(last.Hex, []));
        verdict.Wrong.ShouldBeNull();
        verdict.Lines.ShouldBe(statement["lines"]!.AsArray().Count);
        var today = statement["proof"]!["events"]!.AsArray().Count(e => e!["position"]!.GetValue<long>() > last.Last && JsonNode.Parse(e["data"]!.GetValue<string>())!["after"] is not null);
        verdict.Proved.ShouldBe(verdict.Lines - today);
        if (today > 0) verdict.Notes.ShouldContain(note => note.Contains("not provable", StringComparison.Ordinal));
        // The balances are told by the last event of all, which may be no line (a hold that ended).
        verdict.IsProved.ShouldBe(statement["proof"]!["events"]!.AsArray().All(e => e!["position"]!.GetValue<long>() <= last.Last));
        StatementVerifier.Verify(file, new TrustedRoots(null, history.Published)).Proved.ShouldBe(verdict.Proved);
        StatementVerifier.Verify([.. file, (byte)'\n'], new TrustedRoots(last.Hex, [])).Wrong.ShouldBeNull();
        // The same statement without its proof says the same.
        var plain = JsonNode.Parse((await Client.GetAsync($"/v1/accounts/{account}/statement?to={Time(statement["to"]!)}")).Body)!;
        plain["lines"]!.ToJsonString().ShouldBe(statement["lines"]!.ToJsonString());
        (plain["openingBalance"]!.ToJsonString(), plain["closingBalance"]!.ToJsonString()).ShouldBe((statement["openingBalance"]!.ToJsonString(), statement["closingBalance"]!.ToJsonString()));
    }

    [Fact]
    public async Task of_any_period_chain_to_what_is_before_and_after_it()
    {
        var random = new Random(Run.Seed(output));
        var events = (await history.RowsAsync("select timestamp from ledger.mt_events where stream_id = 'account/a' order by version")).Select(row => new DateTimeOffset((DateTime)row[0]!, TimeSpan.Zero)).ToList();
        var trusted = new TrustedRoots(history.Published[^1].Hex, []);
        for (var i = 0; i < 40; i++)
        {
            var ends = new[] { Near(), Near() }.Order().ToArray();
            var file = await FileAsync("a", $"&from={Text(ends[0])}&to={Text(ends[1])}");
            var verdict = StatementVerifier.Verify(file, trusted);
            var sealedYet = JsonNode.Parse(file)!["proof"]!["days"]!.AsArray().Count > 0;
            if (sealedYet || verdict.Wrong is null) verdict.Wrong.ShouldBeNull(Encoding.UTF8.GetString(file));
        }

        DateTimeOffset Near() => events[random.Next(events.Count)].AddMicroseconds(random.Next(-2, 3));
        static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task are_refused_with_any_byte_changed()
    {
        var file = await FileAsync("quiet", "");
        var trusted = new TrustedRoots(history.Published[^1].Hex, []);
        StatementVerifier.Verify(file, trusted).Wrong.ShouldBeNull();
        var random = new Random(Run.Seed(output));
        for (var at = 0; at < file.Length; at++)
        {
            var bent = (byte[])file.Clone();
            bent[at] ^= (byte)(1 << random.Next(7));
            StatementVerifier.Verify(bent, trusted).Wrong.ShouldNotBeNull($"byte {at}: {Encoding.UTF8.GetString(bent, Math.Max(0, at - 40), Math.Min(80, file.Length - Math.Max(0, at - 40)))}");
        }

        for (var i = 0; i < 200; i++)
        {
            var (at, length) = (random.Next(file.Length), random.Next(1, 60));
            StatementVerifier.Verify([.. file[..at], .. file[Math.Min(file.Length, at + length)..]], trusted).Wrong.ShouldNotBeNull($"{length} bytes gone at {at}");
        }

        StatementVerifier.Verify([], trusted).Wrong.ShouldNotBeNull();
    }

    [Fact]
    public async Task are_refused_with_anything_forged_and_written_down_anew()
    {
        // A forger makes the digest again, so that only what the proof itself holds together can refuse it.
        var file = await FileAsync("quiet", "");
        var trusted = new TrustedRoots(history.Published[^1].Hex, []);
        StatementVerifier.Verify(Forged(file, _ => { }), trusted).Wrong.ShouldBeNull("the forger writes what the service writes");
        (string What, Action<JsonNode> Change)[] forgeries =
        [
            ("amount of a line", s => s["lines"]![1]!["amount"] = 4),
            ("amount of a line and its event", s =>
            {
                s["lines"]![1]!["amount"] = 4;
                var happened = s["proof"]!["events"]![2]!;
                happened["data"] = happened["data"]!.GetValue<string>().Replace("\"amount\":3", "\"amount\":4", StringComparison.Ordinal);
            }),
            ("a line gone", s => s["lines"]!.AsArray().RemoveAt(0)),
            ("a line and its event gone", s =>
            {
                s["lines"]!.AsArray().RemoveAt(0);
                s["proof"]!["events"]!.AsArray().RemoveAt(1);
            }),
            ("the first events gone", s =>
            {
                s["proof"]!["previousHash"] = s["proof"]!["events"]![0]!["hash"]!.GetValue<string>();
                s["proof"]!["events"]!.AsArray().RemoveAt(0);
            }),
            ("opening balance", s => s["openingBalance"] = 1),
            ("closing balance", s => s["closingBalance"] = 8),
            ("account", s => s["accountId"] = "tail"),
            ("tenant", s => s["proof"]!["tenantId"] = "other"),
            ("position", s => s["proof"]!["events"]![0]!["position"] = s["proof"]!["events"]![0]!["position"]!.GetValue<long>() - 1),
            ("place in the day", s => s["proof"]!["events"]![0]!["index"] = s["proof"]!["events"]![0]!["index"]!.GetValue<long>() + 1),
            ("path gone", s =>
            {
                s["proof"]!["events"]![0]!.AsObject().Remove("path");
                s["proof"]!["events"]![0]!.AsObject().Remove("index");
            }),
            ("time of an event", s => s["proof"]!["events"]![0]!["recordedAt"] = "2020-01-01T00:00:00Z"),
            ("who posted it", s => s["proof"]!["events"]![0]!["postedBy"] = "somebody"),
            ("events of a day", s => s["proof"]!["days"]![0]!["events"] = 1),
            ("the days gone", s => s["proof"]!["days"] = new JsonArray()),
            ("a day gone", s => s["proof"]!["days"]!.AsArray().RemoveAt(1)),
            ("a member more", s => s["approved"] = true),
            ("a member more in a line", s => s["lines"]![0]!["approved"] = true),
            ("from after a line", s => s["from"] = "2100-01-01T00:00:00Z"),
            ("to before a line", s => s["to"] = "2001-01-01T00:00:00Z"),
            ("another form", s => s["proof"]!["format"] = 2),
        ];
        foreach (var (what, change) in forgeries) StatementVerifier.Verify(Forged(file, change), trusted).Wrong.ShouldNotBeNull(what);
        StatementVerifier.Verify(file, new TrustedRoots(new string('0', 64), [])).Wrong.ShouldNotBeNull("a root of nothing here");
        var other = history.Published[0] with { Events = history.Published[0].Events + 1 };
        StatementVerifier.Verify(file, new TrustedRoots(null, [other, .. history.Published.Skip(1)])).Wrong!.ShouldContain("published");
    }

    [Theory]
    [InlineData("the days gone")]
    [InlineData("the days cut short")]
    [InlineData("a day without events kept")]
    [InlineData("the positions after the root")]
    public async Task are_refused_where_all_of_it_is_invented(string way)
    {
        // Hashes take no key: whoever knows the form makes a chain of his own that is right in itself. Only the roots are not his.
        var file = await FileAsync("quiet", "");
        var last = history.Published[^1];
        var empty = new DayRoot(last.Day.AddDays(1), last.Last + 1, last.Last, 0, new MerkleBuilder().Root(), last.Root);
        var forged = Forged(file, s => Invent(s, (proof, events) =>
        {
            var days = proof["days"]!.AsArray();
            if (way is "the days gone" or "a day without events kept") days.Clear();
            while (way == "the days cut short" && days.Count > 1) days.RemoveAt(days.Count - 1);
            while (way == "a day without events kept" && events.Count > 1) events.RemoveAt(events.Count - 1);
            if (way == "a day without events kept") (s["openingBalance"], s["closingBalance"]) = (0, 0);
            if (way == "a day without events kept") days.Add(JsonSerializer.SerializeToNode(RootBody.Of(empty), LedgerJson.Numbers));
            for (var i = 0; i < events.Count; i++) events[i]!["position"] = last.Last + i + (way == "a day without events kept" ? 1 - events.Count : 1);
        }));
        TrustedRoots[] trusted = way == "a day without events kept" ? [new(empty.Hex, []), new(null, [.. history.Published, empty])] : [new(null, history.Published), new(last.Hex, []), new(history.Published[0].Hex, [])];
        foreach (var roots in trusted) StatementVerifier.Verify(forged, roots).Wrong.ShouldNotBeNull();
        StatementVerifier.Verify(forged, trusted[0]).Wrong!.ShouldContain(way == "a day without events kept" ? "root of its day is missing" : "its day has a root");
    }

    [Fact]
    public async Task of_days_without_a_root_are_called_not_provable_yet_with_the_lines_that_are_not()
    {
        var file = await FileAsync("a", "");
        var lines = JsonNode.Parse(file)!["lines"]!.AsArray().Count;
        var verdict = StatementVerifier.Verify(file, new TrustedRoots(null, history.Published));
        (verdict.Wrong, verdict.Proved, verdict.IsProved).ShouldBe((null, lines - 1, false));
        verdict.Notes.ShouldContain(note => note.StartsWith($"Line {lines} is not provable yet", StringComparison.Ordinal), string.Join('\n', verdict.Notes));

        // Invented and recorded today: no root tells, so it is never called proved.
        var today = history.Published[^1].Day.AddDays(1);
        var invented = Forged(await FileAsync("quiet", ""), s => Invent(s, (proof, events) =>
        {
            proof["days"]!.AsArray().Clear();
            foreach (var happened in events) happened!["recordedAt"] = $"{RootBody.Written(today)}T00:00:00Z";
            (s["from"], s["to"]) = ($"{RootBody.Written(today)}T00:00:00Z", $"{RootBody.Written(today)}T00:00:01Z");
        }));
        verdict = StatementVerifier.Verify(invented, new TrustedRoots(null, history.Published));
        (verdict.Wrong, verdict.Lines, verdict.Proved, verdict.IsProved).ShouldBe((null, 2, 0, false));
    }

    [Fact]
    public async Task are_verified_by_the_command_without_a_database()
    {
        var folder = Directory.CreateTempSubdirectory("ledger-proof-");
        try
        {
            var (statement, roots) = (Path.Combine(folder.FullName, "statement.json"), Path.Combine(folder.FullName, "roots"));
            await File.WriteAllBytesAsync(statement, await FileAsync("quiet", ""));
            var made = await Commands.RunAsync(history.ConnectionString, "roots", "--out", roots);
            made.Status.ShouldBe(0, made.Errors);
            (await File.ReadAllLinesAsync(roots)).Length.ShouldBe(history.Published.Count);

            (string Root, int Status, string Says)[] cases =
            [
                (history.Published[^1].Hex, 0, "2 are proved"), (history.Published[0].Hex.ToUpperInvariant(), 0, "2 are proved"), (roots, 0, "2 are proved"),
                (new string('a', 64), 1, "not proved"), (statement, 1, "no file of roots"), (Path.Combine(folder.FullName, "none"), 1, "none"),
            ];
            foreach (var (root, status, says) in cases)
            {
                var (ended, printed, errors) = await Commands.RunAsync("Host=127.0.0.1;Port=1", "verify", "--statement", statement, "--root", root);
                ended.ShouldBe(status, $"{root}: {printed}{errors}");
                (printed + errors).ShouldContain(says);
            }

            var unsealed = Path.Combine(folder.FullName, "today.json");
            await File.WriteAllBytesAsync(unsealed, await FileAsync("a", ""));
            var notYet = await Commands.RunAsync("Host=127.0.0.1;Port=1", "verify", "--statement", unsealed, "--root", roots);
            (notYet.Status, notYet.Output.Contains("not provable yet", StringComparison.Ordinal)).ShouldBe((2, true), notYet.Output + notYet.Errors);

            await File.WriteAllTextAsync(statement, (await File.ReadAllTextAsync(statement)).Replace("\"amount\":3", "\"amount\":2", StringComparison.Ordinal));
            var refused = await Commands.RunAsync("Host=127.0.0.1;Port=1", "verify", "--statement", statement, "--root", roots);
            (refused.Status, refused.Output.Contains("not proved", StringComparison.Ordinal)).ShouldBe((1, true), refused.Output + refused.Errors);
            (await Commands.RunAsync("Host=127.0.0.1;Port=1", "verify", "--statement", statement)).Errors.ShouldContain("--root");
            (await Commands.RunAsync("Host=127.0.0.1;Port=1", "verify", "--root", roots)).Errors.ShouldContain("--statement");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task are_for_json_alone_and_for_periods_that_are_not_too_long()
    {
        (await Client.GetAsync("/v1/accounts/a/statement?proof=yes")).Status.ShouldBe(400);
        (await Client.GetAsync("/v1/accounts/nobody/statement?proof=true")).Status.ShouldBe(404);
        StatementProofs.EventsMax.ShouldBeGreaterThan(1_000);
    }

    private async Task<byte[]> FileAsync(string account, string period)
    {
        var reply = await Client.GetAsync($"/v1/accounts/{account}/statement?proof=true{period}");
        reply.Status.ShouldBe(200, reply.Body);
        return Encoding.UTF8.GetBytes(reply.Body);
    }

    /// <summary>Changes something in every event, takes the paths away, and makes hashes and lines anew over what is there then.</summary>
    private static void Invent(JsonNode statement, Action<JsonNode, JsonArray> change)
    {
        var proof = statement["proof"]!;
        var events = proof["events"]!.AsArray();
        change(proof, events);
        var stream = new StreamRef(proof["tenantId"]!.GetValue<string>(), "account/" + statement["accountId"]!.GetValue<string>());
        var lines = statement["lines"]!.AsArray();
        lines.Clear();
        var previous = EventHash.Origin.ToArray();
        foreach (var happened in events)
        {
            happened!.AsObject().Remove("path");
            happened.AsObject().Remove("index");
            happened["postedBy"] = "inventor";
            var proved = happened.Deserialize<ProofEventBody>(LedgerJson.Numbers)!.Proved([]);
            previous = proved.HashAfter(stream, previous);
            happened["hash"] = Convert.ToHexStringLower(previous);
            if (StatementProofs.LineOf(stream, proved with { Hash = previous }) is { } line) lines.Add(JsonSerializer.SerializeToNode(line, LedgerJson.Numbers));
        }
    }

    private static byte[] Forged(byte[] file, Action<JsonNode> change)
    {
        var statement = JsonNode.Parse(file)!;
        change(statement);
        statement.AsObject().Remove("digest");
        var whole = Encoding.UTF8.GetBytes(statement.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))[..^1];
        return [.. whole, .. Encoding.UTF8.GetBytes($",\"digest\":\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(whole))}\"}}")];
    }

    private static string Time(JsonNode time) => time.GetValue<string>();
}
