using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Ledger.Api.Tests.Invoices;

/// <summary>Reads a PDF back as a viewer does: from its table of places to its objects, its pages and, by what each glyph means, their text.</summary>
internal sealed partial class PdfReader
{
    private readonly byte[] file;
    private readonly Dictionary<int, string> objects = [];
    private readonly Dictionary<int, byte[]> streams = [];

    public PdfReader(byte[] file)
    {
        this.file = file;
        var text = Encoding.Latin1.GetString(file);
        text.ShouldStartWith("%PDF-1.7");
        text.ShouldEndWith("%%EOF\n");
        var table = int.Parse(Tail().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);
        text[table..].ShouldStartWith("xref\n0 ");
        var entries = Entry().Matches(text[table..]);
        for (var number = 1; number <= entries.Count; number++)
        {
            var place = int.Parse(entries[number - 1].Groups[1].Value, CultureInfo.InvariantCulture);
            var head = $"{number} 0 obj\n";
            text[place..].ShouldStartWith(head);
            var body = text[(place + head.Length)..text.IndexOf("\nendobj\n", place, StringComparison.Ordinal)];
            if (Length().Match(body) is { Success: true } length && body.IndexOf("stream\n", StringComparison.Ordinal) is > 0 and var stream)
            {
                var from = place + head.Length + stream + "stream\n".Length;
                var size = int.Parse(length.Groups[1].Value, CultureInfo.InvariantCulture);
                text[(from + size)..].ShouldStartWith("\nendstream\nendobj\n");
                using var unpacked = new MemoryStream();
                using (var zip = new ZLibStream(new MemoryStream(file, from, size), CompressionMode.Decompress)) zip.CopyTo(unpacked);
                streams[number] = unpacked.ToArray();
                body = body[..stream];
            }

            objects[number] = body;
        }
    }

    public IReadOnlyList<int> Pages => [.. References(objects[2], "Kids \\[([^\\]]*)\\]")];

    public string Title => Encoding.BigEndianUnicode.GetString(Convert.FromHexString(Regex.Match(objects[3], "/Title <FEFF([0-9A-F]+)>").Groups[1].Value));

    /// <summary>The font programs in it.</summary>
    public IReadOnlyList<byte[]> Fonts => [.. objects.Values.SelectMany(body => References(body, "/FontFile2 ([0-9]+ 0 R)")).Select(number => streams[number])];

    /// <summary>The text of a page, a line for each piece.</summary>
    public string TextOf(int page)
    {
        var meanings = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (Match font in Regex.Matches(objects[page], "/(F[0-9]+) ([0-9]+) 0 R"))
        {
            var map = Encoding.ASCII.GetString(streams[References(objects[int.Parse(font.Groups[2].Value, CultureInfo.InvariantCulture)], "/ToUnicode ([0-9]+ 0 R)").Single()]);
            meanings[font.Groups[1].Value] = Meaning().Matches(map).ToDictionary(match => match.Groups[1].Value, match => Encoding.BigEndianUnicode.GetString(Convert.FromHexString(match.Groups[2].Value)), StringComparer.Ordinal);
        }

        var content = Encoding.ASCII.GetString(streams[References(objects[page], "/Contents ([0-9]+ 0 R)").Single()]);
        var text = new StringBuilder();
        foreach (Match piece in Piece().Matches(content))
        {
            foreach (var glyph in piece.Groups[2].Value.Chunk(4)) text.Append(meanings[piece.Groups[1].Value].GetValueOrDefault(new string(glyph), "\u25a1"));
            text.Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<int> References(string body, string pattern) =>
        Regex.Matches(Regex.Match(body, pattern).Groups[1].Value, "([0-9]+) 0 R").Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex("startxref\\n([0-9]+)\\n%%EOF\\n$")]
    private static partial Regex Tail();

    [GeneratedRegex("([0-9]{10}) 00000 n \\n")]
    private static partial Regex Entry();

    [GeneratedRegex("/Length ([0-9]+)")]
    private static partial Regex Length();

    [GeneratedRegex("<([0-9A-F]{4})> <([0-9A-F]+)>\\n")]
    private static partial Regex Meaning();

    [GeneratedRegex("BT /(F[0-9]+) [^<]*<([0-9A-F]*)> Tj ET")]
    private static partial Regex Piece();
}
