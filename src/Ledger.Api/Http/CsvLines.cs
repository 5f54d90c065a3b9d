using System.Buffers;
using System.Globalization;
using CsvHelper;
using Ledger.Domain;

namespace Ledger.Api.Http;

/// <summary>
/// Writes CSV as RFC 4180 has it: UTF-8, commas, lines that end in CR LF, an absent value as an empty cell. Text that people or apps made up is written so that no
/// spreadsheet takes it for a formula (see <see cref="Harmless"/>); numbers stay numbers.
/// </summary>
public sealed class CsvLines : IDisposable
{
    /// <summary>The media type of a table whose first line names the columns.</summary>
    public const string MediaType = "text/csv; charset=utf-8; header=present";

    // What makes a spreadsheet calculate, white space that it skips before that, and the mark itself, so that it can always be taken off again.
    private static readonly SearchValues<char> Marked = SearchValues.Create("=+-@\t\r\n'\uFF1D\uFF0B\uFF0D\uFF20");

    private readonly CsvWriter csv;

    /// <summary>Writes into a buffer; nothing is flushed further than that.</summary>
    public CsvLines(IBufferWriter<byte> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        csv = CsvWriter.Create(new BufferStream(into), CsvWriterOptions.Default, leaveOpen: false);
    }

    /// <summary>
    /// A text as a cell holds it: where it begins with <c>= + - @</c>, a tab, a line end or <c>'</c>, a <c>'</c> stands before it, so that a spreadsheet shows it and does not calculate.
    /// Whoever reads the file by program takes one <c>'</c> off the front of a cell of text and has the text.
    /// </summary>
    public static string? Harmless(string? text) => string.IsNullOrEmpty(text) || !Marked.Contains(text[0]) ? text : "'" + text;

    /// <summary>A cell of text, made harmless.</summary>
    public void Text(string? value) => csv.WriteField(Harmless(value));

    /// <summary>A cell with a word, number or id of ours, as it stands.</summary>
    public void Word(string? value) => csv.WriteField(value);

    /// <summary>A cell with an amount.</summary>
    public void Amount(Credits? value) => csv.WriteField(value?.ToString());

    /// <summary>A cell with a whole number.</summary>
    public void Number(long? value) => csv.WriteField(value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>A cell with a time.</summary>
    public void Time(DateTimeOffset? value) => csv.WriteField(value is { } time ? Times.Text(time) : null);

    /// <summary>A cell with true or false.</summary>
    public void Flag(bool? value) => csv.WriteField(value switch { true => "true", false => "false", null => null });

    /// <summary>Ends the line.</summary>
    public void EndLine() => csv.EndRecord();

    /// <summary>Puts what is written so far into the buffer.</summary>
    public void Flush() => csv.Flush();

    /// <inheritdoc/>
    public void Dispose() => csv.Dispose();

    /// <summary>The buffer as the stream that the CSV library asks for.</summary>
    private sealed class BufferStream(IBufferWriter<byte> into) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => into.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => into.Write(buffer);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
