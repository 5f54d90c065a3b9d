using System.Text.Json;
using Ledger.Api.Access;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>
/// An export into a file. It is written to <c>FILE.partial</c>; beside it <c>FILE.partial.json</c> notes what is asked for and how far it has come, so that a second run goes on
/// there and the file becomes the same, byte for byte. At the end it gets its name, at once.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="export">What is exported.</param>
/// <param name="request">Of which tenant, how.</param>
internal sealed class ExportFile(string path, Export export, ExportRequest request) : IAsyncDisposable
{
    // What was written after the last note is written again after a stop; a note a second costs nothing.
    private static readonly TimeSpan NotePause = TimeSpan.FromSeconds(1);

    private readonly string partial = path + ".partial";
    private readonly string notePath = path + ".partial.json";
    private FileStream? stream;
    private Note? note;

    /// <summary>Whether a run that ends now leaves something for the next one.</summary>
    public bool CanGoOn => File.Exists(notePath);

    /// <summary>Opens the file, or what an earlier run has left of it.</summary>
    /// <returns>Where the export goes on, and where it ends.</returns>
    /// <exception cref="ConfigurationException">The file stands already, or what stands of it belongs to another export.</exception>
    public async Task<(long Position, long End)> BeginAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (File.Exists(path)) throw new ConfigurationException($"{path} is there already: remove it, or name another file.");
        // No other process may write it meanwhile.
        stream = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
        note = await FoundAsync(source, stream.Length, cancellationToken) ?? await NewAsync(source, cancellationToken);
        stream.SetLength(note.Length);
        stream.Position = note.Length;
        return (note.Position, note.End);
    }

    /// <summary>Writes the file, or the rest of it, and gives it its name.</summary>
    /// <param name="source">Connections.</param>
    /// <param name="reached">Is told how far it has come.</param>
    /// <param name="cancellationToken">Stops it; what is written so far stays for the next run.</param>
    /// <returns>The bytes of the file.</returns>
    public async Task<long> WriteAsync(NpgsqlDataSource source, Action<long> reached, CancellationToken cancellationToken)
    {
        if (stream is not { } file || note is not { } begun) throw new InvalidOperationException("The file is not open: begin first.");
        using (var writer = RecordWriter.For(request, (bytes, token) => file.WriteAsync(bytes, token)))
        {
            if (begun.Length == 0) writer.Header(export.Columns.Select(column => column.Name));
            var noted = System.Diagnostics.Stopwatch.StartNew();
            await export.WriteAsync(source, request, begun.Position, begun.End, writer, async position =>
            {
                if (export.CanGoOn && noted.Elapsed >= NotePause)
                {
                    await writer.FlushAsync(cancellationToken);
                    file.Flush(flushToDisk: true);
                    await SaveAsync(begun with { Position = position, Length = file.Length });
                    noted.Restart();
                }

                reached(position);
            }, cancellationToken);
            await writer.FlushAsync(cancellationToken);
        }

        file.Flush(flushToDisk: true);
        var length = file.Length;
        await file.DisposeAsync();
        File.Move(partial, path, overwrite: false);
        File.Delete(notePath);
        return length;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<Note> NewAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var end = await export.EndAsync(source, request, cancellationToken);
        return new Note(export.Name, request.Tenant, request.Format, request.From, request.To, end, export.CanGoOn ? await EventAsync(source, end, cancellationToken) : null, 0, 0);
    }

    /// <summary>What an earlier run noted; null where there is nothing to go on from.</summary>
    private async Task<Note?> FoundAsync(NpgsqlDataSource source, long length, CancellationToken cancellationToken)
    {
        if (!File.Exists(notePath) || length == 0) return null;
        Note? note;
        try
        {
            note = JsonSerializer.Deserialize<Note>(await File.ReadAllTextAsync(notePath, cancellationToken), Http.LedgerJson.Numbers);
        }
        catch (JsonException)
        {
            note = null;
        }

        var same = note is not null && note with { End = 0, EndEvent = null, Position = 0, Length = 0 } == new Note(export.Name, request.Tenant, request.Format, request.From, request.To, 0, null, 0, 0);
        if (!same) throw new ConfigurationException($"{partial} belongs to another export: remove it and {Path.GetFileName(notePath)}, or ask for the same as then.");
        if (length < note!.Length) throw new ConfigurationException($"{partial} is shorter than it was: remove it and {Path.GetFileName(notePath)}, and begin anew.");
        if (await EventAsync(source, note.End, cancellationToken) != note.EndEvent) throw new ConfigurationException($"{partial} was begun on another database: remove it and {Path.GetFileName(notePath)}, and begin anew.");
        return note;
    }

    private async Task SaveAsync(Note note)
    {
        var draft = notePath + ".new";
        await File.WriteAllTextAsync(draft, JsonSerializer.Serialize(note, Http.LedgerJson.Numbers));
        File.Move(draft, notePath, overwrite: true);
    }

    /// <summary>The id of the event at a position, which no other database has.</summary>
    private static async Task<Guid?> EventAsync(NpgsqlDataSource source, long position, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select id from ledger.mt_events where seq_id = $1");
        command.Parameters.AddWithValue(position);
        return (Guid?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>How far an export has come.</summary>
    private sealed record Note(string What, string Tenant, ExportFormat Format, DateTimeOffset? From, DateTimeOffset? To, long End, Guid? EndEvent, long Position, long Length);
}
