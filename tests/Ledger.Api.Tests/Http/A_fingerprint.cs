using System.Text;
using Ledger.Api.Http;

namespace Ledger.Api.Tests.Http;

public sealed class A_fingerprint
{
    [Theory]
    [InlineData("""{"amount":5,"description":"x"}""", """{ "description" : "x", "amount" : 5.0 }""")]
    [InlineData("""{"amount":5}""", """{"amount":"5"}""")]
    [InlineData("""{"amount":5}""", """{"amount":50e-1}""")]
    [InlineData("""{"amount":5}""", """{"amount":5,"description":null}""")]
    [InlineData("""{"metadata":{"a":"1","b":"2"}}""", """{"metadata":{"b":"2","a":"1","c":null}}""")]
    [InlineData("""{"at":"2026-01-01T00:00:00Z"}""", """{"at":"2026-01-01T07:00:00.000+07:00"}""")]
    [InlineData("""{"description":"é"}""", """{"description":"\u00e9"}""")]
    [InlineData("""{"free":{"a":1.0,"b":[1e1,{"y":1,"x":2}]}}""", """{"free":{"b":[10,{"x":2.00,"y":1}],"a":1}}""")]
    [InlineData("""{"price":{"amount":5,"currency":"usd"}}""", """{"price":{"currency":"usd","amount":5}}""")]
    public void is_the_same_for_the_same_request(string one, string other) => Of(one).ShouldBe(Of(other));

    [Theory]
    [InlineData("""{"amount":5}""", """{"amount":6}""")]
    [InlineData("""{"amount":5}""", """{"amount":-5}""")]
    [InlineData("""{"amount":5}""", """{}""")]
    [InlineData("""{"numbers":[1,2]}""", """{"numbers":[2,1]}""")]
    [InlineData("""{"metadata":{"a":"1"}}""", """{"metadata":{"a":"2"}}""")]
    [InlineData("""{"metadata":{}}""", """{}""")]
    [InlineData("""{"free":{"a":"1"}}""", """{"free":{"a":1}}""")]
    [InlineData("""{"free":{"a":null}}""", """{"free":{}}""")]
    [InlineData("""{"description":"a"}""", """{"description":"A"}""")]
    public void differs_for_another_request(string one, string other) => Of(one).ShouldNotBe(Of(other));

    [Fact]
    public void tells_commands_and_accounts_apart()
    {
        var body = new Sample { Count = 1 };
        Fingerprint.Of("consume", "a", body).ShouldNotBe(Fingerprint.Of("grant", "a", body));
        Fingerprint.Of("consume", "a", body).ShouldNotBe(Fingerprint.Of("consume", "b", body));
        Fingerprint.Of("consume", "a", body).ShouldBe(Fingerprint.Of("consume", "a", body with { }));
    }

    [Fact]
    public void sees_only_the_members_of_the_request_that_a_line_derives_from() =>
        Fingerprint.Of<Plain>("consume", "a", new Line { Count = 1, Key = "k" }).ShouldBe(Fingerprint.Of("consume", "a", new Plain { Count = 1 }));

    [Fact]
    public void does_not_change_from_one_version_to_the_next() =>
        // Stored keys are compared with it for ever.
        Of("""{"amount":1.5,"description":"é","metadata":{"b":"2","a":"1"},"at":"2026-01-01T00:00:00Z"}""").ShouldBe(UInt128.Parse(Golden, System.Globalization.CultureInfo.InvariantCulture));

    private const string Golden = "20128576359872209498009437286848036589";

    private static UInt128 Of(string json) => Fingerprint.Of("consume", "acct_1", RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(json)).Value!);

    public record Plain
    {
        public int? Count { get; init; }
    }

    public sealed record Line : Plain
    {
        public string? Key { get; init; }
    }
}
