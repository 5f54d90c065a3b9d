using System.Globalization;
using Ledger.Api.Http;
using Ledger.Api.Reports;
using Microsoft.AspNetCore.Http;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Cursors_over_http(ContractService service)
{
    [Fact]
    public async Task A_cursor_that_somebody_made_is_refused_or_answered_and_never_a_fault()
    {
        var account = await service.OpenAsync();
        await account.Grant("5");
        var lot = (await account.Get("/lots")).Data.First().GetProperty("id").GetString();
        var (admin, operators) = (service.Admin, service.As("operator"));
        // With a position that each would give itself: it shows that the made cursor belongs to the list.
        var lists = new (Client Client, string Tenant, string Path, string Good, bool AnyText)[]
        {
            (admin, "default", "/v1/accounts", "1", false),
            (admin, "default", account.Path + "/transactions", "1", false),
            (admin, "default", account.Path + "/events", "1", false),
            (admin, "default", account.Path + "/lots", "x", true),
            (admin, "default", account.Path + "/holds", "x", true),
            (admin, "default", account.Path + "/explain", "x", true),
            (admin, "default", $"{account.Path}/lots/{lot}/explain", "1|1.5", false),
            (admin, "default", "/v1/api-keys", "1 x", false),
            (admin, "", "/v1/roots", "2026-01-31", false),
            (operators, "", "/v1/tenants", "x", true),
            (operators, "", "/v1/projections", "x", true),
        };
        foreach (var (client, tenant, path, good, anyText) in lists)
        {
            Task<Reply> With(string position) => client.Get($"{path}?cursor={Cursor.Write($"{tenant}\n{path}", position)}");
            (await With(good)).ShouldBe(200, null);
            foreach (var position in new[] { "x", "-1", "9223372036854775807", "99999999999999999999", "1.5", " 1", "1|", "1|x", "-1|1", "1|99999999999999", "1|1|1", "1 ", "x y", "9223372036854775807 x", "1 x y", "2026-13-01", "\0", "1 \0", "a\u0001" })
            {
                var reply = await With(position);
                if (position == "1 " && path == "/v1/api-keys") continue;
                if (anyText && !position.Any(char.IsControl)) reply.ShouldBe(200, null);
                else if (position != good) reply.ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["cursor"], path + " " + position);
            }
        }
    }

    [Fact]
    public async Task A_page_of_what_is_seldom_ends_after_some_thousands_and_the_next_goes_on_there()
    {
        const int Lots = 5_200;
        var account = await service.OpenAsync();
        await account.Post("grants", """{"amount":1,"source":"bonus","expiresAt":"2099-01-01T00:00:00Z"}""");
        (await account.Post("adjustments", """{"amount":-1,"reason":"none left"}""")).ShouldBe(201);
        for (var from = 0; from < Lots; from += 400)
        {
            var lines = Enumerable.Range(from, 400).SelectMany(i => new[]
            {
                $$"""{"key":"{{account.Id}}-g{{i}}","accountId":"{{account.Id}}","command":"grant","amount":1,"source":"bonus"}""",
                $$"""{"key":"{{account.Id}}-c{{i}}","accountId":"{{account.Id}}","command":"consume","amount":1}""",
            });
            (await account.Client.Batch(lines)).ShouldAllBe(line => line.Status == 201);
        }

        await account.Grant("3");
        var active = (await account.Get("/lots?state=active")).ShouldBe(200);
        (active.Data.Count(), active["nextCursor"]).ShouldBe((1, "null"));
        var first = (await account.Get("/lots?state=revoked")).ShouldBe(200);
        first.Data.ShouldBeEmpty();
        var second = (await account.Get($"/lots?state=revoked&cursor={first.Text("nextCursor")}")).ShouldBe(200);
        (second.Data.Count(), second["nextCursor"]).ShouldBe((0, "null"));
        (await account.Get("/lots?state=depleted&limit=500")).ShouldBe(200).Data.Count().ShouldBe(500);
    }

    [Theory]
    [InlineData("day", ReportPeriods.DaysMax)]
    [InlineData("month", ReportPeriods.MonthsMax)]
    public void A_report_that_names_no_beginning_begins_no_earlier_than_it_can_show(string groupBy, int max)
    {
        var http = new DefaultHttpContext();
        http.Request.QueryString = new QueryString("?groupBy=" + groupBy);
        var now = new DateTimeOffset(2026, 3, 31, 17, 30, 0, TimeSpan.Zero);
        foreach (var (first, parts) in new[] { (new DateOnly(1999, 5, 5), max), (new DateOnly(2026, 3, 31), 1), (DateOnly.MinValue, max) })
        {
            var asked = ReportPeriods.Read(QueryParameters.Of(http));
            asked.Cut(first, now, out var periods).ShouldBeNull();
            periods.Count.ShouldBe(parts, first.ToString(CultureInfo.InvariantCulture));
            periods[^1].To.ShouldBe(now);
            periods.Skip(1).ShouldAllBe(period => period.From.TimeOfDay == TimeSpan.Zero);
        }
    }
}
