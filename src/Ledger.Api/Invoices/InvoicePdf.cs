using System.Text;

namespace Ledger.Api.Invoices;

/// <summary>
/// An invoice as a PDF of A4 pages. What is too long for its place goes on in the next line, what is too much for a page on the next page. The font has the letters of Latin, Greek and Cyrillic scripts and more; what it lacks is an
/// empty box here, and right on the page and in JSON.
/// </summary>
internal sealed class InvoicePdf
{
    private const double Left = 56;
    private const double Right = 539;
    private const double Top = 56;
    private const double Bottom = 780;
    private const double Middle = 300;
    private const double QuantityAt = 360;
    private const double UnitAt = 450;
    private const double Size = 9;
    private const double LineHeight = 12;

    private static readonly Lazy<TrueTypeFont> Plain = new(() => TrueTypeFont.Embedded("DejaVuSans.ttf"));
    private static readonly Lazy<TrueTypeFont> Bold = new(() => TrueTypeFont.Embedded("DejaVuSans-Bold.ttf"));

    private readonly PdfFile file;
    private readonly PdfFace plain;
    private readonly PdfFace strong;
    private double y = Top;

    private InvoicePdf(string number)
    {
        file = new PdfFile("Invoice " + number);
        plain = file.Face(Plain.Value);
        strong = file.Face(Bold.Value);
        file.Turn();
    }

    /// <summary>The document.</summary>
    public static byte[] Of(InvoicePaper paper)
    {
        var pdf = new InvoicePdf(paper.Number);
        pdf.Write(paper);
        return pdf.file.Save();
    }

    private void Write(InvoicePaper paper)
    {
        file.Text(strong, 20, Left, y + 14, "Invoice");
        var begun = y;
        foreach (var line in paper.Seller) Row(plain, (line, 320, Right, false));
        var below = y;
        y = begun + 30;
        Row(plain, (paper.Status, Left, Middle, false));
        y = Math.Max(below, y) + 24;

        // Both beside each other, as long as they are on one page.
        begun = y;
        var page = file.Pages;
        foreach (var (label, text) in paper.Facts) Row(plain, (label, 320, 385, false), (text, 390, Right, false));
        below = y;
        y = begun;
        Row(strong, ("Billed to", Left, Middle, false));
        foreach (var line in paper.Buyer) Row(plain, (line, Left, Middle, false));
        y = (file.Pages == page ? Math.Max(below, y) : y) + 24;

        Head();
        foreach (var line in paper.Lines)
        {
            var turned = file.Pages;
            Row(plain, (line.Description, Left, Middle, false), (line.Quantity, 305, QuantityAt, true), (line.UnitAmount, QuantityAt + 5, UnitAt, true), (line.Amount, UnitAt + 5, Right, true));
            if (line.Period is { } period) Row(plain, (period, Left, Middle, false));
            if (file.Pages > turned && line != paper.Lines[^1]) Head();
        }

        y += 8;
        file.Line(Middle, Right, y);
        foreach (var sum in paper.Sums) Row(sum.Strong ? strong : plain, (sum.Label, Middle, UnitAt - 20, false), (sum.Amount, UnitAt - 18, Right, true));
        if (paper.Notes.Count > 0)
        {
            y += 14;
            Row(strong, ("Credit notes", Left, Middle, false));
            foreach (var (number, date, amount) in paper.Notes) Row(plain, (number, Left, 200, false), (date, 205, Middle, false), (amount, UnitAt - 18, Right, true));
        }

        y += 24;
        foreach (var line in paper.Footer) Row(plain, (line, Left, Right, false));
    }

    private void Head()
    {
        Row(strong, ("Description", Left, Middle, false), ("Quantity", 305, QuantityAt, true), ("Unit price", QuantityAt + 5, UnitAt, true), ("Amount", UnitAt + 5, Right, true));
        file.Line(Left, Right, y + 2);
        y += 4;
    }

    // The parts of a row stand beside each other, each in its own width; the longest says where the next row begins.
    private void Row(PdfFace face, params ReadOnlySpan<(string Text, double From, double To, bool ToTheRight)> parts)
    {
        var wrapped = new List<string>[parts.Length];
        var most = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            wrapped[i] = Wrap(parts[i].Text, face, parts[i].To - parts[i].From);
            most = Math.Max(most, wrapped[i].Count);
        }

        for (var line = 0; line < most; line++)
        {
            if (y + LineHeight > Bottom)
            {
                file.Turn();
                y = Top;
            }

            y += LineHeight;
            for (var i = 0; i < parts.Length; i++)
            {
                if (line >= wrapped[i].Count || wrapped[i][line] is not { Length: > 0 } text) continue;
                file.Text(face, Size, parts[i].ToTheRight ? parts[i].To - face.Measure(text, Size) : parts[i].From, y, text);
            }
        }
    }

    // Broken at a space where there is one, else within a word, and never within a character.
    private static List<string> Wrap(string text, PdfFace face, double width)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        var (length, space, spaceLength) = (0.0, -1, 0.0);
        foreach (var rune in text.EnumerateRunes())
        {
            var character = Rune.IsControl(rune) ? new Rune(' ') : rune;
            var wide = face.Measure(character.ToString(), Size);
            if (length + wide > width && line.Length > 0)
            {
                var cut = space > 0 ? space : line.Length;
                lines.Add(line.ToString(0, cut).TrimEnd());
                line.Remove(0, space > 0 ? Math.Min(line.Length, cut + 1) : cut);
                length = space > 0 ? length - spaceLength : 0;
                space = -1;
            }

            line.Append(character.ToString());
            length += wide;
            if (character.Value == ' ') (space, spaceLength) = (line.Length - 1, length);
        }

        lines.Add(line.ToString().TrimEnd());
        return lines;
    }
}
