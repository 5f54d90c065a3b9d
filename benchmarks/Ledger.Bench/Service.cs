using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>The service as it ships: the built program in a process of its own, on a database of its own.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly Process process;
    private readonly HttpClient client;

    private Service(Process process, int port, string apiKey)
    {
        (this.process, Port, ApiKey) = (process, port, apiKey);
        client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public int Port { get; }

    public string ApiKey { get; }

    public TimeSpan StartedIn { get; private set; }

    /// <summary>Resident memory, in megabytes.</summary>
    public double ResidentMegabytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1e6;
        }
    }

    public TimeSpan Processor
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public static async Task<Service> StartAsync(string program, string connectionString, string log)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var apiKey = "lk_" + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(21)) + "z";
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { program, "--urls", $"http://127.0.0.1:{port}" }) start.ArgumentList.Add(argument);
        start.Environment["ConnectionStrings__Ledger"] = connectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["LEDGER_DEV_API_KEY"] = apiKey;
        var clock = Stopwatch.StartNew();
        var process = Process.Start(start)!;
        var writer = TextWriter.Synchronized(new StreamWriter(log) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var service = new Service(process, port, apiKey);
        while (true)
        {
            try
            {
                using var answer = await service.client.GetAsync("/health/ready");
                if (answer.IsSuccessStatusCode) break;
            }
            catch (HttpRequestException) when (!process.HasExited && clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                // Not listening yet.
            }

            if (process.HasExited) throw new InvalidOperationException($"The service ended: see {log}");
            await Task.Delay(20);
        }

        service.StartedIn = clock.Elapsed;
        return service;
    }

    /// <summary>Opens accounts with credits enough for any run.</summary>
    public async Task OpenAccountsAsync(int count)
    {
        for (var from = 0; from < count; from += 5_000)
        {
            var lines = new StringBuilder();
            for (var i = from; i < Math.Min(count, from + 5_000); i++)
            {
                lines.Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"key\":\"open-{i}\",\"accountId\":\"bench_{i:00000000}\",\"command\":\"grant\",\"amount\":1000000000,\"source\":\"bonus\",\"openAccount\":{{\"owner\":{{\"kind\":\"user\",\"id\":\"u_{i}\"}}}}}}\n");
            }

            using var content = new StringContent(lines.ToString(), Encoding.UTF8, "application/x-ndjson");
            content.Headers.ContentType!.CharSet = null;
            using var answer = await client.PostAsync(new Uri("/v1/batch", UriKind.Relative), content);
            var text = await answer.Content.ReadAsStringAsync();
            var bad = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(l => !l.Contains("\"status\":201", StringComparison.Ordinal));
            if (!answer.IsSuccessStatusCode || bad is not null) throw new InvalidOperationException($"Accounts could not be opened: {(int)answer.StatusCode} {bad ?? text}");
        }
    }

    /// <summary>The answer to a GET.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(path, answer);
    }

    /// <summary>The answer to a POST without a body.</summary>
    public async Task<JsonElement> PostAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var answer = await client.SendAsync(request);
        return await ReadAsync(path, answer);
    }

    private static async Task<JsonElement> ReadAsync(string path, HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{path} was answered {(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public async ValueTask DisposeAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await process.WaitForExitAsync(patience.Token);
        process.Dispose();
        client.Dispose();
    }
}
