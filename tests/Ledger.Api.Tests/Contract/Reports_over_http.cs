using System.Globalization;
using System.Text.Json;
using Ledger.Api.ReadModels;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.Tests.Contract;

// It moves the clock, so it has a service of its own.
public sealed class Reports_over_http(ContractService service, ITestOutputHelper output) : IClassFixture<ContractService>
{
    [Fact]
    public async Task The_worked_example_of_the_analysts_page_has_these_numbers()
    {
        var books = await BookedTenant.MakeAsync(service);
        var (ann, bob) = (await books.OpenAsync(""","overdraftLimit":10"""), await books.OpenAsync());
        var bought = (await ann.Post("purchases", """{"creditAmount":100,"price":{"amount":1000,"currency":"usd"}}""")).ShouldBe(201);
        await ann.Grant("20");
        var spent = (await ann.Consume("50")).ShouldBe(201);
        (await ann.Post($"consumptions/{spent["id"]}/refund", """{"amount":10,"reason":"failed"}""")).ShouldBe(201);
        (await ann.Post("transfers", $$"""{"amount":15,"toAccountId":"{{bob.Id}}"}""")).ShouldBe(201);
        (await bob.Post("adjustments", """{"amount":-5,"reason":"abuse"}""")).ShouldBe(201);
        (await ann.Post($"purchases/{bought["id"]}/refund", """{"reason":"returned"}""")).ShouldBe(201);
        (await ann.Consume("4")).ShouldBe(201);
        (await ann.Post("purchases", """{"creditAmount":10,"price":{"amount":150,"currency":"usd"}}""")).ShouldBe(201);

        var trial = (await books.Analyst.Get("/v1/reports/trial-balance")).ShouldBe(200);
        trial["isZero"].ShouldBe("true");
        Balances(trial, "money").ShouldBe(["1000 1150 0", "2000 0 190", "2100 0 650", "4000 0 360", "4010 100 0", "4200 0 50"]);
        Balances(trial, "units").ShouldBe(["2500 0 16", "5000 110 0", "5100 20 0", "6000 0 54", "6010 10 0", "6200 0 65", "6300 0 5"]);
        (trial["money.0.debit"], trial["money.0.credit"], trial["units.0.debit"], trial["units.0.credit"]).ShouldBe(("1250", "1250", "140", "140"));

        (await books.Analyst.Get("/v1/reports/deferred-revenue")).ShouldBe(200).ShouldHave(
            """{"from":"<time>","to":"<time>","data":[{"currency":"usd","opening":0,"added":1150,"recognised":260,"breakage":0,"refunded":650,"forfeited":50,"rounding":0,"closing":190}]}""");
        (await books.Analyst.Get("/v1/reports/credits?groupBy=month")).ShouldBe(200)["data.0.closing"].ShouldBe("16");
    }

    [Fact]
    public async Task Every_report_is_what_a_fold_of_all_events_says_at_any_instant()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var books = await BookedTenant.MakeAsync(service, seed);
        await books.OpenAsync(""","overdraftLimit":20""");
        await books.OpenAsync(""","overdraftLimit":5""");
        await books.OpenAsync(""","unit":"token","scale":3""");
        await books.LiveAsync(250);
        var events = await books.EventsAsync();
        var random = new Random(seed);
        var instants = Enumerable.Range(0, 6).Select(_ => events[random.Next(events.Count)].RecordedAt).Concat([events[0].RecordedAt.AddTicks(-10), events[^1].RecordedAt]).Order().ToList();
        foreach (var at in instants)
        {
            var trial = (await books.Analyst.Get($"/v1/reports/trial-balance?at={Text(at)}")).ShouldBe(200);
            trial["isZero"].ShouldBe("true");
            Codes(trial).ShouldBe(Fold(events.Where(happened => happened.RecordedAt <= at)), ignoreOrder: true, $"at {at:O}, seed {seed}");
        }

        // Parts of a period add up to the whole, and each begins where the one before it ended.
        var (from, to) = (instants[1], instants[^2]);
        foreach (var report in new[] { "deferred-revenue", "credits", "breakage" })
        {
            var whole = (await books.Analyst.Get($"/v1/reports/{report}?from={Text(from)}&to={Text(to)}&groupBy=month")).ShouldBe(200).Data.ToList();
            var days = (await books.Analyst.Get($"/v1/reports/{report}?from={Text(from)}&to={Text(to)}&groupBy=day")).ShouldBe(200).Data.ToList();
            foreach (var group in days.GroupBy(Measure))
            {
                var months = whole.Where(row => Measure(row) == group.Key).ToList();
                foreach (var member in group.First().EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Number && member.Name is not ("opening" or "closing" or "outstanding" or "debt")))
                    group.Sum(row => row.GetProperty(member.Name).GetDecimal()).ShouldBe(months.Sum(row => row.GetProperty(member.Name).GetDecimal()), $"{report} {group.Key} {member.Name}");
                if (report == "breakage") continue;
                decimal? before = null;
                foreach (var row in group)
                {
                    if (before is not null) row.GetProperty("opening").GetDecimal().ShouldBe(before.Value);
                    before = row.GetProperty("closing").GetDecimal();
                    AddsUp(row).ShouldBe(before.Value, row.ToString());
                }
            }
        }

        var sums = Fold(events.Where(happened => happened.RecordedAt < to)).ToDictionary(line => line[..line.LastIndexOf(' ')], line => decimal.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        foreach (var row in (await books.Analyst.Get($"/v1/reports/deferred-revenue?to={Text(to)}")).ShouldBe(200).Data)
        {
            var currency = row.GetProperty("currency").GetString();
            decimal Of(int code) => sums.GetValueOrDefault($"{currency} {code}");
            row.GetProperty("closing").GetDecimal().ShouldBe(-Of(2000));
            row.GetProperty("added").GetDecimal().ShouldBe(Of(1000));
            row.GetProperty("recognised").GetDecimal().ShouldBe(-Of(4000) - Of(4010));
            row.GetProperty("breakage").GetDecimal().ShouldBe(-Of(4100));
            row.GetProperty("refunded").GetDecimal().ShouldBe(-Of(2100) - Of(4020));
        }
    }

    [Fact]
    public async Task What_expired_is_breakage()
    {
        var books = await BookedTenant.MakeAsync(service);
        var account = await books.OpenAsync();
        var end = (await service.QueryAsync<DateTime>("select clock_timestamp() + shift + interval '1 hour' from ledger.clock")).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        (await account.Post("purchases", $$"""{"creditAmount":3,"price":{"amount":100,"currency":"usd"},"expiresAt":"{{end}}"}""")).ShouldBe(201);
        await account.Grant("2", $$""","expiresAt":"{{end}}" """);
        (await account.Consume("3")).ShouldBe(201); // the granted 2 first, then 1 of the bought 3
        await service.PassAsync(TimeSpan.FromHours(2));
        await account.Grant("1");
        var rows = (await books.Analyst.Get("/v1/reports/breakage")).ShouldBe(200);
        rows.ShouldHave("""{"from":"<time>","to":"<time>","data":[{"unit":"credit","expiredBought":2,"expiredGranted":0,"consumed":3},{"currency":"usd","breakage":67,"recognised":33}]}""");
    }

    [Fact]
    public async Task Usage_of_all_accounts_is_the_sum_of_the_usage_of_each()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var books = await BookedTenant.MakeAsync(service, seed);
        for (var made = 0; made < 3; made++) await books.OpenAsync(""","overdraftLimit":20""");
        await books.LiveAsync(100);
        var events = await books.EventsAsync();
        var (from, to) = (Text(events[events.Count / 4].RecordedAt), Text(events[events.Count * 3 / 4].RecordedAt));
        foreach (var period in new[] { "", $"&from={from}", $"&to={to}", $"&from={from}&to={to}", "&to=2026-01-01T00:00:00Z" })
        {
            foreach (var by in new[] { "service", "day", "service,month", "operation,actor", "resourceType,resourceId" })
            {
                var sums = new Dictionary<string, (decimal Amount, decimal Refunded, long Count)>();
                foreach (var account in books.Accounts)
                {
                    foreach (var group in (await account.Get($"/usage?groupBy={by}{period}")).ShouldBe(200).Data)
                    {
                        var (amount, refunded, count) = sums.GetValueOrDefault(Group(group));
                        sums[Group(group)] = (amount + group.GetProperty("amount").GetDecimal(), refunded + group.GetProperty("refunded").GetDecimal(), count + group.GetProperty("count").GetInt64());
                    }
                }

                (await books.Analyst.Get($"/v1/reports/usage?groupBy={by}{period}")).ShouldBe(200).Data
                    .ToDictionary(Group, group => (group.GetProperty("amount").GetDecimal(), group.GetProperty("refunded").GetDecimal(), group.GetProperty("count").GetInt64()))
                    .ShouldBe(sums, ignoreOrder: true, $"{by}{period}");
            }
        }
    }

    [Fact]
    public async Task A_tenant_without_accounts_has_empty_reports()
    {
        var books = await BookedTenant.MakeAsync(service);
        (await books.Analyst.Get("/v1/reports/trial-balance?at=2020-01-01T12:00:00Z")).ShouldBe(200).ShouldHave("""{"at":"2020-01-01T12:00:00Z","isZero":true,"units":[],"money":[]}""");
        foreach (var report in new[] { "deferred-revenue", "credits", "breakage" })
        {
            foreach (var period in new[] { "", "?groupBy=day", "?from=2020-01-01T00:00:00Z&to=2020-01-01T00:00:00Z", "?from=2026-01-01T12:00:00Z&to=2026-12-01T00:00:00Z&groupBy=month", "?from=2026-01-01T00:00:00Z", "?to=9999-12-31T23:59:59Z", "?from=9999-12-31T00:00:00Z&groupBy=day" })
                (await books.Analyst.Get($"/v1/reports/{report}{period}")).ShouldBe(200).Data.ShouldBeEmpty(report + period);
        }
    }

    [Theory]
    [InlineData("trial-balance?at=yesterday", "at")]
    [InlineData("trial-balance?from=2026-01-01T00:00:00Z", "from")]
    [InlineData("deferred-revenue?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to")]
    [InlineData("deferred-revenue?groupBy=week", "groupBy")]
    [InlineData("deferred-revenue?groupBy=day,month", "groupBy")]
    [InlineData("credits?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "groupBy")]
    [InlineData("credits?from=0001-01-01T00:00:00Z&groupBy=month", "groupBy")]
    [InlineData("breakage?from=2026-01-01", "from")]
    [InlineData("breakage?limit=1", "limit")]
    [InlineData("usage?groupBy=account", "groupBy")]
    [InlineData("usage?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to")]
    [InlineData("breakage?groupBy=day;drop table ledger.lots", "groupBy")]
    public async Task What_is_wrong_with_a_query_is_told(string query, string member) =>
        (await service.As("analyst").Get("/v1/reports/" + query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);

    [Fact]
    public async Task Reports_are_for_those_who_read_all_of_a_tenant()
    {
        foreach (var report in new[] { "trial-balance", "deferred-revenue", "credits", "breakage", "usage" })
        {
            foreach (var who in new[] { "reader", "analyst", "admin" }) (await service.As(who).Get("/v1/reports/" + report)).ShouldBe(200);
            foreach (var who in new[] { "app", "operator" }) (await service.As(who).Get("/v1/reports/" + report)).ShouldBe(403, "forbidden");
            (await service.AsUser("u_1").Get("/v1/reports/" + report)).ShouldBe(403, "forbidden");
            (await service.With(null).Get("/v1/reports/" + report)).ShouldBe(401, "unauthenticated");
        }
    }

    private static decimal AddsUp(JsonElement row)
    {
        decimal Of(string name) => row.GetProperty(name).GetDecimal();
        return row.TryGetProperty("currency", out _)
            ? Of("opening") + Of("added") - Of("recognised") - Of("breakage") - Of("refunded") - Of("forfeited") - Of("rounding")
            : Of("opening") + Of("purchased") + Of("granted") + Of("refunded") + Of("adjusted") - Of("consumed") - Of("expired") - Of("revoked");
    }

    private static string Measure(JsonElement row) => row.TryGetProperty("unit", out var unit) ? unit.GetString()! : row.GetProperty("currency").GetString()!;

    private static string Group(JsonElement group) => string.Join(' ', group.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.String).Select(member => $"{member.Name}={member.Value}"));

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static List<string> Balances(Reply trial, string measure) =>
        [.. trial.Json.GetProperty(measure)[0].GetProperty("accounts").EnumerateArray().Select(line => $"{line.GetProperty("code")} {line.GetProperty("debit")} {line.GetProperty("credit")}").Where(line => !line.EndsWith(" 0 0", StringComparison.Ordinal))];

    private static List<string> Codes(Reply trial) =>
    [
        .. from part in new[] { ("units", "unit"), ("money", "currency") }
           from measure in trial.Json.GetProperty(part.Item1).EnumerateArray()
           from line in measure.GetProperty("accounts").EnumerateArray()
           let sum = line.GetProperty("debit").GetDecimal() - line.GetProperty("credit").GetDecimal()
           where sum != 0
           select Line(measure.GetProperty(part.Item2).GetString()!, line.GetProperty("code").GetInt32(), sum),
    ];

    /// <summary>The sums of all postings, each event booked anew in memory.</summary>
    private static List<string> Fold(IEnumerable<StoredEvent> events)
    {
        var (rows, projection) = (new Rows(), new BooksProjection());
        foreach (var happened in events.Where(happened => projection.Handles.Contains(happened.Data.GetType()))) projection.Apply(happened, rows);
        var all = rows.All(JournalTables.Totals);
        return
        [
            .. from measure in all.SelectMany(total => total.Units.Keys).Distinct()
               from account in ChartOfAccounts.Units
               let sum = all.Sum(total => total.Units.GetValueOrDefault(measure)?[account.Place] ?? 0)
               where sum != 0
               select Line(measure, account.Code, sum),
            .. from measure in all.SelectMany(total => total.Money.Keys).Distinct()
               from account in ChartOfAccounts.Money
               let sum = all.Sum(total => total.Money.GetValueOrDefault(measure)?[account.Place] ?? 0)
               where sum != 0
               select Line(measure, account.Code, sum),
        ];
    }

    private static string Line(string measure, int code, decimal sum) => string.Create(CultureInfo.InvariantCulture, $"{measure} {code} {sum / 1.0000000000000000000000000000m}");
}
