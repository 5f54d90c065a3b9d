using Ledger.Api.Payments;
using Ledger.Api.Settings;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Ledger.Api.Tests.Profiles;

[Collection(ContractCollection.Name)]
public sealed class Profiles_over_http(ContractService service)
{
    private Purchaser Shop => new(service);

    [Fact]
    public async Task Contact_data_is_kept_beside_the_events_and_what_is_left_out_stays()
    {
        var account = await service.OpenAsync();
        var path = $"{account.Path}/profile";
        (await service.Admin.Get(path)).ShouldBe(200).ShouldHave($$"""{ "accountId": "{{account.Id}}", "planTier": "free", "onboardingComplete": false, "providerCustomers": {} }""");
        var put = await service.As("app").Put(path, """{"email":"a@example.com","name":"Ann","onboardingComplete":true,"planTier":"free","providerCustomers":{"stripe":"cus_9"}}""");
        put.ShouldBe(200).ShouldHave($$"""{ "accountId": "{{account.Id}}", "email": "a@example.com", "name": "Ann", "planTier": "free", "onboardingComplete": true, "providerCustomers": { "stripe": "cus_9" } }""");
        (await service.Admin.Put(path, """{"name":"","address":"1 Street"}""")).ShouldBe(200)["email"].ShouldBe("a@example.com");
        var read = (await service.AsUser("u_1").Get(path)).ShouldBe(200);
        (read["address"], read["onboardingComplete"], read.Json.TryGetProperty("name", out _)).ShouldBe(("1 Street", "true", false));
        (await service.Admin.Put(path, """{"email":"","address":""}""")).ShouldBe(200);
        (await service.QueryAsync<long>($"select count(*) from ledger.contacts where account_id = '{account.Id}'")).ShouldBe(0, "nothing in it, so no row");
        (await service.QueryAsync<long>("select count(*) from ledger.mt_events where data::text like '%a@example.com%' or data::text like '%\"Ann\"%'")).ShouldBe(0, "no event says who it is");
        (await service.Admin.Put(path, """{"providerCustomers":{"stripe":"cus_10"}}""")).ShouldBe(409, "conflict");
        (await service.Admin.Put(path, """{"planTier":"pro"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["planTier"]);
        (await service.Admin.Put(path, """{"email":"nobody","providerCustomers":{"paypal":"x","stripe":"a b"}}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["email", "providerCustomers.paypal", "providerCustomers.stripe"]);
        (await service.AsUser("u_other").Get(path)).ShouldBe(404, "account-not-found");
        (await service.AsUser("u_1").Put(path, "{}")).ShouldBe(403, "forbidden");
        (await service.Admin.Put("/v1/accounts/nobody-here/profile", """{"name":"x"}""")).ShouldBe(404, "account-not-found");
    }

    [Fact]
    public async Task A_customer_of_a_provider_is_one_account_whoever_says_so()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        var customer = "cus_" + Guid.NewGuid().ToString("N");
        var body = $$$"""{"onboardingComplete":true,"providerCustomers":{"fake":"{{{customer}}}"}}""";
        CustomerTold Told(string of, bool deleted = false) => new() { Provider = "fake", Refs = new() { CustomerId = customer }, Marks = new("default", of), Deleted = deleted };
        var both = await Task.WhenAll(new[] { account, other }.Select(one => service.Admin.Put(one.Path + "/profile", body)));
        both.Select(reply => reply.Status).Order().ToArray().ShouldBe([200, 409], "of two at once one has it");
        if (both[0].Status == 409) (account, other) = (other, account);
        (await service.Admin.Get(other.Path + "/profile")).ShouldHave($$"""{ "accountId": "{{other.Id}}", "planTier": "free", "onboardingComplete": false, "providerCustomers": {} }""");
        (await service.Admin.Put(other.Path + "/profile", body)).ShouldBe(409, "conflict")["state"].ShouldBe("taken");
        (await Shop.TellAsync(Told(other.Id))).ShouldBeOfType<Api.Webhooks.FactOutcome.Refused>().Reason.ShouldContain("another account's customer");
        await Shop.TellAsync(Told(other.Id, deleted: true));
        (await service.Admin.Get(account.Path + "/profile"))["providerCustomers.fake"].ShouldBe(customer, "it was deleted for nobody else");
        await Shop.TellAsync(Told(account.Id, deleted: true));
        (await service.Admin.Put(other.Path + "/profile", body)).ShouldBe(200)["providerCustomers.fake"].ShouldBe(customer, "who is it no more leaves it to others");

        // A database from before these facts gets them from its events, as they are written now.
        var assembly = typeof(PaymentHallway).Assembly;
        using var script = new StreamReader(assembly.GetManifestResourceStream(assembly.GetManifestResourceNames().Single(name => name.EndsWith("0633_customers.sql", StringComparison.Ordinal)))!);
        await using var session = new NpgsqlConnection(service.ConnectionString);
        await session.OpenAsync();
        await using var transaction = await session.BeginTransactionAsync();
        const string facts = "select coalesce(string_agg(f.tenant_id || ' ' || f.key || ' ' || f.data, ', ' order by f.tenant_id, f.key), '') from ledger.facts f where f.kind = 'customer'";
        async Task<string> DoAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, session, transaction);
            return await command.ExecuteScalarAsync() as string ?? "";
        }

        var written = await DoAsync("lock table ledger.facts in share row exclusive mode; " + facts);
        written.ShouldContain(customer);
        await DoAsync("delete from ledger.facts where kind = 'customer'");
        (await DoAsync(facts)).ShouldBe("");
        await DoAsync(await script.ReadToEndAsync());
        (await DoAsync(facts)).ShouldBe(written);
        await transaction.RollbackAsync();
    }

    [Fact]
    public async Task Payment_methods_are_kept_without_a_number_and_one_of_them_is_the_default()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        var path = $"{account.Path}/payment-methods";
        var pm = "pm_" + Guid.NewGuid().ToString("N");
        var body = $$"""{"provider":"stripe","providerMethodId":"{{pm}}","type":"card","brand":"visa","last4":"4242","expMonth":12,"expYear":2030}""";
        var first = (await service.As("app").Put(path, body)).ShouldBe(201);
        first.ShouldHave($$"""{ "id": "<any>", "accountId": "{{account.Id}}", "provider": "stripe", "providerMethodId": "{{pm}}", "type": "card", "brand": "visa", "last4": "4242", "expMonth": 12, "expYear": 2030, "default": true, "createdAt": "<any>" }""");
        (await service.Admin.Put(path, body)).ShouldBe(200).Body.ShouldBe(first.Body, "the same again changes nothing");
        (await service.Admin.Put($"{other.Path}/payment-methods", body)).ShouldBe(409, "conflict");
        var second = (await service.Admin.Put(path, $$"""{"provider":"midtrans","providerMethodId":"{{pm}}","type":"gopay"}""")).ShouldBe(201);
        second["default"].ShouldBe("false");
        (await service.Admin.Put($"{path}/{second["id"]}", """{"default":true,"expYear":2031}""")).ShouldBe(200)["default"].ShouldBe("true");
        (await service.Admin.Get($"{path}/{first["id"]}")).ShouldBe(200)["default"].ShouldBe("false");
        var page = (await service.AsUser("u_1").Get(path + "?limit=1")).ShouldBe(200);
        page.Data.Single().GetProperty("id").GetString().ShouldBe(second["id"]);
        (await service.Admin.Get($"{path}?limit=1&cursor={page["nextCursor"]}")).ShouldBe(200).Data.Single().GetProperty("id").GetString().ShouldBe(first["id"]);
        (await service.Admin.Send(HttpMethod.Delete, $"{path}/{second["id"]}", null, null)).ShouldBe(200)["default"].ShouldBe("false");
        (await service.Admin.Get($"{path}/{first["id"]}")).ShouldBe(200)["default"].ShouldBe("true", "the newest of the others took its place");
        (await service.Admin.Get($"{path}/{second["id"]}")).ShouldBe(404, "not-found");
        (await service.Admin.Send(HttpMethod.Delete, $"{path}/{second["id"]}", null, null)).ShouldBe(404, "not-found");
        (await service.Admin.Send(HttpMethod.Delete, path, null, null)).ShouldBe(200).Data.ShouldBeEmpty();
        (await service.Admin.Put($"{other.Path}/payment-methods", body)).ShouldBe(201); // who has let it go has it no more
        (await service.Admin.Put(path, """{"provider":"paypal","providerMethodId":"4242 4242-4242 4242","type":"","last4":"42424","brand":"4000056655665556","expMonth":13,"expYear":30}"""))
            .ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["brand", "expMonth", "expYear", "last4", "provider", "providerMethodId", "type"]);
        (await service.Admin.Put($"{path}/{first["id"]}", """{"default":false}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["default"]);
    }

    [Fact]
    public async Task What_was_paid_with_on_a_page_that_keeps_it_is_learnt_in_that_commit_unless_it_was_removed_or_another_account_has_it()
    {
        var (account, other) = (await Shop.OpenAsync(), await Shop.OpenAsync());
        var shown = new MethodShown("card", "visa", "4242", 12, 2030, "pm_" + Guid.NewGuid().ToString("N"));
        async Task PayAsync(string of, string more)
        {
            var payment = (await Shop.CheckoutAsync(of, more: more)).ShouldBe(201)["paymentId"];
            var told = new PaymentTold { Provider = "fake", Marks = new("default", of, payment), Status = PaymentStatus.Succeeded, Amount = new Money(1500, "usd"), Method = shown };
            (await Shop.TellAsync(told)).ShouldBeOfType<Api.Webhooks.FactOutcome.Applied>("the money counts whoever's card it was");
        }

        const string keep = ",\"keepPaymentMethod\":true";
        await PayAsync(account.Id, "");
        (await service.Admin.Get($"{account.Path}/payment-methods")).ShouldBe(200).Data.ShouldBeEmpty("nobody kept it, so that it could not be charged");
        await PayAsync(account.Id, keep);
        await PayAsync(account.Id, keep);
        await PayAsync(other.Id, keep);
        var kept = (await service.Admin.Get($"{account.Path}/payment-methods")).ShouldBe(200).Data.Single();
        (kept.GetProperty("providerMethodId").GetString(), kept.GetProperty("last4").GetString(), kept.GetProperty("default").GetBoolean()).ShouldBe((shown.ProviderId, "4242", true));
        (await service.Admin.Get($"{other.Path}/payment-methods")).ShouldBe(200).Data.ShouldBeEmpty();
        (await service.Admin.Send(HttpMethod.Delete, $"{account.Path}/payment-methods/{kept.GetProperty("id").GetString()}", null, null)).ShouldBe(200);
        await PayAsync(account.Id, keep);
        (await service.Admin.Get($"{account.Path}/payment-methods")).ShouldBe(200).Data.ShouldBeEmpty("who removed it wants it no more");
    }

    [Fact]
    public async Task Erasing_personal_data_leaves_nobody_in_the_database_and_the_ledger_still_adds_up()
    {
        var account = await Shop.OpenAsync();
        var neighbour = await Shop.OpenAsync();
        var email = $"{Guid.NewGuid():N}@example.com";
        (await service.Admin.Put($"{account.Path}/profile", $$"""{"email":"{{email}}","name":"Ann of {{email}}"}""")).ShouldBe(200);
        (await service.Admin.Put($"{neighbour.Path}/profile", """{"email":"stays@example.com"}""")).ShouldBe(200);
        var checkout = (await Shop.CheckoutAsync(account.Id, more: $$""","customer":{"email":"{{email}}","name":"Ann"}""")).ShouldBe(201);
        await NotifyAsync(checkout["paymentId"]);
        var before = (await account.Client.Get(account.Path)).Body;
        var invoice = $"/v1/invoices/inv_{checkout["paymentId"][4..]}";
        (await service.Admin.Get(invoice)).ShouldBe(200)["buyer.email"].ShouldBe(email);

        (await service.As("app").Send(HttpMethod.Delete, $"{account.Path}/personal-data", null, null)).ShouldBe(403, "forbidden");
        // An account that is called like a word of every notification takes no other's with it.
        (await service.Admin.Put("/v1/accounts/default", """{"owner":{"kind":"user","id":"u_word"}}""")).Status.ShouldBeOneOf(200, 201);
        (await service.Admin.Send(HttpMethod.Delete, "/v1/accounts/default/personal-data", null, null)).ShouldBe(200)["notifications"].ShouldBe("0");
        var erased = (await service.Admin.Send(HttpMethod.Delete, $"{account.Path}/personal-data", null, null)).ShouldBe(200);
        erased.ShouldHave($$"""{ "accountId": "{{account.Id}}", "contacts": 1, "checkouts": 1, "notifications": 1, "notificationsOpen": 0 }""");
        (await service.Admin.Send(HttpMethod.Delete, $"{account.Path}/personal-data", null, null)).ShouldBe(200)["notifications"].ShouldBe("0");
        (await service.QueryAsync<long>($"select (select count(*) from ledger.contacts where email = '{email}') + (select count(*) from ledger.checkout_contacts where email = '{email}') + (select count(*) from ledger.webhook_bodies where position(convert_to('{account.Id}', 'UTF8') in body) > 0)")).ShouldBe(0);
        (await service.Admin.Get(invoice)).ShouldBe(200).Json.TryGetProperty("buyer", out _).ShouldBeFalse();
        (await service.Admin.Get($"{neighbour.Path}/profile")).ShouldBe(200)["email"].ShouldBe("stays@example.com");
        (await service.Admin.Get($"{account.Path}/profile")).ShouldBe(200).Text("personalDataErasedAt").ShouldNotBeNull();
        (await account.Client.Get(account.Path)).Body.ShouldBe(before, "credits and money are as they were");
        await using var source = NpgsqlDataSource.Create(service.ConnectionString);
        var report = await Ledger.Api.Verification.VerificationServices.Verification(source).RunAsync(new Ledger.EventStore.Verification.VerificationOptions { ReadModels = false });
        // Other tests of this service spoil accounts of their own meanwhile.
        report.First.Where(difference => difference.ToString() is var text && (!text.Contains("stream account/", StringComparison.Ordinal) || text.Contains(account.Id, StringComparison.Ordinal))).ShouldBeEmpty();
        report.Events.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("4242424242424242", true)]
    [InlineData("card 4000 0566 5566 5556.", true)]
    [InlineData("4000-0566-5566-5556", true)]
    [InlineData("3782 822463 10005", true)]
    [InlineData("number:6011111111111117,", true)]
    [InlineData("card-4242424242424242-old", true)]
    [InlineData("4242424242424241", false)]
    [InlineData("pm_4242424242424242", false)]
    [InlineData("pm_ab4242424242424242ef", false)]
    [InlineData("c0ffee42-4242-4242-4242-424242424242", false)]
    [InlineData("42424242-4242-4242-4242-424242424242", false)]
    [InlineData("481111xDUgxnnredRMAXuklkvAON1114", false)]
    [InlineData("pm_1N5Zq2", false)]
    [InlineData("000000000000000000000", false)]
    public void A_number_of_a_card_stands_by_itself_and_checks(string text, bool has) => Ledger.Api.Profiles.CardNumbers.Has(text).ShouldBe(has);

    // As the provider would: signed and posted, then applied by a worker.
    private async Task NotifyAsync(string payment)
    {
        var settings = (await service.Services.GetRequiredService<TenantSettings>().FindAsync("default", "fake", CancellationToken.None))!;
        var told = service.Services.GetRequiredService<FakeProvider>().Decide(settings, "fcs_" + payment, FakeDecision.Pay).ShouldNotBeNull();
        var reply = await service.With(null).SendBytes(HttpMethod.Post, "/webhooks/fake/default", told.Body, "application/json", (FakeProvider.SignatureHeader, told.Signature));
        reply.ShouldBe(200);
        for (var n = 0; n < 200 && (await service.QueryAsync<long>($"select count(*) from ledger.webhook_deliveries where payment_id = '{payment}' and next_attempt_at is null")) == 0; n++) await Task.Delay(50);
    }
}
