using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>
/// Keep-alive connections over plain sockets, one request in flight on each, all on one thread that asks the kernel which of them have something to say. Requests are bytes with
/// a few digits changed: the generator takes as little of the shared cores as it can. Prints its figures as one line of JSON.
/// </summary>
internal static class LoadGenerator
{
    public static int Run(LoadOptions options)
    {
        var clock = Stopwatch.StartNew();
        var warm = TimeSpan.FromSeconds(options.WarmUp);
        var end = warm + TimeSpan.FromSeconds(options.Seconds);
        var lanes = Enumerable.Range(0, options.Connections).Select(i => new Lane(options, i)).ToList();
        var bySocket = lanes.ToDictionary(lane => lane.Socket);
        var (reading, writing) = (new List<Socket>(lanes.Count), new List<Socket>());
        while (clock.Elapsed is var now && now < end)
        {
            var next = end;
            reading.Clear();
            writing.Clear();
            foreach (var lane in lanes)
            {
                if (lane.IsOver) continue;
                if (lane.IsIdle && lane.Due <= now) lane.Begin(now);
                if (lane.IsIdle && lane.Due < next) next = lane.Due;
                if (lane.IsSending) writing.Add(lane.Socket);
                else if (!lane.IsIdle) reading.Add(lane.Socket);
            }

            var patience = next - now;
            if (reading.Count + writing.Count == 0)
            {
                Task.Delay(patience).Wait();
                continue;
            }

            Socket.Select(reading.Count == 0 ? null : reading, writing.Count == 0 ? null : writing, null, patience);
            foreach (var socket in writing) bySocket[socket].Send();
            // Several answers read together are answered late by no more than it takes to read them.
            foreach (var socket in reading) bySocket[socket].Receive(clock, warm, end);
        }

        var latencies = lanes.SelectMany(l => l.Latencies).Order().ToArray();
        double At(double share) => latencies.Length == 0 ? 0 : latencies[Math.Min(latencies.Length - 1, (int)(latencies.Length * share))] / 1_000.0;
        var result = new LoadResult(lanes.Sum(l => l.Done), lanes.Sum(l => l.Refused), lanes.Sum(l => l.Failed), options.Seconds, At(0.5), At(0.99), At(1));
        Console.WriteLine(JsonSerializer.Serialize(result));
        foreach (var lane in lanes) lane.Socket.Dispose();
        return 0;
    }

    private sealed class Lane
    {
        private readonly LoadOptions options;
        private readonly int number;
        private readonly byte[] received;
        private readonly Random random;
        private byte[] request = [];
        private int accountAt;
        private int keyAt;
        private int sent;
        private int length;
        private TimeSpan started;
        private long sequence;

        public Lane(LoadOptions options, int number)
        {
            (this.options, this.number, random) = (options, number, new Random(number));
            received = new byte[options.Kind == "batch" ? 8_000_000 : 16_384];
            Due = options.Rate > 0 ? TimeSpan.FromSeconds(number / options.Rate) : TimeSpan.Zero;
            Prepare();
            Socket.Connect(new IPEndPoint(IPAddress.Loopback, options.Port));
            Socket.Blocking = false;
        }

        public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public List<int> Latencies { get; } = new(20_000);

        public long Done { get; private set; }

        public long Refused { get; private set; }

        public long Failed { get; private set; }

        /// <summary>Nothing is in flight on it.</summary>
        public bool IsIdle { get; private set; } = true;

        /// <summary>Not all of its request has been sent.</summary>
        public bool IsSending => !IsIdle && sent < request.Length;

        /// <summary>The server has closed it.</summary>
        public bool IsOver { get; private set; }

        /// <summary>When the next request is sent at the soonest. In an open loop each connection has its own places in the timetable, and latency counts from there.</summary>
        public TimeSpan Due { get; private set; }

        public void Begin(TimeSpan now)
        {
            if (options.Kind == "batch") PrepareBatch();
            else Change();
            started = options.Rate > 0 ? Due : now;
            if (options.Rate > 0) Due += TimeSpan.FromSeconds(options.Connections / options.Rate);
            (sent, length, IsIdle) = (0, 0, false);
            Send();
        }

        public void Send()
        {
            while (sent < request.Length)
            {
                var more = Socket.Send(request.AsSpan(sent), SocketFlags.None, out var fault);
                if (fault == SocketError.WouldBlock) return;
                if (fault != SocketError.Success)
                {
                    IsOver = true;
                    return;
                }

                sent += more;
            }
        }

        public void Receive(Stopwatch clock, TimeSpan warm, TimeSpan end)
        {
            var read = Socket.Receive(received.AsSpan(length), SocketFlags.None, out var fault);
            if (fault == SocketError.WouldBlock) return;
            if (fault != SocketError.Success || read == 0)
            {
                IsOver = true;
                return;
            }

            length += read;
            var (status, lines) = Answer(received.AsSpan(0, length));
            if (status == 0) return;
            IsIdle = true;
            var now = clock.Elapsed;
            if (now >= warm && now <= end)
            {
                if (status is 200 or 201) Done += lines;
                else if (status == 503) Refused++;
                else Failed++;
                Latencies.Add((int)(now - started).TotalMicroseconds);
            }

            if (now < end && Due <= now) Begin(now);
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

        /// <summary>The status of an answer that is all there, and how many commands it tells done; 0 while some of it is missing.</summary>
        private (int Status, int Lines) Answer(ReadOnlySpan<byte> answer)
        {
            var headEnd = answer.IndexOf("\r\n\r\n"u8);
            if (headEnd < 0) return default;
            var head = answer[..headEnd];
            var at = head.IndexOf("Content-Length: "u8);
            if (at >= 0) return answer.Length < headEnd + 4 + Number(head[(at + 16)..]) ? default : (Number(answer[9..]), 1);
            return answer.EndsWith("0\r\n\r\n"u8) ? (Number(answer[9..]), options.Kind == "batch" ? Count(answer[headEnd..], "\"status\":201"u8) : 1) : default;
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
