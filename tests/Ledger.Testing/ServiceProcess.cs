using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ledger.Testing;

/// <summary>The service as a real process, which a test may kill, stop and start again on the same address.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly IReadOnlyList<string> _arguments;
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private Process _process;

    private ServiceProcess(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> arguments, Uri address)
    {
        _environment = environment;
        _arguments = arguments;
        Address = address;
        Http = new HttpClient { BaseAddress = address };
        _process = Begin();
    }

    public Uri Address { get; }

    /// <summary>A client with the service's address; closed with it.</summary>
    public HttpClient Http { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>All that it has printed so far, over all its starts.</summary>
    public string Output
    {
        get
        {
            lock (_gate) return _output.ToString();
        }
    }

    /// <summary>The built program: LEDGER_API_DLL, else the one of this test's configuration.</summary>
    public static string Program
    {
        get
        {
            if (Environment.GetEnvironmentVariable("LEDGER_API_DLL") is { Length: > 0 } named) return named;
            // artifacts/bin/<project>/<configuration>/
            var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return Path.Combine(configuration.Parent!.Parent!.FullName, "Ledger.Api", configuration.Name, "Ledger.Api.dll");
        }
    }

    /// <summary>Starts it on a free port and waits until it is ready. Environment: Development, unless given.</summary>
    public static async Task<ServiceProcess> StartAsync(
        IReadOnlyDictionary<string, string> environment, IReadOnlyList<string>? arguments = null, CancellationToken cancel = default)
    {
        var service = new ServiceProcess(environment, arguments ?? [], new Uri($"http://127.0.0.1:{FreePort()}"));
        try
        {
            await service.WaitUntilReadyAsync(cancel);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Starts it again, with the same settings and address, after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task RestartAsync(CancellationToken cancel = default)
    {
        if (!_process.HasExited) throw new InvalidOperationException("The service still runs.");
        _process.Dispose();
        _process = Begin();
        await WaitUntilReadyAsync(cancel);
    }

    public async Task WaitUntilReadyAsync(CancellationToken cancel = default)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited) throw new InvalidOperationException($"The service ended with status {_process.ExitCode} before it was ready:\n{Output}");
            if (await IsReadyAsync(cancel)) return;
            if (waited.Elapsed > ReadyMax) throw new TimeoutException($"The service was not ready within {ReadyMax.TotalSeconds} s:\n{Output}");
            await Task.Delay(50, cancel);
        }
    }

    /// <summary>SIGKILL: no last word, no clean-up.</summary>
    public async Task KillAsync()
    {
        await Signals.SendAsync("KILL", ProcessId);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for the end; gives the exit status.</summary>
    public async Task<int> StopAsync(string signal = "TERM")
    {
        if (!_process.HasExited) await Signals.SendAsync(signal, ProcessId);
        await _process.WaitForExitAsync().WaitAsync(StopMax);
        return _process.ExitCode;
    }

    /// <summary>SIGSTOP: the process stands still with all its connections open.</summary>
    public Task PauseAsync() => Signals.SendAsync("STOP", ProcessId);

    public Task ContinueAsync() => Signals.SendAsync("CONT", ProcessId);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            await ContinueAsync();
            try
            {
                await StopAsync();
            }
            catch (TimeoutException)
            {
                await KillAsync();
                throw;
            }
        }
        _process.Dispose();
    }

    private Process Begin()
    {
        if (!File.Exists(Program)) throw new FileNotFoundException($"{Program} is not built.");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in (string[])[Program, "--urls", Address.GetLeftPart(UriPartial.Authority), .. _arguments]) start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in _environment) start.Environment[name] = value;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // A test run that ends early leaves none behind.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => End(process);
        return process;
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill();
        }
        catch (InvalidOperationException)
        {
            // Disposed of: it has ended.
        }
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_gate) _output.AppendLine(line);
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancel);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
