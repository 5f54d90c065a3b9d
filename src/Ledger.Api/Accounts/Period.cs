using Ledger.Api.Http;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>A time from <paramref name="From"/>, which is in it, to <paramref name="To"/>, which is not; null is without an end.</summary>
internal readonly record struct Period(DateTimeOffset? From, DateTimeOffset? To)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMicroseconds(1); // times are kept to the microsecond

    /// <summary>Reads <c>from</c> and <c>to</c>. A period that ends before it begins is refused; one of no length holds nothing.</summary>
    public static Period Read(QueryParameters query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (from > to) query.Add("to", "must not be before from");
        return new Period(from, to);
    }

    /// <summary>The versions of a stream that were recorded in it: above the first, up to the second, that one included.</summary>
    public async Task<(long Above, long UpTo)> VersionsAsync(EventReader reader, StreamRef stream, CancellationToken cancellationToken) => (
        From is { } from ? await BeforeAsync(reader, stream, from, cancellationToken) : 0,
        To is { } to ? await BeforeAsync(reader, stream, to, cancellationToken) : long.MaxValue - 1);

    /// <summary>The last version that was recorded before a time; 0 where none was.</summary>
    internal static async Task<long> BeforeAsync(EventReader reader, StreamRef stream, DateTimeOffset time, CancellationToken cancellationToken) =>
        time - DateTimeOffset.MinValue < Tick ? 0 : await reader.VersionAtTimeAsync(stream, time - Tick, cancellationToken);
}
