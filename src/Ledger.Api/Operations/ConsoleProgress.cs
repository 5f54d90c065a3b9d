using System.Globalization;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary>Shows how far something has come: a bar with the time left for a person, a line now and then for a file.</summary>
internal static class ConsoleProgress
{
    private const int Lines = 10;

    /// <summary>Does <paramref name="work"/>, which tells how many more steps of <paramref name="total"/> are done.</summary>
    public static Task RunAsync(IAnsiConsole console, string what, long total, Func<Action<long>, Task> work) =>
        console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi ? BarAsync(console, what, total, work) : LinesAsync(console, what, total, work);

    private static Task BarAsync(IAnsiConsole console, string what, long total, Func<Action<long>, Task> work) =>
        console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(progress =>
            {
                var task = progress.AddTask(what, maxValue: total);
                return work(steps => task.Increment(steps));
            });

    private static Task LinesAsync(IAnsiConsole console, string what, long total, Func<Action<long>, Task> work)
    {
        var gate = new Lock();
        var (done, told) = (0L, 0L);
        return work(steps =>
        {
            lock (gate)
            {
                done += steps;
                var tenths = total > 0 ? done * Lines / total : 0;
                if (tenths == told) return;
                told = tenths;
                console.Profile.Out.Writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {done:N0} of {total:N0}"));
            }
        });
    }
}
