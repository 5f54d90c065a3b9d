using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.EventStore.Tests;

public sealed class Verifying_a_store
{
    private static readonly StreamRef A = new("default", "thing/a");

    [Fact]
    public async Task finds_nothing_in_a_clean_one_in_one_pass_or_in_many()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        (await database.VerifyAsync()).ShouldSatisfyAllConditions(r => r.Differences.ShouldBe(0), r => r.Events.ShouldBe(0));
        await FillAsync(node, 40, 1_050);
        foreach (var options in new[] { new VerificationOptions(), new VerificationOptions { StreamsOfPass = 7, Workers = 3 }, new VerificationOptions { FactsOfPass = 5, Workers = 1 } })
        {
            var report = await database.VerifyAsync(options);
            report.First.ShouldBeEmpty();
            (report.Events, report.Streams, report.LastSeqId, report.Checkpoints).ShouldBe((1_090, 41, 1_090, 1));
            report.Facts.ShouldBe(await database.ScalarAsync<long>("select count(*) from ledger.facts"));
        }
    }

    [Fact]
    public async Task sees_one_moment_while_others_append()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await FillAsync(node, 10, 200);
        using var enough = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            for (var i = 0; !enough.IsCancellationRequested; i++) await Task.WhenAll(Enumerable.Range(0, 20).Select(j => node.SubmitAsync(new Count(new("default", $"thing/{j}"), 101, $"{i}") { Tenant = "default", Key = $"{i}/{j}", Meta = new EventMeta(null, $"{i}/{j}", null) })));
        });
        for (var i = 0; i < 10; i++) (await database.VerifyAsync(new VerificationOptions { StreamsOfPass = 6 })).First.ShouldBeEmpty();
        await enough.CancelAsync();
        await load;
        (await database.VerifyAsync()).First.ShouldBeEmpty();
    }

    [Fact]
    public async Task is_done_by_one_at_a_time_and_leaves_nothing_when_it_ends()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await FillAsync(node, 3, 10);
        var verification = new StoreVerification(database.Reader.Source, ThingModel.Catalog(), new StreamModels(new ThingModel()), []);
        await using (await verification.OpenAsync(new VerificationOptions()))
        {
            await Should.ThrowAsync<VerificationRunningException>(() => verification.RunAsync(new VerificationOptions()));
            (await node.SubmitAsync(new Count(A, 1) { Tenant = "default" })).ShouldBeOfType<Outcome.Accepted>("a verification keeps no writer waiting");
        }

        using var cancelled = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => verification.RunAsync(new VerificationOptions(), _ => cancelled.Cancel(), new CancellationToken(true)));
        (await verification.RunAsync(new VerificationOptions())).First.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("update ledger.mt_events set data = jsonb_set(data, '{by}', '101.0') where seq_id = 7", 7, "numbers")]
    [InlineData("update ledger.mt_events set data = data || '{\"extra\":true}' where seq_id = 7", 7, "the hash follows")]
    [InlineData("update ledger.mt_events set headers = headers || '{\"extra\":true}' where seq_id = 7", 7, "the headers")]
    [InlineData("update ledger.mt_events set headers = null where seq_id = 7", 7, "the hash follows")]
    [InlineData("update ledger.mt_events set tenant_id = 'default' where seq_id = 7", 7, "")]
    [InlineData("update ledger.mt_events set tenant_id = null where seq_id = 7", 7, "")]
    [InlineData("update ledger.mt_events set stream_id = null where seq_id = 7", 7, "")]
    [InlineData("update ledger.mt_events set stream_id = 'x' where seq_id = 7", 7, "")]
    [InlineData("update ledger.mt_events set type = 'unheard_of' where seq_id = 7", 7, "the hash follows")]
    [InlineData("update ledger.mt_events set timestamp = 'infinity' where seq_id = 7", 7, "")]
    [InlineData("update ledger.mt_events set timestamp = timestamp - interval '1 day' where seq_id = 7", 7, "times of a stream")]
    [InlineData("update ledger.mt_events set mt_dotnet_type = 'x' where seq_id = 7", 7, "leaves these columns empty")]
    [InlineData("update ledger.mt_events set bdata = 'x' where seq_id = 7", 7, "leaves these columns empty")]
    [InlineData("update ledger.mt_events set is_archived = null where seq_id = 7", 7, "leaves these columns empty")]
    [InlineData("delete from ledger.mt_events where seq_id = 7", 7, "gap")]
    [InlineData("delete from ledger.mt_events where seq_id = 60", 60, "gap")]
    [InlineData("select setval('ledger.mt_events_sequence', 59)", 60, "the sequence")]
    [InlineData("delete from ledger.mt_streams where id = 'thing/a'", 60, "row in mt_streams")]
    [InlineData("insert into ledger.mt_streams (id, type, version) values ('thing/z', 'thing', 3)", null, "has events")]
    [InlineData("update ledger.mt_streams set created = created + interval '1 second' where id = 'thing/a'", 60, "created")]
    [InlineData("delete from ledger.stream_states where stream_id = 'thing/a'", 60, "has a state")]
    [InlineData("update ledger.stream_states set format = 9 where stream_id = 'thing/a'", 60, "form of the state")]
    [InlineData("insert into ledger.due values ('*DEFAULT*', 'thing/a', now())", 60, "due next")]
    [InlineData("insert into ledger.stream_checkpoints select tenant_id, stream_id, 1000, recorded_at, hash, format, state from ledger.stream_states where stream_id = 'thing/a'", null, "checkpoint")]
    [InlineData("update ledger.facts set data = '{\"by\":101.0}' where stream_id = 'thing/a'", null, "the fact")]
    [InlineData("delete from ledger.facts where stream_id = 'thing/a'", null, "is kept")]
    [InlineData("update ledger.idempotency_keys set version = version + 90", null, "leads to the event")]
    [InlineData("update ledger.idempotency_keys set stream_id = 'thing/0', version = 1, answer = 1", null, "can answer it")]
    [InlineData("insert into ledger.idempotency_keys (tenant_id, key, fingerprint, stream_id, version, answer, created_at) values ('*DEFAULT*', 'another', gen_random_uuid(), 'thing/0', 9, 1, now())", null, "leads to the event")]
    [InlineData("delete from ledger.idempotency_keys", 60, "is not done twice")]
    public async Task names_what_was_changed(string change, int? position, string what)
    {
        await using var database = await StoreDatabase.CreateAsync();
        using (var node = database.Node())
        {
            await FillAsync(node, 5, 54);
            await node.SubmitAsync(new Count(A, 101, "last") { Tenant = "default", Key = "the key", Meta = new EventMeta("trace", "the key", "key_1") });
        }

        (await database.VerifyAsync()).First.ShouldBeEmpty();
        await database.ExecuteAsync(change);
        var report = await database.VerifyAsync();
        report.Differences.ShouldBeGreaterThan(0);
        if (position is not null) report.First[0].SeqId.ShouldBe(position, report.First[0].ToString());
        report.First.ShouldContain(finding => finding.What.Contains(what, StringComparison.Ordinal), string.Join('\n', report.First));
    }

    [Fact]
    public async Task misses_the_root_of_a_day_that_is_over_where_roots_are_made()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await FillAsync(node, 1, 2);
        (await database.VerifyAsync()).Notes.ShouldNotContain(note => note.Contains("No day has a root", StringComparison.Ordinal), "today has none yet");
        await database.PassDaysAsync(2);
        var never = await database.VerifyAsync();
        never.First.ShouldBeEmpty("nobody made any");
        never.Notes.ShouldContain(note => note.Contains("No day has a root", StringComparison.Ordinal));
        var roots = new DayRoots(database.Reader.Source);
        await roots.SealAsync();
        var published = await roots.FromAsync(0);
        await node.SubmitAsync(new Count(A, 101) { Tenant = "default" });
        (await database.VerifyAsync()).First.ShouldBeEmpty("its day is not over");
        await database.PassDaysAsync(2);
        var late = await database.VerifyAsync();
        (late.First.Count, late.First[0].SeqId, late.First[0].Kind).ShouldBe((1, 4L, FindingKind.Root), string.Join('\n', late.First));
        late.First[0].What.ShouldContain(published[^1].Day.AddDays(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        await roots.SealAsync();
        (await database.VerifyAsync()).First.ShouldBeEmpty();
        await database.ExecuteAsync("delete from ledger.merkle_roots where day = (select max(day) from ledger.merkle_roots where events > 0) or day > (select max(day) from ledger.merkle_roots where events > 0)");
        (await database.VerifyAsync()).First.ShouldContain(finding => finding.Kind == FindingKind.Root && finding.SeqId == 4);
        await database.ExecuteAsync("delete from ledger.merkle_roots");
        (await database.VerifyAsync(new VerificationOptions { Published = published })).First.ShouldContain(finding => finding.What.Contains("is over and has events", StringComparison.Ordinal));
    }

    [Fact]
    public async Task counts_all_and_keeps_the_lowest()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using (var node = database.Node()) await FillAsync(node, 2, 300);
        await database.ExecuteAsync("update ledger.mt_events set correlation_id = 'x' where seq_id > 20");
        var report = await database.VerifyAsync();
        (report.Differences, report.First.Count).ShouldBe((282, Findings.KeptMax));
        report.First.Select(finding => finding.SeqId).ShouldBe(Enumerable.Range(21, Findings.KeptMax).Select(i => (long?)i));
    }

    /// <summary>Some streams of one event, and one stream with many.</summary>
    private static async Task FillAsync(GroupCommit node, int streams, int events)
    {
        var works = Enumerable.Range(0, streams).Select(i => node.SubmitAsync(new Count(new("default", $"thing/{i}"), 101, $"{i}", i % 2 == 0 ? DateTimeOffset.UnixEpoch.AddDays(30_000) : null) { Tenant = "default" }))
            .Concat(Enumerable.Range(0, events).Select(i => node.SubmitAsync(new Count(A, 101 + (i % 3), $"{i % 10}") { Tenant = "default" })));
        foreach (var outcome in await Task.WhenAll(works)) outcome.ShouldBeOfType<Outcome.Accepted>();
    }
}
