using System.Globalization;
using System.Text;

namespace Ledger.Bench;

/// <summary>Fills a database by the service's own bulk route, so that what is measured afterwards is what the service would have written.</summary>
internal static class Filling
{
    private const int LinesPerRequest = 5_000;
    private const int Requests = 3;

    /// <summary>Opens accounts, each with credits enough for any run.</summary>
    public static Task OpenAccountsAsync(Service service, string apiKey, int first, int count) => SendAsync(service, apiKey, count, i => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"key\":\"open-{first + i}\",\"accountId\":\"bench_{first + i:00000000}\",\"command\":\"grant\",\"amount\":1000000000,\"source\":\"bonus\",\"openAccount\":{{\"owner\":{{\"kind\":\"user\",\"id\":\"u_{first + i}\"}}}}}}\n"));

    /// <summary>Grants each account lots until it has so many; they burn after its first one, so all of them live on.</summary>
    public static Task GrantLotsAsync(Service service, string apiKey, int first, int accounts, int from, int to) => SendAsync(service, apiKey, accounts * (to - from), i => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"key\":\"lot-{first + (i % accounts)}-{from + (i / accounts)}\",\"accountId\":\"bench_{first + (i % accounts):00000000}\",\"command\":\"grant\",\"amount\":1000,\"source\":\"bonus\",\"priority\":{101 + ((from + (i / accounts)) % 150)}}}\n"));

    /// <summary>Consumptions on a range of accounts, in turn.</summary>
    public static Task ConsumeAsync(Service service, string apiKey, string run, int first, int accounts, int count) => SendAsync(service, apiKey, count, i => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"key\":\"{run}-{i}\",\"accountId\":\"bench_{first + (int)(i * 7919L % accounts):00000000}\",\"command\":\"consume\",\"amount\":1,\"service\":\"chat_assistant\",\"operation\":\"completion\",\"reference\":\"req_1\"}}\n"));

    private static Task SendAsync(Service service, string apiKey, int count, Func<int, string> line) => Parallel.ForAsync(
        0, (count + LinesPerRequest - 1) / LinesPerRequest, new ParallelOptions { MaxDegreeOfParallelism = Requests }, async (request, _) =>
        {
            var lines = new StringBuilder(LinesPerRequest * 200);
            for (var i = request * LinesPerRequest; i < Math.Min(count, (request + 1) * LinesPerRequest); i++) lines.Append(line(i));
            await service.BatchAsync(apiKey, lines.ToString());
        });
}
