using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Ledger.Api.Invoices;

/// <summary>One face in a PDF, with the characters that were written with it.</summary>
/// <param name="name">Its name in the file.</param>
/// <param name="font">Its font.</param>
internal sealed class PdfFace(string name, TrueTypeFont font)
{
    private readonly SortedDictionary<int, int> written = [];

    /// <summary>Its name in the file.</summary>
    public string Name => name;

    /// <summary>Its font.</summary>
    public TrueTypeFont Font => font;

    /// <summary>The glyphs that were written, each with a character of its.</summary>
    public IReadOnlyDictionary<int, int> Written => written;

    /// <summary>How wide a text is at a size, in points.</summary>
    public double Measure(string text, double size)
    {
        var width = 0;
        foreach (var character in text.EnumerateRunes()) width += font.WidthOf(font.GlyphOf(character.Value));
        return width * size / 1000;
    }

    /// <summary>The numbers of the text's glyphs as a PDF writes them.</summary>
    public string Glyphs(string text)
    {
        var hex = new StringBuilder();
        foreach (var character in text.EnumerateRunes())
        {
            var glyph = font.GlyphOf(character.Value);
            written.TryAdd(glyph, character.Value);
            hex.Append(glyph.ToString("X4", CultureInfo.InvariantCulture));
        }

        return hex.ToString();
    }
}

/// <summary>
/// A PDF 1.7 file (ISO 32000-1) of text and lines, written by hand: it is a few objects, and what libraries there are have other licences or want fonts from the machine. Its fonts are in it, with the glyphs that it uses, and so is
/// what each glyph means, so that its text can be searched and copied.
/// </summary>
/// <param name="title">Its title.</param>
internal sealed class PdfFile(string title)
{
    /// <summary>The width of an A4 page, in points.</summary>
    public const double Width = 595.28;

    /// <summary>The height of an A4 page, in points.</summary>
    public const double Height = 841.89;

    private readonly List<StringBuilder> pages = [];
    private readonly List<PdfFace> faces = [];
    private readonly ArrayBufferWriter<byte> file = new(64 * 1024);
    private readonly List<long> places = [];

    /// <summary>How many pages there are.</summary>
    public int Pages => pages.Count;

    /// <summary>A face to write with.</summary>
    public PdfFace Face(TrueTypeFont font)
    {
        var face = new PdfFace($"F{faces.Count + 1}", font);
        faces.Add(face);
        return face;
    }

    /// <summary>Begins the next page.</summary>
    public void Turn() => pages.Add(new StringBuilder());

    /// <summary>Writes a text, its line beginning at a place from the upper left corner, in points.</summary>
    public void Text(PdfFace face, double size, double x, double y, string text) =>
        pages[^1].Append(CultureInfo.InvariantCulture, $"BT /{face.Name} {size:0.##} Tf {x:0.##} {Height - y:0.##} Td <{face.Glyphs(text)}> Tj ET\n");

    /// <summary>Draws a line from left to right.</summary>
    public void Line(double from, double to, double y) => pages[^1].Append(CultureInfo.InvariantCulture, $"0.5 w {from:0.##} {Height - y:0.##} m {to:0.##} {Height - y:0.##} l S\n");

    /// <summary>The file.</summary>
    public byte[] Save()
    {
        Write("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n");
        // Objects: 1 the catalogue, 2 the pages, 3 what it is; then five for each face, then two for each page.
        var firstPage = 4 + 5 * faces.Count;
        Object("<< /Type /Catalog /Pages 2 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>");
        Object($"<< /Type /Pages /Count {pages.Count} /Kids [{string.Join(' ', pages.Select((_, i) => $"{firstPage + 2 * i} 0 R"))}] >>");
        Object($"<< /Title <FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(title))}> /Producer (Ledger) >>");
        for (var i = 0; i < faces.Count; i++) Write(faces[i], 4 + 5 * i);
        var fonts = string.Join(' ', faces.Select((face, i) => $"/{face.Name} {4 + 5 * i} 0 R"));
        for (var i = 0; i < pages.Count; i++)
        {
            Object(string.Create(CultureInfo.InvariantCulture, $"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {Width} {Height}] /Resources << /Font << {fonts} >> >> /Contents {firstPage + 2 * i + 1} 0 R >>"));
            Stream("", Encoding.ASCII.GetBytes(pages[i].ToString()));
        }

        var table = file.WrittenCount;
        Write($"xref\n0 {places.Count + 1}\n0000000000 65535 f \n");
        foreach (var place in places) Write(string.Create(CultureInfo.InvariantCulture, $"{place:D10} 00000 n \n"));
        Write($"trailer\n<< /Size {places.Count + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{table}\n%%EOF\n");
        return file.WrittenSpan.ToArray();
    }

    // Composite font, its descendant, its descriptor, the font program, what the glyphs mean.
    private void Write(PdfFace face, int first)
    {
        var font = face.Font;
        var used = face.Written;
        // Six letters before the name say that it is a part of the font.
        var name = $"{string.Concat(Enumerable.Repeat((char)('A' + (first & 15)), 6))}+{(first == 4 ? "DejaVuSans" : "DejaVuSans-Bold")}";
        Object($"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{first + 1} 0 R] /ToUnicode {first + 4} 0 R >>");
        var widths = string.Join(' ', used.Keys.Select(glyph => $"{glyph} [{font.WidthOf(glyph)}]"));
        Object($"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor {first + 2} 0 R /CIDToGIDMap /Identity /DW 600 /W [{widths}] >>");
        Object($"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{string.Join(' ', font.Box)}] /ItalicAngle 0 /Ascent {font.Ascent} /Descent {font.Descent} /CapHeight {font.Ascent} /StemV 80 /FontFile2 {first + 3} 0 R >>");
        var program = font.With(used.Keys);
        Stream($" /Length1 {program.Length}", program);
        Stream("", Encoding.ASCII.GetBytes(Meaning(used)));
    }

    private static string Meaning(IReadOnlyDictionary<int, int> used)
    {
        var map = new StringBuilder("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def /CMapName /Adobe-Identity-UCS def /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
        // At most 100 in one block.
        foreach (var block in used.Where(pair => pair.Key != 0).Chunk(100))
        {
            map.Append(CultureInfo.InvariantCulture, $"{block.Length} beginbfchar\n");
            foreach (var (glyph, character) in block) map.Append(CultureInfo.InvariantCulture, $"<{glyph:X4}> <{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(char.ConvertFromUtf32(character)))}>\n");
            map.Append("endbfchar\n");
        }

        return map.Append("endcmap CMapName currentdict /CMap defineresource pop end end\n").ToString();
    }

    private void Object(string body)
    {
        places.Add(file.WrittenCount);
        Write($"{places.Count} 0 obj\n{body}\nendobj\n");
    }

    private void Stream(string more, byte[] data)
    {
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) zip.Write(data);
        places.Add(file.WrittenCount);
        Write($"{places.Count} 0 obj\n<< /Length {packed.Length} /Filter /FlateDecode{more} >>\nstream\n");
        file.Write(packed.GetBuffer().AsSpan(0, (int)packed.Length));
        Write("\nendstream\nendobj\n");
    }

    private void Write(string text) => file.Write(Encoding.Latin1.GetBytes(text));
}
