namespace Ledger.EventStore.Projections;

/// <summary>Settings of the daemon of projections.</summary>
public sealed record ProjectionOptions
{
    /// <summary>At most so many events are read and applied in one transaction.</summary>
    public int PageMax { get; init; } = 4_000;

    /// <summary>
    /// At most so many events that this node committed itself are applied in one transaction: they are in memory anyway, and what is behind is cheaper in one piece, as each row is then
    /// written once for more of them.
    /// </summary>
    public int FeedPageMax { get; init; } = 16_000;

    /// <summary>So many of the events that this node committed are kept for its projections, those that they have not come to yet; later ones are read from the database.</summary>
    public int FeedMax { get; init; } = 20_000;

    /// <summary>So many rows of a table are kept in memory for later events (at times twice as many); what is asked for beyond is loaded.</summary>
    public int CachedRowsMax { get; init; } = 10_000;

    /// <summary>Under load the next batch begins so long after the one before began at the earliest: a little patience makes fewer and larger batches.</summary>
    public TimeSpan PaceMin { get; init; } = TimeSpan.FromMilliseconds(15);

    /// <summary>However high the load, the next batch waits no longer than this.</summary>
    public TimeSpan PaceMax { get; init; } = TimeSpan.FromMilliseconds(120);

    /// <summary>
    /// While more commands than this are under way, on average over some seconds and over some hundred milliseconds, lines of bulk requests counted and other nodes' judged by what they append, read models give way to them:
    /// they take no more than <see cref="StrainedShare"/> of the time, fall behind by up to <see cref="GiveWayLagMax"/> events, and catch up later.
    /// </summary>
    public int GiveWayAbove { get; init; } = 160;

    /// <summary>The share of the time that the daemon takes while they give way, above 0, at most 1.</summary>
    public double StrainedShare { get; init; } = 0.05;

    /// <summary>At most so many events are applied in one transaction while they give way: a larger piece would press for as long as they are to rest.</summary>
    public int GiveWayPageMax { get; init; } = 500;

    /// <summary>Further behind than so many events they give way less.</summary>
    public long GiveWayLagMax { get; init; } = 100_000;

    /// <summary>
    /// The share of the time that the daemon takes while commands press and it is further behind than that, or a query waits on this node for what is at most <see cref="FeedMax"/> events away; above 0, at most 1.
    /// Twice as far behind it takes twice as much, up to 0.7.
    /// </summary>
    public double BehindShare { get; init; } = 0.35;

    /// <summary>It never rests longer than this at a time, so that it goes on whatever the load.</summary>
    public TimeSpan RestMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the leader says that it lives, and the others look whether it does.</summary>
    public TimeSpan BeatEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often events are looked for while no notification can be heard.</summary>
    public TimeSpan PollEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A leader that has not been heard of for so long, by the database's clock, is replaced.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>An event is tried so often before its stream is parked.</summary>
    public int TriesMax { get; init; } = 3;

    /// <summary>At most so many streams of a projection are parked: when more fail, it is the projection that is at fault, and it stops.</summary>
    public int ParkedMax { get; init; } = 1_000;

    /// <summary>How long one round trip to the database may take.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A node that stands still in its transaction for so long loses it.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the daemon waits for a lock.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A rebuild keeps at most so many rows of replaced tables in memory; more of them go through the table that is built.</summary>
    public int RebuildRowsMax { get; init; } = 200_000;
}
