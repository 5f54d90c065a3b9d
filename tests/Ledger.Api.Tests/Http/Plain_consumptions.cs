using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Http;

namespace Ledger.Api.Tests.Http;

/// <summary>What is read and written by hand for most requests is what the general way makes of them, or it is left to the general way.</summary>
public sealed class Plain_consumptions
{
    [Theory]
    [InlineData("""{"amount":1,"service":"chat_assistant","operation":"completion","reference":"req_1"}""")]
    [InlineData(" {\r\n\t\"actor\" : \"u_1\" , \"description\":\"a <b> & 'c' + d\" , \"amount\" : 999999999999 } \n")]
    [InlineData("""{"amount":120000}""")]
    [InlineData("""{"service":""}""")]
    public void are_read_by_hand(string body) => Compare(body).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"amount":1,"amount":1}""")]
    [InlineData("""{"service":"a","service":"a"}""")]
    [InlineData("""{"service":null,"amount":1}""")]
    [InlineData("""{"amount":1,}""")]
    [InlineData("""{"amount":1}}""")]
    [InlineData("""{"amount":1} x""")]
    [InlineData("""{"amount":1""")]
    [InlineData("""{"amount":""")]
    [InlineData("""{"amount":1234567""")]
    [InlineData("""{"amount":01}""")]
    [InlineData("""{"amount":0}""")]
    [InlineData("""{"amount":-1}""")]
    [InlineData("""{"amount":1.5}""")]
    [InlineData("""{"amount":1.}""")]
    [InlineData("""{"amount":1e3}""")]
    [InlineData("""{"amount":1E3}""")]
    [InlineData("""{"amount":1x}""")]
    [InlineData("""{"amount":"1"}""")]
    [InlineData("""{"amount":1000000000000}""")]
    [InlineData("""{"amount":1,"Service":"a"}""")]
    [InlineData("""{"amount":1,"servic\u0065":"a"}""")]
    [InlineData("""{"amount":1,"service":"a\nb"}""")]
    [InlineData("""{"amount":1,"service":"é"}""")]
    [InlineData("""{"amount":1,"service":"a}""")]
    [InlineData("""{"amount":1,"service":5}""")]
    [InlineData("""{"amount":1,"metadata":{}}""")]
    [InlineData("""{"amount":1,"unknown":"a"}""")]
    [InlineData("""[{"amount":1}]""")]
    [InlineData("""{"amount":1 /* more */}""")]
    public void are_left_to_the_general_reader_where_they_are_anything_else(string body) => Compare(body).ShouldBeFalse();

    [Fact]
    public void are_the_same_however_they_are_put_together()
    {
        string[] parts = ["{", "}", ":", ",", " ", "\"amount\"", "\"service\"", "\"operation\"", "\"reference\"", "\"description\"", "\"actor\"", "\"amount\":", "\"service\":\"a\"", "\"actor\":\"b c\"", "1", "20", "0", "-", ".5", "e1", "null", "true", "\"x\"", "\"", "\\", "\u007f", "é", "\n"];
        var random = new Random(7);
        var byHand = 0;
        for (var round = 0; round < 200_000; round++)
        {
            var body = new StringBuilder(round % 2 == 0 ? "{\"amount\":5," : "{");
            for (var i = random.Next(8); i > 0; i--) body.Append(parts[random.Next(parts.Length)]);
            if (Compare(body.Append('}').ToString())) byHand++;
        }

        byHand.ShouldBeGreaterThan(200);
    }

    [Fact]
    public void write_any_text_as_the_serializer_does()
    {
        var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        for (var c = 0; c <= char.MaxValue; c++)
        {
            if (char.IsSurrogate((char)c)) continue;
            var text = $"a{(char)c}b";
            Written(text).ShouldBe(JsonSerializer.Serialize(text, options));
        }

        Written("\ud83d\ude00").ShouldBe(JsonSerializer.Serialize("\ud83d\ude00", options));
        Written(new string('x', 10_000)).Length.ShouldBe(10_002);
    }

    private static string Written(string text)
    {
        var json = PlainJson.Begin();
        json.Text(text);
        var written = Encoding.UTF8.GetString(json.Written);
        json.End();
        return written;
    }

    /// <summary>Whether it was read by hand; both ways must agree then, in what was read and in its fingerprint.</summary>
    private static bool Compare(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var plain = PlainConsumption.Read(bytes);
        if (plain is null) return false;
        var general = RequestReader.ParseAny<ConsumeCreditsRequest>(bytes);
        general.Problem.ShouldBeNull(body);
        plain.ShouldBe(general.Value, body);
        Fingerprint.Of("consume", "acct_1", plain).ShouldBe(Fingerprint.OfAny("consume", "acct_1", plain), body);
        return true;
    }
}
