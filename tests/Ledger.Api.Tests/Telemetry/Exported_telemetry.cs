using System.Collections.Concurrent;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ledger.Api.Tests.Telemetry;

public sealed class Exported_telemetry
{
    [Fact]
    public async Task traces_and_metrics_reach_a_collector_over_otlp()
    {
        var received = new ConcurrentDictionary<string, byte[]>();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpContext http, string signal) =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            received.AddOrUpdate(signal, body.ToArray(), (_, before) => [.. before, .. body.ToArray()]);
            http.Response.ContentType = "application/x-protobuf";
        });
        await collector.StartAsync();

        await using var database = await TestPostgres.CreateDatabaseAsync();
        const string key = "lk_telemetry_key_of_this_test_alone_000000000";
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>
        {
            ["ConnectionStrings__Ledger"] = database.ConnectionString,
            ["LEDGER_DEV_API_KEY"] = key,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "300",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        });
        service.Http.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        using var body = new StringContent("""{"owner":{"kind":"user","id":"u_1"}}""", System.Text.Encoding.UTF8, "application/json");
        (await service.Http.PutAsync(new Uri("/v1/accounts/acct_1", UriKind.Relative), body)).EnsureSuccessStatusCode();

        for (var patience = 0; patience < 100 && !(Holds("traces", "v1/accounts/{accountId}") && Holds("metrics", "ledger.commit.batch_size")); patience++) await Task.Delay(100);
        Holds("traces", "v1/accounts/{accountId}").ShouldBeTrue("a span names its route");
        foreach (var instrument in new[] { "ledger.commit.batch_size", "ledger.commit.duration", "ledger.queue.depth", "ledger.http.request.duration", "ledger.commands.done" })
        {
            for (var patience = 0; patience < 50 && !Holds("metrics", instrument); patience++) await Task.Delay(100);
            Holds("metrics", instrument).ShouldBeTrue(instrument);
        }

        Holds("traces", key).ShouldBeFalse("no secret leaves with a trace");

        bool Holds(string signal, string text) => received.TryGetValue(signal, out var bytes) && bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0;
    }
}
