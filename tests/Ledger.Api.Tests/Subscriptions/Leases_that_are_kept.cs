using Ledger.Api.Maintenance;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.Api.Tests.Subscriptions;

public sealed class Leases_that_are_kept
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_lease_is_lengthened_while_somebody_is_at_it_also_after_a_fault_and_not_any_more_after()
    {
        var times = 0;
        var enough = new TaskCompletionSource();
        await using (KeptLease.Hold(_ => ++times == 1 ? throw new InvalidOperationException("the database is away") : Kept(times == 5), NullLogger.Instance, Often)) await enough.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var then = times;
        await Task.Delay(20);
        times.ShouldBe(then);

        Task<bool> Kept(bool last)
        {
            if (last) enough.TrySetResult();
            return Task.FromResult(true);
        }
    }

    [Fact]
    public async Task What_somebody_else_has_by_now_is_left_to_them()
    {
        var (times, lost) = (0, new TaskCompletionSource());
        await using var lease = KeptLease.Hold(
            _ =>
            {
                times++;
                lost.TrySetResult();
                return Task.FromResult(false);
            },
            NullLogger.Instance, Often);
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Task.Delay(20);
        times.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_that_ends_lets_go_at_once_also_where_the_database_hangs()
    {
        var asked = new TaskCompletionSource();
        var lease = KeptLease.Hold(
            async cancel =>
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
                return true;
            },
            NullLogger.Instance, Often);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await lease.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
