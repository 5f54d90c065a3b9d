using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>
/// Keep-alive connections over plain sockets, one request in flight on each. Requests are bytes with a few digits changed, so that the generator takes
/// as little of the shared cores as it can. Prints its figures as one line of JSON.
/// </summary>
internal static class LoadGenerator
{
    public static async Task<int> RunAsync(LoadOptions options)
    {
        var clock = Stopwatch.StartNew();
        var warm = TimeSpan.FromSeconds(options.WarmUp);
        var end = warm + TimeSpan.FromSeconds(options.Seconds);
        var lanes = Enumerable.Range(0, options.Connections).Select(i => new Lane(options, i)).ToList();
        await Task.WhenAll(lanes.Select(lane => lane.RunAsync(clock, warm, end)));
        var latencies = lanes.SelectMany(l => l.Latencies).Order().ToArray();
        double At(double share) => latencies.Length == 0 ? 0 : latencies[Math.Min(latencies.Length - 1, (int)(latencies.Length * share))] / 1_000.0;
        var result = new LoadResult(lanes.Sum(l => l.Done), lanes.Sum(l => l.Refused), lanes.Sum(l => l.Failed), options.Seconds, At(0.5), At(0.99), At(1));
        Console.WriteLine(JsonSerializer.Serialize(result));
        return 0;
    }

    private sealed class Lane(LoadOptions options, int number)
    {
        private readonly byte[] received = new byte[options.Kind == "batch" ? 8_000_000 : 16_384];
        private readonly Random random = new(number);
        private byte[] request = [];
        private int accountAt;
        private int keyAt;
        private long sequence;

        public List<int> Latencies { get; } = new(100_000);

        public long Done { get; private set; }

        public long Refused { get; private set; }

        public long Failed { get; private set; }

        public async Task RunAsync(Stopwatch clock, TimeSpan warm, TimeSpan end)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, options.Port));
            Prepare();
            var due = options.Rate > 0 ? TimeSpan.FromSeconds(number / options.Rate) : TimeSpan.Zero;
            while (clock.Elapsed < end)
            {
                // An open loop: each connection has its own places in the timetable, and latency counts from there.
                if (options.Rate > 0 && due > clock.Elapsed) await Task.Delay(due - clock.Elapsed);
                if (options.Kind == "batch") PrepareBatch();
                else Change();
                var started = options.Rate > 0 ? due : clock.Elapsed;
                if (options.Rate > 0) due += TimeSpan.FromSeconds(options.Connections / options.Rate);
                await SendAsync(socket);
                var (status, lines) = await ReceiveAsync(socket);
                if (status == 0) return;
                var now = clock.Elapsed;
                if (now < warm || now > end) continue;
                if (status is 200 or 201) Done += lines;
                else if (status == 503) Refused++;
                else Failed++;
                Latencies.Add((int)(now - started).TotalMicroseconds);
            }
        }

        private void Prepare()
        {
            var head = $"Host: 127.0.0.1\r\nAuthorization: Bearer {options.ApiKey}\r\n";
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
            var account = options.Kind == "hot" ? 0 : random.Next(options.Accounts);
            Utf8Formatter.TryFormat(account, request.AsSpan(accountAt), out _, new System.Buffers.StandardFormat('D', 8));
            if (options.Kind != "read") Utf8Formatter.TryFormat(sequence++, request.AsSpan(keyAt), out _, new System.Buffers.StandardFormat('D', 12));
        }

        private void PrepareBatch()
        {
            var lines = new StringBuilder(options.LinesPerRequest * 130);
            for (var i = 0; i < options.LinesPerRequest; i++)
            {
                lines.Append(CultureInfo.InvariantCulture, $"{{\"key\":\"{options.Run}-{number}-{sequence++}\",\"accountId\":\"bench_{random.Next(options.Accounts):00000000}\",\"command\":\"consume\",\"amount\":1,\"service\":\"chat_assistant\"}}\n");
            }

            request = Encoding.ASCII.GetBytes(
                $"POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {options.ApiKey}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {lines.Length}\r\n\r\n{lines}");
        }

        private async ValueTask SendAsync(Socket socket)
        {
            for (var sent = 0; sent < request.Length;) sent += await socket.SendAsync(request.AsMemory(sent));
        }

        /// <summary>Reads one answer; gives its status and how many commands it tells done.</summary>
        private async ValueTask<(int Status, int Lines)> ReceiveAsync(Socket socket)
        {
            var length = 0;
            while (true)
            {
                var read = await socket.ReceiveAsync(received.AsMemory(length));
                if (read == 0) return (0, 0);
                length += read;
                var answer = received.AsSpan(0, length);
                var headEnd = answer.IndexOf("\r\n\r\n"u8);
                if (headEnd < 0) continue;
                var status = Number(answer[9..]);
                var head = answer[..headEnd];
                var at = head.IndexOf("Content-Length: "u8);
                if (at >= 0)
                {
                    if (length >= headEnd + 4 + Number(head[(at + 16)..])) return (status, 1);
                }
                else if (answer.EndsWith("0\r\n\r\n"u8))
                {
                    return (status, options.Kind == "batch" ? Count(answer[headEnd..], "\"status\":201"u8) : 1);
                }
            }
        }

        private static int Number(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out int number, out _) ? number : throw new InvalidDataException("The answer is no HTTP.");

        private static int Count(ReadOnlySpan<byte> text, ReadOnlySpan<byte> what)
        {
            var count = 0;
            for (var at = text.IndexOf(what); at >= 0; at = text.IndexOf(what))
            {
                count++;
                text = text[(at + what.Length)..];
            }

            return count;
        }
    }
}
