using System.Diagnostics;
using Ledger.EventStore.Projections;

namespace Ledger.EventStore.Tests.Projections;

/// <summary>Read models give way while commands press, in small pieces; when that is over they go on at once. What comes next stays in memory for them.</summary>
public sealed class The_pace_of_read_models : IDisposable
{
    private readonly ManualResetEvent stopped = new(false);
    private readonly ProjectionProgress progress = new();
    private double underWay;

    public void Dispose() => stopped.Dispose();

    [Fact]
    public void Pieces_are_small_while_commands_press_and_they_are_not_too_far_behind()
    {
        var options = new ProjectionOptions();
        var pace = Pace(options);
        pace.Sizes(0).ShouldBe(options);
        underWay = options.GiveWayAbove + 1;
        (pace.Sizes(0).PageMax, pace.Sizes(0).FeedPageMax).ShouldBe((options.GiveWayPageMax, options.GiveWayPageMax));
        pace.Sizes(options.GiveWayLagMax).FeedPageMax.ShouldBe(options.GiveWayPageMax);
        pace.Sizes(options.GiveWayLagMax + 1).ShouldBe(options);
    }

    [Theory]
    [InlineData(0, false, 1_900)]
    [InlineData(100_000, false, 1_900)]
    [InlineData(100_001, false, 185.7)]
    [InlineData(150_000, false, 90.5)]
    [InlineData(200_000, false, 42.9)]
    [InlineData(5_000_000, false, 42.9)]
    [InlineData(20_000, true, 185.7)]
    [InlineData(20_001, true, 1_900)]
    public void They_take_their_share(long lag, bool awaited, double rest) =>
        Pace(new ProjectionOptions()).RestAfter(TimeSpan.FromMilliseconds(100), lag, awaited).TotalMilliseconds.ShouldBe(rest, 0.1);

    [Fact]
    public void They_never_rest_for_too_long_and_settings_that_are_none_stop_nothing()
    {
        Pace(new ProjectionOptions()).RestAfter(TimeSpan.FromMinutes(1), 0, false).ShouldBe(new ProjectionOptions().RestMax);
        Pace(new ProjectionOptions { BehindShare = 3, GiveWayLagMax = 0 }).RestAfter(TimeSpan.FromMilliseconds(100), 10, false).ShouldBeLessThan(TimeSpan.FromMilliseconds(1));
        underWay = 1_000;
        Pace(new ProjectionOptions { GiveWayPageMax = 0 }).Sizes(0).PageMax.ShouldBe(1);
    }

    [Fact]
    public void They_rest_as_long_as_that_while_commands_press()
    {
        var options = new ProjectionOptions { StrainedShare = 0.1, RestMax = TimeSpan.FromMinutes(1) };
        underWay = options.GiveWayAbove + 1;
        Rested(options, TimeSpan.FromMilliseconds(20), 0).ShouldBeInRange(TimeSpan.FromMilliseconds(178), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task They_rest_less_while_somebody_waits_for_them()
    {
        var options = new ProjectionOptions { StrainedShare = 0.000_01, BehindShare = 0.1, RestMax = TimeSpan.FromMinutes(1) };
        underWay = options.GiveWayAbove + 1;
        progress.Reached("lines", 1);
        using var gone = new CancellationTokenSource();
        var waiting = progress.WaitAsync("lines", 2, TimeSpan.FromMinutes(1), gone.Token);
        Rested(options, TimeSpan.FromMilliseconds(10), 0).ShouldBeInRange(TimeSpan.FromMilliseconds(80), TimeSpan.FromSeconds(10));
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public void A_rest_ends_with_the_press()
    {
        var options = new ProjectionOptions { StrainedShare = 0.000_01, RestMax = TimeSpan.FromMinutes(1) };
        underWay = options.GiveWayAbove + 1;
        using var over = new Timer(_ => underWay = 0, null, 100, Timeout.Infinite);
        Rested(options, TimeSpan.FromMilliseconds(10), 0).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_rest_ends_with_the_daemon()
    {
        var options = new ProjectionOptions { StrainedShare = 0.000_01, RestMax = TimeSpan.FromMinutes(1) };
        underWay = options.GiveWayAbove + 1;
        using var over = new Timer(_ => stopped.Set(), null, 100, Timeout.Infinite);
        Rested(options, TimeSpan.FromMilliseconds(10), 0).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task One_slow_moment_is_no_strain_and_a_flood_is_soon_forgotten()
    {
        var strain = new Strain();
        var calm = new ProjectionOptions().GiveWayAbove / 3;
        await LoadAsync(strain, calm, TimeSpan.FromSeconds(2));
        strain.Value.ShouldBeInRange(calm * 0.3, calm * 1.7);
        await LoadAsync(strain, 250, TimeSpan.FromMilliseconds(300));
        strain.Value.ShouldBeLessThan(new ProjectionOptions().GiveWayAbove, "a slow moment");
        await LoadAsync(strain, 250, TimeSpan.FromSeconds(4));
        strain.Value.ShouldBeGreaterThan(new ProjectionOptions().GiveWayAbove);
        await LoadAsync(strain, 4_000, TimeSpan.FromSeconds(1));
        await LoadAsync(strain, calm, TimeSpan.FromSeconds(2.5));
        strain.Value.ShouldBeLessThan(new ProjectionOptions().GiveWayAbove, "the flood is over");
    }

    [Fact]
    public void What_comes_next_is_kept_and_what_finds_no_room_is_a_gap()
    {
        var feed = new EventFeed(10);
        for (var at = 1L; at <= 20; at++) feed.Put([At(at)]);
        feed.After(0, long.MaxValue, 100).Events.Select(e => e.SeqId).ShouldBe(Enumerable.Range(1, 10).Select(i => (long)i));
        feed.After(10, long.MaxValue, 100).Events.ShouldBeEmpty("the rest is read");
        feed.Put([At(21), At(22)]);
        var fed = feed.After(10, long.MaxValue, 100);
        fed.Events.Select(e => e.SeqId).ShouldBe([21L, 22L]);
        fed.Gaps.ShouldBe([(10L, 20L)]);
    }

    private ProjectionPace Pace(ProjectionOptions options) => new(options, stopped, () => Volatile.Read(ref underWay));

    private TimeSpan Rested(ProjectionOptions options, TimeSpan worked, long lag)
    {
        var clock = Stopwatch.StartNew();
        Pace(options).Rest(worked, lag, progress);
        return clock.Elapsed;
    }

    // So many works at once, each as long as the pause between two batches.
    private static async Task LoadAsync(Strain strain, int atOnce, TimeSpan during)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < during)
        {
            var groups = Enumerable.Range(0, atOnce).Select(_ => new WorkGroup([], bulk: false)).ToList();
            await Task.Delay(20);
            strain.Add(groups, atOnce, 0);
        }
    }

    private static StoredEvent At(long position) =>
        new(position, Guid.Empty, new StreamRef("acme", "thing/a"), position, "counted", "", DateTimeOffset.UnixEpoch, EventMeta.None, default);
}
