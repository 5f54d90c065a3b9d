using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Ledger.Testing;

/// <summary>
/// Stands between a client and the server and does what networks do: it can hold everything back, cut every connection, refuse new ones,
/// and swallow the server's answer to a COMMIT, so that the server has committed and the client can't know.
/// </summary>
public sealed class PostgresRelay : IAsyncDisposable
{
    private const int SslRequest = 80877103;
    private const int GssRequest = 80877104;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<Link, byte> _links = new();
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private TaskCompletionSource? _paused;
    private int _commits;
    private int _swallowAt = -1;
    private int _swallowEvery;
    private bool _pausesAtCommit;
    private int _swallowed;
    private int _committedUnheard;

    private PostgresRelay(string server)
    {
        _server = new NpgsqlConnectionStringBuilder(server);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(server)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            SslMode = SslMode.Disable,
        }.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>The server's connection string, by way of the relay.</summary>
    public string ConnectionString { get; }

    /// <summary>COMMITs asked for so far, in all sessions.</summary>
    public int Commits => Volatile.Read(ref _commits);

    /// <summary>Answers to COMMIT that were swallowed.</summary>
    public int Swallowed => Volatile.Read(ref _swallowed);

    /// <summary>Of those, the ones in which the server had said COMMIT (and not ROLLBACK or an error).</summary>
    public int CommittedUnheard => Volatile.Read(ref _committedUnheard);

    /// <summary>Sessions open now.</summary>
    public int Sessions => _links.Count;

    /// <summary>While true, a new connection is closed at once.</summary>
    public bool RefusesNew { get; set; }

    /// <summary>Commits are counted, swallowed and paused in sessions of this application_name alone, by what their start says; null for all. Set it before the sessions begin.</summary>
    public string? CommitsOf { get; init; }

    /// <summary>To the server that the connection string names: a host and port, or the folder of a socket.</summary>
    public static PostgresRelay To(string connectionString, string? commitsOf = null) => new(connectionString) { CommitsOf = commitsOf };

    /// <summary>Swallows the answer to the n-th COMMIT from now on (1 is the next).</summary>
    public void SwallowCommit(int nth = 1)
    {
        lock (_gate) _swallowAt = _commits + nth;
    }

    /// <summary>Swallows the answer to every n-th COMMIT; 0 ends it.</summary>
    public void SwallowEvery(int n)
    {
        lock (_gate) _swallowEvery = n;
    }

    /// <summary>Holds every byte back, both ways, until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        lock (_gate) _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Resume()
    {
        lock (_gate)
        {
            _paused?.SetResult();
            _paused = null;
        }
    }

    /// <summary>Pauses in the middle of the next commit: the server has all of its transaction but the word to commit, and waits for it.</summary>
    public void PauseAtCommit()
    {
        lock (_gate) _pausesAtCommit = true;
    }

    /// <summary>Resets every connection, on both sides.</summary>
    public void CutAll()
    {
        foreach (var link in _links.Keys) link.Cut();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Resume();
        CutAll();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_closing.Token);
            }
            catch (Exception problem) when (problem is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            if (RefusesNew) client.Dispose();
            else _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var link = new Link(client, await ConnectAsync());
        _links[link] = 0;
        try
        {
            if (await OpenAsync(link)) await Task.WhenAll(FromClientAsync(link), FromServerAsync(link));
        }
        catch (Exception problem) when (problem is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone; so is the other below.
        }
        finally
        {
            _links.TryRemove(link, out _);
            link.Cut();
        }
    }

    private async Task<Socket?> ConnectAsync()
    {
        var host = _server.Host!;
        var socket = host.StartsWith('/') ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await (host.StartsWith('/')
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(host, $".s.PGSQL.{_server.Port}")), _closing.Token)
                : socket.ConnectAsync(new DnsEndPoint(host, _server.Port), _closing.Token));
            return socket;
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>The first messages have no type: encryption is declined here, start and cancellation are passed on.</summary>
    private async Task<bool> OpenAsync(Link link)
    {
        if (link.Server is null) return false;
        while (await PostgresMessage.ReadAsync(link.Client, typed: false, _closing.Token) is { } first)
        {
            if (first.Bytes.Length == 8 && BinaryPrimitives.ReadInt32BigEndian(first.Body) is SslRequest or GssRequest)
            {
                await link.Client.WriteAsync("N"u8.ToArray(), _closing.Token);
                continue;
            }
            link.IsWatched = CommitsOf is null || first.Body.IndexOf(Encoding.UTF8.GetBytes($"application_name\0{CommitsOf}\0")) >= 0;
            await PassAsync(link.Server, first);
            return true;
        }
        return false;
    }

    private async Task FromClientAsync(Link link)
    {
        var watch = new CommitWatch();
        // The server says "ready" once after the start and once for each question; so the answer to a commit can be told from earlier ones still on their way.
        var questions = 1;
        try
        {
            while (await PostgresMessage.ReadAsync(link.Client, typed: true, _closing.Token) is { } message)
            {
                // Noted before it is passed on: the answer may be faster than the next line here.
                if (link.IsWatched && watch.IsCommit(message) && IsToSwallow()) link.SwallowsQuestion = questions + 1;
                if ((char)message.Type is 'Q' or 'S' or 'F') questions++;
                await PassAsync(link.Server!, message);
            }
        }
        catch (Exception problem) when (link.SwallowsQuestion > 0 && problem is IOException or ObjectDisposedException)
        {
            // The client gave up waiting; the server's answer is still counted.
        }
        if (link.SwallowsQuestion == 0) link.Cut();
    }

    private async Task FromServerAsync(Link link)
    {
        var (answered, committed) = (0, false);
        while (await PostgresMessage.ReadAsync(link.Server!, typed: true, _closing.Token) is { } message)
        {
            var swallows = link.SwallowsQuestion == answered + 1;
            if (!swallows) await PassAsync(link.Client, message);
            else if (message.Type == 'C' && message.Body.StartsWith("COMMIT"u8)) committed = true;
            if (message.Type != 'Z') continue;
            answered++;
            if (!swallows) continue;
            // The commit is over, and nobody hears of it.
            Interlocked.Increment(ref _swallowed);
            if (committed) Interlocked.Increment(ref _committedUnheard);
            break;
        }
        link.Cut();
    }

    private async Task PassAsync(Stream to, PostgresMessage message)
    {
        Task? paused;
        lock (_gate) paused = _paused?.Task;
        if (paused is not null) await paused.WaitAsync(_closing.Token);
        await to.WriteAsync(message.Bytes, _closing.Token);
    }

    private bool IsToSwallow()
    {
        lock (_gate)
        {
            _commits++;
            if (_pausesAtCommit)
            {
                _pausesAtCommit = false;
                _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return _commits == _swallowAt || (_swallowEvery > 0 && _commits % _swallowEvery == 0);
        }
    }

    private sealed class Link : IDisposable
    {
        private readonly Socket _client;
        private readonly Socket? _server;

        public Link(Socket client, Socket? server)
        {
            client.NoDelay = true;
            _client = client;
            _server = server;
            Client = new NetworkStream(client);
            Server = server is null ? null : new NetworkStream(server);
        }

        public NetworkStream Client { get; }

        public NetworkStream? Server { get; }

        public bool IsWatched { get; set; }

        /// <summary>Number of the question whose answer is kept from the client; 0 for none.</summary>
        public volatile int SwallowsQuestion;

        /// <summary>A reset, as from a machine that is gone; not an orderly end.</summary>
        public void Cut()
        {
            _client.Close(timeout: 0);
            _server?.Close(timeout: 0);
        }

        public void Dispose()
        {
            Client.Dispose();
            Server?.Dispose();
            _client.Dispose();
            _server?.Dispose();
        }
    }
}
