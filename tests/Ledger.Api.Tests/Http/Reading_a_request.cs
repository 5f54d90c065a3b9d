using System.Buffers;
using System.Text;
using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;

namespace Ledger.Api.Tests.Http;

public enum Colour
{
    Red,
    DarkBlue,
}

public sealed record Sample
{
    public Credits? Amount { get; init; }
    public MoneyBody? Price { get; init; }
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }
    public string? Description { get; init; }
    public bool? Flag { get; init; }
    public int? Count { get; init; }
    public long? Big { get; init; }
    public Colour? Colour { get; init; }
    public DateTimeOffset? At { get; init; }
    public IReadOnlyList<int>? Numbers { get; init; }
    public JsonElement? Free { get; init; }
}

public sealed class Reading_a_request
{
    [Theory]
    [InlineData("""{"amont":1}""", "amont", "is not a member of this request")]
    [InlineData("""{"price":{"amount":1,"curency":"usd"}}""", "price.curency", "is not a member of this request")]
    [InlineData("""{"']":1}""", "']", "is not a member of this request")]
    [InlineData("""{"]b c":1}""", "]b c", "is not a member of this request")]
    [InlineData("""{"['x":1}""", "['x", "is not a member of this request")]
    [InlineData("""{"amount":1,"amount":2}""", "amount", "is given more than once")]
    [InlineData("""{"price":{"amount":1,"amount":1}}""", "price.amount", "is given more than once")]
    [InlineData("""{"metadata":{"a":"1","a":"2"}}""", "metadata.a", "is given more than once")]
    [InlineData("""{"free":{"a":1,"a":2}}""", "free", "is given more than once")]
    [InlineData("""{"metadata":{"a":1}}""", "metadata.a", "must be text")]
    [InlineData("""{"metadata":{"a b.c":1}}""", "metadata.a b.c", "must be text")]
    [InlineData("""{"metadata":[]}""", "metadata", "has the wrong type")]
    [InlineData("""{"price":"1 usd"}""", "price", "has the wrong type")]
    [InlineData("""{"price":{"amount":"15"}}""", "price.amount", "must be a whole number of at most 9223372036854775807")]
    [InlineData("""{"price":{"amount":15.5}}""", "price.amount", "must be a whole number of at most 9223372036854775807")]
    [InlineData("""{"count":2147483648}""", "count", "must be a whole number of at most 2147483647")]
    [InlineData("""{"flag":"true"}""", "flag", "must be true or false")]
    [InlineData("""{"flag":1}""", "flag", "must be true or false")]
    [InlineData("""{"description":5}""", "description", "must be text")]
    [InlineData("""{"description":"a\u0000b"}""", "description", "must be text in UTF-8 without control characters")]
    [InlineData("""{"description":"a\nb"}""", "description", "must be text in UTF-8 without control characters")]
    [InlineData("""{"description":"a\u0085b"}""", "description", "must be text in UTF-8 without control characters")]
    [InlineData("""{"description":"\ud800"}""", "description", "must be text in UTF-8 without control characters")]
    [InlineData("""{"description":"\ude00\ud83d"}""", "description", "must be text in UTF-8 without control characters")]
    [InlineData("""{"colour":"Red"}""", "colour", "must be one of red, dark_blue")]
    [InlineData("""{"colour":"red, dark_blue"}""", "colour", "must be one of red, dark_blue")]
    [InlineData("""{"colour":0}""", "colour", "must be one of red, dark_blue")]
    [InlineData("""{"at":"2026-01-01"}""", "at", Times.Rule)]
    [InlineData("""{"at":"2026-01-01T00:00:00"}""", "at", Times.Rule)]
    [InlineData("""{"at":1767225600}""", "at", Times.Rule)]
    [InlineData("""{"numbers":[1,2,"x"]}""", "numbers[2]", "must be a whole number of at most 2147483647")]
    [InlineData("""{"numbers":[1,null]}""", "numbers[1]", "must be a whole number of at most 2147483647")]
    [InlineData("""{"amount":"1e2"}""", "amount", "must be a decimal number or a string such as \"12.5\"")]
    [InlineData("""{"amount":"+1"}""", "amount", "must be a decimal number or a string such as \"12.5\"")]
    [InlineData("""{"amount":" 1"}""", "amount", "must be a decimal number or a string such as \"12.5\"")]
    [InlineData("""{"amount":""}""", "amount", "must be a decimal number or a string such as \"12.5\"")]
    [InlineData("""{"amount":true}""", "amount", "must be a decimal number or a string such as \"12.5\"")]
    [InlineData("""{"amount":0.0000001}""", "amount", "must have at most 6 decimals")]
    [InlineData("""{"amount":1e-7}""", "amount", "must have at most 6 decimals")]
    [InlineData("""{"amount":1000000000000.000001}""", "amount", "must be at most 1000000000000, and at least -1000000000000")]
    [InlineData("""{"amount":-1000000000001}""", "amount", "must be at most 1000000000000, and at least -1000000000000")]
    [InlineData("""{"amount":1e400}""", "amount", "must be at most 1000000000000, and at least -1000000000000, with at most 28 digits")]
    [InlineData("""[]""", "body", "must be a JSON object")]
    [InlineData("""5""", "body", "must be a JSON object")]
    [InlineData("""null""", "body", "must be a JSON object")]
    public void says_which_member_is_wrong_and_why(string json, string member, string what)
    {
        var problem = RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(json)).Problem.ShouldNotBeNull();
        problem.Type.ShouldBe(ProblemTypes.InvalidRequest);
        var errors = (SortedDictionary<string, List<string>>)problem.Members.Single(m => m.Key == "errors").Value!;
        errors.Keys.ShouldBe([member]);
        errors[member].ShouldBe([what]);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"amount":1""")]
    [InlineData("""{"amount":}""")]
    [InlineData("""{"amount":1,}""")]
    [InlineData("""{"amount":NaN}""")]
    [InlineData("""{"amount":Infinity}""")]
    [InlineData("""{"amount":01}""")]
    [InlineData("""{"amount":1}{}""")]
    [InlineData("""{"amount":1} x""")]
    [InlineData("""// no comments\n{}""")]
    [InlineData("""{/* none */}""")]
    [InlineData("""{'amount':1}""")]
    [InlineData("\ufeff{}")]
    [InlineData("{\"description\":\"a\u0001b\"}")]
    [InlineData(" ")]
    public void refuses_what_is_not_json_and_names_a_place(string json)
    {
        var problem = RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(json)).Problem.ShouldNotBeNull();
        problem.Type.ShouldBe(ProblemTypes.InvalidRequest);
        problem.Detail.ShouldContain("is not valid JSON at line 1, byte");
    }

    [Fact]
    public void refuses_bytes_that_are_not_utf_8()
    {
        foreach (var bytes in new byte[][] { [0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82] })
        {
            var json = "{\"description\":\""u8.ToArray().Concat(bytes).Concat("\"}"u8.ToArray()).ToArray();
            RequestReader.Parse<Sample>(json).Problem.ShouldNotBeNull().Detail.ShouldStartWith("description must be text in UTF-8");
            var name = "{\"metadata\":{\""u8.ToArray().Concat(bytes).Concat("\":\"x\"}}"u8.ToArray()).ToArray();
            RequestReader.Parse<Sample>(name).Problem.ShouldNotBeNull().Type.ShouldBe(ProblemTypes.InvalidRequest);
        }
    }

    [Fact]
    public void nests_to_16_levels_and_no_deeper()
    {
        string Nested(int levels) => "{\"free\":" + string.Concat(Enumerable.Repeat("[", levels - 1)) + string.Concat(Enumerable.Repeat("]", levels - 1)) + "}";
        RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(Nested(LedgerJson.DepthMax))).Problem.ShouldBeNull();
        RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(Nested(LedgerJson.DepthMax + 1))).Problem.ShouldNotBeNull().Detail.ShouldContain("nested deeper than 16 levels");
    }

    [Fact]
    public void takes_a_null_member_as_an_absent_one()
    {
        var read = RequestReader.Parse<Sample>("""{"amount":null,"price":null,"metadata":null,"description":null,"flag":null,"count":null,"colour":null,"at":null,"numbers":null,"free":null}"""u8);
        read.Problem.ShouldBeNull();
        read.Value!.Amount.ShouldBeNull();
        read.Value.Flag.ShouldBeNull();
        read.Value.At.ShouldBeNull();
    }

    [Theory]
    [InlineData("5", "5")]
    [InlineData("5.0", "5")]
    [InlineData("\"5\"", "5")]
    [InlineData("50e-1", "5")]
    [InlineData("5E0", "5")]
    [InlineData("0.5e+1", "5")]
    [InlineData("\"005.500000000\"", "5.5")]
    [InlineData("1000000000000", "1000000000000")]
    [InlineData("-1e12", "-1000000000000")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("1.0000000000", "1")]
    [InlineData("-0.0", "0")]
    public void reads_an_amount_in_every_spelling(string json, string amount)
    {
        var read = RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes($"{{\"amount\":{json}}}"));
        read.Problem.ShouldBeNull();
        read.Value!.Amount.ToString().ShouldBe(amount);
        JsonSerializer.Serialize(read.Value.Amount, LedgerJson.Numbers).ShouldBe(amount);
        JsonSerializer.Serialize(read.Value.Amount, LedgerJson.Strings).ShouldBe($"\"{amount}\"");
    }

    [Fact]
    public void reads_a_body_that_lies_in_pieces()
    {
        var json = Encoding.UTF8.GetBytes("""{"amount":12.5,"description":"ünïcode 🎈"}""");
        for (var cut = 1; cut < json.Length; cut++)
        {
            var first = new Piece(json.AsMemory(0, cut), 0);
            var last = first.Append(json.AsMemory(cut));
            var read = RequestReader.Parse<Sample>(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
            read.Problem.ShouldBeNull();
            read.Value!.Description.ShouldBe("ünïcode 🎈");
        }
    }

    [Fact]
    public void shortens_and_cleans_the_name_that_it_repeats()
    {
        var json = $$"""{"{{new string('x', 1000)}}\u0007":1}""";
        var problem = RequestReader.Parse<Sample>(Encoding.UTF8.GetBytes(json)).Problem.ShouldNotBeNull();
        problem.Detail.Length.ShouldBeLessThan(300);
        problem.Detail.ShouldNotContain("\u0007");
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
