using System.Text;
using Ledger.Api.Invoices;
using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;

namespace Ledger.Api.Tests.Invoices;

/// <summary>What invoices look like, without a service.</summary>
public sealed class Papers
{
    [Theory]
    [InlineData(150_000, "usd", "1,500.00 USD")]
    [InlineData(15_000_000, "idr", "150,000.00 IDR")]
    [InlineData(1_500, "jpy", "1,500 JPY")]
    [InlineData(1_500, "kwd", "1.500 KWD")]
    [InlineData(-5, "eur", "-0.05 EUR")]
    [InlineData(1_000_000_000_000_000, "kwd", "1,000,000,000,000.000 KWD")]
    public void Money_is_written_with_the_decimals_of_its_currency(long amount, string currency, string text) => InvoicePaper.Text(new Money(amount, currency)).ShouldBe(text);

    [Fact]
    public void A_pdf_can_be_read_back_and_brings_its_fonts_along()
    {
        var bytes = InvoicePdf.Of(InvoicePaper.Of(Invoice(3), new Contact("o@example.com", "Ольга Łódź 田中 \u202e😀\u0007", "Ελλάδα\nZoë")));
        var read = new PdfReader(bytes);
        (read.Title, read.Pages.Count).ShouldBe(("Invoice INV-2026-000001", 1));
        var text = read.TextOf(read.Pages[0]);
        foreach (var shown in new[] { "Shop Ltd", "Tax id GB1", "Ольга Łódź", "Ελλάδα", "Zoë", "o@example.com", "Account acct_1", "2026-11-20 to 2026-12-20", "3.00 USD", "VAT 19 %, in the total", "CN-2026-000001", "-0.10 USD", "Thanks" }) text.ShouldContain(shown);
        text.ShouldNotContain("田", Case.Sensitive, "a letter that the font lacks is a box, and does no harm");
        read.Fonts.Count.ShouldBe(2);
        bytes.Length.ShouldBeLessThan(120_000, "of each face only what is used is in it");
    }

    [Fact]
    public void A_font_with_some_of_its_glyphs_is_a_font_with_the_same_widths_and_the_parts_that_these_are_put_together_from()
    {
        var whole = TrueTypeFont.Embedded("DejaVuSans.ttf");
        var used = "AÄé5".Select(letter => whole.GlyphOf(letter)).ToList();
        used.ShouldBeUnique();
        used.ShouldNotContain(0);
        whole.GlyphOf('田').ShouldBe(0);
        var part = whole.With(used);
        uint sum = 0;
        for (var i = 0; i < part.Length; i += 4) sum = unchecked(sum + System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(part.AsSpan(i)));
        sum.ShouldBe(0xB1B0AFBA, "the sum of a font");
        part.Length.ShouldBeLessThan(200_000);
        // Of a part, the part is the same again: nothing that it needs was left out.
        var again = new Dictionary<int, int>();
        foreach (var letter in "AÄé5") again[letter] = whole.WidthOf(whole.GlyphOf(letter));
        again.ShouldBe(new Dictionary<int, int> { ['A'] = 684, ['Ä'] = 684, ['é'] = 615, ['5'] = 636 });
    }

    [Fact]
    public void What_is_too_much_for_a_page_goes_on_with_the_next_and_what_is_too_long_for_a_line_with_the_next_line()
    {
        var read = new PdfReader(InvoicePdf.Of(InvoicePaper.Of(Invoice(120), null)));
        read.Pages.Count.ShouldBeGreaterThan(3);
        foreach (var page in read.Pages.SkipLast(1)) read.TextOf(page).ShouldContain("Description");
        string.Concat(read.Pages.Select(read.TextOf)).Split("2026-11-20 to 2026-12-20").Length.ShouldBe(121, "every line is there");
        var endless = string.Concat(Enumerable.Repeat("𝒳word", 800));
        var wrapped = new PdfReader(InvoicePdf.Of(InvoicePaper.Of(Invoice(1, endless), new Contact(Name: endless + " and an end"))));
        wrapped.Pages.Count.ShouldBeGreaterThan(1);
        string.Concat(wrapped.Pages.Select(wrapped.TextOf)).Count(letter => letter == 'w').ShouldBe(1600, "nothing of it is lost");
    }

    [Fact]
    public async Task Papers_are_written_by_many_at_once()
    {
        var sizes = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => Task.Run(() => InvoicePdf.Of(InvoicePaper.Of(Invoice(n % 4 + 1), null)).Length)));
        sizes.ShouldAllBe(size => size > 1000);
    }

    [Fact]
    public void Every_text_on_the_page_is_escaped()
    {
        const string Bad = "<img src=x onerror=\"alert('1')\">&";
        var invoice = Invoice(1, Bad, new Seller(Bad, Bad + "\n" + Bad, Bad, Bad), Bad);
        var page = Encoding.UTF8.GetString(InvoiceHtml.Of(InvoicePaper.Of(invoice, new Contact(Bad, Bad, Bad))));
        page.ShouldNotContain("<img");
        page.Split("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;").Length.ShouldBe(1 + 5 + 3 + 1 + 1, "seller, buyer, line and the tax's name");
        page.ShouldContain("CN-2026-000001");
        page.ShouldContain("-0.10 USD");
    }

    private static Invoice Invoice(int lines, string text = "A workshop with a rather long name that tells what it is about and for whom", Seller? seller = null, string? tax = "VAT")
    {
        var id = InvoiceId.Of(PaymentId.Of(1));
        var draft = new BillingDraft(new() { Policy = new() { TaxPercent = 19, TaxName = tax, Seller = seller ?? new("Shop Ltd", "1 High Street", "GB1", "Thanks") } }, new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));
        InvoiceBook.Issue(draft, id, new InvoiceTerms
        {
            Account = new("acct_1"),
            Payment = PaymentId.Of(1),
            Lines = [.. Enumerable.Range(0, lines).Select(n => new InvoiceLine(text, n + 1, new(100, "usd"), new(100 * (n + 1), "usd"), draft.Now, draft.Now.AddMonths(1)))],
            Discount = new(50, "usd"),
            IsPaid = true,
        });
        InvoiceBook.Credit(draft, id, new(10, "usd"));
        return draft.Find(id);
    }
}
