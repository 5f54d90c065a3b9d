using System.Text;
using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Midtrans;
using Ledger.Providers.Stripe;

namespace Ledger.Providers.Tests.Conformance;

public sealed class Recorded_events
{
    public static TheoryData<string> StripeEvents => Fixtures.Names("stripe/events");

    public static TheoryData<string> StripeVectors => Fixtures.Members("stripe/signatures.json", "vectors");

    public static TheoryData<string> Notifications => Fixtures.Names("midtrans/notifications");

    public static TheoryData<string> MidtransVectors => Fixtures.Members("midtrans/signatures.json", "vectors");

    [Theory]
    [MemberData(nameof(StripeEvents))]
    public void of_stripe_have_their_effect(string name)
    {
        if (Fixtures.None(name)) return;
        using var stripe = new StripeProvider();
        var body = Fixtures.Bytes($"stripe/events/{name}.json");
        var facts = stripe.Translate(body);
        facts.ShouldNotBeEmpty();
        facts.ShouldAllBe(fact => fact.Provider == "stripe" && fact.At != null && !fact.IsHint);
        // A body that came later has only to be read.
        if (Effects.OfStripe.TryGetValue(name, out var effect)) Effects.Words(facts).ShouldBe(effect);
        // What we wrote comes back.
        var marks = JsonNode.Parse(body)!["data"]!["object"]!["metadata"].Deserialize();
        if (facts is [PaymentTold or RefundedSoFarTold or CustomerTold or SubscriptionTold]) facts[0].Marks.ShouldBe(marks);
    }

    [Fact]
    public void that_are_indexed_are_all_there_and_all_expected()
    {
        if (Fixtures.Folder is null)
        {
            Fixtures.None(Fixtures.NotRun).ShouldBeTrue();
            return;
        }

        var stripe = Fixtures.Read("stripe/events/index.json")["events"]!.AsArray().Select(one => Path.GetFileNameWithoutExtension((string)one!["file"]!)).ToArray();
        stripe.ShouldBeSubsetOf(StripeEvents.Select(row => row.Data));
        stripe.Length.ShouldBeGreaterThan(60);
        var midtrans = Fixtures.Read("midtrans/notifications/index.json")["notifications"]!.AsArray().Select(one => Path.GetFileNameWithoutExtension((string)one!["file"]!)).ToArray();
        midtrans.ShouldBeSubsetOf(Notifications.Select(row => row.Data));
        midtrans.Length.ShouldBeGreaterThan(35);
        foreach (var one in Fixtures.Read("midtrans/notifications/index.json")["notifications"]!.AsArray())
        {
            var body = Fixtures.Bytes("midtrans/" + (string)one!["file"]!);
            using var provider = new MidtransProvider();
            if ((string?)one["order_id"] is { } order) provider.Translate(body)[0].Refs.OrderId.ShouldBe(order);
        }
    }

    [Theory]
    [MemberData(nameof(StripeVectors))]
    public void of_stripe_are_signed_as_it_signs(string name)
    {
        if (Fixtures.None(name)) return;
        var vector = Fixtures.Named("stripe/signatures.json", "vectors", name);
        using var stripe = new StripeProvider();
        var settings = new ProviderSettings("sk_test_1", [.. vector["secrets"]!.AsArray().Select(secret => (string)secret!)], new Uri("https://api.example.test"));
        var told = stripe.Verify(settings, _ => (string?)vector["header"], Convert.FromBase64String((string)vector["payload_base64"]!), DateTimeOffset.FromUnixTimeSeconds((long)vector["now"]!), out var fault);
        if ((string)vector["expect"]! == "accept") told.ShouldNotBeNull($"{fault}");
        else told.ShouldBeNull();
    }

    [Theory]
    [MemberData(nameof(Notifications))]
    public void of_midtrans_hold_and_have_their_effect(string name)
    {
        if (Fixtures.None(name)) return;
        using var midtrans = new MidtransProvider();
        var key = (string)Fixtures.Read("midtrans/notifications/index.json")["server_key"]!;
        var body = Fixtures.Bytes($"midtrans/notifications/{name}.json");
        midtrans.Verify(new ProviderSettings(key, [key], new Uri("https://api.example.test")), _ => null, body, DateTimeOffset.UtcNow, out var fault).ShouldNotBeNull($"{fault}");
        var facts = midtrans.Translate(body);
        facts.ShouldNotBeEmpty();
        facts.ShouldAllBe(fact => fact.IsHint);
        if (Effects.OfMidtrans.TryGetValue(name, out var effect)) Effects.Words(facts).ShouldBe(effect);
        // One byte of what is signed, and it is nobody's.
        var text = Encoding.UTF8.GetString(body);
        if (!text.Contains("signature_key", StringComparison.Ordinal)) return;
        var forged = Encoding.UTF8.GetBytes(text.Replace(".00\"", ".01\"", StringComparison.Ordinal));
        midtrans.Verify(new ProviderSettings(key, [key], new Uri("https://api.example.test")), _ => null, forged, DateTimeOffset.UtcNow, out fault).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Wrong);
    }

    [Theory]
    [MemberData(nameof(MidtransVectors))]
    public void of_midtrans_are_signed_as_it_signs(string name)
    {
        if (Fixtures.None(name)) return;
        var vector = Fixtures.Named("midtrans/signatures.json", "vectors", name);
        string Text(string member) => (string)vector[member]!;
        MidtransSignature.Fits(Text("order_id"), Text("status_code"), Text("gross_amount"), Text("server_key"), Text("signature_key")).ShouldBe(Text("expect") == "accept");
        // A notification is held to more: its code has three digits.
        var body = new JsonObject { ["transaction_status"] = "settlement" };
        foreach (var member in (string[])["order_id", "status_code", "gross_amount", "signature_key"]) body[member] = Text(member);
        using var midtrans = new MidtransProvider();
        var told = midtrans.Verify(new ProviderSettings("", [Text("server_key")], new Uri("https://api.example.test")), _ => null, Orders.Bytes(body), DateTimeOffset.UtcNow, out _);
        (told is not null).ShouldBe(Text("expect") == "accept" && MidtransSignature.IsStatusCode(Text("status_code")));
    }
}

/// <summary>Marks as the recorded metadata has them.</summary>
internal static class RecordedMarks
{
    public static LedgerMarks Deserialize(this JsonNode? metadata) =>
        metadata is JsonObject { Count: > 0 } there ? new LedgerMarks((string?)there["ledger_tenant"], (string?)there["ledger_account"], (string?)there["ledger_payment"], (string?)there["ledger_credits"]) : LedgerMarks.None;
}
