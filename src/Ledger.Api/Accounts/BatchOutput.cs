using System.Buffers;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Http;

namespace Ledger.Api.Accounts;

/// <summary>Writes the answers of a batch, line by line.</summary>
internal sealed class BatchOutput(HttpContext http, CommandAnswers answers) : IDisposable
{
    private const int SendAt = 48 * 1024;

    private readonly JsonSerializerOptions json = LedgerJson.For(http);
    private readonly string traceId = TraceIds.Of(http);
    private readonly ArrayBufferWriter<byte> written = new(64 * 1024);
    private Utf8JsonWriter? writer;

    /// <summary>Writes some lines. The results are those of the lines that were sent; the others have their problem.</summary>
    public async Task WriteAsync(IReadOnlyList<BatchLine> lines, IReadOnlyList<CommandResult> results)
    {
        var next = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (line.Problem is { } problem) Write(new CommandResult { Problem = problem }, problem.Type.Status, "problem", null);
            else await WriteAsync(results[next++], line.Shape);
            if (written.WrittenCount > SendAt) await FlushAsync();
            if ((i + 1) % BatchEndpoint.LinesATurn == 0) await Task.Yield();
        }
    }

    /// <summary>Sends what is written.</summary>
    public async Task FlushAsync()
    {
        await http.Response.BodyWriter.WriteAsync(written.WrittenMemory, http.RequestAborted);
        written.ResetWrittenCount();
    }

    /// <inheritdoc/>
    public void Dispose() => writer?.Dispose();

    private async ValueTask WriteAsync(CommandResult result, AnswerShape shape)
    {
        var (status, name, body) = result.Problem is { } problem ? (problem.Type.Status, "problem", null)
            : shape == AnswerShape.Hold ? await HoldAsync(result)
            : (CommandAnswers.StatusOf(result), "transaction", (object?)await answers.TransactionAsync(result, http.RequestAborted));
        Write(result, status, name, body);
    }

    private async ValueTask<(int, string, object?)> HoldAsync(CommandResult result)
    {
        var (status, hold) = await answers.HoldAsync(result, http.RequestAborted);
        return (status, "hold", hold);
    }

    private void Write(CommandResult result, int status, string name, object? body)
    {
        if (writer is null) writer = new Utf8JsonWriter(written, new JsonWriterOptions { Encoder = json.Encoder, SkipValidation = true });
        else writer.Reset(written);
        writer.WriteStartObject();
        writer.WriteNumber("status"u8, status);
        if (result.Replayed) writer.WriteBoolean("replayed"u8, true);
        writer.WritePropertyName(name);
        if (result.Problem is { } problem) problem.WriteTo(writer, traceId, json);
        else if (body is TransactionBody transaction) TransactionJson.Write(writer, transaction, json);
        else JsonSerializer.Serialize(writer, body, body!.GetType(), json);
        writer.WriteEndObject();
        writer.Flush();
        written.Write("\n"u8);
    }
}
