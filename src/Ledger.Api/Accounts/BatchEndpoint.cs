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
    public const int UnderWayMax = PieceMax * PiecesMax;

    /// <summary>Lines are handed in, and answered, in pieces of so many: one wait, and one lock, for all of a piece.</summary>
    private const int PieceMax = 250;

    private const int PiecesMax = 4;

    /// <summary>
    /// After so many lines read or answered the thread is given back, and what goes on with the batch queues up behind the single requests that came meanwhile: threads are few.
    /// </summary>
    internal const int LinesATurn = 32;

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
            var (read, problem) = await TryReadAsync(http);
            using var body = read;
            problem ??= query.Problem() ?? (body!.LineCount > LinesMax ? TooLarge() : null);
            if (problem is not null)
            {
                await problem.WriteAsync(http);
                return;
            }

            if (Preferences.DecimalsAsStrings(http)) Preferences.Echo(http);
            http.Response.ContentType = MediaType;
            if (atomic) await TogetherAsync(http, body!);
            else await EachAsync(http, body!);
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

    private async Task EachAsync(HttpContext http, BatchBody body)
    {
        var reader = new BatchReader(body, Caller.Of(http), CommandHandler.MetaOf(http, Caller.Of(http), null));
        using var output = new BatchOutput(http, answers);
        var underWay = new Queue<(IReadOnlyList<BatchLine> Lines, Task<IReadOnlyList<CommandResult>> Results)>(PiecesMax);
        while (true)
        {
            // Reading goes before answering, so that the writer finds full batches.
            while (underWay.Count < PiecesMax && await reader.ReadAsync(PieceMax) is { Count: > 0 } piece) underWay.Enqueue((piece, hallway.SendEachAsync(EnvelopesOf(piece))));
            if (!underWay.TryDequeue(out var first)) break;
            await output.WriteAsync(first.Lines, await first.Results);
        }

        await output.FlushAsync();
    }

    private async Task TogetherAsync(HttpContext http, BatchBody body)
    {
        var reader = new BatchReader(body, Caller.Of(http), CommandHandler.MetaOf(http, Caller.Of(http), null));
        using var output = new BatchOutput(http, answers);
        var lines = await reader.ReadAsync(LinesMax);
        var isSound = lines.All(line => line.Problem is null);
        var envelopes = EnvelopesOf(lines);
        await output.WriteAsync(lines, isSound ? await hallway.SendTogetherAsync(envelopes) : envelopes.ConvertAll(_ => new CommandResult { Problem = CommandHallway.Aborted() }));
        await output.FlushAsync();
    }

    private static List<CommandEnvelope> EnvelopesOf(IReadOnlyList<BatchLine> lines)
    {
        var envelopes = new List<CommandEnvelope>(lines.Count);
        foreach (var line in lines)
        {
            if (line.Envelope is { } envelope) envelopes.Add(envelope);
        }

        return envelopes;
    }

    private static async Task<(BatchBody? Body, Problem? Problem)> TryReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > BytesMax) return (null, TooLarge());
        if (RequestReader.CheckMediaType(http.Request, MediaType) is { } problem) return (null, problem);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(UploadTimeMax);
        try
        {
            var body = await BatchBody.ReadAsync(http.Request, BytesMax, patience.Token);
            return body is null ? (null, TooLarge()) : (body, null);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return (null, new Problem(ProblemTypes.RequestTimeout, $"The lines of a batch must arrive within {UploadTimeMax.TotalSeconds} s. Nothing was done: send fewer lines, or send them faster."));
        }
        catch (BadHttpRequestException failure) when (failure.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // The server counts a body of unknown length itself, and its bound is ours.
            return (null, TooLarge());
        }
    }

    private static Problem TooLarge() => new(ProblemTypes.TooLarge, $"A batch has at most {BytesMax} bytes and {LinesMax} lines.");
}
