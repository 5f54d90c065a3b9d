using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

public sealed class Made_traces
{
    private const string RealFile = "LEDGER_TRACE_FILE";

    private static readonly IReadOnlyList<TracedCall> Trace = MadeTrace.Make(MeasuredTrace.Calls, MadeTrace.DefaultSeed);

    [Fact]
    public void have_as_many_calls_as_asked_for_from_the_first_on()
    {
        Trace.Count.ShouldBe(MeasuredTrace.Calls);
        Trace[0].At.ShouldBe(TimeSpan.Zero);
        Trace.Zip(Trace.Skip(1)).ShouldAllBe(pair => pair.First.At <= pair.Second.At);
        MadeTrace.Make(1, 7).Count.ShouldBe(1);
        MadeTrace.Make(50_000, 7)[^1].At.ShouldBeGreaterThan(TimeSpan.FromMinutes(MeasuredTrace.CallsByMinute.Count * 2));
    }

    [Fact]
    public void follow_from_their_seed()
    {
        MadeTrace.Make(1_000, 5).ShouldBe(MadeTrace.Make(1_000, 5));
        MadeTrace.Make(1_000, 5).ShouldNotBe(MadeTrace.Make(1_000, 6));
        // Written down, so that another machine or version of .NET is seen to make another one.
        Trace.Take(3).ShouldBe([new(TimeSpan.Zero, 1189, 396), new(TimeSpan.FromTicks(1_750_388), 4084, 41), new(TimeSpan.FromTicks(4_554_938), 989, 386)]);
    }

    [Theory]
    [InlineData(0.05, 0.15)]
    [InlineData(0.25, 0.05)]
    [InlineData(0.5, 0.05)]
    [InlineData(0.75, 0.05)]
    [InlineData(0.9, 0.05)]
    [InlineData(0.99, 0.1)]
    public void read_tokens_as_measured(double share, double tolerance)
    {
        var measured = MeasuredTrace.Input.At(share);
        TraceShape.Quantile(Trace.Select(call => (double)call.InputTokens), share).ShouldBe(measured, measured * tolerance);
    }

    // Of the real trace, over all inputs.
    [Theory]
    [InlineData(0.05, 41)]
    [InlineData(0.25, 85)]
    [InlineData(0.5, 129)]
    [InlineData(0.75, 395)]
    [InlineData(0.9, 424)]
    [InlineData(0.99, 601)]
    public void write_tokens_as_measured(double share, double measured) =>
        TraceShape.Quantile(Trace.Select(call => (double)call.OutputTokens), share).ShouldBe(measured, measured * 0.12);

    [Fact]
    public void tie_output_to_input_as_measured()
    {
        TraceShape.RankCorrelation(Trace).ShouldBe(MeasuredTrace.RankCorrelation, 0.03);
        double Median(int from, int to) => TraceShape.Quantile(Trace.Where(call => call.InputTokens >= from && call.InputTokens < to).Select(call => (double)call.OutputTokens), 0.5);
        // Short, middling and long questions: no line goes through these.
        Median(372, 414).ShouldBe(97, 10);
        Median(984, 1_130).ShouldBe(405, 20);
        Median(2_734, int.MaxValue).ShouldBe(59, 10);
    }

    [Fact]
    public void come_as_fast_and_in_bursts_as_measured()
    {
        Trace[^1].At.TotalMinutes.ShouldBe(58.4, 1.5);
        var minutes = TraceShape.ByMinute(Trace);
        for (var i = 0; i < 58; i++) ((double)minutes[i]).ShouldBe(MeasuredTrace.CallsByMinute[i], MeasuredTrace.CallsByMinute[i] * 0.35, $"minute {i}");
        ((double)minutes.Max()).ShouldBe(507, 60);
        TraceShape.Burstiness(Trace).ShouldBe(1.385, 0.1);
    }

    /// <summary>Holds the made trace against the real one, where LEDGER_TRACE_FILE names it (see docs/demo.md); elsewhere against another made one.</summary>
    [Fact]
    public void are_like_the_real_one()
    {
        var real = Environment.GetEnvironmentVariable(RealFile) is { Length: > 0 } file ? TraceFile.Read(file) : MadeTrace.Make(MeasuredTrace.Calls, 2);
        real.Count.ShouldBe(MeasuredTrace.Calls);
        void Compare(string what, Func<IReadOnlyList<TracedCall>, double> figure, double share, double least = 0)
        {
            var (theirs, ours) = (figure(real), figure(Trace));
            // The table in docs/demo.md.
            TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"| {what} | {theirs:0.###} | {ours:0.###} |"));
            ours.ShouldBe(theirs, Math.Max(theirs * share, least), what);
        }

        foreach (var share in (double[])[0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
            Compare(FormattableString.Invariant($"input p{share * 100:0}"), trace => TraceShape.Quantile(trace.Select(call => (double)call.InputTokens), share), 0.12, 10);
        foreach (var share in (double[])[0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
            Compare(FormattableString.Invariant($"output p{share * 100:0}"), trace => TraceShape.Quantile(trace.Select(call => (double)call.OutputTokens), share), 0.12, 3);
        Compare("input mean", trace => trace.Average(call => call.InputTokens), 0.05);
        Compare("output mean", trace => trace.Average(call => call.OutputTokens), 0.05);
        Compare("rank correlation", TraceShape.RankCorrelation, 0, 0.03);
        Compare("minutes", trace => trace[^1].At.TotalMinutes, 0.03);
        Compare("calls in the busiest minute", trace => TraceShape.ByMinute(trace).Max(), 0.15);
        Compare("variance by mean of calls in a second", TraceShape.Burstiness, 0.15);
    }
}
