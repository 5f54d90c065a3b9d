using Ledger.Api.Http;
using Ledger.Api.Settings;
using Ledger.Api.Tests.Contract;
using Ledger.Providers;
using Ledger.Providers.Stripe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Ledger.Api.Tests.Payments;

[Collection(ContractCollection.Name)]
public sealed class Settings_over_http(ContractService service)
{
    [Fact]
    public async Task Secrets_go_in_and_never_come_out()
    {
        var admin = service.As("other:admin");
        const string key = "sk_test_0123456789abcdefSECRET";
        var put = await admin.Put("/v1/settings", $$"""{"stripe":{"secretKey":"{{key}}","webhookSecrets":["whsec_0123456789OLD1","whsec_0123456789NEW2"],"apiBase":"https://stripe.example"},"midtrans":{"serverKey":"SB-Mid-server-0123456789"},"retentionDays":30}""");
        put.ShouldBe(200).ShouldHave("""
            { "stripe": { "secretKey": "****CRET", "webhookSecrets": [ "****OLD1", "****NEW2" ], "apiBase": "https://stripe.example", "liveMode": false }, "midtrans": { "serverKey": "****6789", "liveMode": false }, "allowDebtOnProviderRefund": false, "retentionDays": 30, "seller": {}, "tax": { "percent": 0 }, "graceDays": 7 }
            """);
        (await admin.Get("/v1/settings")).ShouldBe(200).Body.ShouldBe(put.Body);
        var stripe = (await service.Services.GetRequiredService<TenantSettings>().FindAsync("other", "stripe", CancellationToken.None)).ShouldNotBeNull();
        (stripe.SecretKey, stripe.WebhookSecrets.Length, stripe.ApiBase).ShouldBe((key, 2, new Uri("https://stripe.example")));
        (await service.Services.GetRequiredService<TenantSettings>().FindAsync("default", "stripe", CancellationToken.None)).ShouldBeNull("another tenant's");
        (await admin.Put("/v1/settings", """{"stripe":{"secretKey":"","webhookSecrets":[],"apiBase":""},"midtrans":{"serverKey":""}}""")).ShouldBe(200)["stripe.webhookSecrets"].ShouldBe("[]");
        foreach (var who in new[] { "app", "reader", "analyst" }) (await service.As(who).Get("/v1/settings")).ShouldBe(403, "forbidden");
        (await admin.Put("/v1/settings", """{"stripe":{"secretKey":"a b","webhookSecrets":["a,b"],"apiBase":"http://stripe.example"},"midtrans":{"snapBase":"ftp://x"},"retentionDays":0}"""))
            .ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["midtrans.snapBase", "retentionDays", "stripe.apiBase", "stripe.secretKey", "stripe.webhookSecrets"]);
    }

    [Fact]
    public async Task What_invoices_say_and_the_days_of_grace_are_checked_member_by_member()
    {
        var admin = service.As("other:admin");
        var put = await admin.Put("/v1/settings", """{"seller":{"name":"Shop Ltd","address":"1 High Street\nLondon","taxId":"GB1","footer":"Thanks"},"tax":{"percent":11.50,"name":"PPN"},"graceDays":0}""");
        (put.ShouldBe(200)["seller.address"], put["tax.percent"], put["tax.name"], put["graceDays"]).ShouldBe(("1 High Street\nLondon", "11.5", "PPN", "0"));
        var policy = await service.Services.GetRequiredService<TenantSettings>().PolicyAsync("other", CancellationToken.None);
        (policy.TaxPercent, policy.Seller?.TaxId, policy.GraceDays).ShouldBe((11.5m, "GB1", 0));
        (await admin.Put("/v1/settings", $$"""{"seller":{"name":"{{new string('x', 201)}}","footer":"{{new string('x', 1001)}}"},"tax":{"percent":100.00001},"graceDays":91}"""))
            .ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["graceDays", "seller.footer", "seller.name", "tax.percent"]);
        (await admin.Put("/v1/settings", """{"tax":{"percent":1.00001}}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["tax.percent"]);
        var without = await admin.Put("/v1/settings", """{"seller":{"name":"","address":"","taxId":"","footer":""},"tax":{"percent":0,"name":""},"graceDays":7}""");
        (without.ShouldBe(200)["seller"], without["tax"]).ShouldBe(("{}", """{"percent":0}"""));
    }

    [Fact]
    public async Task The_environment_holds_where_nothing_is_set_and_short_names_are_those_of_default()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("Stripe:SecretKey", "sk_live_x"), new("Stripe:WebhookSecret", "whsec_a,whsec_b"), new("Tenants:acme:Stripe:SecretKey", "sk_test_y"), new("Tenants:acme:Stripe:WebhookSecret:0", "whsec_c"),
            new("Tenants:acme:Stripe:WebhookSecret:1", "whsec_d"), new("Midtrans:ServerKey", "Mid-server-z"),
        ]).Build();
        await using var source = NpgsqlDataSource.Create(service.ConnectionString);
        var settings = new TenantSettings(source, configuration, requiresPublic: false);
        var mine = (await settings.FindAsync("default", "stripe", CancellationToken.None)).ShouldNotBeNull();
        (mine.SecretKey, string.Join(' ', mine.WebhookSecrets), mine.ApiBase, TenantSettings.IsLive("stripe", mine)).ShouldBe(("sk_live_x", "whsec_a whsec_b", new Uri("https://api.stripe.com"), true));
        var acme = (await settings.FindAsync("acme", "stripe", CancellationToken.None)).ShouldNotBeNull();
        (acme.SecretKey, string.Join(' ', acme.WebhookSecrets), TenantSettings.IsLive("stripe", acme)).ShouldBe(("sk_test_y", "whsec_c whsec_d", false));
        (await settings.FindAsync("acme", "midtrans", CancellationToken.None)).ShouldBeNull("a short name is the tenant default's");
        var midtrans = (await settings.FindAsync("default", "midtrans", CancellationToken.None)).ShouldNotBeNull();
        (midtrans.ApiBase, midtrans.SnapBase).ShouldBe((new Uri("https://api.midtrans.com"), new Uri("https://app.midtrans.com")));
    }

    [Fact]
    public async Task Outside_of_Development_an_address_that_a_tenant_sets_reaches_nothing_inside()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Tenants:inside:Stripe:ApiBase", "http://10.0.0.1:8080"), new("Tenants:inside:Stripe:SecretKey", "sk_test_x")]).Build();
        await using var source = NpgsqlDataSource.Create(service.ConnectionString);
        var settings = new TenantSettings(source, configuration, requiresPublic: true);
        (await settings.FindAsync("inside", "stripe", CancellationToken.None)).ShouldNotBeNull().PublicOnly.ShouldBeFalse("the operator may lead anywhere");

        // Written before there was a rule, or by a name that stands for something inside now.
        await settings.PutAsync("other", new Dictionary<string, string> { ["Stripe:SecretKey"] = "sk_test_x", ["Stripe:ApiBase"] = "http://localhost:1" }, "test", CancellationToken.None);
        var set = (await settings.FindAsync("other", "stripe", CancellationToken.None)).ShouldNotBeNull();
        set.PublicOnly.ShouldBeTrue();
        using var stripe = new StripeProvider();
        var failure = await Should.ThrowAsync<ProviderException>(stripe.PortalAsync(set, "cus_1", null, CancellationToken.None));
        (failure.Fault, failure.Code).ShouldBe((ProviderFault.Unauthorized, "address_not_public"));
        failure.Message.ShouldNotContain("localhost");
        await settings.PutAsync("other", new Dictionary<string, string> { ["Stripe:ApiBase"] = "" }, "test", CancellationToken.None);
        (await settings.FindAsync("other", "stripe", CancellationToken.None)).ShouldNotBeNull().PublicOnly.ShouldBeFalse("the usual address");
        await settings.PutAsync("other", new Dictionary<string, string> { ["Stripe:SecretKey"] = "" }, "test", CancellationToken.None);

        var endpoints = new SettingsEndpoints(settings);
        foreach (var (address, fits) in new[] { ("http://127.0.0.1:1", false), ("https://localhost", false), ("https://10.1.2.3", false), ("https://[::1]", false), ("https://169.254.169.254", false), ("https://vault.internal", false), ("https://api.example.com", true) })
        {
            var errors = new Errors();
            endpoints.Changes(new PutSettingsRequest { Stripe = new StripeSettingsRequest { ApiBase = address } }, [], errors);
            (errors.Problem is null).ShouldBe(fits, address);
        }
    }
}
