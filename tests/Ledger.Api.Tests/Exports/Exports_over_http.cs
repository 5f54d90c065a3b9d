using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Ledger.Api.Exports;
using Ledger.Api.Tests.Contract;
using Ledger.EventStore;

namespace Ledger.Api.Tests.Exports;

[Collection(ContractCollection.Name)]
public sealed class Exports_over_http(ContractService service)
{
    public static TheoryData<string> Names => [.. Export.All.Select(export => export.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_export_has_its_documented_columns_in_both_formats(string name)
    {
        var account = await service.OpenAsync();
        await account.Purchase("100");
        (await account.Consume("5", ""","service":"chat_assistant","usage":{"inputTokens":3}""")).ShouldBe(201);
        var export = Export.All.Single(each => each.Name == name);
        await CaughtUpAsync();

        var csv = (await service.As("analyst").Get($"/v1/exports/{name}")).ShouldBe(200);
        csv.MediaType.ShouldBe("text/csv; charset=utf-8; header=present");
        csv.Headers["Content-Disposition"].ShouldBe($"attachment; filename=\"ledger-default-{name}.csv\"");
        var rows = Read(csv);
        rows[0].ShouldBe(export.Columns.Select(column => column.Name));
        rows.Count.ShouldBeGreaterThan(1);

        var json = (await service.Admin.Get($"/v1/exports/{name}?format=ndjson")).ShouldBe(200);
        json.MediaType.ShouldBe("application/x-ndjson");
        json.Headers["Content-Disposition"].ShouldBe($"attachment; filename=\"ledger-default-{name}.ndjson\"");
        var objects = json.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        objects.Count.ShouldBe(rows.Count - 1);
        // The ledger of all these tests is in it: words are made for what differs only.
        var names = rows[0].ToHashSet(StringComparer.Ordinal);
        foreach (var (row, line) in rows.Skip(1).Zip(objects))
        {
            foreach (var member in line.EnumerateObject())
                if (!names.Contains(member.Name)) Assert.Fail($"{member.Name} is no column: {line}");
            foreach (var (column, cell) in export.Columns.Zip(row))
                if (Cell(column, line) is var told && told != cell) told.ShouldBe(cell, $"{column.Name} of {line}");
        }

        json.Body.ShouldEndWith("}\n");
        csv.Body.ShouldEndWith("\r\n");
    }

    [Fact]
    public async Task A_transaction_is_exported_as_its_account_lists_it()
    {
        var account = await service.OpenAsync();
        var before = Time(DateTimeOffset.UtcNow.AddDays(1));
        await account.Purchase("100.5", ""","paymentId":"pay_x1","description":"d","metadata":{"a":"b"}""");
        (await account.Consume("5", ""","service":"chat","operation":"o","resource":{"type":"workshop","id":"w"},"usage":{"inputTokens":3,"success":true,"requestData":{"a":1.50}},"reference":"r","actor":"u_7" """)).ShouldBe(201);
        var other = await service.OpenAsync();
        (await account.Post("transfers", $$"""{"amount":1.25,"toAccountId":"{{other.Id}}"}""")).ShouldBe(201);
        var lines = Lines(await service.As("analyst").Get($"/v1/exports/transactions?format=ndjson&to={before}"), account).Where(line => line.GetProperty("accountId").GetString() == account.Id).ToList();
        var listed = (await account.Get("/transactions")).Data.Reverse().ToList();
        lines.Count.ShouldBe(3);
        foreach (var (line, body) in lines.Zip(listed))
        {
            foreach (var member in body.EnumerateObject())
            {
                var given = member.Name switch
                {
                    "resource" => (JsonElement?)null,
                    "usage" or "price" => null,
                    _ => line.GetProperty(member.Name),
                };
                given?.GetRawText().ShouldBe(member.Value.GetRawText());
            }
        }

        (lines[0].GetProperty("priceAmount").GetInt64(), lines[0].GetProperty("priceCurrency").GetString()).ShouldBe((1500, "usd"));
        (lines[1].GetProperty("resourceType").GetString(), lines[1].GetProperty("resourceId").GetString(), lines[1].GetProperty("inputTokens").GetInt64(), lines[1].GetProperty("success").GetBoolean()).ShouldBe(("workshop", "w", 3, true));
        lines[1].GetProperty("requestData").GetProperty("a").GetDecimal().ShouldBe(1.5m);

        var strings = await service.Admin.Send(HttpMethod.Get, "/v1/exports/transactions?format=ndjson", null, null, ("Prefer", "decimals=string"));
        strings.Headers["Preference-Applied"].ShouldBe("decimals=string");
        var first = Lines(strings, account).First(line => line.GetProperty("accountId").GetString() == account.Id);
        (first.GetProperty("amount").GetString(), first.GetProperty("allocations")[0].GetProperty("amount").GetString()).ShouldBe(("100.5", "100.5"));
    }

    [Fact]
    public async Task Exported_events_carry_what_their_hashes_were_taken_of()
    {
        var account = await service.OpenAsync();
        await account.Grant("10.50", ""","metadata":{"z":"1","a":"=2"}""");
        (await account.Hold("2")).ShouldBe(201);
        var hash = new byte[32];
        var events = Lines(await service.As("analyst").Get("/v1/exports/events?format=ndjson"), account).Where(line => line.GetProperty("stream").GetString() == $"account/{account.Id}").ToList();
        events.Select(line => line.GetProperty("version").GetInt64()).ShouldBe([1, 2, 3]);
        foreach (var line in events)
        {
            string? Optional(string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;
            hash = EventHash.Of(
                hash, new StreamRef("default", line.GetProperty("stream").GetString()!), line.GetProperty("version").GetInt64(), line.GetProperty("type").GetString()!, line.GetProperty("recordedAt").GetDateTimeOffset(),
                new EventMeta(Optional("correlationId"), Optional("causationId"), Optional("actor")), Encoding.UTF8.GetBytes(line.GetProperty("data").GetRawText()));
            Convert.ToBase64String(hash).ShouldBe(line.GetProperty("hash").GetString());
        }
    }

    [Fact]
    public async Task Usage_and_the_journal_are_exported_as_the_read_models_have_them_at_once()
    {
        var account = await service.OpenAsync();
        await account.Purchase("100");
        (await account.Consume("5", ""","service":"chat","operation":"o","actor":"u_7","usage":{"inputTokens":3,"success":true}""")).ShouldBe(201);
        var late = (await account.Consume("2.5", ""","service":"chat","operation":"o","actor":"u_7","usage":{"inputTokens":4,"success":false}""")).ShouldBe(201);
        (await account.Post($"consumptions/{late["id"]}/refund", """{"amount":1,"reason":"r"}""")).ShouldBe(201);
        // No waiting here: the export waits by itself.
        var usage = Lines(await service.As("analyst").Get("/v1/exports/usage?format=ndjson"), account).Where(line => line.GetProperty("accountId").GetString() == account.Id).ToList();
        decimal Sum(string column) => usage.Sum(line => line.TryGetProperty(column, out var value) ? value.GetDecimal() : 0);
        (Sum("calls"), Sum("succeeded"), Sum("failed"), Sum("amount"), Sum("refunded"), Sum("inputTokens")).ShouldBe((2, 1, 1, 7.5m, 1, 7));
        usage.ShouldAllBe(line => line.GetProperty("service").GetString() == "chat" && line.GetProperty("operation").GetString() == "o" && line.GetProperty("actor").GetString() == "u_7");

        var journal = Lines(await service.As("analyst").Get("/v1/exports/journal?format=ndjson"), account).Where(line => line.GetProperty("accountId").GetString() == account.Id).ToList();
        decimal Of(int code, string column) => journal.Where(line => line.GetProperty("code").GetInt32() == code).Sum(line => line.GetProperty(column).GetDecimal());
        // 1500 cents for 100 credits; 7.5 used, 1 of them given back: 97 cents are earned, and the half one is not yet.
        (Of(1000, "money"), Of(2000, "money"), Of(2500, "credits"), Of(6000, "credits"), Of(6010, "credits")).ShouldBe((1500, -1403, -93.5m, -7.5m, 1));
        journal.GroupBy(line => line.TryGetProperty("currency", out _)).ShouldAllBe(group => group.Sum(line => line.GetProperty(group.Key ? "money" : "credits").GetDecimal()) == 0);
        var day = journal[0].GetProperty("day").GetString();
        Lines(await service.Admin.Get($"/v1/exports/journal?format=ndjson&to={day}T00:00:00Z"), account).ShouldAllBe(line => line.GetProperty("accountId").GetString() != account.Id);
        Lines(await service.Admin.Get($"/v1/exports/journal?format=ndjson&from={day}T00:00:00Z"), account).Count(line => line.GetProperty("accountId").GetString() == account.Id).ShouldBe(journal.Count);
    }

    [Fact]
    public async Task Rows_come_in_the_order_of_positions_and_of_the_period_alone()
    {
        var account = await service.OpenAsync();
        var recorded = new List<string>();
        for (var i = 0; i < 5; i++) recorded.Add((await account.Grant("1")).Text("recordedAt"));
        foreach (var name in new[] { "events", "transactions" })
        {
            var all = Lines(await service.Admin.Get($"/v1/exports/{name}?format=ndjson"));
            var positions = all.Select(line => line.GetProperty("position").GetInt64()).ToList();
            positions.ShouldBe(positions.Distinct().Order());
            var reply = await service.Admin.Get($"/v1/exports/{name}?format=ndjson&from={recorded[1]}&to={recorded[3]}");
            reply.Headers["Content-Disposition"].ShouldMatch($"^attachment; filename=\"ledger-default-{name}-from-[0-9]{{8}}T[0-9]{{6}}Z-to-[0-9]{{8}}T[0-9]{{6}}Z.ndjson\"$");
            var some = Lines(reply).Where(line => line.GetRawText().Contains(account.Id, StringComparison.Ordinal)).ToList();
            some.Select(line => line.GetProperty("recordedAt").GetString()).ShouldBe([recorded[1], recorded[2]]);
            (await service.Admin.Get($"/v1/exports/{name}?format=ndjson&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")).ShouldBe(200).Body.ShouldBe("");
            (await service.Admin.Get($"/v1/exports/{name}?from={recorded[1]}&to={recorded[1]}")).ShouldBe(200).Body.Split("\r\n").Length.ShouldBe(2, "the names alone");
        }
    }

    [Fact]
    public async Task An_export_holds_one_tenant()
    {
        var secret = "s" + Guid.NewGuid().ToString("N");
        var foreign = await service.OpenAsync(client: service.As("other:admin"), id: secret);
        await foreign.Purchase("10");
        (await foreign.Consume("1", $$""","service":"{{secret}}" """)).ShouldBe(201);
        await CaughtUpAsync();
        foreach (var name in Export.All.Select(export => export.Name))
        {
            foreach (var format in new[] { "csv", "ndjson" })
            {
                (await service.Admin.Get($"/v1/exports/{name}?format={format}")).ShouldBe(200).Body.ShouldNotContain(secret, Case.Sensitive);
                var theirs = (await service.As("other:analyst").Get($"/v1/exports/{name}?format={format}")).ShouldBe(200);
                theirs.Body.ShouldContain(secret, Case.Sensitive, $"{name} {format}");
                theirs.Headers["Content-Disposition"].ShouldContain($"ledger-other-{name}.");
            }
        }
    }

    [Fact]
    public async Task Text_that_a_spreadsheet_would_calculate_is_made_harmless_in_csv_alone()
    {
        var account = await service.OpenAsync();
        await account.Grant("1", ""","description":"=HYPERLINK(\"x\")","reference":"+1","actor":"@a" """);
        (await account.Post("adjustments", """{"amount":-0.5,"reason":"-1"}""")).ShouldBe(201);
        var csv = Read(await service.Admin.Get("/v1/exports/transactions"));
        string Cell(string type, string column) => csv.Single(row => row[csv[0].IndexOf("accountId")] == account.Id && row[csv[0].IndexOf("type")] == type)[csv[0].IndexOf(column)];
        (Cell("grant", "description"), Cell("grant", "reference"), Cell("grant", "actor"), Cell("adjustment", "reason"), Cell("adjustment", "amount")).ShouldBe(("'=HYPERLINK(\"x\")", "'+1", "'@a", "'-1", "0.5"));
        var json = Lines(await service.Admin.Get("/v1/exports/transactions?format=ndjson"), account).First(line => line.GetProperty("accountId").GetString() == account.Id);
        json.GetProperty("description").GetString().ShouldBe("=HYPERLINK(\"x\")");
    }

    [Fact]
    public async Task What_is_asked_for_wrongly_is_told_at_once()
    {
        foreach (var name in Export.All.Select(export => export.Name))
        {
            foreach (var (query, members) in new (string, string[])[]
            {
                ("format=xlsx", ["format"]), ("format=CSV", ["format"]), ("format=csv&format=csv", ["format"]), ("from=yesterday", ["from"]), ("from=2026-01-01", ["from"]), ("to=", ["to"]),
                ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", ["to"]), ("limit=5", ["limit"]), ("cursor=x&From=2026-01-02T00:00:00Z", ["From", "cursor"]), ("tenant=other", ["tenant"]),
                ("format='; drop table ledger.mt_events; --", ["format"]),
            })
            {
                (await service.Admin.Get($"/v1/exports/{name}?{query}")).ShouldBe(400, "invalid-request").WrongMembers.Order(StringComparer.Ordinal).ShouldBe(members.Order(StringComparer.Ordinal), query);
            }
        }

        (await service.Admin.Get("/v1/exports/usage?from=2026-01-01T00:30:00Z")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["from"]);
        (await service.Admin.Get("/v1/exports/journal?to=2026-01-01T01:00:00Z")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["to"]);
        (await service.Admin.Get("/v1/exports/everything")).ShouldBe(404, "not-found");
        (await service.As("reader").Get("/v1/exports/events")).ShouldBe(403, "forbidden");
        (await service.As("app").Get("/v1/exports/events")).ShouldBe(403, "forbidden");
    }

    /// <summary>Waits until what is written is in the read models.</summary>
    private async Task CaughtUpAsync()
    {
        var position = await service.QueryAsync<long>("select max(seq_id) from ledger.mt_events");
        for (var tries = 0; !await service.QueryAsync<bool>($"select coalesce(min(last_seq_id) >= {position}, true) from ledger.mt_event_progression"); tries++)
        {
            tries.ShouldBeLessThan(200, "the read models stand still");
            await Task.Delay(50);
        }
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The lines, or those alone that name an account.</summary>
    private static List<JsonElement> Lines(Reply reply, TestAccount? of = null) =>
    [
        .. reply.ShouldBe(200).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => of is null || line.Contains(of.Id, StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line).RootElement),
    ];

    private static List<List<string>> Read(Reply reply)
    {
        using var reader = CsvReader.Create(new StringReader(reply.ShouldBe(200).Body), CsvReaderOptions.Default with { HasHeader = false });
        var rows = new List<List<string>>();
        while (reader.Read()) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetString(i))]);
        return rows;
    }

    /// <summary>What the cell of a column must hold, by the same row in JSON.</summary>
    private static string Cell(ExportColumn column, JsonElement line) =>
        !line.TryGetProperty(column.Name, out var value) ? ""
        : column.Type == "text" ? Ledger.Api.Http.CsvLines.Harmless(value.GetString())!
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
