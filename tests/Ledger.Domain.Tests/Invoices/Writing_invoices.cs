using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Tests.Payments;

namespace Ledger.Domain.Tests.Invoices;

public sealed class Writing_invoices(ITestOutputHelper output)
{
    private static readonly InvoiceId First = InvoiceId.Of(PaymentId.Of(1));
    private static readonly InvoiceId Second = InvoiceId.Of(PaymentId.Of(2));

    private BillingDraft draft = Draft(new());

    [Fact]
    public void Numbers_rise_by_one_within_a_year_and_begin_anew_with_the_next()
    {
        InvoiceBook.Issue(draft, First, Terms(100));
        InvoiceBook.Issue(draft, Second, Terms(100));
        (draft.Find(First).Number, draft.Find(Second).Number).ShouldBe(("INV-2026-000001", "INV-2026-000002"));
        Later(new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var third = InvoiceId.Of(PaymentId.Of(3));
        InvoiceBook.Issue(draft, third, Terms(100));
        draft.Find(third).Number.ShouldBe("INV-2027-000001");
        InvoiceBook.Credit(draft, First, new(40, "usd"));
        draft.Find(First).Notes.Single().Number.ShouldBe("CN-2027-000001", "credit notes have a series of their own");
        Invoicing.TextOf(2026, 1_234_567).ShouldBe("INV-2026-1234567");
    }

    [Fact]
    public void A_thing_is_invoiced_once_and_what_costs_nothing_not_at_all()
    {
        InvoiceBook.Issue(draft, First, Terms(100));
        InvoiceBook.Issue(draft, First, Terms(200));
        draft.Find(First).Total.ShouldBe(new(100, "usd"));
        InvoiceBook.Issue(draft, Second, Terms(100) with { Discount = new(100, "usd") });
        draft.Find(Second).Exists.ShouldBeFalse();
        draft.Invoicing.Next(2026).ShouldBe(2, "and no number is used up");
    }

    [Fact]
    public void It_keeps_the_seller_and_the_tax_of_when_it_was_written()
    {
        var seller = new Seller("Shop Ltd", "1 High Street", "GB1", "Thanks");
        draft = Draft(new() { TaxPercent = 11.0m, TaxName = "PPN", Seller = seller });
        InvoiceBook.Issue(draft, First, Terms(11_100));
        var invoice = draft.Find(First);
        (invoice.Tax.Amount, invoice.Net.Amount, invoice.TaxName, invoice.Seller).ShouldBe((1_100L, 10_000L, "PPN", seller));
        invoice.TaxPercent.ToString(System.Globalization.CultureInfo.InvariantCulture).ShouldBe("11", "one rate has one spelling");
    }

    [Fact]
    public void An_open_one_is_paid_or_fails_or_is_taken_back_and_a_paid_one_stays_paid()
    {
        InvoiceBook.Issue(draft, First, Terms(100) with { IsPaid = false, DueAt = draft.Now.AddDays(7) });
        (draft.Find(First).Status, draft.Find(First).AmountPaid.Amount).ShouldBe((InvoiceStatus.Pending, 0L));
        InvoiceBook.Credit(draft, First, new(100, "usd"));
        draft.Find(First).Notes.ShouldBeEmpty("nothing was paid, so nothing goes back");
        InvoiceBook.Failed(draft, First, "card_declined");
        InvoiceBook.Failed(draft, First, "card_declined");
        (draft.Find(First).Status, draft.Find(First).Version).ShouldBe((InvoiceStatus.Failed, 2L));
        InvoiceBook.Paid(draft, First);
        InvoiceBook.Void(draft, First);
        InvoiceBook.Failed(draft, First, "late");
        (draft.Find(First).Status, draft.Find(First).AmountPaid.Amount, draft.Find(First).Reason).ShouldBe((InvoiceStatus.Paid, 100L, null));

        InvoiceBook.Issue(draft, Second, Terms(100) with { IsPaid = false });
        InvoiceBook.Void(draft, Second, "canceled");
        InvoiceBook.Paid(draft, Second);
        draft.Find(Second).Status.ShouldBe(InvoiceStatus.Void);
        InvoiceBook.Link(draft, Second, "stripe", "in_1", "https://pay.example/in_1");
        InvoiceBook.Link(draft, Second, "stripe", "in_1", null);
        (draft.Find(Second).Version, draft.Find(Second).HostedUrl).ShouldBe((3L, "https://pay.example/in_1"));
    }

    [Fact]
    public void What_goes_back_is_credited_once_and_what_stays_after_all_is_taken_back_by_a_note_of_its_own()
    {
        draft = Draft(new() { TaxPercent = 20 });
        InvoiceBook.Issue(draft, First, Terms(120));
        InvoiceBook.Credit(draft, First, new(50, "usd"));
        InvoiceBook.Credit(draft, First, new(50, "usd"));
        InvoiceBook.Credit(draft, First, new(500, "usd"));
        var invoice = draft.Find(First);
        invoice.Notes.Select(note => (note.Number, note.Amount.Amount, note.Tax.Amount)).ShouldBe([("CN-2026-000001", 50L, 8L), ("CN-2026-000002", 70L, 12L)]);
        invoice.Status.ShouldBe(InvoiceStatus.Refunded);
        InvoiceBook.Credit(draft, First, new(50, "usd"));
        invoice = draft.Find(First);
        (invoice.Notes[^1].Amount.Amount, invoice.Credited.Amount, invoice.Status, invoice.AmountPaid.Amount).ShouldBe((-70L, 50L, InvoiceStatus.Paid, 120L));
    }

    [Theory]
    [InlineData("0", 100, 0)]
    [InlineData("100", 3, 2)] // 1.5, the even neighbour
    [InlineData("100", 5, 2)] // 2.5
    [InlineData("11", 15_000_000, 1_486_486)]
    [InlineData("8.1", 1, 0)]
    [InlineData("19", 1_000_000_000_000_000, 159_663_865_546_218)]
    public void A_tax_is_rounded_half_to_even_in_minor_units(string percent, long gross, long tax) =>
        Tax.In(new(gross, "idr"), decimal.Parse(percent, System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(new(tax, "idr"));

    [Fact]
    public void Net_and_tax_are_the_total_whatever_the_rate_and_notes_of_all_the_money_hold_all_the_tax()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var currency = new[] { "usd", "idr", "jpy", "kwd" }[random.Next(4)];
            draft = Draft(new() { TaxPercent = random.Next(0, 1_000_001) / 10_000m });
            var lines = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.NextInt64(1, 1L << random.Next(1, 48))).ToArray();
            var discount = random.NextInt64(0, lines.Sum());
            InvoiceBook.Issue(draft, First, Terms(1) with { Lines = [.. lines.Select(amount => new InvoiceLine("a", 1, new(amount, currency), new(amount, currency)))], Discount = new(discount, currency) });
            var total = lines.Sum() - discount;
            for (var step = 0; step < 5; step++) InvoiceBook.Credit(draft, First, new(step == 4 ? total : random.NextInt64(0, total + 1), currency));
            var invoice = draft.Find(First);
            (invoice.Net.Amount + invoice.Tax.Amount, invoice.Total.Amount).ShouldBe((total, total), $"seed {seed}");
            // By whole numbers: the tax is within half a unit of rate x net, both times 10^6.
            var rate = (Int128)(invoice.TaxPercent * 10_000m);
            var twice = 2 * (invoice.Tax.Amount * (1_000_000 + rate) - total * rate);
            (twice <= 1_000_000 + rate && -twice <= 1_000_000 + rate).ShouldBeTrue($"seed {seed}");
            (invoice.Notes.Sum(note => note.Amount.Amount), invoice.Notes.Sum(note => note.Tax.Amount), invoice.Status).ShouldBe((total, invoice.Tax.Amount, InvoiceStatus.Refunded), $"seed {seed}");
        }
    }

    [Fact]
    public void Invoices_equal_payments_whatever_is_told_of_them_in_any_order()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 60; round++)
        {
            // The laws of the world look after each step: an invoice for what was paid, and credit notes for what went back.
            var world = new PaymentWorld { Policy = new() { TaxPercent = random.Next(0, 25) } };
            world.Buy();
            if (random.Next(2) == 0) world.Page();
            var refunds = 0;
            for (var step = 0; step < 25; step++)
            {
                world.Now = world.Now.AddHours(random.Next(1, 48));
                var amount = random.Next(1, 1501);
                var id = "re_" + random.Next(4);
                _ = random.Next(9) switch
                {
                    0 => world.Tell(world.Told(random.Next(2) == 0 ? PaymentStatus.Authorized : PaymentStatus.Expired)),
                    1 => world.Tell(world.Told(PaymentStatus.Canceled, reverses: random.Next(4) == 0)),
                    2 => world.Send(new StartRefund { Payment = PaymentWorld.First, Refund = $"rfd_{refunds++}", Amount = amount, Reason = "returned" }),
                    3 => world.Tell(PaymentWorld.Refunded(amount, id, (RefundStatus)random.Next(4))),
                    4 => world.Tell(PaymentWorld.Total(amount)),
                    5 => world.Tell(PaymentWorld.Disputed((DisputeStatus)random.Next(5), amount, "dp_" + random.Next(2))),
                    6 when refunds > 0 => world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Refund, Refund = $"rfd_{random.Next(refunds)}", Reason = "no", IsFinal = true }),
                    _ => world.Pay(),
                };
            }

            output.WriteLine(string.Join(' ', world.Payment.Status, world[InvoiceId.Of(PaymentWorld.First)].Notes.Count));
        }
    }

    private static BillingDraft Draft(BillingPolicy policy, DateTimeOffset? now = null) => new(new() { Policy = policy }, now ?? new(2026, 12, 31, 23, 59, 59, TimeSpan.Zero));

    private static InvoiceTerms Terms(long amount) => new() { Account = new("acct_1"), Lines = [new("Large", 1, new(amount, "usd"), new(amount, "usd"))], Discount = new(0, "usd"), IsPaid = true };

    // What was written so far, at another time.
    private void Later(DateTimeOffset now) => draft = new(
        new() { Invoicing = draft.Invoicing, Invoices = System.Collections.Immutable.ImmutableDictionary<InvoiceId, Invoice>.Empty.Add(First, draft.Find(First)).Add(Second, draft.Find(Second)) }, now);
}
