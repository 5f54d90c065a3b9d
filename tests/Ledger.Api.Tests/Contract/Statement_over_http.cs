using System.Globalization;
using System.Text.Json;
using Ledger.Api.Accounts;
using Microsoft.AspNetCore.Http;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Statement_over_http(ContractService service)
{
    private static DateTimeOffset Time(JsonElement element, string member) => element.GetProperty(member).GetDateTimeOffset();

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private async Task<TestAccount> BusyAsync()
    {
        var account = await service.OpenAsync(""","overdraftLimit":10""");
        await account.Grant("20");
        await account.Purchase("10.5", ""","description":"=cmd()","reference":"@r","paymentId":"pay_$" """.Replace("pay_$", ContractService.NewId("pay"), StringComparison.Ordinal));
        (await account.Consume("3.25", ""","service":"+chat","actor":"-ann","resource":{"type":"w","id":"1"}""")).ShouldBe(201);
        var hold = (await account.Hold("2")).ShouldBe(201);
        await Task.Delay(2);
        var consumed = (await account.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(201);
        (await account.Post($"consumptions/{consumed["id"]}/refund", """{"reason":"=1+1","amount":1}""")).ShouldBe(201);
        (await account.Post("adjustments", """{"amount":-30,"reason":"'quoted, \"text\""}""")).Status.ShouldBeOneOf(201, 402, 409);
        (await account.Post("freeze", "{}")).ShouldBe(200);
        return account;
    }

    [Fact]
    public async Task A_statement_has_every_transaction_with_its_hash_between_two_balances()
    {
        var account = await BusyAsync();
        var now = await account.Get();
        var statement = (await account.Client.Get(account.Path + "/statement")).ShouldBe(200);
        statement.MediaType.ShouldBe("application/json");
        statement.Headers["Vary"].ShouldBe("Accept");
        statement.Json.EnumerateObject().Select(member => member.Name).ShouldBe(["accountId", "from", "to", "openingBalance", "lines", "closingBalance"]);
        (statement["accountId"], statement["from"], statement["openingBalance"], statement["closingBalance"]).ShouldBe((account.Id, now["createdAt"], "0", now["balance"]));
        var lines = statement.Json.GetProperty("lines").EnumerateArray().ToList();
        var transactions = (await account.Get("/transactions?limit=500")).Data.Reverse().ToList();
        lines.Count.ShouldBe(transactions.Count);
        foreach (var (line, transaction) in lines.Zip(transactions))
        {
            line.EnumerateObject().Where(member => member.Name != "eventHash").Select(member => $"{member.Name}:{member.Value.GetRawText()}").ShouldBe(transaction.EnumerateObject().Select(member => $"{member.Name}:{member.Value.GetRawText()}"));
            var stored = await service.QueryAsync<string>($"select headers->>'hash' from ledger.mt_events where stream_id = 'account/{account.Id}' and version = {line.GetProperty("version")}");
            line.GetProperty("eventHash").GetString().ShouldBe(Convert.ToHexStringLower(Convert.FromBase64String(stored)));
        }
    }

    [Fact]
    public async Task The_lines_of_any_period_chain_from_its_opening_to_its_closing_balance()
    {
        var account = await BusyAsync();
        var all = (await account.Get("/events?limit=500")).Data.ToList();
        var moves = (await account.Get("/transactions?limit=500")).Data.Reverse().ToList();
        var times = all.Select(happened => Time(happened, "recordedAt")).SelectMany(time => new[] { time.AddMicroseconds(-1), time, time.AddMicroseconds(1) }).Append(all.Min(happened => Time(happened, "recordedAt")).AddYears(-1)).Append(new DateTimeOffset(2999, 1, 1, 0, 0, 0, TimeSpan.Zero)).Distinct().Order().ToList();
        decimal BalanceBefore(DateTimeOffset time) => moves.Where(move => Time(move, "recordedAt") < time).Select(move => move.GetProperty("balanceAfter").GetDecimal()).LastOrDefault();
        foreach (var from in times)
        {
            foreach (var to in times.Where(to => to >= from).Where((_, index) => index % 3 == 0))
            {
                var statement = (await account.Client.Get($"{account.Path}/statement?from={Text(from)}&to={Text(to)}")).ShouldBe(200);
                (statement.Json.GetProperty("openingBalance").GetDecimal(), statement.Json.GetProperty("closingBalance").GetDecimal()).ShouldBe((BalanceBefore(from), BalanceBefore(to)));
                (Time(statement.Json, "from"), Time(statement.Json, "to")).ShouldBe((from, to));
                var balance = BalanceBefore(from);
                foreach (var line in statement.Json.GetProperty("lines").EnumerateArray())
                {
                    line.GetProperty("balanceBefore").GetDecimal().ShouldBe(balance);
                    balance = line.GetProperty("balanceAfter").GetDecimal();
                    Time(line, "recordedAt").ShouldBeInRange(from, to.AddMicroseconds(-1));
                }

                balance.ShouldBe(BalanceBefore(to));
                statement.Json.GetProperty("lines").GetArrayLength().ShouldBe(moves.Count(move => Time(move, "recordedAt") >= from && Time(move, "recordedAt") < to));
            }
        }
    }

    [Fact]
    public async Task Where_one_end_is_left_out_the_period_reaches_to_the_opening_or_to_now()
    {
        var account = await BusyAsync();
        var now = await account.Get();
        async Task<Reply> Get(string query) => (await account.Client.Get($"{account.Path}/statement?{query}")).ShouldBe(200);
        var later = await Get("from=2999-01-01T00:00:00Z");
        (later["from"], later["to"], later["openingBalance"], later["closingBalance"], later["lines"]).ShouldBe(("2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", now["balance"], now["balance"], "[]"));
        var earlier = await Get("to=2001-01-01T00:00:00Z");
        (earlier["from"], earlier["to"], earlier["openingBalance"], earlier["closingBalance"], earlier["lines"]).ShouldBe(("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "0", "0", "[]"));
        var whole = await Get("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999999Z");
        (whole["openingBalance"], whole["closingBalance"]).ShouldBe(("0", now["balance"]));
        (await account.Client.Get(account.Path + "/statement?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["to"]);
        var next = long.Parse(now["version"], CultureInfo.InvariantCulture) + 1;
        var waiting = account.Client.Get($"{account.Path}/statement?minVersion={next}");
        await account.Grant("7");
        (await waiting).ShouldBe(200)["lines." + (whole.Json.GetProperty("lines").GetArrayLength()) + ".amount"].ShouldBe("7");
    }

    [Fact]
    public async Task As_csv_it_has_the_same_lines_and_nothing_in_it_is_a_formula()
    {
        var account = await BusyAsync();
        var json = (await account.Get("/statement?to=2999-01-01T00:00:00Z")).ShouldBe(200);
        var csv = (await account.Client.Get(account.Path + "/statement?to=2999-01-01T00:00:00Z", ("Accept", "text/csv"))).ShouldBe(200);
        csv.MediaType.ShouldStartWith("text/csv");
        csv.Headers["Content-Disposition"].ShouldBe($"attachment; filename=\"statement-{account.Id}.csv\"");
        csv.Body.ShouldEndWith("\r\n");
        var table = Cells(csv.Body);
        table.ShouldAllBe(line => line.Count == table[0].Count);
        var rows = table.Skip(1).Select(line => table[0].Zip(line).ToDictionary(cell => cell.First, cell => cell.Second)).ToList();
        (rows[0]["type"], rows[0]["balanceAfter"], rows[0]["recordedAt"]).ShouldBe(("opening_balance", "0", json["from"]));
        (rows[^1]["type"], rows[^1]["balanceAfter"], rows[^1]["recordedAt"]).ShouldBe(("closing_balance", json["closingBalance"], json["to"]));
        var lines = json.Json.GetProperty("lines").EnumerateArray().ToList();
        rows.Count.ShouldBe(lines.Count + 2);
        foreach (var (row, line) in rows.Skip(1).Zip(lines))
        {
            string Json(params string[] path)
            {
                var element = line;
                foreach (var name in path)
                {
                    if (!element.TryGetProperty(name, out element)) return "";
                }

                return element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
            }

            foreach (var same in new[] { "id", "type", "direction", "amount", "balanceBefore", "balanceAfter", "available", "occurredAt", "recordedAt", "version", "paymentId", "source", "refundOf", "holdId", "fromAccountId", "toAccountId", "eventHash" }) row[same].ShouldBe(Json(same));
            foreach (var text in new[] { "description", "reference", "service", "operation", "actor", "reason" }) row[text].ShouldBe(CsvText(Json(text)));
            (row["price"], row["currency"], row["resourceType"], row["resourceId"]).ShouldBe((Json("price", "amount"), Json("price", "currency"), Json("resource", "type"), Json("resource", "id")));
            row.Where(cell => cell.Key is not ("amount" or "balanceBefore" or "balanceAfter" or "available")).ShouldAllBe(cell => cell.Value.Length == 0 || !"=+-@".Contains(cell.Value[0]));
        }

        rows.ShouldContain(row => row["description"] == "'=cmd()" && row["reference"] == "'@r");
        rows.ShouldContain(row => row["service"] == "'+chat" && row["actor"] == "'-ann");
        rows.ShouldContain(row => row["reason"] == "'=1+1");
    }

    /// <summary>The cells of a table by RFC 4180.</summary>
    private static List<List<string>> Cells(string csv)
    {
        var lines = new List<List<string>> { new() };
        for (var at = 0; at < csv.Length;)
        {
            var cell = new System.Text.StringBuilder();
            if (csv[at] == '"')
            {
                for (at++; csv[at] != '"' || (at + 1 < csv.Length && csv[at + 1] == '"'); at++)
                {
                    if (csv[at] == '"') at++;
                    cell.Append(csv[at]);
                }

                at++;
            }
            else
            {
                for (; csv[at] is not (',' or '\r'); at++) cell.Append(csv[at]);
            }

            lines[^1].Add(cell.ToString());
            if (csv[at] == ',')
            {
                at++;
                if (csv[at] == '\r') lines[^1].Add("");
            }

            if (csv[at] != '\r') continue;
            csv[at + 1].ShouldBe('\n');
            at += 2;
            if (at < csv.Length) lines.Add([]);
        }

        return lines;
    }

    private static string CsvText(string text) => text.Length > 0 && "=+-@'".Contains(text[0]) ? "'" + text : text;

    [Theory]
    [InlineData("text/csv", true)]
    [InlineData("TEXT/CSV", true)]
    [InlineData("text/*", true)]
    [InlineData("text/csv, */*", true)]
    [InlineData("text/csv;q=0.9, application/json;q=0.8", true)]
    [InlineData("application/json;q=0, text/csv;q=0.001", true)]
    [InlineData("text/html, text/csv;header=present;q=0.7, application/*;q=0.6", true)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("application/json, text/csv", false)]
    [InlineData("text/csv;q=0.5, application/json", false)]
    [InlineData("text/csv;q=0, */*", false)]
    [InlineData("text/csv;q=0", false)]
    [InlineData("text/csv;q=2", false)]
    [InlineData("text/csv;q=-1", false)]
    [InlineData("text/csv;q=x", false)]
    [InlineData("text/html", false)]
    [InlineData(",;,=;q", false)]
    [InlineData("", false)]
    public void Csv_is_given_to_those_who_prefer_it(string accept, bool csv)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Accept = accept;
        AcceptedType.PrefersCsv(http).ShouldBe(csv);
    }

    [Fact]
    public async Task A_statement_that_does_not_add_up_is_not_given()
    {
        var account = await BusyAsync();
        var was = await BendAsync(account.Id, 2, "19");
        foreach (var accept in new[] { "application/json", "text/csv" }) (await account.Client.Get(account.Path + "/statement", ("Accept", accept))).ShouldBe(500, "internal");
        await BendAsync(account.Id, 2, was);
        service.Faults.Count.ShouldBe(2);
        while (service.Faults.TryDequeue(out var fault)) fault.ShouldContain("does not add up");

        // A fault after the first page cuts the connection, so that a part is not taken for the whole.
        var lines = Enumerable.Range(0, 1500).Select(i => $$"""{"key":"{{account.Id}}-{{i}}","accountId":"{{account.Id}}","command":"grant","amount":1,"source":"bonus"}""");
        var longer = await service.OpenAsync();
        (await longer.Client.Batch(lines.Select(line => line.Replace(account.Id, longer.Id, StringComparison.Ordinal)))).ShouldAllBe(line => line.Status == 201);
        was = await BendAsync(longer.Id, 1400, "19");
        foreach (var accept in new[] { "application/json", "text/csv" })
        {
            var cut = await Should.ThrowAsync<HttpRequestException>(() => longer.Client.Get(longer.Path + "/statement", ("Accept", accept)));
            cut.InnerException.ShouldBeAssignableTo<IOException>();
        }

        await BendAsync(longer.Id, 1400, was);
        service.Faults.Count.ShouldBe(2);
        while (service.Faults.TryDequeue(out var fault)) fault.ShouldContain("does not add up");
    }

    /// <summary>Writes another balance into an event; gives the one that it had, for others verify the same ledger.</summary>
    private Task<string> BendAsync(string account, int version, string after) => service.QueryAsync<string>(
        $"""
        with was as (select seq_id, data ->> 'after' as after from ledger.mt_events where stream_id = 'account/{account}' and version = {version} for update),
             bent as (update ledger.mt_events e set data = jsonb_set(e.data, array['after'], '{after}') from was where e.seq_id = was.seq_id)
        select after from was
        """);
}
