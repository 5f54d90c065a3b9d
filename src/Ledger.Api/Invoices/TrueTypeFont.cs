using System.Buffers.Binary;
using System.Text;

namespace Ledger.Api.Invoices;

/// <summary>
/// A TrueType font as far as a PDF needs it (OpenType 1.9, the tables cmap, glyf, head, hhea, hmtx, loca and maxp): which glyph a character has, how wide it is, and the same font with no glyphs but some.
/// </summary>
internal sealed class TrueTypeFont
{
    private const int HeaderSize = 12;
    private const int EntrySize = 16;

    // What is drawn needs these; the rest is for other uses. Those with lower case letters and a space are the programs that fit letters to pixels.
    private static readonly string[] Kept = ["cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"];

    private readonly byte[] file;
    private readonly Dictionary<string, (int At, int Length)> tables = new(StringComparer.Ordinal);
    private readonly int characters;
    private readonly int metrics;
    private readonly bool longOffsets;

    /// <summary>Reads a font.</summary>
    /// <exception cref="InvalidOperationException">It lacks a table that is needed, or has no map of Unicode in format 4 or 12.</exception>
    public TrueTypeFont(byte[] file)
    {
        this.file = file;
        var count = Short(4);
        for (var i = 0; i < count; i++)
        {
            var entry = HeaderSize + i * EntrySize;
            tables[Encoding.ASCII.GetString(file, entry, 4)] = (Int(entry + 8), Int(entry + 12));
        }

        UnitsPerEm = Short(At("head") + 18);
        longOffsets = Short(At("head") + 50) == 1;
        Ascent = Scaled((short)Short(At("hhea") + 4));
        Descent = Scaled((short)Short(At("hhea") + 6));
        metrics = Short(At("hhea") + 34);
        Glyphs = Short(At("maxp") + 4);
        characters = FindCharacters();
    }

    /// <summary>How many glyphs it has.</summary>
    public int Glyphs { get; }

    /// <summary>How high it is above the line, in thousandths of its size.</summary>
    public int Ascent { get; }

    /// <summary>How deep it is below the line, in thousandths of its size; negative.</summary>
    public int Descent { get; }

    private int UnitsPerEm { get; }

    /// <summary>The box that all glyphs fit in, in thousandths of its size: left, bottom, right, top.</summary>
    public int[] Box => [.. Enumerable.Range(0, 4).Select(i => Scaled((short)Short(At("head") + 36 + 2 * i)))];

    /// <summary>A font that is in this program.</summary>
    public static TrueTypeFont Embedded(string name)
    {
        using var stream = typeof(TrueTypeFont).Assembly.GetManifestResourceStream("Ledger.Api.Invoices.Fonts." + name) ?? throw new InvalidOperationException($"The font {name} is not in this program.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new TrueTypeFont(bytes);
    }

    /// <summary>The glyph of a character; 0, an empty box, where it has none.</summary>
    public int GlyphOf(int character)
    {
        if (Short(characters) == 12)
        {
            var (low, high) = (0, Int(characters + 12) - 1);
            while (low <= high)
            {
                var middle = (low + high) / 2;
                var group = characters + 16 + 12 * middle;
                if (character < Int(group)) high = middle - 1;
                else if (character > Int(group + 4)) low = middle + 1;
                else return Int(group + 8) + character - Int(group);
            }

            return 0;
        }

        if (character > 0xFFFF) return 0;
        var segments = Short(characters + 6) / 2;
        for (var i = 0; i < segments; i++)
        {
            var end = characters + 14 + 2 * i;
            if (Short(end) < character) continue;
            var start = end + 2 * segments + 2;
            if (Short(start) > character) return 0;
            var (delta, range) = (Short(start + 2 * segments), start + 4 * segments);
            if (Short(range) == 0) return (character + delta) & 0xFFFF;
            var glyph = Short(range + Short(range) + 2 * (character - Short(start)));
            return glyph == 0 ? 0 : (glyph + delta) & 0xFFFF;
        }

        return 0;
    }

    /// <summary>How wide a glyph is, in thousandths of the font's size.</summary>
    public int WidthOf(int glyph) => Scaled(Short(At("hmtx") + 4 * Math.Min(glyph, metrics - 1)));

    /// <summary>The same font, its glyphs under the same numbers, with no outlines but those of <paramref name="used"/> and of what these are put together from.</summary>
    public byte[] With(IEnumerable<int> used)
    {
        var kept = new SortedSet<int> { 0 };
        foreach (var glyph in used) Keep(glyph, kept);
        var glyphs = new MemoryStream();
        var places = new byte[4 * (Glyphs + 1)];
        for (var glyph = 0; glyph <= Glyphs; glyph++)
        {
            BinaryPrimitives.WriteInt32BigEndian(places.AsSpan(4 * glyph), (int)glyphs.Length);
            if (glyph == Glyphs || !kept.Contains(glyph)) continue;
            glyphs.Write(Outline(glyph));
            while (glyphs.Length % 4 != 0) glyphs.WriteByte(0);
        }

        var head = Table("head");
        BinaryPrimitives.WriteInt16BigEndian(head.AsSpan(50), 1);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(8), 0);
        var written = Kept.Where(tables.ContainsKey).Select(name => (Name: name, Data: name switch { "glyf" => glyphs.ToArray(), "loca" => places, "head" => head, _ => Table(name) })).ToList();
        return Assemble(written);
    }

    private static byte[] Assemble(List<(string Name, byte[] Data)> written)
    {
        var power = (int)Math.Log2(written.Count);
        var font = new byte[HeaderSize + written.Sum(table => EntrySize + Padded(table.Data.Length))];
        BinaryPrimitives.WriteInt32BigEndian(font, 0x00010000);
        foreach (var (value, place) in new[] { (written.Count, 4), (16 << power, 6), (power, 8), (16 * written.Count - (16 << power), 10) }) BinaryPrimitives.WriteInt16BigEndian(font.AsSpan(place), (short)value);
        var (at, entry, headAt) = (HeaderSize + EntrySize * written.Count, HeaderSize, 0);
        foreach (var (name, data) in written)
        {
            data.CopyTo(font, at);
            Encoding.ASCII.GetBytes(name, font.AsSpan(entry));
            BinaryPrimitives.WriteUInt32BigEndian(font.AsSpan(entry + 4), Sum(font.AsSpan(at, Padded(data.Length))));
            BinaryPrimitives.WriteInt32BigEndian(font.AsSpan(entry + 8), at);
            BinaryPrimitives.WriteInt32BigEndian(font.AsSpan(entry + 12), data.Length);
            if (name == "head") headAt = at;
            (at, entry) = (at + Padded(data.Length), entry + EntrySize);
        }

        // The sum of the whole, as the format wants it.
        BinaryPrimitives.WriteUInt32BigEndian(font.AsSpan(headAt + 8), unchecked(0xB1B0AFBA - Sum(font)));
        return font;
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static uint Sum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (var i = 0; i < data.Length; i += 4) sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(data[i..]));
        return sum;
    }

    // A glyph may be put together from others: an A and its accent.
    private void Keep(int glyph, SortedSet<int> kept)
    {
        if (glyph >= Glyphs || !kept.Add(glyph)) return;
        var outline = Outline(glyph);
        if (outline.Length == 0 || BinaryPrimitives.ReadInt16BigEndian(outline) >= 0) return;
        for (var at = 10; ;)
        {
            var flags = BinaryPrimitives.ReadUInt16BigEndian(outline[at..]);
            Keep(BinaryPrimitives.ReadUInt16BigEndian(outline[(at + 2)..]), kept);
            at += 4 + ((flags & 0x0001) != 0 ? 4 : 2) + ((flags & 0x0008) != 0 ? 2 : (flags & 0x0040) != 0 ? 4 : (flags & 0x0080) != 0 ? 8 : 0);
            if ((flags & 0x0020) == 0) return;
        }
    }

    private ReadOnlySpan<byte> Outline(int glyph)
    {
        var (from, to) = (Place(glyph), Place(glyph + 1));
        return file.AsSpan(At("glyf") + from, to - from);
    }

    private int Place(int glyph) => longOffsets ? Int(At("loca") + 4 * glyph) : 2 * Short(At("loca") + 2 * glyph);

    private int FindCharacters()
    {
        var (map, best) = (At("cmap"), 0);
        for (var i = 0; i < Short(map + 2); i++)
        {
            var (platform, encoding, table) = (Short(map + 4 + 8 * i), Short(map + 6 + 8 * i), map + Int(map + 8 + 8 * i));
            var isUnicode = platform == 0 || (platform == 3 && encoding is 1 or 10);
            if (isUnicode && (Short(table) == 12 || (Short(table) == 4 && best == 0))) best = table;
        }

        return best == 0 ? throw new InvalidOperationException("The font has no map of Unicode.") : best;
    }

    private byte[] Table(string name) => file.AsSpan(tables[name].At, tables[name].Length).ToArray();

    private int At(string table) => tables.TryGetValue(table, out var found) ? found.At : throw new InvalidOperationException($"The font has no table {table}.");

    private int Short(int at) => BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at));

    private int Int(int at) => BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));

    private int Scaled(int units) => (int)Math.Round(units * 1000.0 / UnitsPerEm);
}
