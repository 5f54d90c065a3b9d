using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Ledger.Api.Webhooks;
using Npgsql;

namespace Ledger.Api.Tests.Webhooks;

[Collection(InboxCollection.Name)]
public sealed class Notifications_coming_in(InboxService service)
{
    private Task<long> StoredAsync() => service.QueryAsync<long>("select (select count(*) from ledger.webhook_deliveries) + (select count(*) from ledger.webhook_bodies)");

    [Fact]
    public async Task What_is_answered_200_is_stored_byte_for_byte_and_applied()
    {
        var (id, intent) = (InboxService.NewId(), InboxService.NewId("pi"));
        var body = TestPay.Body(id, intent: intent, more: ""","odd":  "é\u0000" """);
        var answer = (await service.Tell(body)).ShouldBe(200);
        answer.Json.GetProperty("duplicate").GetBoolean().ShouldBeFalse();
        answer.Text("id").ShouldMatch("^whd_[0-9a-z]{24}$");
        (await service.QueryAsync<byte[]>($"select body from ledger.webhook_bodies where delivery_id = '{answer.Text("id")}'")).ShouldBe(body);
        var settled = await service.Until(answer.Text("id"), DeliveryStatus.Applied);
        (settled.Text("eventId"), settled.Text("type"), settled.Text("objectId"), settled.Text("provider"), settled.Text("paymentId"), settled.Text("sha256"))
            .ShouldBe((id, "paid", "ob_" + id, InboxService.Pay, "default/" + intent, Convert.ToHexStringLower(SHA256.HashData(body))));
        settled.Json.TryGetProperty("nextAttemptAt", out _).ShouldBeFalse();
        settled.Json.GetProperty("facts")[0].GetProperty("fact").GetString().ShouldBe("payment_told");
        settled.Json.GetProperty("facts")[0].GetProperty("refs").GetProperty("paymentIntentId").GetString().ShouldBe(intent);
    }

    [Fact]
    public async Task What_comes_again_is_200_and_changes_nothing()
    {
        var (id, intent) = (InboxService.NewId(), InboxService.NewId("pi"));
        var body = TestPay.Body(id, intent: intent);
        var first = (await service.Tell(body)).ShouldBe(200).Text("id");
        await service.Until(first, DeliveryStatus.Applied);
        var again = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Tell(body)));
        again.ShouldAllBe(a => a.Status == 200 && a.Text("id") == first && a.Text("duplicate") == "True");
        var now = await service.Get("/v1/webhook-deliveries/" + first);
        (now.Text("repeats"), now.Text("attempts"), now.Text("status")).ShouldBe(("8", "1", "applied"));
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded"]);
    }

    [Fact]
    public async Task Of_many_that_come_first_at_once_one_is_stored()
    {
        var body = TestPay.Body(InboxService.NewId());
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => service.Tell(body)));
        answers.Select(a => a.ShouldBe(200).Text("id")).Distinct().Count().ShouldBe(1);
        answers.Count(a => a.Text("duplicate") == "False").ShouldBe(1);
    }

    [Fact]
    public async Task The_same_event_id_at_another_provider_or_tenant_is_another_event()
    {
        var body = TestPay.Body(InboxService.NewId(), "nothing");
        var ids = new[] { await service.Tell(body), await service.Tell(body, provider: InboxService.Hint), await service.Tell(body, tenant: "other") }.Select(a => a.ShouldBe(200).Text("id")).ToList();
        ids.ShouldBeUnique();
        (await service.Get("/v1/webhook-deliveries/" + ids[2])).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task A_tenant_that_is_not_there_is_404_one_that_has_set_no_secret_is_400_and_nothing_is_kept()
    {
        var before = await StoredAsync();
        (await service.Send(HttpMethod.Put, "/v1/tenants/bare", """{"name":"Bare"}""")).Status.ShouldBeOneOf(200, 201);
        foreach (var tenant in new[] { "nobody", "UPPER", "%2e%2e" }) (await service.Tell(TestPay.Body("x"), tenant: tenant)).ShouldBe(404, "not-found");
        (await service.Tell(TestPay.Body("x"), tenant: "bare")).ShouldBe(400, "bad-signature");
        (await service.Tell(TestPay.Body("x"), provider: "unknown")).ShouldBe(404, "not-found");
        (await StoredAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task A_secret_that_is_rolled_counts_beside_the_new_one()
    {
        var body = TestPay.Body(InboxService.NewId(), "nothing");
        (await service.Tell(body, TestPay.Sign(body, secret: "the-secret-before"))).ShouldBe(200);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413_and_one_at_the_limit_is_taken()
    {
        var before = await StoredAsync();
        var large = TestPay.Body("large", more: $",\"x\":\"{new string('x', 5 * 1024 * 1024)}\"");
        (await service.Tell(large)).ShouldBe(413, "too-large");
        var base_ = TestPay.Body("limit", "nothing", more: ",\"x\":\"\"").Length;
        var over = TestPay.Body("limit", "nothing", more: $",\"x\":\"{new string('x', (256 * 1024) + 1 - base_)}\"");
        (await service.Tell(over)).ShouldBe(413, "too-large");
        (await StoredAsync()).ShouldBe(before);
        var limit = TestPay.Body("limit", "nothing", more: $",\"x\":\"{new string('x', (256 * 1024) - base_)}\"");
        limit.Length.ShouldBe(256 * 1024);
        (await service.Tell(limit)).ShouldBe(200);
    }

    [Theory]
    [InlineData("Content-Length: 1000")]
    [InlineData("Transfer-Encoding: chunked")]
    public async Task A_sender_that_is_too_slow_is_cut_off(string length)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Http.BaseAddress!.Host, service.Http.BaseAddress.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /webhooks/{InboxService.Pay}/default HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n"));
        var began = Stopwatch.StartNew();
        var answer = ReadAsync(stream);
        // A byte now and then does not buy more time.
        while (!answer.IsCompleted && began.Elapsed < TimeSpan.FromSeconds(10))
        {
            await Task.WhenAny(answer, Task.Delay(100));
            if (!answer.IsCompleted && length.StartsWith("Content", StringComparison.Ordinal)) await stream.WriteAsync("{"u8.ToArray());
        }

        (await answer).ShouldStartWith("HTTP/1.1 408");
        began.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    /// <summary>The head of the answer; what the server does with the connection after it is its own business.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task What_can_not_be_stored_is_asked_to_come_again()
    {
        await using var alone = new InboxService();
        await alone.InitializeAsync();
        (await alone.Tell(TestPay.Body("first", "nothing"))).ShouldBe(200);
        await using (var server = new NpgsqlConnection(await Testing.TestPostgres.ServerAsync()))
        {
            await server.OpenAsync();
            await using var cut = new NpgsqlCommand($"alter database \"{alone.DatabaseName}\" allow_connections false; select pg_terminate_backend(pid) from pg_stat_activity where datname = '{alone.DatabaseName}'", server);
            await cut.ExecuteNonQueryAsync();
            var refused = (await alone.Tell(TestPay.Body("second", "nothing"))).ShouldBe(503, "overloaded");
            refused.Headers["Retry-After"].ShouldBe("5");
            await using var back = new NpgsqlCommand($"alter database \"{alone.DatabaseName}\" allow_connections true", server);
            await back.ExecuteNonQueryAsync();
        }

        await Reliability.Run.UntilAsync(async () => (await alone.Tell(TestPay.Body("second", "nothing"))).Status == 200, TimeSpan.FromSeconds(20), "it is taken when it comes again");
        await alone.Until((await alone.Tell(TestPay.Body("second", "nothing"))).Text("id"), DeliveryStatus.Ignored);
    }
}
