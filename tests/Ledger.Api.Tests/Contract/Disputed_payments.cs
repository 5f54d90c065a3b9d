using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Contract;

/// <summary>What refunds and disputes of a payment look like on the account that it bought credits for: the commands come from payments, so they are sent as those do.</summary>
[Collection(ContractCollection.Name)]
public sealed class Disputed_payments(ContractService service)
{
    [Fact]
    public async Task A_disputed_lot_is_shown_as_frozen_and_the_books_stay_balanced()
    {
        var books = await BookedTenant.MakeAsync(service);
        var account = await books.OpenAsync(""","overdraftLimit":5""");
        var bought = (await account.Post("purchases", """{"creditAmount":100,"price":{"amount":1000,"currency":"usd"},"paymentId":"pay_1"}""")).ShouldBe(201);
        var purchase = new TransactionId(bought["id"]);
        var lot = bought["allocations.0.lotId"];
        await account.Consume("20");
        await SendAsync(books.Tenant, new FreezeLot { Account = new(account.Id), Transaction = purchase, Dispute = "dp_1" });

        var now = (await account.Get()).ShouldBe(200);
        (now["balance"], now["frozen"], now["available"], now["status"]).ShouldBe(("80", "80", "0", "open"));
        (await account.Get("/lots?state=frozen")).ShouldBe(200)["data.0.id"].ShouldBe(lot);
        (await account.Get("/lots?state=active")).ShouldBe(200).Data.ShouldBeEmpty();
        (await account.Consume("6")).ShouldBe(402, "insufficient-credits")["available"].ShouldBe("0");
        var spent = (await account.Consume("3")).ShouldBe(201);
        var explained = (await account.Get("/explain")).ShouldBe(200);
        (explained["data.0.state"], explained["debt"], explained["addsUp"]).ShouldBe(("frozen", "3", "true"));

        // Won: the lot pays what stands, outside of any transaction.
        await SendAsync(books.Tenant, new UnfreezeLot { Account = new(account.Id), Transaction = purchase, Dispute = "dp_1" });
        now = (await account.Get()).ShouldBe(200);
        (now["balance"], now["frozen"], now["available"], now["debt"]).ShouldBe(("77", "0", "77", "0"));
        var owed = (await account.Get($"/transactions/{spent["id"]}/explain")).ShouldBe(200);
        (owed["paidBy.0.lotId"], owed["paidBy.0.amount"], owed["debt"]).ShouldBe((lot, "3", "0"));
        owed.Json.GetProperty("paidBy")[0].TryGetProperty("transactionId", out _).ShouldBeFalse();
        var history = (await account.Get($"/lots/{lot}/explain")).ShouldBe(200);
        (history["data.2.change"], history["data.2.paidDebt"], history["data.2.remaining"], history["lot.state"]).ShouldBe(("-3", "3", "77", "active"));

        // Refunded by the provider in full, which fails later.
        await SendAsync(books.Tenant, new RevokePurchase { Account = new(account.Id), Transaction = purchase, Amount = 100, FromProvider = true, Refund = "re_1", Reason = "requested_by_customer" });
        var lots = (await account.Get("/lots")).ShouldBe(200);
        (lots["data.0.state"], lots["data.0.remaining"]).ShouldBe(("revoked", "0"));
        await TotalsAsync(account, "77", "0", ("1010", 1000), ("7000", 230), ("4020", 0));
        (await account.Get("/explain")).ShouldBe(200)["data.0.shortfall"].ShouldBe("23");
        var deferred = (await account.Client.Get("/v1/reports/deferred-revenue")).ShouldBe(200);
        (deferred["data.0.added"], deferred["data.0.recognised"], deferred["data.0.refunded"], deferred["data.0.closing"]).ShouldBe(("1000", "230", "770", "0"));
        await SendAsync(books.Tenant, new RestorePurchase { Account = new(account.Id), Transaction = purchase, Amount = 100, Refund = "re_1", Reason = "failed" });
        await TotalsAsync(account, "0", "77", ("1010", 0), ("7000", 0), ("2000", 770));
        var transactions = (await account.Get("/transactions?type=purchase_refund")).ShouldBe(200);
        transactions.Data.Select(each => $"{each.GetProperty("direction")} {each.GetProperty("amount")} {each.GetProperty("reason")} {each.GetProperty("refundOf")}")
            .ShouldBe([$"credit 77 failed {purchase}", $"debit 77 requested_by_customer {purchase}"]);
        var related = (await account.Get($"/transactions/{purchase}/explain")).ShouldBe(200);
        (related["refunds.0.amount"], related["refunds.1.amount"]).ShouldBe(("77", "-77"));
        var statement = (await account.Get("/statement?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")).ShouldBe(200);
        (statement["openingBalance"], statement["closingBalance"]).ShouldBe(("0", "77"));
    }

    // The account's totals, and what the tenant's trial balance has under some codes.
    private static async Task TotalsAsync(TestAccount account, string revoked, string balance, params (string Code, int Minor)[] money)
    {
        var now = (await account.Get()).ShouldBe(200);
        (now["totals.revoked"], now["balance"]).ShouldBe((revoked, balance));
        var trial = (await account.Client.Get("/v1/reports/trial-balance")).ShouldBe(200);
        trial["isZero"].ShouldBe("true");
        var accounts = trial.Json.GetProperty("money")[0].GetProperty("accounts").EnumerateArray().ToDictionary(each => each.GetProperty("code").ToString(), each => each.GetProperty("debit").GetDecimal() + each.GetProperty("credit").GetDecimal());
        foreach (var (code, minor) in money) accounts[code].ShouldBe(minor, code);
    }

    private async Task SendAsync(string tenant, AccountCommand command)
    {
        var result = await service.Services.GetRequiredService<CommandHallway>().SendAsync(new CommandEnvelope(tenant, null, default, command, EventMeta.None));
        result.Problem.ShouldBeNull();
    }
}
