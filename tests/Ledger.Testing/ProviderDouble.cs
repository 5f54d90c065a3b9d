using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Ledger.Testing;

/// <summary>One request as a double got it. The path has no query; header names are in any case.</summary>
public sealed record DoubleRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>What a double answers.</summary>
public sealed record DoubleAnswer(int Status, JsonNode? Body, params (string Name, string Value)[] Headers);

/// <summary>A payment provider's API on loopback that refuses what the real one would refuse, and that can fail on demand. Requests are answered one after the other.</summary>
public abstract class ProviderDouble : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly Task _serving;
    private readonly ConcurrentQueue<DoubleRequest> _requests = new();
    private readonly Queue<(string Path, int Status, (string, string)[] Headers)> _failures = new();
    private readonly Queue<string> _losses = new();

    protected ProviderDouble()
    {
        (_listener, Address) = Listen();
        _serving = Task.Run(ServeAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>All that it was sent, refused or not.</summary>
    public IReadOnlyCollection<DoubleRequest> Requests => _requests;

    /// <summary>What counts as now, for limits of time.</summary>
    public Func<DateTimeOffset> Now { get; set; } = () => DateTimeOffset.UtcNow;

    protected Lock Gate { get; } = new();

    /// <summary>The next requests below <paramref name="path"/> get this status, and nothing is done.</summary>
    public void FailNext(string path, int status, int times = 1, params (string Name, string Value)[] headers)
    {
        lock (Gate)
        {
            for (; times > 0; times--) _failures.Enqueue((path, status, headers));
        }
    }

    /// <summary>The next requests below <paramref name="path"/> are done, and their answers are lost: the connection ends.</summary>
    public void LoseNext(string path, int times = 1)
    {
        lock (Gate)
        {
            for (; times > 0; times--) _losses.Enqueue(path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_listener.IsListening) _listener.Stop();
        await _serving;
        try
        {
            _listener.Close();
        }
        catch (HttpListenerException)
        {
            // To close it, the listener looks its own address up anew, which another one may hold by now: it has stopped, and that is what counts.
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Answers one request; called under <see cref="Gate"/>.</summary>
    protected abstract DoubleAnswer Answer(DoubleRequest request);

    /// <summary>The answer for a failure that was asked for.</summary>
    protected abstract JsonNode Failure(int status);

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception problem) when (problem is HttpListenerException or ObjectDisposedException || !_listener.IsListening)
            {
                // Stopped, perhaps before it ever waited.
                return;
            }

            // Nobody waits for this one: several may be on their way at once.
            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var url = (context.Request.RawUrl ?? "/").Split('?', 2);
            var headers = context.Request.Headers.AllKeys.OfType<string>().ToDictionary(name => name, name => context.Request.Headers[name] ?? "", StringComparer.OrdinalIgnoreCase);
            var request = new DoubleRequest(context.Request.HttpMethod, Uri.UnescapeDataString(url[0]), url.Length > 1 ? url[1] : "", headers, await reader.ReadToEndAsync());
            _requests.Enqueue(request);
            DoubleAnswer answer;
            bool lost;
            lock (Gate)
            {
                if (_failures.TryPeek(out var failure) && request.Path.StartsWith(failure.Path, StringComparison.Ordinal))
                {
                    _failures.Dequeue();
                    answer = new DoubleAnswer(failure.Status, Failure(failure.Status), failure.Headers);
                    lost = false;
                }
                else
                {
                    answer = Answer(request);
                    lost = _losses.TryPeek(out var path) && request.Path.StartsWith(path, StringComparison.Ordinal);
                    if (lost) _losses.Dequeue();
                }
            }

            if (lost)
            {
                // More is announced than comes: the client sees the connection end within the answer.
                context.Response.ContentLength64 = 1000;
                await context.Response.OutputStream.WriteAsync("{"u8.ToArray());
                context.Response.Abort();
                return;
            }

            context.Response.StatusCode = answer.Status;
            // A provider's clock: it says when an answer was given.
            context.Response.Headers["Date"] = Now().UtcDateTime.ToString("r", System.Globalization.CultureInfo.InvariantCulture);
            foreach (var (name, value) in answer.Headers) context.Response.Headers[name] = value;
            if (answer.Body is not null)
            {
                var body = Encoding.UTF8.GetBytes(answer.Body.ToJsonString());
                context.Response.ContentType = "application/json";
                // With its length known, the answer goes out in one piece and nobody waits for the second.
                context.Response.ContentLength64 = body.Length;
                await context.Response.OutputStream.WriteAsync(body);
            }

            context.Response.Close();
        }
        catch (Exception problem) when (problem is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client has gone: it is told by its own call.
            context.Response.Abort();
        }
        catch (Exception problem)
        {
            context.Response.StatusCode = 599;
            context.Response.Close(Encoding.UTF8.GetBytes(problem.ToString()), willBlock: false);
        }
    }

    // A listener can't be asked for any free port: one that was free a moment ago is tried.
    private static (HttpListener Listener, Uri Address) Listen()
    {
        for (var attempt = 1; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(address.AbsoluteUri);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                listener.Close();
            }
        }
    }
}
