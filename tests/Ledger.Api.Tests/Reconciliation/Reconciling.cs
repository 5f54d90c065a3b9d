using System.Diagnostics;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Operations;
using Ledger.Api.Payments;
using Ledger.Api.Reconciliation;
using Ledger.Api.Tests.Access;
using Ledger.Api.Tests.Webhooks;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.Api.Tests.Reconciliation;

[Collection(PayingCollection.Name)]
public sealed class Reconciling(PayingService paying)
{
    private InboxService Service => paying.Service;

    private static (string Kinds, string Healing)[] Found(ReconciliationBody report) =>
        [.. report.Payments.Select(payment => (string.Join(' ', payment.Differences.Select(difference => Api.Http.Words.Of(difference.Kind))), Api.Http.Words.Of(payment.Healing)))];

    [Fact]
    public async Task What_never_came_is_found_and_put_right_once()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service);
        var account = await tenant.OpenAsync();
        var checkout = await tenant.CheckoutAsync(account);
        await tenant.CheckoutAsync(account); // nobody pays this one
        var intent = await tenant.PayAsync(checkout);
        var elsewhere = tenant.PayElsewhere(700, ("ledger_tenant", tenant.Id), ("ledger_account", account), ("ledger_credits", "7.5"));
        tenant.PayElsewhere(900);
        tenant.PayElsewhere(900, ("ledger_tenant", "somebody-else"), ("ledger_account", account), ("ledger_credits", "9"));

        var report = await tenant.ReportAsync();
        (report.GetProperty("compared").GetInt64(), report.GetProperty("foreign").GetInt64(), report.GetProperty("differing").GetInt64(), report.GetProperty("healed").GetInt64()).ShouldBe((3, 2, 2, 0));
        (report.GetProperty("counts").GetProperty("missingHere").GetInt64(), report.GetProperty("counts").GetProperty("status").GetInt64(), report.GetProperty("listed").GetBoolean()).ShouldBe((1, 1, true));
        var payments = report.GetProperty("payments").EnumerateArray().ToDictionary(payment => payment.GetProperty("reference").GetString()!);
        var paid = payments[intent];
        (paid.GetProperty("paymentId").GetString(), paid.GetProperty("accountId").GetString(), paid.GetProperty("healing").GetString()).ShouldBe((checkout, account, "possible"));
        paid.GetProperty("differences")[0].GetProperty("kind").GetString().ShouldBe("status");
        (paid.GetProperty("differences")[0].GetProperty("ledger").GetString(), paid.GetProperty("differences")[0].GetProperty("provider").GetString()).ShouldBe(("pending", "succeeded"));
        paid.GetProperty("note").GetString()!.ShouldContain("never came");
        payments[elsewhere].GetProperty("differences")[0].GetProperty("kind").GetString().ShouldBe("missing_here");
        (await tenant.BalanceAsync(account)).ShouldBe("0", "a report changes nothing");

        var healed = await tenant.ApplyAsync();
        (healed.Differing, healed.Healed).ShouldBe((2, 2), JsonSerializer.Serialize(healed));
        (await tenant.BalanceAsync(account)).ShouldBe("22.5");
        await NothingIsLeftAsync(tenant);

        // What happened later to payments that are known.
        tenant.Stripe.RefundInDashboard(intent, 500);
        tenant.Stripe.OpenDispute(elsewhere);
        var later = await tenant.ApplyAsync();
        Found(later).ShouldBe([("amount status", "done"), ("status", "done")], ignoreOrder: true);
        var account2 = (await tenant.Get($"/v1/accounts/{account}")).Json;
        (account2.GetProperty("balance").GetDecimal(), account2.GetProperty("frozen").GetDecimal()).ShouldBe((17.5m, 7.5m));
        (await tenant.Get($"/v1/payments/{checkout}")).Text("status").ShouldBe("partially_refunded");
        await NothingIsLeftAsync(tenant);

        // A refund that came to nothing shows on no list: what differs is asked about.
        tenant.Stripe.FailRefund((string)tenant.Stripe.Objects("refund").Single()["id"]!);
        Found(await tenant.ApplyAsync()).ShouldBe([("amount status", "done")]);
        (await tenant.BalanceAsync(account)).ShouldBe("22.5");
        await NothingIsLeftAsync(tenant);
    }

    [Fact]
    public async Task What_needs_a_person_is_told_with_its_reason_and_left_as_it_is()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service);
        var account = await tenant.OpenAsync();
        string Marked(long amount, string credits) => tenant.PayElsewhere(amount, ("ledger_tenant", tenant.Id), ("ledger_account", account), ("ledger_credits", credits));
        var (other, gone) = (Marked(100, "1"), Marked(200, "2"));
        (await tenant.ApplyAsync()).Healed.ShouldBe(2);
        // Less money than was asked; credits rewritten at the provider; money taken back without a word; money that the provider never had.
        var less = await tenant.PayAsync(await tenant.CheckoutAsync(account));
        tenant.Change(less, intent => intent["amount_received"] = 1400);
        tenant.Change(other, intent => intent["metadata"]!["ledger_credits"] = "10");
        tenant.Change(gone, intent => (intent["status"], intent["amount_received"]) = ("canceled", 0));
        var never = new PaymentTold
        {
            Provider = "stripe",
            Refs = new() { PaymentIntentId = "pi_never" },
            Marks = new(tenant.Id, account, null, "4"),
            Status = PaymentStatus.Succeeded,
            Amount = new Money(400, "usd"),
        };
        (await Service.Services.GetRequiredService<PaymentHallway>().ApplyAsync(tenant.Id, "test/never", never, false, CancellationToken.None)).ShouldBeOfType<FactOutcome.Applied>();

        var events = await tenant.EventsAsync();
        var report = await tenant.ApplyAsync();
        report.Payments.ToDictionary(payment => payment.Reference!, payment => (string.Join(' ', payment.Differences.Select(difference => difference.Kind)), payment.Healing)).ShouldBe(
            new Dictionary<string, (string, Healing)>
            {
                [less] = ("Amount Status", Healing.ByHand),
                [other] = ("Credits", Healing.ByHand),
                [gone] = ("Status", Healing.ByHand),
                ["pi_never"] = ("MissingThere", Healing.ByHand),
            }, ignoreOrder: true);
        (report.Healed, report.Counts).ShouldBe((0, new DifferenceCountsBody(0, 1, 1, 2, 1)));
        (await tenant.EventsAsync()).ShouldBe(events);
    }

    [Fact]
    public async Task A_provider_without_a_list_is_asked_payment_by_payment()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service);
        var account = await tenant.OpenAsync();
        (await tenant.Send(HttpMethod.Put, "/v1/packages/rupiah", """{"name":"Some","price":{"amount":15000000,"currency":"idr"},"creditAmount":150}""")).Status.ShouldBeOneOf(200, 201);
        var (paid, open) = (await tenant.CheckoutAsync(account, "midtrans", "rupiah"), await tenant.CheckoutAsync(account, "midtrans", "rupiah"));
        tenant.Midtrans.Move(await tenant.RefAsync(paid, "orderId"), "settlement", "gopay", null);
        var report = await tenant.ApplyAsync("midtrans");
        (report.Listed, report.Compared, report.Healed).ShouldBe((false, 2, 1), JsonSerializer.Serialize(report));
        report.Payments.Single().PaymentId.ShouldBe(paid);
        (await tenant.BalanceAsync(account)).ShouldBe("150");
        (await tenant.Get($"/v1/payments/{open}")).Text("status").ShouldBe("pending");
        (await tenant.ApplyAsync("midtrans")).Differing.ShouldBe(0);
    }

    [Fact]
    public async Task What_can_not_be_compared_is_refused_with_what_to_do()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service, setUp: false);
        const string path = "/v1/reports/reconciliation";
        foreach (var (query, members) in new (string, string[])[]
        {
            ("", ["provider"]), ("?provider=paypal", ["provider"]), ("?provider=fake", ["provider"]), ("?provider=stripe&from=2026-01-01T00:00:00Z", ["to"]), ("?provider=stripe&to=2026-01-01T00:00:00Z", ["from"]),
            ("?provider=stripe&from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", ["to"]), ("?provider=stripe&from=2026-01-01T00:00:00Z&to=2026-04-03T00:00:01Z", ["to"]), ("?provider=stripe&from=yesterday&to=2026-01-01T00:00:00Z", ["from"]),
            ("?provider=stripe&apply=true", ["apply"]),
        })
        {
            (await tenant.Get(path + query)).ShouldBe(400, "invalid-request").Json.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe(members, query);
        }

        (await tenant.Get(path + "?provider=stripe")).ShouldBe(404, "not-found").Text("detail").ShouldContain("from and to");
        (await tenant.Get(path + "?provider=stripe&from=2026-01-01T00:00:00Z&to=2026-04-03T00:00:00Z")).ShouldBe(400, "not-available").Text("detail").ShouldContain("/v1/settings");
        await tenant.SetAsync("sk_test_wrong");
        (await tenant.Get(path + "?provider=stripe" + tenant.Period)).ShouldBe(503, "overloaded").Text("detail").ShouldContain("stripe could not be asked");
        await Should.ThrowAsync<TooManyPaymentsException>(async () =>
        {
            await tenant.SetAsync(tenant.Stripe.SecretKey);
            for (var n = 0; n < 3; n++) tenant.PayElsewhere(100);
            await Service.Services.GetRequiredService<Reconciler>().RunAsync(new ReconciliationScope(tenant.Id, "stripe", tenant.From, tenant.To, Apply: false, 2), null, CancellationToken.None);
        });
    }

    [Fact]
    public async Task Each_day_one_node_compares_and_what_it_found_is_kept()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service);
        await using var locked = await ReconciledTenant.NewAsync(Service);
        await locked.SetAsync("sk_test_wrong");
        var account = await tenant.OpenAsync();
        await tenant.PayAsync(await tenant.CheckoutAsync(account));
        var tomorrow = new SettableClock(new DateTimeOffset(DateTime.UtcNow.Date.AddDays(1), TimeSpan.Zero));
        var services = Service.Services;
        ReconciliationWorker Node() => new(services.GetRequiredService<Reconciler>(), services.GetRequiredService<ReconciliationStore>(), services.GetRequiredService<AccessStore>(), new ReconciliationOptions(), tomorrow, NullLogger<ReconciliationWorker>.Instance);
        (await Node().OnceAsync(CancellationToken.None)).ShouldBe(0, "it is too early in the day");
        tomorrow.Advance(TimeSpan.FromHours(3));
        var made = await Task.WhenAll(Node().OnceAsync(CancellationToken.None), Node().OnceAsync(CancellationToken.None));
        made.Sum().ShouldBeGreaterThanOrEqualTo(4);
        (await Node().OnceAsync(CancellationToken.None)).ShouldBe(0);
        (await Service.QueryAsync<long>($"select count(*) from ledger.reconciliations where tenant_id = '{tenant.Id}' and attempts = 1 and finished_at is not null")).ShouldBe(2);
        (await Service.QueryAsync<string>($"select error from ledger.reconciliations where tenant_id = '{locked.Id}' and provider = 'stripe' and finished_at is null")).ShouldNotBeEmpty();

        var kept = (await tenant.Get("/v1/reports/reconciliation?provider=stripe")).ShouldBe(200).Json;
        (kept.GetProperty("scheduled").GetBoolean(), kept.GetProperty("differing").GetInt64(), kept.GetProperty("to").GetDateTimeOffset()).ShouldBe((true, 1, tomorrow.GetUtcNow().AddHours(-3)));
        kept.GetProperty("payments")[0].GetProperty("healing").GetString().ShouldBe("possible");
        (await tenant.BalanceAsync(account)).ShouldBe("0", "it only tells");
    }

    [Fact]
    public async Task The_command_compares_and_puts_right_beside_the_service()
    {
        await using var tenant = await ReconciledTenant.NewAsync(Service);
        var account = await tenant.OpenAsync();
        await tenant.PayAsync(await tenant.CheckoutAsync(account));
        string[] period = ["--from", tenant.From.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"), "--to", tenant.To.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"), "--tenant", tenant.Id];
        var (status, output, errors) = await RunAsync(["reconcile", "--provider", "stripe", .. period]);
        (status, errors).ShouldBe((1, ""), output);
        output.ShouldContain("status: pending here, succeeded there.");
        output.ShouldContain("1 payments compared, 0 of others; 1 differ, 0 put right");
        (status, output, errors) = await RunAsync(["reconcile", "--provider", "stripe", "--apply", "--json", .. period]);
        (status, errors).ShouldBe((0, ""), output);
        JsonDocument.Parse(output).RootElement.GetProperty("healed").GetInt64().ShouldBe(1);
        (await tenant.BalanceAsync(account)).ShouldBe("15");
        (status, output, errors) = await RunAsync(["reconcile", "--provider", "paypal", .. period]);
        (status, output, errors).ShouldBe((1, "", "--provider must be one of midtrans, stripe.\n"));
    }

    private async Task<(int Status, string Output, string Errors)> RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = Service.ConnectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output, await errors);
    }

    private static async Task NothingIsLeftAsync(ReconciledTenant tenant)
    {
        var events = await tenant.EventsAsync();
        var again = await tenant.ApplyAsync();
        (again.Differing, again.Healed).ShouldBe((0, 0), JsonSerializer.Serialize(again));
        (await tenant.EventsAsync()).ShouldBe(events, "a second run changes nothing");
    }
}
