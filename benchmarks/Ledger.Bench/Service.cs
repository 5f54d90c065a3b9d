using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>The keys of a database's callers, made by the service's own command line: an app's that may also administrate its tenant, and an operator's.</summary>
internal sealed record ServiceKeys(string App, string Operator)
{
    public static async Task<ServiceKeys> MakeAsync(string program, string connectionString)
    {
        await TellAsync(program, connectionString, "db", "apply");
        return new ServiceKeys(
            await TellAsync(program, connectionString, "apikeys", "create", "--name", "benchmark", "--roles", "app,reader,admin"),
            await TellAsync(program, connectionString, "apikeys", "create", "--name", "benchmark's operator", "--roles", "operator"));
    }

    private static async Task<string> TellAsync(string program, string connectionString, params string[] command)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ConnectionStrings__Ledger"] = connectionString;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? (await output).Trim() : throw new InvalidOperationException($"{string.Join(' ', command)} failed: {await errors}");
    }
}

/// <summary>The service as it ships: the built program in a process of its own, in Production, on a database of its own.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly Process process;
    private readonly HttpClient client;

    private Service(Process process, int port, ServiceKeys keys)
    {
        (this.process, Port, Keys) = (process, port, keys);
        client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(5) };
    }

    public int Port { get; }

    public ServiceKeys Keys { get; }

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

    public static async Task<Service> StartAsync(string program, string connectionString, ServiceKeys keys, string log)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var start = new ProcessStartInfo("dotnet", [program, "--urls", $"http://127.0.0.1:{port}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ConnectionStrings__Ledger"] = connectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        var clock = Stopwatch.StartNew();
        var process = Process.Start(start)!;
        var writer = TextWriter.Synchronized(new StreamWriter(log) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var service = new Service(process, port, keys);
        while (true)
        {
            try
            {
                using var answer = await service.client.GetAsync(new Uri("/health/ready", UriKind.Relative));
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

    /// <summary>Makes a tenant with a key of its own; returns the key.</summary>
    public async Task<string> MakeTenantAsync(string id)
    {
        await SendAsync(HttpMethod.Put, $"/v1/tenants/{id}", Keys.Operator, $$"""{"name":"{{id}}"}""");
        return (await SendAsync(HttpMethod.Post, "/v1/api-keys", Keys.Operator, $$"""{"name":"benchmark","roles":["app"],"tenantId":"{{id}}"}""")).GetProperty("key").GetString()!;
    }

    /// <summary>The answer to an operator's GET.</summary>
    public Task<JsonElement> GetAsync(string path) => SendAsync(HttpMethod.Get, path, Keys.Operator, null);

    /// <summary>The answer to an operator's POST without a body.</summary>
    public Task<JsonElement> PostAsync(string path) => SendAsync(HttpMethod.Post, path, Keys.Operator, null);

    /// <summary>Sends lines of a bulk request; each of them must be done.</summary>
    public async Task BatchAsync(string apiKey, string lines)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/batch", UriKind.Relative)) { Content = new StringContent(lines, Encoding.UTF8, "application/x-ndjson") };
        request.Content.Headers.ContentType!.CharSet = null;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        var bad = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(l => !l.Contains("\"status\":201", StringComparison.Ordinal));
        if (!answer.IsSuccessStatusCode || bad is not null) throw new InvalidOperationException($"A batch was not done: {(int)answer.StatusCode} {bad ?? text}");
    }

    public async ValueTask DisposeAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        await process.WaitForExitAsync(patience.Token);
        process.Dispose();
        client.Dispose();
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string apiKey, string? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (method == HttpMethod.Post) request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            request.Content.Headers.ContentType!.CharSet = null;
        }

        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{path} was answered {(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
