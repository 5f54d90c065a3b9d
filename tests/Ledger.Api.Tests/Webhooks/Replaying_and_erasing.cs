using Ledger.Api.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Webhooks;

[Collection(InboxCollection.Name)]
public sealed class Replaying_and_erasing(InboxService service)
{
    private const string Path = "/v1/webhook-deliveries";

    private async Task<string> NowAsync()
    {
        await Task.Delay(2);
        return (await service.QueryAsync<DateTime>("select clock_timestamp()")).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_has_failed_is_listed_and_applied_by_a_replay()
    {
        // As after a mistake in the settings that has been corrected since.
        var (intent, order) = (InboxService.NewId("pi"), InboxService.NewId("evt"));
        var id = await service.TellNew("refunded", order, intent);
        await service.Until(id, DeliveryStatus.Waiting);
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set status = 'failed', reason = 'given up', next_attempt_at = null, settled_at = now() where id = '{id}' returning 1");
        (await service.Get($"{Path}?status=failed&type=refunded&limit=500")).ShouldBe(200).Json.GetProperty("data").EnumerateArray().Select(d => d.GetProperty("id").GetString()).ShouldContain(id);
        await service.Until(await service.TellNew("paid", intent: intent), DeliveryStatus.Applied);

        var foreseen = (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay?dryRun=true", "{}")).ShouldBe(200).Json;
        foreseen.GetProperty("foreseen").GetProperty("changes").EnumerateArray().Select(c => c.GetString()).ShouldBe(["Refunded"]);
        foreseen.GetProperty("delivery").GetProperty("status").GetString().ShouldBe("failed");
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded"]);

        var key = Guid.NewGuid().ToString();
        var replayed = (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay", "{}", key)).ShouldBe(200);
        replayed.Json.GetProperty("delivery").GetProperty("status").GetString().ShouldBe("applied");
        replayed.Json.GetProperty("delivery").GetProperty("replays").GetInt32().ShouldBe(1);
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded", "Refunded"]);
        var again = (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay", "{}", key)).ShouldBe(200);
        again.Headers["Idempotent-Replayed"].ShouldBe("true");
        again.Json.GetProperty("delivery").GetProperty("replays").GetInt32().ShouldBe(1);
        (await service.Send(HttpMethod.Post, $"{Path}/{await service.TellNew("paid")}/replay", "{}", key)).ShouldBe(422, "idempotency-key-reused");
    }

    [Fact]
    public async Task What_was_applied_is_not_done_twice_by_a_replay()
    {
        var intent = InboxService.NewId("pi");
        var id = await service.TellNew("both", intent: intent);
        await service.Until(id, DeliveryStatus.Applied);
        (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay?dryRun=true")).ShouldBe(200).Json.GetProperty("foreseen").GetProperty("changes").GetArrayLength().ShouldBe(0);
        (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay")).ShouldBe(200).Json.GetProperty("delivery").GetProperty("status").GetString().ShouldBe("applied");
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded", "Refunded"]);
    }

    [Fact]
    public async Task A_period_is_replayed_and_a_dry_run_says_what_would_change()
    {
        var intents = Enumerable.Range(0, 6).Select(_ => InboxService.NewId("pi")).ToList();
        var from = await NowAsync();
        var ids = new List<string>();
        foreach (var intent in intents) ids.Add(await service.TellNew("refunded", intent: intent));
        foreach (var id in ids) await service.Until(id, DeliveryStatus.Waiting);
        var to = await NowAsync();
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set status = 'failed', reason = 'given up', next_attempt_at = null, settled_at = now() where id = any ('{{{string.Join(',', ids)}}}') returning 1");
        foreach (var intent in intents.Take(4)) await service.Until(await service.TellNew("paid", intent: intent), DeliveryStatus.Applied);

        var query = $"from={from}&to={to}&status=failed";
        var dry = (await service.Send(HttpMethod.Post, $"{Path}/replay?{query}&dryRun=true", "{}")).ShouldBe(202).Json;
        (dry.GetProperty("dryRun").GetBoolean(), dry.GetProperty("deliveries").GetInt32(), dry.GetProperty("changing").GetInt32()).ShouldBe((true, 6, 4));
        dry.GetProperty("data").EnumerateArray().Select(d => (d.GetProperty("id").GetString()!, d.GetProperty("status").GetString()!)).ShouldBe(ids.Select((id, n) => (id, n < 4 ? "applied" : "waiting")));
        (await service.Get($"{Path}/{ids[0]}")).Text("status").ShouldBe("failed");

        var key = Guid.NewGuid().ToString();
        (await service.Send(HttpMethod.Post, $"{Path}/replay?{query}", "{}", key)).ShouldBe(202).Text("deliveries").ShouldBe("6");
        for (var n = 0; n < 6; n++) await service.Until(ids[n], n < 4 ? DeliveryStatus.Applied : DeliveryStatus.Waiting);
        foreach (var intent in intents.Take(4)) service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded", "Refunded"]);
        (await service.Send(HttpMethod.Post, $"{Path}/replay?{query}", "{}", key)).ShouldBe(202).Headers["Idempotent-Replayed"].ShouldBe("true");
        (await service.Send(HttpMethod.Post, $"{Path}/replay?from={from}&to={from}", "{}", key)).ShouldBe(422, "idempotency-key-reused");
        (await service.Get($"{Path}/{ids[0]}")).Text("replays").ShouldBe("1");
    }

    [Theory]
    [InlineData("")]
    [InlineData("?from=2026-01-01T00:00:00Z")]
    [InlineData("?to=2026-01-01T00:00:00Z")]
    [InlineData("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")]
    [InlineData("?from=yesterday&to=2026-01-01T00:00:00Z")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&dryRun=perhaps")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&provider=nobody")]
    public async Task A_replay_without_a_period_is_refused(string query) => (await service.Send(HttpMethod.Post, Path + "/replay" + query)).ShouldBe(400, "invalid-request");

    [Fact]
    public async Task An_erased_body_is_gone_and_what_was_read_from_it_stays()
    {
        var body = TestPay.Body(InboxService.NewId(), more: ""","email":"person@example.com" """);
        var id = (await service.Tell(body)).ShouldBe(200).Text("id");
        var before = await service.Until(id, DeliveryStatus.Applied);
        var erased = (await service.Send(HttpMethod.Delete, $"{Path}/{id}/body")).ShouldBe(200);
        erased.Text("bodyErasedAt").ShouldNotBeNullOrEmpty();
        (erased.Text("sha256"), erased.Text("facts"), erased.Text("status")).ShouldBe((before.Text("sha256"), before.Text("facts"), "applied"));
        (await service.QueryAsync<bool>($"select body is null and erased_by is not null from ledger.webhook_bodies where delivery_id = '{id}'")).ShouldBeTrue();
        (await service.Send(HttpMethod.Delete, $"{Path}/{id}/body")).ShouldBe(200).Text("bodyErasedAt").ShouldBe(erased.Text("bodyErasedAt"));
        (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay")).ShouldBe(409, "conflict").Text("state").ShouldBe("erased");
        (await service.Tell(body)).ShouldBe(200).Text("id").ShouldBe(id);
        (await service.QueryAsync<bool>($"select body is null from ledger.webhook_bodies where delivery_id = '{id}'")).ShouldBeTrue("a repeat does not bring it back");
    }

    [Fact]
    public async Task A_body_that_is_still_needed_is_not_erased()
    {
        var id = await service.TellNew("refunded");
        await service.Until(id, DeliveryStatus.Waiting);
        (await service.Send(HttpMethod.Delete, $"{Path}/{id}/body")).ShouldBe(409, "conflict").Text("state").ShouldBe("waiting");
    }

    [Fact]
    public async Task Bodies_are_erased_when_their_tenants_retention_is_over()
    {
        var (old, kept, waiting, other) = (await service.TellNew("paid"), await service.TellNew("paid"), await service.TellNew("refunded"), await service.TellNew("nothing", tenant: "other"));
        await service.Until(old, DeliveryStatus.Applied);
        await service.Until(kept, DeliveryStatus.Applied);
        async Task<string> KeptAsync() => await service.QueryAsync<string>($"select coalesce(string_agg(delivery_id, ' ' order by delivery_id), '') from ledger.webhook_bodies where body is not null and delivery_id in ('{old}', '{kept}', '{waiting}', '{other}')");
        async Task AgeAsync(string id, int days) => await service.QueryAsync<object>($"update ledger.webhook_bodies set received_at = now() - interval '{days} days' where delivery_id = '{id}' returning 1");
        await AgeAsync(old, 401);
        await AgeAsync(kept, 399);
        await AgeAsync(waiting, 500);
        await AgeAsync(other, 31);
        var keeper = service.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<InboxKeeper>().Single();
        await keeper.EraseAsync(CancellationToken.None);
        (await KeptAsync()).ShouldBe(string.Join(' ', new[] { kept, waiting, other }.Order(StringComparer.Ordinal)));
        service.Settings.Days["other"] = 30;
        await Reliability.Run.UntilAsync(async () => await service.QueryAsync<string>($"select status from ledger.webhook_deliveries where id = '{other}'") == "ignored", TimeSpan.FromSeconds(10), "the other tenant's is settled");
        await keeper.EraseAsync(CancellationToken.None);
        (await KeptAsync()).ShouldBe(string.Join(' ', new[] { kept, waiting }.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Lists_page_through_by_cursor_and_filter_by_all_that_is_named()
    {
        var type = InboxService.NewId("type");
        var from = await NowAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++) ids.Add(await service.TellNew(type, provider: i == 4 ? InboxService.Hint : InboxService.Pay));
        foreach (var id in ids) await service.Until(id, DeliveryStatus.Ignored);
        var to = await NowAsync();
        async Task<List<string>> ListAsync(string query)
        {
            var (all, cursor) = (new List<string>(), "");
            do
            {
                var page = (await service.Get($"{Path}?type={type}&limit=2{query}{cursor}")).ShouldBe(200).Json;
                all.AddRange(page.GetProperty("data").EnumerateArray().Select(d => d.GetProperty("id").GetString()!));
                cursor = page.GetProperty("nextCursor").GetString() is { } next ? "&cursor=" + next : "";
            }
            while (cursor.Length > 0);
            return all;
        }

        (await ListAsync("")).ShouldBe(ids.AsEnumerable().Reverse());
        (await ListAsync("&status=ignored")).Count.ShouldBe(5);
        (await ListAsync("&status=failed")).ShouldBeEmpty();
        (await ListAsync($"&provider={InboxService.Hint}")).ShouldBe([ids[4]]);
        (await ListAsync($"&from={from}&to={to}")).Count.ShouldBe(5);
        (await ListAsync($"&to={from}")).ShouldBeEmpty();
        foreach (var bad in new[] { "status=done", "limit=0", "cursor=x", "who=me", "from=now", "provider=nobody" }) (await service.Get($"{Path}?{bad}")).ShouldBe(400, "invalid-request");
    }

    [Fact]
    public async Task Another_tenant_sees_and_changes_nothing()
    {
        var admin = (await service.Send(HttpMethod.Post, "/v1/api-keys", """{"name":"admin","roles":["admin"],"tenantId":"other"}""")).ShouldBe(201).Text("key");
        var id = await service.TellNew("paid");
        await service.Until(id, DeliveryStatus.Applied);
        (await service.Get($"{Path}?limit=500", admin)).ShouldBe(200).Body.ShouldNotContain(id);
        (await service.Get($"{Path}/{id}", admin)).ShouldBe(404, "not-found");
        (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay", credential: admin)).ShouldBe(404, "not-found");
        (await service.Send(HttpMethod.Post, $"{Path}/{id}/replay?dryRun=true", credential: admin)).ShouldBe(404, "not-found");
        (await service.Send(HttpMethod.Delete, $"{Path}/{id}/body", credential: admin)).ShouldBe(404, "not-found");
        (await service.Send(HttpMethod.Post, $"{Path}/replay?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&type=paid", credential: admin)).ShouldBe(202).Text("deliveries").ShouldBe("0");
        (await service.Get($"{Path}/{id}")).Text("attempts").ShouldBe("1");
    }
}
