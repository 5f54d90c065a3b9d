using System.Collections.Concurrent;
using System.Diagnostics;

namespace Ledger.Api.Tests.Reliability;

/// <summary>Many clients at once, each with random commands one after the other, each until its command is answered for good.</summary>
internal sealed class Crowd(RandomCommands commands, Client client)
{
    private readonly ConcurrentQueue<Story> stories = new();
    private volatile bool enough;
    private long lastAnswer = Stopwatch.GetTimestamp();

    public IReadOnlyCollection<Story> Stories => stories;

    public int Done => stories.Count(story => story.Reply?.IsDone == true);

    /// <summary>How long nobody has had an answer for good.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Interlocked.Read(ref lastAnswer));

    /// <summary>The clients take no new command after this.</summary>
    public void Stop() => enough = true;

    /// <summary>Runs until <see cref="Stop"/> or until so many commands are answered.</summary>
    /// <param name="clients">How many.</param>
    /// <param name="most">At most about so many commands.</param>
    /// <param name="staysAway">Of a hundred attempts without an answer for good, after so many the client does not come back.</param>
    public Task RunAsync(int clients, int most = int.MaxValue, int staysAway = 0) => Task.WhenAll(Enumerable.Range(0, clients).Select(async number =>
    {
        var random = commands.ForClient(number);
        await Task.Yield();
        try
        {
            while (!enough && stories.Count < most)
            {
                var story = await client.UntilAnsweredAsync(commands.Next(random), random, () => random.Next(100) < staysAway);
                stories.Enqueue(story);
                Interlocked.Exchange(ref lastAnswer, Stopwatch.GetTimestamp());
                if (story.Reply is { } reply) commands.Heard(story.Sent, reply);
            }
        }
        catch
        {
            enough = true;
            throw;
        }
    }));

    /// <summary>How often each answer was given, for people.</summary>
    public string Summary() => string.Join(", ", stories.GroupBy(story => story.Reply is { } reply ? $"{reply.Status} {reply.Problem}".TrimEnd() : "left").OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key}: {group.Count()}"))
        + $"; in doubt on the way: {stories.Count(story => story.Doubtful > 0)}, told that nothing was done: {stories.Count(story => story.NothingDoneAt is not null)}";
}
