using Ledger.Api.Access;
using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

public sealed class Reading_a_trace
{
    private const string Header = TraceFile.Header + "\n";

    [Fact]
    public void gives_its_calls_from_the_first_on()
    {
        var text = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951690,396,109\r\n2023-11-16 18:15:51,1,0";
        Read(text).ShouldBe([new(TimeSpan.Zero, 374, 44), new(TimeSpan.FromTicks(43_145_790), 396, 109), new(TimeSpan.FromTicks(43_194_100), 1, 0)]);
        Read(text + "\r\n").Count.ShouldBe(3);
    }

    [Fact]
    public void reads_times_with_an_offset() =>
        Read(Header + "2024-05-12 00:00:00.009930+00:00,2162,5\n2024-05-12 01:00:00.009930+01:00,2399,6\n")[1].ShouldBe(new TracedCall(TimeSpan.Zero, 2399, 6));

    [Fact]
    public void stops_after_as_many_calls_as_asked_for() =>
        TraceFile.Read(new StringReader(Header + "2023-11-16 18:15:46,374,44\n2023-11-16 18:15:47,1,2\nnot read"), "t.csv", 2).Count.ShouldBe(2);

    [Theory]
    [InlineData("", "line 1: the first line must be TIMESTAMP,ContextTokens,GeneratedTokens")]
    [InlineData("time,in,out\n", "line 1: the first line must be")]
    [InlineData(Header, "it has no calls")]
    [InlineData(Header + "2023-11-16 18:15:46,374,44\n\n2023-11-16 18:15:46,1,2", "line 3: TIMESTAMP,ContextTokens,GeneratedTokens are three fields, here are 1")]
    [InlineData(Header + "2023-11-16 18:15:46,374,44,5", "line 2: TIMESTAMP,ContextTokens,GeneratedTokens are three fields, here are 4")]
    [InlineData(Header + "2023-11-16 18:15:46,374,44\nyesterday,1,2", "line 3: TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, not \"yesterday\"")]
    [InlineData(Header + "2023-11-16 18:15:46,0,44", "line 2: ContextTokens must be a whole number from 1 to 10000000, not \"0\"")]
    [InlineData(Header + "2023-11-16 18:15:46,10000001,44", "line 2: ContextTokens must be")]
    [InlineData(Header + "2023-11-16 18:15:46,374,-1", "line 2: GeneratedTokens must be a whole number from 0 to 10000000, not \"-1\"")]
    [InlineData(Header + "2023-11-16 18:15:46,374,1.5", "line 2: GeneratedTokens must be")]
    [InlineData(Header + "2023-11-16 18:15:46,374,44\n2023-11-16 18:15:45,1,2", "line 3: it is earlier than the line before it")]
    public void names_the_line_that_is_bad(string text, string message)
    {
        var failure = Should.Throw<ConfigurationException>(() => Read(text));
        failure.Message.ShouldStartWith("t.csv");
        failure.Message.ShouldContain(message);
    }

    [Fact]
    public void says_that_a_file_is_missing() => Should.Throw<ConfigurationException>(() => TraceFile.Read("none.csv")).Message.ShouldContain("none.csv");

    private static IReadOnlyList<TracedCall> Read(string text) => TraceFile.Read(new StringReader(text), "t.csv");
}
