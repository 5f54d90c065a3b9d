using System.Globalization;
using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

// It moves the clock, so it has a service of its own.
public sealed class Explaining(ContractService service, ITestOutputHelper output) : IClassFixture<ContractService>
{
    [Fact]
    public async Task Every_credit_of_every_balance_is_explained_to_the_last_decimal()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var books = await BookedTenant.MakeAsync(service, seed);
        for (var made = 0; made < 3; made++) await books.OpenAsync(""","overdraftLimit":20""");
        await books.LiveAsync(150);
        foreach (var account in books.Accounts)
        {
            var now = (await account.Get()).ShouldBe(200);
            var (lots, first) = await PagesAsync(account.Client, account.Path + "/explain", 7);
            decimal Of(string member) => decimal.Parse(first[member], CultureInfo.InvariantCulture);
            first["addsUp"].ShouldBe("true");
            (first["balance"], first["debt"], first["version"]).ShouldBe((now["balance"], now["debt"], now["version"]));
            first.Json.GetProperty("totals").ToString().ShouldBe(now.Json.GetProperty("totals").ToString());
            lots.Count.ShouldBe((int)Of("lots"));
            lots.Sum(lot => Number(lot, "remaining")).ShouldBe(Of("remaining"));
            (lots.Sum(lot => Number(lot, "remaining")) - Of("debt")).ShouldBe(Of("balance"));
            first.Json.GetProperty("debts").EnumerateArray().Sum(debt => Number(debt, "amount")).ShouldBe(Of("debt"));
            var listed = (await account.Get("/lots?limit=500")).ShouldBe(200).Data.ToList();
            lots.Select(lot => $"{lot.GetProperty("id")} {lot.GetProperty("state")} {lot.GetProperty("remaining")}").ShouldBe(listed.Select(lot => $"{lot.GetProperty("id")} {lot.GetProperty("state")} {lot.GetProperty("remaining")}"));
            foreach (var lot in lots) await CheckLotAsync(account, lot);
            foreach (var transaction in (await account.Get("/transactions?limit=500")).ShouldBe(200).Data) await CheckTransactionAsync(account, transaction);
        }
    }

    [Fact]
    public async Task A_transfer_is_followed_to_the_purchase_and_a_refund_to_what_it_takes_back()
    {
        var books = await BookedTenant.MakeAsync(service);
        var (ann, bob) = (await books.OpenAsync(), await books.OpenAsync(owner: "u_2"));
        var bought = (await ann.Post("purchases", """{"creditAmount":100,"price":{"amount":1000,"currency":"usd"},"paymentId":"pay_1"}""", "key-of-the-purchase")).ShouldBe(201);
        (await ann.Post("transfers", $$"""{"amount":40,"toAccountId":"{{bob.Id}}"}""")).ShouldBe(201);
        var spent = (await bob.Consume("30")).ShouldBe(201);
        var refund = (await bob.Post($"consumptions/{spent["id"]}/refund", """{"amount":10,"reason":"r"}""")).ShouldBe(201);

        var lot = (await bob.Get("/explain")).ShouldBe(200);
        (lot["data.0.came.by"], lot["data.0.came.before.0.accountId"], lot["data.0.came.before.0.lotId"]).ShouldBe(("transfer", ann.Id, bought["allocations.0.lotId"]));
        (lot["data.0.came.before.0.paymentId"], lot["data.0.came.before.0.price.amount"], lot["data.0.came.before.0.transactionId"]).ShouldBe(("pay_1", "1000", bought["id"]));
        (lot["data.0.money.cost"], lot["data.0.money.recognised"], lot["data.0.money.deferred"]).ShouldBe(("400", "200", "200"));
        (await bob.Client.Get(lot["data.0.came.before.0.url"])).ShouldBe(200)["lot.id"].ShouldBe(bought["allocations.0.lotId"]);

        var explained = (await bob.Client.Get($"{bob.Path}/transactions/{spent["id"]}/explain")).ShouldBe(200);
        (explained["refunds.0.id"], explained["refunds.0.amount"], explained["parts.0.way"], explained["parts.0.kind"]).ShouldBe((refund["id"], "10", "took", "purchased"));
        (await bob.Client.Get($"{bob.Path}/transactions/{refund["id"]}/explain")).ShouldBe(200)["causes.refundOf.id"].ShouldBe(spent["id"]);
        var cause = (await ann.Client.Get($"{ann.Path}/transactions/{bought["id"]}/explain")).ShouldBe(200);
        cause["causes.causationId"].ShouldBe("key-of-the-purchase");
        cause.Json.GetProperty("postings").EnumerateArray().Select(posting => $"{posting.GetProperty("code")} {posting.GetProperty("side")}").ShouldBe(["2500 credit", "5000 debit", "1000 debit", "2000 credit"]);

        // An end user sees no lot of another owner's account, only which account its credits came from.
        var user = service.AsUser("u_2", books.Tenant);
        var own = (await user.Get(bob.Path + "/explain")).ShouldBe(200);
        own.Json.GetProperty("data")[0].GetProperty("came").GetProperty("before").GetArrayLength().ShouldBe(0);
        own.Body.ShouldNotContain(bought["allocations.0.lotId"]);
        own.Body.ShouldNotContain("pay_1");
        (await user.Get(ann.Path + "/explain")).ShouldBe(404, "account-not-found");
        (await user.Get($"{ann.Path}/transactions/{bought["id"]}/explain")).ShouldBe(404, "account-not-found");
        (await service.Admin.Get(bob.Path + "/explain")).ShouldBe(404, "account-not-found");
        (await bob.Client.Get($"{bob.Path}/lots/{bought["allocations.0.lotId"]}/explain")).ShouldBe(404, "not-found");
        (await bob.Client.Get($"{bob.Path}/transactions/{bought["id"]}/explain")).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task Debt_is_explained_from_both_sides()
    {
        var account = await service.OpenAsync(""","overdraftLimit":10""");
        var spent = (await account.Consume("6")).ShouldBe(201);
        var owed = (await account.Get("/explain")).ShouldBe(200);
        (owed["debts.0.transactionId"], owed["debts.0.amount"], owed["balance"], owed["remaining"], owed["addsUp"]).ShouldBe((spent["id"], "6", "-6", "0", "true"));
        var granted = await account.Grant("4");
        var explained = (await account.Get($"/transactions/{spent["id"]}/explain")).ShouldBe(200);
        (explained["debt"], explained["paidBy.0.transactionId"], explained["paidBy.0.amount"], explained["parts.0.way"]).ShouldBe(("2", granted["id"], "4", "made_debt"));
        var payer = (await account.Get($"/transactions/{granted["id"]}/explain")).ShouldBe(200);
        (payer["paid.0.transactionId"], payer["paid.0.amount"], payer["parts.0.way"], payer["addsUp"]).ShouldBe((spent["id"], "4", "paid_debt", "true"));
    }

    [Fact]
    public async Task What_has_ended_by_now_is_explained_as_it_will_be_written()
    {
        var account = await service.OpenAsync();
        var end = (await service.QueryAsync<DateTime>("select clock_timestamp() + shift + interval '1 hour' from ledger.clock")).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        await account.Grant("5", $$""","expiresAt":"{{end}}" """);
        await account.Grant("3");
        await service.PassAsync(TimeSpan.FromHours(2));
        var explained = (await account.Get("/explain")).ShouldBe(200);
        (explained["balance"], explained["remaining"], explained["addsUp"]).ShouldBe(("3", "3", "true"));
        (explained["data.1.state"], explained["data.1.remaining"], explained["data.1.went.expired"]).ShouldBe(("expired", "0", "5"));
    }

    [Theory]
    [InlineData("/explain?x=1", "x")]
    [InlineData("/explain?limit=0", "limit")]
    [InlineData("/explain?cursor=abc", "cursor")]
    [InlineData("/lots/lot_x/explain?limit=501", "limit")]
    [InlineData("/transactions/txn_x/explain?limit=1", "limit")]
    public async Task What_is_wrong_with_a_query_is_told(string query, string member)
    {
        var account = await service.OpenAsync();
        (await account.Get(query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);
    }

    private static async Task CheckLotAsync(TestAccount account, JsonElement lot)
    {
        var went = lot.GetProperty("went");
        (Number(lot, "remaining") + Number(went, "used") - Number(went, "givenBack") + Number(went, "expired") + Number(went, "revoked") + Number(went, "adjusted") + Number(went, "transferred")).ShouldBe(Number(lot, "amount"), lot.ToString());
        var (moves, first) = await PagesAsync(account.Client, lot.GetProperty("url").GetString()!, 3);
        moves.ShouldNotBeEmpty();
        moves[0].GetProperty("transactionId").GetString().ShouldBe(lot.GetProperty("came").GetProperty("transactionId").GetString());
        var held = 0m;
        foreach (var move in moves) (held += Number(move, "change")).ShouldBe(Number(move, "remaining"), move.ToString());
        held.ShouldBe(Number(lot, "remaining") + (lot.GetProperty("state").GetString() == "expired" ? held : 0), lot.ToString());
        first.Json.GetProperty("lot").GetProperty("id").GetString().ShouldBe(lot.GetProperty("id").GetString());
    }

    private static async Task CheckTransactionAsync(TestAccount account, JsonElement transaction)
    {
        var explained = (await account.Get($"/transactions/{transaction.GetProperty("id")}/explain")).ShouldBe(200);
        explained["addsUp"].ShouldBe("true", explained.Body);
        explained.Json.GetProperty("transaction").ToString().ShouldBe(transaction.ToString());
        explained.Json.GetProperty("parts").EnumerateArray().Sum(part => Number(part, "amount")).ShouldBe(Number(transaction, "amount"));
    }

    private static async Task<(List<JsonElement> Data, Reply First)> PagesAsync(Client client, string path, int limit)
    {
        var first = (await client.Get($"{path}?limit={limit}")).ShouldBe(200);
        var (data, page) = (first.Data.ToList(), first);
        while (page["nextCursor"] != "null")
        {
            page = (await client.Get($"{path}?limit={limit}&cursor={page["nextCursor"]}")).ShouldBe(200);
            data.AddRange(page.Data);
        }

        return (data, first);
    }

    private static decimal Number(JsonElement json, string member) => json.GetProperty(member).GetDecimal();
}
