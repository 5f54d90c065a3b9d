using Ledger.Api.Commands;
using Ledger.Api.ReadModels;
using Ledger.Api.Tests.Reliability;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Tests.Verification;

/// <summary>W18: whatever is changed in what is stored, verify finds it and names the first bad position.</summary>
[Collection(HistoryCollection.Name)]
public sealed class Tampering(LedgerHistory history, ITestOutputHelper output)
{
    [Fact]
    public async Task finds_nothing_in_a_ledger_that_nobody_bent()
    {
        var report = await history.VerifyAsync(withPublished: true, readModels: true);
        report.First.ShouldBeEmpty();
        report.Events.ShouldBeGreaterThan(1_200);
        report.ReadModelRows.ShouldBeGreaterThan(1_200);
        report.Checkpoints.ShouldBeGreaterThan(0);
        report.Facts.ShouldBeGreaterThan(0);
        report.Keys.ShouldBeGreaterThan(0);
        (report.PublishedTo, report.RootedTo).ShouldBe((history.SealedTo, history.SealedTo));
    }

    [Fact]
    public async Task is_found_every_time_with_the_first_bad_position()
    {
        var random = new Random(Run.Seed(output));
        var changes = new RandomChange(history, random);
        for (var i = 0; i < Run.Of(60, 2_000); i++)
        {
            try
            {
                var change = await changes.MakeAsync(i);
                var report = await history.VerifyAsync();
                report.Differences.ShouldBeGreaterThan(0, change.What);
                if (change.Position is { } position) report.First[0].SeqId.ShouldBe(position, $"{change.What}\n{string.Join('\n', report.First.Take(5))}");
                else report.First[0].Kind.ShouldNotBe(FindingKind.Event, $"{change.What}\n{report.First[0]}");
            }
            finally
            {
                await history.RestoreAsync();
            }
        }

        (await history.VerifyAsync(withPublished: true)).First.ShouldBeEmpty();
    }

    [Fact]
    public async Task of_a_read_model_is_found_and_its_row_named()
    {
        var random = new Random(Run.Seed(output));
        var changes = new RandomChange(history, random);
        var tables = ReadModelServices.All.All.SelectMany(projection => projection.Tables).Select(table => table.Name).ToList();
        for (var i = 0; i < Run.Of(1, 10) * tables.Count; i++)
        {
            try
            {
                if (await changes.BendAsync(tables[i % tables.Count]) is not { } change) continue;
                var report = await history.VerifyAsync(readModels: true);
                report.First[0].What.ShouldContain("ledger." + tables[i % tables.Count], customMessage: $"{change.What}\n{report.First[0]}");
            }
            finally
            {
                await history.RestoreAsync();
            }
        }

        // Somebody who bends the journal and every rebuild of it alike is told by its sums.
        try
        {
            await history.ExecuteAsync("update ledger.journal_days set u_consumed = u_consumed + 1 where u_consumed is not null");
            (await history.VerifyAsync(readModels: true)).First.ShouldContain(finding => finding.What.Contains("add up to zero", StringComparison.Ordinal));
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Theory]
    [InlineData("insert into ledger.projection_parked values ('*DEFAULT*', 'transactions', 'account/a', 1, 1, 3, '')", "retry what is parked")]
    [InlineData("update ledger.projections set version = version + 1 where name = 'transactions'", "rebuild it first")]
    public async Task that_keeps_a_read_model_from_being_compared_is_a_finding(string change, string what)
    {
        try
        {
            (await history.ExecuteAsync(change)).ShouldBe(1);
            (await history.VerifyAsync(readModels: true)).First.ShouldContain(finding => finding.What.Contains("transactions can be compared", StringComparison.Ordinal) && finding.What.Contains(what, StringComparison.Ordinal));
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Fact]
    public async Task that_points_a_key_at_an_event_that_can_not_answer_it_is_found()
    {
        var row = (await history.RowsAsync("select tenant_id, key from ledger.idempotency_keys where answer = 0 and stream_id = 'account/b' limit 1"))[0];
        string[] changes = ["stream_id = 'account/quiet', version = 2, answer = 1", "version = 1, answer = 1", "version = 2, answer = 9"];
        foreach (var change in changes)
        {
            try
            {
                (await history.ExecuteAsync($"update ledger.idempotency_keys set {change} where tenant_id = $1 and key = $2", row)).ShouldBe(1);
                (await history.VerifyAsync()).First.ShouldContain(finding => finding.What.Contains("can answer it", StringComparison.Ordinal), change);
            }
            finally
            {
                await history.RestoreAsync();
            }
        }
    }

    [Fact]
    public async Task that_rewrites_everything_that_follows_is_found_with_the_published_root_alone()
    {
        try
        {
            await RewriteAsync();
            (await history.VerifyAsync()).First.ShouldBeEmpty("whoever rewrites a chain to its end, the state and all roots leaves no trace");
            var report = await history.VerifyAsync(withPublished: true);
            report.First[0].What.ShouldContain("published");
            report.First[0].SeqId.ShouldBe(history.Published.First(day => day.Events > 0).First, "the day's root tells the day, not the event");
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Fact]
    public async Task that_cuts_out_an_account_and_renumbers_is_found_with_the_published_root_alone()
    {
        try
        {
            var gone = (await history.RowsAsync("select seq_id from ledger.mt_events where stream_id = $1 order by 1", LedgerHistory.Tail)).Select(row => (long)row[0]!).ToList();
            foreach (var (table, column) in new[] { ("mt_events", "stream_id"), ("mt_streams", "id"), ("stream_states", "stream_id"), ("facts", "stream_id"), ("due", "stream_id"), ("idempotency_keys", "stream_id") })
                await history.ExecuteAsync($"delete from ledger.{table} where {column} = $1", LedgerHistory.Tail);
            await history.ExecuteAsync("delete from ledger.accounts where id = 'tail'");
            for (var i = gone.Count - 1; i >= 0; i--)
            {
                await history.ExecuteAsync("update ledger.mt_events set seq_id = -seq_id where seq_id > $1", gone[i]);
                await history.ExecuteAsync("update ledger.mt_events set seq_id = -seq_id - 1 where seq_id < 0");
                await history.ExecuteAsync("update ledger.accounts set opened = opened - 1 where opened > $1", gone[i]);
            }

            await history.ExecuteAsync("select setval('ledger.mt_events_sequence', (select max(seq_id) from ledger.mt_events))");
            await ForgeRootsAsync();
            (await history.VerifyAsync()).First.ShouldBeEmpty();
            (await history.VerifyAsync(withPublished: true)).First.ShouldContain(finding => finding.What.Contains("published", StringComparison.Ordinal));
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    [Fact]
    public async Task that_cuts_the_tail_of_the_ledger_is_found_with_the_published_root()
    {
        try
        {
            // All that came after the first day, and a part of it, as if it had never been; the sequence and the roots too.
            await history.ExecuteAsync("delete from ledger.mt_events where seq_id > $1", history.SealedTo - 3);
            await history.ExecuteAsync("select setval('ledger.mt_events_sequence', $1)", history.SealedTo - 3);
            await ForgeRootsAsync();
            var report = await history.VerifyAsync(withPublished: true);
            report.First.ShouldContain(finding => finding.Kind == FindingKind.Root && finding.What.Contains("published", StringComparison.Ordinal));
        }
        finally
        {
            await history.RestoreAsync();
        }
    }

    /// <summary>Changes the last event of a quiet account and everything that follows from it: hash, id, state, roots.</summary>
    private async Task RewriteAsync()
    {
        var rows = await history.RowsAsync(
            "select seq_id, tenant_id, version, type, timestamp, correlation_id, causation_id, data::text, headers->>'actor', headers->>'hash' from ledger.mt_events where stream_id = $1 order by version desc limit 2", LedgerHistory.Quiet);
        var last = rows[0];
        var data = ((string)last[7]!).Replace("\"b\"", "\"c\"", StringComparison.Ordinal);
        data.ShouldNotBe((string)last[7]!);
        var stream = new StreamRef(Tenants.Named((string)last[1]!), LedgerHistory.Quiet);
        var meta = new EventMeta((string?)last[5], (string?)last[6], (string?)last[8]);
        var hash = EventHash.Of(Convert.FromBase64String((string)rows[1][9]!), stream, (long)last[2]!, (string)last[3]!, new DateTimeOffset((DateTime)last[4]!, TimeSpan.Zero), meta, CanonicalJson.Of(data));
        await history.ExecuteAsync("update ledger.mt_events set data = $2::jsonb, id = $3, headers = jsonb_set(headers, '{hash}', to_jsonb($4::text)) where seq_id = $1", last[0], data, EventHash.IdOf(hash), Convert.ToBase64String(hash));
        await history.ExecuteAsync("update ledger.stream_states set hash = $2 where stream_id = $1", LedgerHistory.Quiet, hash);
        AccountModel.AccountOf(stream).Value.ShouldBe("quiet");
        await ForgeRootsAsync();
    }

    private async Task ForgeRootsAsync()
    {
        await history.ExecuteAsync("delete from ledger.merkle_roots");
        (await history.Roots.SealAsync()).ShouldBeGreaterThan(0);
    }
}
