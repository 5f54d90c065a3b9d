using System.Buffers;
using Ledger.Api.Access;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>The bytes of a batch, in an array of the pool: bodies of megabytes that are made anew each time are what the collector stops everybody for.</summary>
internal sealed class BatchBody : IDisposable
{
    private const int SizeOfUnknown = 64 * 1024;

    private byte[] bytes;
    private int length;

    private BatchBody(int size) => bytes = ArrayPool<byte>.Shared.Rent(size);

    /// <summary>How many lines it has; blank ones are none.</summary>
    public int LineCount { get; private set; }

    /// <summary>Reads the body of a request; null where it has too many bytes.</summary>
    public static async Task<BatchBody?> ReadAsync(HttpRequest request, int bytesMax, CancellationToken cancellationToken)
    {
        var body = new BatchBody((int)(request.ContentLength ?? SizeOfUnknown));
        var isRead = false;
        try
        {
            isRead = await body.FillAsync(request, bytesMax, cancellationToken);
            return isRead ? body : null;
        }
        finally
        {
            if (!isRead) body.Dispose();
        }
    }

    /// <summary>The next line from a place on, and the place behind it; false where there is none.</summary>
    public bool TryNext(ref int at, out ReadOnlySpan<byte> line)
    {
        var rest = bytes.AsSpan(0, length);
        while (at < length)
        {
            line = rest[at..];
            if (line.IndexOf((byte)'\n') is var end and >= 0) line = line[..end];
            at += line.Length + 1;
            if (line.ContainsAnyExcept(" \t\r"u8)) return true;
        }

        line = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var rented = bytes;
        (bytes, length) = ([], 0);
        if (rented.Length > 0) ArrayPool<byte>.Shared.Return(rented);
    }

    private async Task<bool> FillAsync(HttpRequest request, int bytesMax, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            var fits = length + read.Buffer.Length <= bytesMax;
            if (fits) Add(read.Buffer);
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (!fits) return false;
            if (!read.IsCompleted) continue;
            for (var at = 0; TryNext(ref at, out _);) LineCount++;
            return true;
        }
    }

    private void Add(in ReadOnlySequence<byte> more)
    {
        var all = length + (int)more.Length;
        if (all > bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(all, 2 * bytes.Length));
            bytes.AsSpan(0, length).CopyTo(larger);
            if (bytes.Length > 0) ArrayPool<byte>.Shared.Return(bytes);
            bytes = larger;
        }

        more.CopyTo(bytes.AsSpan(length));
        length = all;
    }
}

/// <summary>Reads the lines of a batch, some at a time.</summary>
internal sealed class BatchReader(BatchBody body, Caller caller, EventMeta meta)
{
    private int at;

    /// <summary>Reads the next lines, at most so many; none at the end.</summary>
    public async ValueTask<IReadOnlyList<BatchLine>> ReadAsync(int max)
    {
        var lines = new List<BatchLine>(Math.Min(max, body.LineCount));
        while (lines.Count < max && body.TryNext(ref at, out var line))
        {
            lines.Add(BatchLine.Read(line, caller, meta));
            if (lines.Count % BatchEndpoint.LinesATurn == 0) await Task.Yield();
        }

        return lines;
    }
}
