using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;

namespace Ledger.Api.Accounts;

/// <summary>
/// <c>POST /v1/batch</c>: a command on each line, an answer on each line, in the same order. Lines go through the lower lane of the queue, a bounded number
/// of them at a time, and answers are written as they come; so a batch of any size takes little memory and holds up no single command.
/// </summary>
internal sealed class BatchEndpoint(CommandHallway hallway, CommandAnswers answers)
{
    /// <summary>Most bytes of a batch.</summary>
    public const int BytesMax = 8 * 1024 * 1024;

    /// <summary>Most lines of a batch.</summary>
    public const int LinesMax = 10_000;

    /// <summary>At most so many lines of one request are under way at once.</summary>
    public const int UnderWayMax = 1_000;

    /// <summary>At most so many batches are under way at once over the whole node; the next one is answered 503.</summary>
    public const int BatchesMax = 32;

    /// <summary>At most so many of them belong to one tenant.</summary>
    public const int BatchesOfTenantMax = 8;

    /// <summary>So long the lines of a batch may take to arrive: a slow sender must not keep a place that others wait for.</summary>
    public static readonly TimeSpan UploadTimeMax = TimeSpan.FromSeconds(30);

    private const string MediaType = "application/x-ndjson";
    private readonly Dictionary<string, int> underWayOf = new(StringComparer.Ordinal);
    private int underWayOfAll;

    public async Task HandleAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var atomic = query.Flag("atomic") ?? false;
        var tenant = Caller.Of(http).Tenant;
        if (!Enter(tenant))
        {
            await Problem.Overloaded("There are too many batches under way. Nothing was done: send it again.").WriteAsync(http);
            return;
        }

        try
        {
            var (body, problem) = await TryReadAsync(http);
            problem ??= query.Problem();
            var lines = problem is null ? LinesOf(body, out problem) : [];
            if (problem is not null)
            {
                await problem.WriteAsync(http);
                return;
            }

            if (Preferences.DecimalsAsStrings(http)) Preferences.Echo(http);
            http.Response.ContentType = MediaType;
            if (atomic) await TogetherAsync(http, body, lines);
            else await EachAsync(http, body, lines);
        }
        finally
        {
            Leave(tenant);
        }
    }

    private bool Enter(string tenant)
    {
        lock (underWayOf)
        {
            var own = underWayOf.GetValueOrDefault(tenant);
            if (underWayOfAll >= BatchesMax || own >= BatchesOfTenantMax) return false;
            underWayOf[tenant] = own + 1;
            underWayOfAll++;
            return true;
        }
    }

    private void Leave(string tenant)
    {
        lock (underWayOf)
        {
            underWayOfAll--;
            if (--underWayOf[tenant] == 0) underWayOf.Remove(tenant);
        }
    }

    private async Task EachAsync(HttpContext http, byte[] body, List<Range> lines)
    {
        var (caller, output) = (Caller.Of(http), new BatchOutput(http, answers));
        var meta = CommandHandler.MetaOf(http, caller, null);
        var underWay = new Queue<(Task<CommandResult>? Result, BatchLine Line)>(UnderWayMax);
        foreach (var range in lines)
        {
            if (underWay.Count == UnderWayMax) await WriteNextAsync();
            var line = BatchLine.Read(body.AsSpan(range), caller, meta);
            underWay.Enqueue((line.Envelope is null ? null : hallway.SendAsync(line.Envelope, bulk: true), line));
            while (underWay.TryPeek(out var first) && first.Result is not { IsCompleted: false }) await WriteNextAsync();
        }

        while (underWay.Count > 0) await WriteNextAsync();
        await output.FlushAsync();

        async ValueTask WriteNextAsync()
        {
            var (result, line) = underWay.Dequeue();
            await output.WriteAsync(result is null ? new CommandResult { Problem = line.Problem } : await result, line.Shape);
        }
    }

    private async Task TogetherAsync(HttpContext http, byte[] body, List<Range> lines)
    {
        var (caller, output) = (Caller.Of(http), new BatchOutput(http, answers));
        var meta = CommandHandler.MetaOf(http, caller, null);
        var read = lines.Select(range => BatchLine.Read(body.AsSpan(range), caller, meta)).ToList();
        IReadOnlyList<CommandResult> results = read.Any(line => line.Problem is not null)
            ? read.Select(line => new CommandResult { Problem = line.Problem ?? CommandHallway.Aborted() }).ToList()
            : await hallway.SendTogetherAsync(read.Select(line => line.Envelope!).ToList());
        for (var i = 0; i < results.Count; i++) await output.WriteAsync(results[i], read[i].Shape);
        await output.FlushAsync();
    }

    private static async Task<(byte[] Body, Problem? Problem)> TryReadAsync(HttpContext http)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(UploadTimeMax);
        try
        {
            return await ReadAsync(http, patience.Token);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return ([], new Problem(ProblemTypes.RequestTimeout, $"The lines of a batch must arrive within {UploadTimeMax.TotalSeconds} s. Nothing was done: send fewer lines, or send them faster."));
        }
        catch (BadHttpRequestException failure) when (failure.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // The server counts a body of unknown length itself, and its bound is ours.
            return ([], TooLarge());
        }
    }

    private static async Task<(byte[] Body, Problem? Problem)> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (http.Request.ContentLength > BytesMax) return ([], TooLarge());
        if (RequestReader.CheckMediaType(http.Request, MediaType) is { } problem) return ([], problem);
        var body = new ArrayBufferWriter<byte>((int)(http.Request.ContentLength ?? 65_536) + 1);
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer) body.Write(segment.Span);
            reader.AdvanceTo(read.Buffer.End);
            if (body.WrittenCount > BytesMax) return ([], TooLarge());
            if (read.IsCompleted) return (body.WrittenSpan.ToArray(), null);
        }
    }

    private static Problem TooLarge() => new(ProblemTypes.TooLarge, $"A batch has at most {BytesMax} bytes and {LinesMax} lines.");

    private static List<Range> LinesOf(byte[] body, out Problem? problem)
    {
        var lines = new List<Range>();
        problem = null;
        for (var start = 0; start < body.Length;)
        {
            var length = body.AsSpan(start).IndexOf((byte)'\n');
            var end = length < 0 ? body.Length : start + length;
            if (body.AsSpan(start..end).ContainsAnyExcept(" \t\r"u8)) lines.Add(start..end);
            start = end + 1;
        }

        if (lines.Count > LinesMax) problem = TooLarge();
        return lines;
    }
}

/// <summary>Writes the answers of a batch, line by line.</summary>
internal sealed class BatchOutput(HttpContext http, CommandAnswers answers)
{
    private const int FlushAt = 64 * 1024;

    private readonly PipeWriter to = http.Response.BodyWriter;
    private readonly JsonSerializerOptions json = LedgerJson.For(http);
    private readonly string traceId = TraceIds.Of(http);
    private readonly ArrayBufferWriter<byte> line = new(1_024);

    /// <summary>Writes one line.</summary>
    public async ValueTask WriteAsync(CommandResult result, AnswerShape shape)
    {
        var (status, name, body) = result.Problem is { } problem ? (problem.Type.Status, "problem", null)
            : shape == AnswerShape.Hold ? await HoldAsync(result)
            : (CommandAnswers.StatusOf(result), "transaction", (object?)await answers.TransactionAsync(result, http.RequestAborted));
        Write(result, status, name, body);
        if (to.UnflushedBytes > FlushAt) await to.FlushAsync(http.RequestAborted);
    }

    /// <summary>Sends what is left.</summary>
    public async ValueTask FlushAsync() => await to.FlushAsync(http.RequestAborted);

    private async ValueTask<(int, string, object?)> HoldAsync(CommandResult result)
    {
        var (status, hold) = await answers.HoldAsync(result, http.RequestAborted);
        return (status, "hold", hold);
    }

    private void Write(CommandResult result, int status, string name, object? body)
    {
        line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = json.Encoder, SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("status"u8, status);
            if (result.Replayed) writer.WriteBoolean("replayed"u8, true);
            writer.WritePropertyName(name);
            if (result.Problem is { } problem) problem.WriteTo(writer, traceId, json);
            else if (body is TransactionBody transaction) TransactionJson.Write(writer, transaction, json);
            else JsonSerializer.Serialize(writer, body, body!.GetType(), json);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        to.Write(line.WrittenSpan);
    }
}
