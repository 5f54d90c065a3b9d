using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ledger.Bench;

/// <summary>One connection with at most one request in flight.</summary>
internal sealed class LoadLane
{
    private const int BytesMax = 16_000_000;

    private readonly LoadOptions options;
    private readonly int number;
    private readonly string apiKey;
    private readonly byte[] received;
    private readonly Random random;
    private byte[] request = [];
    private int accountAt;
    private int keyAt;
    private int sent;
    private int length;
    private TimeSpan started;
    private TimeSpan due;
    private long sequence;

    public LoadLane(LoadOptions options, int number)
    {
        (this.options, this.number, random) = (options, number, new Random(number));
        apiKey = options.ApiKeys[number % options.ApiKeys.Count];
        received = new byte[options.Kind == "batch" ? BytesMax : 8_192];
        due = options.Rate > 0 ? TimeSpan.FromSeconds(number / options.Rate) : TimeSpan.Zero;
        Prepare();
        Socket.Connect(new IPEndPoint(IPAddress.Loopback, options.Ports[number % options.Ports.Count]));
        Socket.Blocking = false;
    }

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Nothing is in flight on it.</summary>
    public bool IsIdle { get; private set; } = true;

    /// <summary>Not all of its request has been sent.</summary>
    public bool IsSending => !IsIdle && sent < request.Length;

    /// <summary>A refused client comes again when it was told to; until then it is idle. Zero where there is nothing to wait for.</summary>
    public TimeSpan RestsUntil { get; private set; }

    /// <summary>The server has closed it.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Sends the next request. In an open loop each connection has its own places in the timetable, and latency counts from there.</summary>
    public void Begin(TimeSpan now)
    {
        if (options.Kind == "batch") PrepareBatch();
        else Change();
        started = options.Rate > 0 ? due : now;
        if (options.Rate > 0) due += TimeSpan.FromSeconds(options.Connections / options.Rate);
        (sent, length, IsIdle) = (0, 0, false);
        Send();
    }

    /// <summary>Goes on with what the socket is ready for.</summary>
    public void Advance(Stopwatch clock, LoadCounts counts)
    {
        if (IsSending) Send();
        var read = Socket.Receive(received.AsSpan(length), SocketFlags.None, out var fault);
        if (fault == SocketError.WouldBlock) return;
        if (fault != SocketError.Success || read == 0)
        {
            IsOver = true;
            Socket.Close();
            return;
        }

        length += read;
        var (status, lines) = Answer(received.AsSpan(0, length));
        if (status == 0) return;
        IsIdle = true;
        var now = clock.Elapsed;
        var retryAfter = status == 503 ? RetryAfter(received.AsSpan(0, length)) : 0;
        counts.Add(now, now - started, status, lines, retryAfter > 0);
        RestsUntil = retryAfter > 0 ? now + TimeSpan.FromSeconds(retryAfter) : TimeSpan.Zero;
        if (retryAfter == 0 && now < counts.End && due <= now) Begin(now);
    }

    private void Send()
    {
        while (sent < request.Length)
        {
            var more = Socket.Send(request.AsSpan(sent), SocketFlags.None, out var fault);
            if (fault == SocketError.WouldBlock) return;
            if (fault != SocketError.Success)
            {
                IsOver = true;
                Socket.Close();
                return;
            }

            sent += more;
        }
    }

    private void Prepare()
    {
        var head = $"Host: 127.0.0.1\r\nAuthorization: Bearer {apiKey}\r\n";
        const string body = "{\"amount\":1,\"service\":\"chat_assistant\",\"operation\":\"completion\",\"reference\":\"req_1\"}";
        var text = options.Kind == "read"
            ? $"GET /v1/accounts/bench_00000000 HTTP/1.1\r\n{head}\r\n"
            : $"POST /v1/accounts/bench_00000000/consumptions HTTP/1.1\r\n{head}Content-Type: application/json\r\nIdempotency-Key: {options.Run}-{number:0000}-000000000000\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        request = Encoding.ASCII.GetBytes(text);
        accountAt = text.IndexOf("bench_", StringComparison.Ordinal) + 6;
        keyAt = text.IndexOf("-000000000000", StringComparison.Ordinal) + 1;
    }

    private void Change()
    {
        Utf8Formatter.TryFormat(options.FirstAccount + random.Next(options.Accounts), request.AsSpan(accountAt), out _, new StandardFormat('D', 8));
        if (options.Kind != "read") Utf8Formatter.TryFormat(sequence++, request.AsSpan(keyAt), out _, new StandardFormat('D', 12));
    }

    private void PrepareBatch()
    {
        var lines = new StringBuilder(options.LinesPerRequest * 130);
        for (var i = 0; i < options.LinesPerRequest; i++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"{{\"key\":\"{options.Run}-{number}-{sequence++}\",\"accountId\":\"bench_{options.FirstAccount + random.Next(options.Accounts):00000000}\",\"command\":\"consume\",\"amount\":1,\"service\":\"chat_assistant\"}}\n");
        }

        request = Encoding.ASCII.GetBytes(
            $"POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {apiKey}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {lines.Length}\r\n\r\n{lines}");
    }

    /// <summary>The status of an answer that is all there, and how many commands it tells done; 0 while some of it is missing.</summary>
    private (int Status, int Lines) Answer(ReadOnlySpan<byte> answer)
    {
        var headEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0) return default;
        var head = answer[..headEnd];
        var at = head.IndexOf("Content-Length: "u8);
        if (at >= 0) return answer.Length < headEnd + 4 + Number(head[(at + 16)..]) ? default : (Number(answer[9..]), 1);
        return answer.EndsWith("0\r\n\r\n"u8) ? (Number(answer[9..]), options.Kind == "batch" ? answer[headEnd..].Count("\"status\":201"u8) : 1) : default;
    }

    /// <summary>Seconds; 0 where a refusal does not tell.</summary>
    private static int RetryAfter(ReadOnlySpan<byte> answer) => answer.IndexOf("Retry-After: "u8) is var at and >= 0 ? Number(answer[(at + 13)..]) : 0;

    private static int Number(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out int number, out _) ? number : throw new InvalidDataException("The answer is no HTTP.");
}
