using System.Buffers;
using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;

namespace Ledger.Api.Exports;

/// <summary>Takes the bytes of an export, in order; it may make the writer wait.</summary>
/// <param name="bytes">The next bytes, only good until it returns.</param>
/// <param name="cancellationToken">Ends the waiting.</param>
internal delegate ValueTask ExportSink(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

/// <summary>Writes rows in one of the two formats. Whatever the format, a row has the same values in the same order; an absent one is an empty cell, or no member.</summary>
internal abstract class RecordWriter : IDisposable
{
    // So much is gathered before it goes out.
    private const int ChunkBytes = 64 * 1024;

    private readonly ExportSink sink;
    private protected readonly ArrayBufferWriter<byte> buffer = new(ChunkBytes + (ChunkBytes / 4));

    private protected RecordWriter(ExportSink sink) => this.sink = sink;

    /// <summary>How many rows were written.</summary>
    public long Rows { get; private set; }

    /// <summary>The writer of a request's format.</summary>
    public static RecordWriter For(ExportRequest request, ExportSink sink) =>
        request.Format == ExportFormat.Csv ? new Csv(sink) : new Ndjson(sink, request.DecimalsAsStrings);

    /// <summary>Names the columns where the format has a place for that.</summary>
    public abstract void Header(IEnumerable<string> columns);

    /// <summary>A text that people or apps made up.</summary>
    public abstract void Text(string name, string? value);

    /// <summary>A word or id of ours.</summary>
    public abstract void Word(string name, string? value);

    /// <summary>An amount of credits.</summary>
    public abstract void Amount(string name, Credits? value);

    /// <summary>A whole number.</summary>
    public abstract void Number(string name, long? value);

    /// <summary>A time.</summary>
    public abstract void Time(string name, DateTimeOffset? value);

    /// <summary>True or false.</summary>
    public abstract void Flag(string name, bool? value);

    /// <summary>A JSON value: itself in JSON, its text in CSV.</summary>
    public abstract void Json(string name, string? json);

    /// <summary>A value of ours as JSON.</summary>
    public void Value<T>(string name, T value) => Json(name, JsonSerializer.Serialize(value, Options));

    /// <summary>Begins a row.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Ends a row; what has been gathered goes out when it is enough.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        End();
        Rows++;
        return buffer.WrittenCount >= ChunkBytes ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>Sends all that was written.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Settle();
        if (buffer.WrittenCount == 0) return;
        await sink(buffer.WrittenMemory, cancellationToken);
        buffer.ResetWrittenCount();
    }

    public abstract void Dispose();

    private protected virtual JsonSerializerOptions Options => LedgerJson.Numbers;

    private protected abstract void End();

    private protected virtual void Settle()
    {
    }

    private sealed class Csv : RecordWriter
    {
        private readonly CsvLines csv;

        public Csv(ExportSink sink)
            : base(sink) => csv = new CsvLines(buffer);

        public override void Header(IEnumerable<string> columns)
        {
            foreach (var column in columns) csv.Word(column);
            csv.EndLine();
        }

        public override void Text(string name, string? value) => csv.Text(value);

        public override void Word(string name, string? value) => csv.Word(value);

        public override void Amount(string name, Credits? value) => csv.Amount(value);

        public override void Number(string name, long? value) => csv.Number(value);

        public override void Time(string name, DateTimeOffset? value) => csv.Time(value);

        public override void Flag(string name, bool? value) => csv.Flag(value);

        public override void Json(string name, string? json) => csv.Text(json);

        public override void Dispose() => csv.Dispose();

        private protected override void End() => csv.EndLine();

        private protected override void Settle() => csv.Flush();
    }

    private sealed class Ndjson : RecordWriter
    {
        private readonly Utf8JsonWriter json;
        private readonly bool decimalsAsStrings;

        public Ndjson(ExportSink sink, bool decimalsAsStrings)
            : base(sink)
        {
            this.decimalsAsStrings = decimalsAsStrings;
            json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = LedgerJson.Numbers.Encoder, SkipValidation = true });
        }

        public override void Header(IEnumerable<string> columns)
        {
        }

        public override void Begin() => json.WriteStartObject();

        public override void Text(string name, string? value)
        {
            if (value is not null) json.WriteString(name, value);
        }

        public override void Word(string name, string? value) => Text(name, value);

        public override void Amount(string name, Credits? value)
        {
            if (value is not { } amount) return;
            if (decimalsAsStrings)
            {
                json.WriteString(name, amount.ToString());
                return;
            }

            Span<byte> text = stackalloc byte[Credits.LengthMax];
            if (!amount.TryFormat(text, out var written)) throw new InvalidOperationException("An amount is too long.");
            json.WritePropertyName(name);
            json.WriteRawValue(text[..written], skipInputValidation: true);
        }

        public override void Number(string name, long? value)
        {
            if (value is { } number) json.WriteNumber(name, number);
        }

        public override void Time(string name, DateTimeOffset? value)
        {
            if (value is not { } time) return;
            Span<byte> text = stackalloc byte[Times.LengthMax];
            json.WriteString(name, text[..Times.Format(time, text)]);
        }

        public override void Flag(string name, bool? value)
        {
            if (value is { } flag) json.WriteBoolean(name, flag);
        }

        public override void Json(string name, string? value)
        {
            if (value is null) return;
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }

        public override void Dispose() => json.Dispose();

        private protected override JsonSerializerOptions Options => decimalsAsStrings ? LedgerJson.Strings : LedgerJson.Numbers;

        private protected override void End()
        {
            json.WriteEndObject();
            json.Flush();
            json.Reset(buffer);
            buffer.Write("\n"u8);
        }
    }
}
