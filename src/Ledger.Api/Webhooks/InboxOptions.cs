namespace Ledger.Api.Webhooks;

/// <summary>Sizes and times of the inbox; configuration section <c>Webhooks</c>.</summary>
public sealed record InboxOptions
{
    /// <summary>So long the body of a notification may take to arrive.</summary>
    public TimeSpan BodyTimeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>At most so many deliveries of one provider are applied at once on each node.</summary>
    public int AtOnceMax { get; init; } = 16;

    /// <summary>What is applied for longer than this is slow: it waits for its provider, and leaves its place to others.</summary>
    public TimeSpan SlowAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>While so many deliveries of one tenant are slow, no more of it are begun: a provider's address that is dead holds up its own tenant alone.</summary>
    public int SlowEachMax { get; init; } = 4;

    /// <summary>At most so many deliveries of one provider are at work at once on each node, the slow ones included.</summary>
    public int AllMax { get; init; } = 128;

    /// <summary>So many notifications without a signature are taken in of one tenant in a minute.</summary>
    public int UnsignedMax { get; init; } = 120;

    /// <summary>So many of them about one object.</summary>
    public int UnsignedEachMax { get; init; } = 6;

    /// <summary>So often what has no signature, and of which its provider knows nothing, is asked about before it is ignored.</summary>
    public int UnsignedTriesMax { get; init; } = 3;

    /// <summary>So long a worker has a delivery to itself; after that another takes it. Longer than the longest call to a provider.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>So often a node looks for what other nodes left and for what is due again.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The first wait of a delivery that can't be applied yet; each further one is twice as long.</summary>
    public TimeSpan WaitMin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromHours(4);

    /// <summary>A delivery that could not be applied for so long is given up.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(3);

    /// <summary>A delivery over which the program failed so often is given up.</summary>
    public int FaultsMax { get; init; } = 5;

    /// <summary>A delivery that was taken so often without an end (its node died each time) is given up.</summary>
    public int UnendedMax { get; init; } = 20;

    /// <summary>So long a provider has to say how a payment stands.</summary>
    public TimeSpan AskTimeMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A node asks a provider about one payment at most so often.</summary>
    public TimeSpan AskEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So many days raw bodies are kept where the tenant has set nothing.</summary>
    public int RetentionDays { get; init; } = 400;

    /// <summary>The wait before the next try.</summary>
    /// <param name="tries">How often it was tried in this round, from 1.</param>
    /// <param name="chance">From 0 to 1; spreads waits by a fifth, so that what failed together does not come back together.</param>
    public TimeSpan WaitAfter(int tries, double chance)
    {
        var wait = WaitMin * Math.Pow(2, Math.Clamp(tries - 1, 0, 20));
        return (wait < WaitMax ? wait : WaitMax) * (0.9 + (0.2 * chance));
    }
}
