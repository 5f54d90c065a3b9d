using System.Buffers;
using System.Text;
using Ledger.Api.Http;

namespace Ledger.Api.Tests.Http;

public sealed class Csv_lines
{
    [Fact]
    public void are_quoted_where_they_must_be_and_end_in_cr_lf()
    {
        Written(csv =>
        {
            csv.Word("a");
            csv.Text("b,\"c\"\nd");
            csv.Amount(-1.50m);
            csv.Number(7);
            csv.Time(new DateTimeOffset(2026, 11, 20, 13, 0, 0, TimeSpan.FromHours(1)));
            csv.Flag(true);
            csv.EndLine();
            foreach (var _ in Enumerable.Range(0, 6)) csv.Text(null);
            csv.EndLine();
        }).ShouldBe("a,\"b,\"\"c\"\"\nd\",-1.5,7,2026-11-20T12:00:00Z,true\r\n,,,,,\r\n");
    }

    [Theory]
    [InlineData("=1+1")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    [InlineData("\r=1")]
    [InlineData("\n=1")]
    [InlineData("'quoted")]
    [InlineData("\uFF1D1")]
    public void hold_text_that_a_spreadsheet_would_calculate_behind_a_mark_that_can_be_taken_off(string text)
    {
        CsvLines.Harmless(text).ShouldBe("'" + text);
        Written(csv =>
        {
            csv.Text(text);
            csv.EndLine();
        }).Trim('"', '\r', '\n').ShouldBe("'" + text);
    }

    [Theory]
    [InlineData("chat_assistant")]
    [InlineData("a=1")]
    [InlineData(" =1")]
    [InlineData("")]
    [InlineData(null)]
    public void leave_other_text_as_it_is(string? text) => CsvLines.Harmless(text).ShouldBe(text);

    [Fact]
    public void keep_characters_beyond_ascii() => Written(csv =>
    {
        csv.Text("é 漢 😀");
        csv.EndLine();
    }).ShouldBe("é 漢 😀\r\n");

    private static string Written(Action<CsvLines> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var csv = new CsvLines(buffer)) write(csv);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
