using System.Globalization;
using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.ReadModels;
using Ledger.Api.Tests.Contract;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Npgsql;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>What the daemon has written, and what queries answer from it, against the events alone.</summary>
public sealed class Read_models_and_their_events(BusyService busy, ITestOutputHelper output) : IClassFixture<BusyService>
{
    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private IEnumerable<StoredEvent> Of(TestAccount account) => busy.Events.Where(happened => AccountModel.AccountOf(happened.Stream).Value == account.Id);

    /// <summary>Some times: at, right before and right after events, and far from them.</summary>
    private List<DateTimeOffset> Times(TestAccount account, Random random)
    {
        var recorded = Of(account).Select(happened => happened.RecordedAt).ToList();
        var some = Enumerable.Range(0, 6).Select(_ => recorded[random.Next(recorded.Count)]).ToList();
        return [.. some.SelectMany(time => new[] { time.AddMicroseconds(-1), time, time.AddMicroseconds(1), time.AddMinutes(random.Next(-5000, 5000)) }), recorded[0].AddYears(-1), recorded[^1].AddYears(1)];
    }

    private (DateTimeOffset From, DateTimeOffset To) Period(TestAccount account, Random random)
    {
        var times = Times(account, random);
        var (one, other) = (times[random.Next(times.Count)], times[random.Next(times.Count)]);
        return one < other ? (one, other) : (other, one);
    }

    [Theory]
    [InlineData("transactions")]
    [InlineData("usage")]
    public async Task Tables_hold_what_one_run_over_the_events_gives(string name)
    {
        output.WriteLine($"LEDGER_SEED={busy.Seed}");
        Projection projection = name == "usage" ? new UsageProjection() : new TransactionsProjection();
        var rows = new Rows();
        foreach (var happened in busy.Events.Where(happened => projection.Handles.Contains(happened.Data.GetType()))) projection.Apply(happened, rows);
        if (projection is TransactionsProjection)
        {
            await SameAsync("transactions", "tenant_id, account_id, version, seq_id, recorded_at, type, change, after, total, coalesce(occurred_at, recorded_at), service, operation, resource_type, resource_id, actor, reference, other_account_id, refund_of, input_tokens, output_tokens, processing_ms, success",
                rows.All(TransactionTables.Transactions).Select(r => (object?[])
                [
                    r.Key.Tenant, r.Key.Account, r.Key.Version, r.SeqId, r.RecordedAt, TransactionRow.Code(r.Type), r.Change, r.After, r.Total, r.OccurredAt ?? r.RecordedAt, r.Spending?.Service, r.Spending?.Operation,
                    r.Spending?.Resource?.Type, r.Spending?.Resource?.Id, r.Actor, r.Reference, r.OtherAccount, r.RefundOf, r.Spending?.Usage?.InputTokens, r.Spending?.Usage?.OutputTokens, r.Spending?.Usage?.ProcessingTimeMs, r.Spending?.Usage?.Success,
                ]));
            object?[] Totals(TotalsRow r) =>
            [
                r.Key.Tenant, r.Key.Account, r.Day, r.Version, r.Balance, r.Held, r.Totals.Purchased.Value, r.Totals.Granted.Value, r.Totals.Consumed.Value, r.Totals.Refunded.Value, r.Totals.Revoked.Value,
                r.Totals.Expired.Value, r.Totals.Adjusted.Value, r.Totals.Transferred.Value, r.Frozen,
            ];
            const string Columns = "tenant_id, account_id, day, version, balance, held, purchased, granted, consumed, refunded, revoked, expired, adjusted, transferred, frozen";
            await SameAsync("account_totals", Columns, rows.All(TransactionTables.Totals).Select(Totals));
            await SameAsync("account_days", Columns, rows.All(TransactionTables.Days).Select(Totals));
        }
        else
        {
            await SameAsync("usage_hours", "tenant_id, account_id, hour, service, operation, actor, count, successes, failures, amount, input_tokens, output_tokens, processing_ms",
                rows.All(UsageTables.Hours).Select(r => (object?[])[r.Key.Tenant, r.Key.Account, r.Key.Hour, r.Key.Service, r.Key.Operation, r.Key.Actor, r.Count, r.Successes, r.Failures, r.Amount, r.InputTokens, r.OutputTokens, r.ProcessingMs]));
            await SameAsync("hold_purposes", "tenant_id, account_id, version, service, operation, resource_type, resource_id, actor",
                rows.All(UsageTables.HoldPurposes).Select(r => (object?[])[r.Key.Tenant, r.Key.Account, r.Key.Version, r.Service, r.Operation, r.Resource?.Type, r.Resource?.Id, r.Actor]));
            await SameAsync("uncharged_calls", "tenant_id, account_id, version, occurred_at, service, operation, resource_type, resource_id, actor, input_tokens, output_tokens, processing_ms, success",
                rows.All(UsageTables.UnchargedCalls).Select(r => (object?[])
                    [r.Key.Tenant, r.Key.Account, r.Key.Version, r.OccurredAt, r.Service, r.Operation, r.Resource?.Type, r.Resource?.Id, r.Actor, r.Usage.InputTokens, r.Usage.OutputTokens, r.Usage.ProcessingTimeMs, r.Usage.Success]));
        }
    }

    [Fact]
    public async Task The_list_of_transactions_is_that_of_the_events_in_every_period()
    {
        output.WriteLine($"LEDGER_SEED={busy.Seed}");
        var random = new Random(busy.Seed);
        foreach (var account in busy.Accounts)
        {
            for (var round = 0; round < 30; round++)
            {
                var (from, to) = Period(account, random);
                var expected = Of(account).Where(happened => happened.Data is TransactionEvent && happened.RecordedAt >= from && happened.RecordedAt < to).Reverse().Select(happened => JsonSerializer.Serialize(TransactionBody.Of(happened), LedgerJson.Numbers)).ToList();
                var found = new List<string>();
                var cursor = "";
                do
                {
                    var page = (await account.Get($"/transactions?from={Text(from)}&to={Text(to)}&limit={random.Next(5, 100)}{cursor}")).ShouldBe(200);
                    found.AddRange(page.Data.Select(transaction => transaction.GetRawText()));
                    cursor = page["nextCursor"] == "null" ? "" : "&cursor=" + page["nextCursor"];
                }
                while (cursor.Length > 0);
                found.ShouldBe(expected);
            }
        }
    }

    [Fact]
    public async Task A_statement_is_what_a_replay_of_the_events_gives()
    {
        output.WriteLine($"LEDGER_SEED={busy.Seed}");
        var random = new Random(busy.Seed);
        foreach (var account in busy.Accounts)
        {
            for (var round = 0; round < 60; round++)
            {
                var (from, to) = Period(account, random);
                var replay = Account.Unopened(new(account.Id));
                var (opening, closing, lines) = (replay.Balance, replay.Balance, new List<string>());
                foreach (var happened in Of(account).Where(happened => happened.RecordedAt < to))
                {
                    replay = replay.Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                    closing = replay.Balance;
                    if (happened.RecordedAt < from) opening = replay.Balance;
                    else if (happened.Data is TransactionEvent) lines.Add(JsonSerializer.Serialize(TransactionBody.Of(happened)! with { EventHash = Convert.ToHexStringLower(happened.Hash.Span) }, LedgerJson.Numbers));
                }

                var statement = (await account.Get($"/statement?from={Text(from)}&to={Text(to)}")).ShouldBe(200);
                (statement["openingBalance"], statement["closingBalance"]).ShouldBe((opening.ToString(), closing.ToString()), $"{Text(from)} {Text(to)}");
                statement.Json.GetProperty("lines").EnumerateArray().Select(line => line.GetRawText()).ShouldBe(lines);
            }
        }
    }

    [Fact]
    public async Task Usage_is_the_sum_of_the_events_in_every_period_by_every_group()
    {
        output.WriteLine($"LEDGER_SEED={busy.Seed}");
        var random = new Random(busy.Seed);
        foreach (var account in busy.Accounts)
        {
            var calls = Calls(Of(account).ToList());
            for (var round = 0; round < 60; round++)
            {
                var (from, to) = Period(account, random);
                if (random.Next(4) == 0) (from, to) = (from.AddTicks(-(from.Ticks % TimeSpan.TicksPerHour)), to.AddTicks(-(to.Ticks % TimeSpan.TicksPerHour)));
                var by = Call.Dimensions.Keys.Where(_ => random.Next(3) == 0).ToList();
                var expected = calls.Where(call => call.At >= from && call.At < to).GroupBy(call => string.Join('|', by.Select(word => Call.Dimensions[word](call)))).ToDictionary(
                    group => group.Key,
                    group => (Amount: group.Sum(c => c.Amount), Refunded: group.Sum(c => c.Refunded), Count: group.Count(), Input: Sum(group, c => c.Usage?.InputTokens), Output: Sum(group, c => c.Usage?.OutputTokens), Ms: Sum(group, c => c.Usage?.ProcessingTimeMs),
                        Yes: group.Count(c => c.Usage?.Success is true), No: group.Count(c => c.Usage?.Success is false)));
                var reply = (await account.Get($"/usage?from={Text(from)}&to={Text(to)}{(by.Count == 0 ? "" : "&groupBy=" + string.Join(',', by))}")).ShouldBe(200);
                var found = reply.Data.ToDictionary(
                    group => string.Join('|', by.Select(word => group.TryGetProperty(word, out var value) ? value.GetString() : "")),
                    group => (Amount: group.GetProperty("amount").GetDecimal(), Refunded: group.GetProperty("refunded").GetDecimal(), Count: group.GetProperty("count").GetInt32(), Input: Number(group, "inputTokens"), Output: Number(group, "outputTokens"), Ms: Number(group, "processingTimeMs"),
                        Yes: (int)(Number(group, "succeeded") ?? 0), No: (int)(Number(group, "failed") ?? 0)));
                found.OrderBy(pair => pair.Key, StringComparer.Ordinal).ShouldBe(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), $"{string.Join(',', by)} {Text(from)} {Text(to)}");
            }
        }
    }

    [Fact]
    public async Task The_view_of_usage_is_the_sum_of_the_events()
    {
        foreach (var account in busy.Accounts)
        {
            var calls = Calls(Of(account).ToList());
            var sums = await busy.Service.QueryAsync<object[]>(
                $"select array[sum(amount), sum(refunded), sum(count), sum(successes), sum(failures), coalesce(sum(input_tokens), 0), coalesce(sum(processing_ms), 0), count(distinct (hour, service, operation, actor))]::text[] from ledger.usage where account_id = '{account.Id}'");
            sums.Select(sum => decimal.Parse((string)sum, CultureInfo.InvariantCulture)).ShouldBe(
            [
                calls.Sum(c => c.Amount), calls.Sum(c => c.Refunded), calls.Count, calls.Count(c => c.Usage?.Success is true), calls.Count(c => c.Usage?.Success is false), Sum(calls, c => c.Usage?.InputTokens) ?? 0, Sum(calls, c => c.Usage?.ProcessingTimeMs) ?? 0,
                calls.Select(c => (c.At.ToString("yyyyMMddHH", CultureInfo.InvariantCulture), c.Service, c.Operation, c.Actor)).Distinct().Count(),
            ]);
        }
    }

    [Fact]
    public async Task Days_chain_and_days_without_events_follow_from_the_one_before()
    {
        foreach (var account in busy.Accounts)
        {
            var replay = Account.Unopened(new(account.Id));
            var ends = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
            foreach (var happened in Of(account))
            {
                replay = replay.Evolve((AccountEvent)happened.Data, happened.RecordedAt);
                if (happened.Data is TransactionEvent or AccountOpened or HoldPlaced or HoldReleased or HoldExpired) ends[happened.RecordedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)] = replay.Balance.Value;
            }

            var days = await RowsAsync($"select to_char(day, 'YYYY-MM-DD'), opening, closing, purchased + granted + refunded + adjusted + transferred - consumed - revoked - expired from ledger.daily_balances where account_id = '{account.Id}' order by day");
            days.Select(day => ((string)day[0]!, (decimal)day[2]!)).ShouldBe(ends.Select(end => (end.Key, end.Value)));
            var before = 0m;
            foreach (var day in days)
            {
                ((decimal)day[1]!).ShouldBe(before, "a day opens as the one before closed");
                ((decimal)day[1]! + (decimal)day[3]!).ShouldBe((decimal)day[2]!, "the day's sums lead from one to the other");
                before = (decimal)day[2]!;
            }

            var filled = await RowsAsync($"select day, opening, closing, purchased + granted + refunded + adjusted + transferred - consumed - revoked - expired from ledger.daily_balances_filled where account_id = '{account.Id}' order by day");
            var today = DateOnly.FromDateTime((await busy.Reader.NowAsync()).UtcDateTime);
            filled.Select(day => (DateOnly)day[0]!).ShouldBe(Enumerable.Range(0, filled.Count).Select(index => ((DateOnly)filled[0][0]!).AddDays(index)), "no day is missing");
            ((DateOnly)filled[^1][0]!).ShouldBeInRange(today.AddDays(-1), today);
            filled.Count.ShouldBeGreaterThan(days.Count);
            for (var index = 0; index < filled.Count; index++)
            {
                ((decimal)filled[index][1]!).ShouldBe(index == 0 ? 0 : (decimal)filled[index - 1][2]!);
                ((decimal)filled[index][1]! + (decimal)filled[index][3]!).ShouldBe((decimal)filled[index][2]!);
            }
        }
    }

    private async Task<List<object?[]>> RowsAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(busy.Service.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync()) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? null : reader.GetValue(column) is DateTime day && reader.GetDataTypeName(column) == "date" ? DateOnly.FromDateTime(day) : reader.GetValue(column))]);
        return rows;
    }

    private async Task SameAsync(string table, string columns, IEnumerable<object?[]> expected)
    {
        static string Line(object?[] row) => string.Join(" | ", row.Select(value => value switch { null => "-", decimal number => new Ledger.Domain.Credits(number).ToString(), DateTime time => time.ToString("O", CultureInfo.InvariantCulture), _ => Convert.ToString(value, CultureInfo.InvariantCulture) }));
        var found = (await RowsAsync($"select {columns} from ledger.{table}")).Select(Line).Order(StringComparer.Ordinal).ToList();
        found.ShouldNotBeEmpty();
        found.ShouldBe(expected.Select(Line).Order(StringComparer.Ordinal).ToList(), table);
    }

    private static decimal? Sum(IEnumerable<Call> calls, Func<Call, long?> of) => calls.Select(of).Aggregate((decimal?)null, (sum, number) => number is null ? sum : (sum ?? 0) + number);

    private static decimal? Number(JsonElement group, string name) => group.GetProperty("usage").TryGetProperty(name, out var value) ? value.GetDecimal() : null;

    /// <summary>A call as the events tell of it.</summary>
    private sealed record Call(DateTimeOffset At, string? Service, string? Operation, Resource? Resource, string? Actor, Usage? Usage, decimal Amount, decimal Refunded)
    {
        public static readonly IReadOnlyDictionary<string, Func<Call, string?>> Dimensions = new Dictionary<string, Func<Call, string?>>
        {
            ["service"] = c => c.Service,
            ["operation"] = c => c.Operation,
            ["resourceType"] = c => c.Resource?.Type,
            ["resourceId"] = c => c.Resource?.Id,
            ["actor"] = c => c.Actor,
            ["day"] = c => c.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["month"] = c => c.At.ToString("yyyy-MM", CultureInfo.InvariantCulture),
        };
    }

    private static List<Call> Calls(List<StoredEvent> stream)
    {
        var calls = new List<Call>();
        foreach (var happened in stream)
        {
            if (happened.Data is ConsumptionEvent e)
            {
                var refunded = stream.Select(other => other.Data).OfType<ConsumptionRefunded>().Where(refund => refund.RefundOf == e.Id).Sum(refund => refund.Amount.Value);
                calls.Add(new Call(e.Note?.OccurredAt ?? happened.RecordedAt, e.Spending?.Service, e.Spending?.Operation, e.Spending?.Resource, e.Note?.Actor, e.Spending?.Usage, e.Amount.Value, refunded));
            }
            else if (happened.Data is HoldReleased { Usage: { } usage } release)
            {
                var hold = stream.Select(other => other.Data).OfType<HoldPlaced>().Single(placed => placed.Id == release.Hold);
                calls.Add(new Call(release.Note?.OccurredAt ?? happened.RecordedAt, hold.Spending?.Service, hold.Spending?.Operation, hold.Spending?.Resource, release.Note?.Actor ?? hold.Note?.Actor, usage, 0, 0));
            }
        }

        return calls;
    }
}
