using Ledger.Api.Access;

namespace Ledger.Api.Tests.Access;

public sealed class What_is_known_of_a_credential : IDisposable
{
    private readonly SettableClock clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly FreshCache<string, string> cache;
    private Func<string, Task<string?>> database;
    private int asked;

    public What_is_known_of_a_credential()
    {
        database = key => Task.FromResult<string?>("value of " + key);
        cache = new FreshCache<string, string>(
            (key, _) =>
            {
                Interlocked.Increment(ref asked);
                return database(key);
            }, clock);
    }

    public void Dispose() => cache.Dispose();

    [Fact]
    public async Task is_asked_once_in_three_seconds()
    {
        for (var i = 0; i < 5; i++) (await cache.GetAsync("k")).ShouldBe("value of k");
        asked.ShouldBe(1);
        clock.Advance(FreshCache<string, string>.FreshFor);
        (await cache.GetAsync("k")).ShouldBe("value of k");
        asked.ShouldBe(2);
    }

    [Fact]
    public async Task ends_three_seconds_after_it_was_asked()
    {
        await cache.GetAsync("k");
        database = _ => Task.FromResult<string?>(null);
        clock.Advance(FreshCache<string, string>.FreshFor - TimeSpan.FromTicks(1));
        (await cache.GetAsync("k")).ShouldBe("value of k");
        clock.Advance(TimeSpan.FromTicks(1));
        (await cache.GetAsync("k")).ShouldBeNull();
    }

    [Fact]
    public async Task is_asked_again_before_its_end_so_that_nobody_waits()
    {
        await cache.GetAsync("k");
        var answer = new TaskCompletionSource<string?>();
        database = _ => answer.Task;
        clock.Advance(FreshCache<string, string>.RefreshAfter);
        var now = cache.GetAsync("k");
        now.IsCompletedSuccessfully.ShouldBeTrue();
        (await now).ShouldBe("value of k");
        asked.ShouldBe(2);
        (await cache.GetAsync("k")).ShouldBe("value of k");
        asked.ShouldBe(2);
        answer.SetResult("new");
    }

    [Fact]
    public async Task is_not_remembered_where_there_was_nothing()
    {
        database = _ => Task.FromResult<string?>(null);
        (await cache.GetAsync("k")).ShouldBeNull();
        database = _ => Task.FromResult<string?>("made");
        (await cache.GetAsync("k")).ShouldBe("made");
    }

    [Fact]
    public async Task is_asked_once_however_many_wait()
    {
        var answer = new TaskCompletionSource<string?>();
        database = _ => answer.Task;
        var waiting = Enumerable.Range(0, 100).Select(_ => cache.GetAsync("k").AsTask()).ToList();
        answer.SetResult("v");
        (await Task.WhenAll(waiting)).ShouldAllBe(v => v == "v");
        asked.ShouldBe(1);
    }

    [Fact]
    public async Task counts_a_moment_longer_where_the_database_is_silent_and_then_no_more()
    {
        await cache.GetAsync("k");
        database = _ => throw new TimeoutException();
        clock.Advance(FreshCache<string, string>.GraceFor - TimeSpan.FromTicks(1));
        (await cache.GetAsync("k")).ShouldBe("value of k");
        clock.Advance(TimeSpan.FromTicks(1));
        await Should.ThrowAsync<UnconfirmedException>(async () => await cache.GetAsync("k"));
        await Should.ThrowAsync<UnconfirmedException>(async () => await cache.GetAsync("unknown"));
        FreshCache<string, string>.GraceFor.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        (FreshCache<string, string>.FreshFor + FreshCache<string, string>.LoadTime).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task is_asked_by_few_at_once_and_awaited_by_not_too_many()
    {
        var answer = new TaskCompletionSource<string?>();
        database = _ => answer.Task;
        const int room = FreshCache<string, string>.LoadsMax + FreshCache<string, string>.WaitersMax;
        var waiting = Enumerable.Range(0, room).Select(i => cache.GetAsync($"k{i}").AsTask()).ToList();
        asked.ShouldBe(FreshCache<string, string>.LoadsMax);
        await Should.ThrowAsync<UnconfirmedException>(async () => await cache.GetAsync("one more"));
        answer.SetResult("v");
        (await Task.WhenAll(waiting)).ShouldAllBe(v => v == "v");
    }

    [Fact]
    public async Task does_not_grow_without_end()
    {
        for (var i = 0; i < FreshCache<string, string>.EntriesMax; i++) await cache.GetAsync($"k{i}");
        await cache.GetAsync("k0");
        asked.ShouldBe(FreshCache<string, string>.EntriesMax);
        await cache.GetAsync("one more");
        await cache.GetAsync("k0");
        asked.ShouldBe(FreshCache<string, string>.EntriesMax + 2); // all was let go
    }
}
