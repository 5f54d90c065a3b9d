using System.Text;
using Ledger.Providers.Stripe;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Signatures_of_stripe
{
    private const string Secret = "whsec_oneSecretOfTheTests_0123456789";
    private const string Other = "whsec_anotherSecret_9876543210";
    private const long Time = 1_790_000_000;

    private static readonly byte[] Body = """{"id":"evt_1","object":"event","api_version":"2026-07-29.dahlia","type":"customer.updated","livemode":true,"data":{"object":{"id":"cus_1","name":"Zoë"}}}"""u8.ToArray();

    [Fact]
    public void the_right_one_holds_and_names_the_event()
    {
        Verify(SignedHeader.Sign(Secret, Time, Body), out _).ShouldBe(new Notification("evt_1", "customer.updated", "cus_1", true, "2026-07-29.dahlia"));
    }

    [Fact]
    public void a_known_vector_holds() =>
        // HMAC-SHA256 of "1790000000.{}" with the whole secret, prefix and all, by another implementation.
        SignedHeader.Sign("whsec_abc", 1_790_000_000, "{}"u8).ShouldBe("t=1790000000,v1=170ef3491b3cfc945d99e671e63da1ff1289b1c8b36cefe732277e7d062772f2");

    [Theory]
    [InlineData(0, true)]
    [InlineData(300, true)]
    [InlineData(301, false)]
    [InlineData(-300, true)]
    [InlineData(-301, false)]
    public void five_minutes_either_way_are_now(int seconds, bool holds)
    {
        var told = Verify(SignedHeader.Sign(Secret, Time, Body), out var fault, now: Time + seconds);
        if (holds) told.ShouldNotBeNull();
        else (told, fault).ShouldBe((null, SignatureFault.Stale));
    }

    [Fact]
    public void any_of_several_signatures_and_of_several_secrets_is_enough()
    {
        var (right, wrong) = (Hex(SignedHeader.Sign(Secret, Time, Body)), Hex(SignedHeader.Sign(Other, Time, Body)));
        Verify($"t={Time},v1={wrong},v1={right}", out _).ShouldNotBeNull();
        Verify($"v0={wrong},v1={right},t={Time}", out _).ShouldNotBeNull();
        Verify($"t={Time},v1={wrong}", out _, secrets: [Secret, Other]).ShouldNotBeNull();
    }

    public static TheoryData<string, string, SignatureFault> Bad => new()
    {
        { "nothing", "", SignatureFault.Missing },
        { "no pairs", "hello", SignatureFault.Missing },
        { "no time", "v1=" + new string('0', 64), SignatureFault.Missing },
        { "no signature", $"t={Time}", SignatureFault.Missing },
        { "another scheme only", $"t={Time},v0={Hex(SignedHeader.Sign(Secret, Time, Body))}", SignatureFault.Missing },
        { "a time that is none", $"t=now,v1={Hex(SignedHeader.Sign(Secret, Time, Body))}", SignatureFault.Missing },
        { "a time below 0", $"t=-5,v1={Hex(SignedHeader.Sign(Secret, Time, Body))}", SignatureFault.Missing },
        { "another time", $"t={Time + 1},v1={Hex(SignedHeader.Sign(Secret, Time, Body))}", SignatureFault.Wrong },
        { "another secret", SignedHeader.Sign(Other, Time, Body), SignatureFault.Wrong },
        { "capitals", $"t={Time},v1={Hex(SignedHeader.Sign(Secret, Time, Body)).ToUpperInvariant()}", SignatureFault.Wrong },
        { "a part of it", $"t={Time},v1={Hex(SignedHeader.Sign(Secret, Time, Body))[..40]}", SignatureFault.Wrong },
        { "nothing in place of it", $"t={Time},v1=", SignatureFault.Wrong },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void what_is_wrong_about_one_is_said(string what, string header, SignatureFault expected)
    {
        Verify(header, out var fault).ShouldBeNull(what);
        fault.ShouldBe(expected);
    }

    [Fact]
    public void one_byte_more_or_less_breaks_it()
    {
        var header = SignedHeader.Sign(Secret, Time, Body);
        Verify(header, out var fault, body: [.. Body, (byte)'\n']).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Wrong);
        Verify(header, out _, body: Body[..^1]).ShouldBeNull();
        Verify(header, out _, body: Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Body).Replace("Zoë", "Zo\\u00eb"))).ShouldBeNull();
    }

    [Fact]
    public void an_empty_secret_signs_nothing() => Verify(SignedHeader.Sign("", Time, Body), out _, secrets: [""]).ShouldBeNull();

    [Theory]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"type":"customer.updated"}""")]
    [InlineData("""{"id":"evt_1","type":"a"} {}""")]
    public void what_is_signed_and_no_event_can_not_be_read(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        Verify(SignedHeader.Sign(Secret, Time, bytes), out var fault, body: bytes).ShouldBeNull();
        fault.ShouldBe(SignatureFault.Unreadable);
    }

    private static string Hex(string header) => header.Split("v1=")[1];

    private static Notification? Verify(string header, out SignatureFault fault, byte[]? body = null, long now = Time, string[]? secrets = null)
    {
        using var stripe = new StripeProvider();
        var settings = new ProviderSettings("sk_test_1", [.. secrets ?? [Secret]], new Uri("https://api.example.test"));
        return stripe.Verify(settings, name => name == "Stripe-Signature" ? header : null, body ?? Body, DateTimeOffset.FromUnixTimeSeconds(now), out fault);
    }
}
