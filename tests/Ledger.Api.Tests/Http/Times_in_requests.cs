using Ledger.Api.Http;

namespace Ledger.Api.Tests.Http;

public sealed class Times_in_requests
{
    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31t12:00:00z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00+07:00", "2026-01-31T05:00:00Z")]
    [InlineData("2026-01-31T12:00:00-00:30", "2026-01-31T12:30:00Z")]
    [InlineData("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5Z")]
    [InlineData("2026-01-31T12:00:00.1234567Z", "2026-01-31T12:00:00.123456Z")]
    [InlineData("2026-01-31T12:00:00.999999999999Z", "2026-01-31T12:00:00.999999Z")]
    [InlineData("2026-01-31T12:00:00.000000Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00.000100Z", "2026-01-31T12:00:00.0001Z")]
    [InlineData("2028-02-29T23:59:59Z", "2028-02-29T23:59:59Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    public void are_read_with_their_offset_and_written_in_utc(string text, string written)
    {
        Times.TryParse(text, out var time).ShouldBeTrue();
        time.Offset.ShouldBe(TimeSpan.Zero);
        (time.Ticks % TimeSpan.TicksPerMicrosecond).ShouldBe(0);
        Times.Text(time).ShouldBe(written);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("2026-01-31 12:00:00Z")]
    [InlineData("2026-01-31T12:00Z")]
    [InlineData("2026-1-31T12:00:00Z")]
    [InlineData("2026-02-30T12:00:00Z")]
    [InlineData("2026-13-01T12:00:00Z")]
    [InlineData("2026-00-01T12:00:00Z")]
    [InlineData("2026-01-31T24:00:00Z")]
    [InlineData("2026-01-31T12:60:00Z")]
    [InlineData("2026-01-31T12:00:60Z")]
    [InlineData("2026-01-31T12:00:00.Z")]
    [InlineData("2026-01-31T12:00:00,5Z")]
    [InlineData("2026-01-31T12:00:00+0700")]
    [InlineData("2026-01-31T12:00:00+07")]
    [InlineData("2026-01-31T12:00:00 07:00")]
    [InlineData("2026-01-31T12:00:00+24:00")]
    [InlineData("2026-01-31T12:00:00ZZ")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("20260131T120000Z")]
    [InlineData("２026-01-31T12:00:00Z")]
    public void are_refused_in_any_other_form(string text) => Times.TryParse(text, out _).ShouldBeFalse();
}
