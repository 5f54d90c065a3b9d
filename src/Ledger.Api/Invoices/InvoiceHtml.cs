using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Api.Invoices;

/// <summary>An invoice as a page to read and print: one document, without scripts and without anything from elsewhere, every text escaped.</summary>
internal static class InvoiceHtml
{
    private const string Style =
        "@page{size:A4;margin:20mm}*{box-sizing:border-box}body{font:15px/1.5 system-ui,\"DejaVu Sans\",sans-serif;color:#1c2430;background:#fff;max-width:48rem;margin:2rem auto;padding:0 1.5rem}"
        + "header{display:flex;justify-content:space-between;gap:2rem;align-items:flex-start}h1{font-size:1.7rem;margin:0}h2{font-size:1rem;margin:2rem 0 .5rem}.status{color:#4a5666}"
        + "address{font-style:normal;text-align:right;overflow-wrap:anywhere}.who{display:flex;justify-content:space-between;gap:2rem;margin:2rem 0}.who div{overflow-wrap:anywhere}"
        + "table{width:100%;border-collapse:collapse}th{font-weight:600;text-align:left;border-bottom:2px solid #1c2430}th,td{padding:.4rem .5rem;vertical-align:top}tbody td{border-bottom:1px solid #dde2e8;overflow-wrap:anywhere}"
        + "td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.period{color:#4a5666;font-size:.9em}.sums{width:auto;margin:1rem 0 0 auto}.sums td{border:0;padding:.15rem .5rem}.sums .strong td{font-weight:700;border-top:2px solid #1c2430}"
        + ".facts{width:auto}.facts td{border:0;padding:.1rem .5rem .1rem 0}footer{margin-top:3rem;color:#4a5666;font-size:.9em;border-top:1px solid #dde2e8;padding-top:.7rem}"
        + "@media print{body{margin:0;padding:0;max-width:none}tr{break-inside:avoid}thead{display:table-header-group}}";

    /// <summary>What the page may do: nothing but its own style, known by its hash.</summary>
    public static string Policy { get; } = $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The page.</summary>
    public static byte[] Of(InvoicePaper paper)
    {
        var page = new StringBuilder(4096);
        page.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Invoice ").Append(Text(paper.Number))
            .Append("</title><style>").Append(Style).Append("</style></head><body>\n");
        page.Append("<header><div><h1>Invoice</h1><div class=\"status\">").Append(Text(paper.Status)).Append("</div></div><address>").Append(Lines(paper.Seller)).Append("</address></header>\n");
        page.Append("<div class=\"who\"><div><strong>Billed to</strong><br>").Append(Lines(paper.Buyer)).Append("</div><table class=\"facts\"><tbody>");
        foreach (var (label, text) in paper.Facts) page.Append("<tr><td>").Append(Text(label)).Append("</td><td>").Append(Text(text)).Append("</td></tr>");
        page.Append("</tbody></table></div>\n<table><thead><tr><th>Description</th><th class=\"n\">Quantity</th><th class=\"n\">Unit price</th><th class=\"n\">Amount</th></tr></thead><tbody>\n");
        foreach (var line in paper.Lines)
        {
            page.Append("<tr><td dir=\"auto\">").Append(Text(line.Description));
            if (line.Period is { } period) page.Append("<div class=\"period\">").Append(Text(period)).Append("</div>");
            page.Append("</td><td class=\"n\">").Append(Text(line.Quantity)).Append("</td><td class=\"n\">").Append(Text(line.UnitAmount)).Append("</td><td class=\"n\">").Append(Text(line.Amount)).Append("</td></tr>\n");
        }

        page.Append("</tbody></table>\n<table class=\"sums\"><tbody>");
        foreach (var sum in paper.Sums) page.Append(sum.Strong ? "<tr class=\"strong\"><td>" : "<tr><td>").Append(Text(sum.Label)).Append("</td><td class=\"n\">").Append(Text(sum.Amount)).Append("</td></tr>");
        page.Append("</tbody></table>\n");
        if (paper.Notes.Count > 0)
        {
            page.Append("<h2>Credit notes</h2>\n<table><tbody>");
            foreach (var (number, date, amount) in paper.Notes) page.Append("<tr><td>").Append(Text(number)).Append("</td><td>").Append(Text(date)).Append("</td><td class=\"n\">").Append(Text(amount)).Append("</td></tr>");
            page.Append("</tbody></table>\n");
        }

        if (paper.Footer.Count > 0) page.Append("<footer>").Append(Lines(paper.Footer)).Append("</footer>\n");
        return Encoding.UTF8.GetBytes(page.Append("</body></html>\n").ToString());
    }

    // The direction of a text is found from its own letters, so that names of every script stand right.
    private static string Lines(IEnumerable<string> lines) => string.Join("<br>", lines.Select(line => $"<bdi>{Text(line)}</bdi>"));

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
