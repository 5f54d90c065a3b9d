using System.Runtime.CompilerServices;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>
/// The transactions of an account that were recorded in a period, between the balances at both its ends. It is read from the account's stream, not from a read model, and
/// the balances at the ends come from the folded state: that the lines lead from one to the other is checked while they are read.
/// </summary>
internal sealed class Statement
{
    /// <summary>The data of a page have about so many characters at most, one event more or less.</summary>
    public const long PageCharactersMax = 4 * 1024 * 1024;

    private readonly EventReader reader;
    private readonly StreamRef stream;
    private readonly long above;
    private readonly long upTo;

    private Statement(EventReader reader, StreamRef stream, long above, long upTo) => (this.reader, this.stream, this.above, this.upTo) = (reader, stream, above, upTo);

    /// <summary>The last version before the period; 0 where there is none.</summary>
    public long Above => above;

    /// <summary>The last version of the period; <see cref="Above"/> where it has none.</summary>
    public long UpTo => upTo;

    /// <summary>Where the period begins; recorded then is in it.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Where the period ends; recorded then is not in it.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>The balance when the period began; 0 before the account was opened.</summary>
    public required Credits Opening { get; init; }

    /// <summary>The balance when the period ended.</summary>
    public required Credits Closing { get; init; }

    /// <summary>
    /// The statement of a period. Where nothing is said it begins with the opening of the account and ends now. What is recorded later is not in it, even where the period goes on:
    /// its end in the stream is fixed here.
    /// </summary>
    public static async Task<Statement> OfAsync(EventReader reader, StreamSnapshot now, Period period, CancellationToken cancellationToken)
    {
        var account = (Account)now.State;
        var lastMoment = account.UpdatedAt < now.Now ? now.Now : account.UpdatedAt + TimeSpan.FromMicroseconds(1);
        var to = period.To ?? (period.From > lastMoment ? period.From.Value : lastMoment);
        var from = period.From ?? (account.CreatedAt < to ? account.CreatedAt : to);
        var above = await Period.BeforeAsync(reader, now.Stream, from, cancellationToken);
        var upTo = period.To is null && from <= lastMoment ? now.Version : await Period.BeforeAsync(reader, now.Stream, to, cancellationToken);
        return new Statement(reader, now.Stream, above, upTo)
        {
            From = from,
            To = to,
            Opening = await BalanceAsync(reader, now, above, cancellationToken),
            Closing = await BalanceAsync(reader, now, upTo, cancellationToken),
        };
    }

    /// <summary>The transactions, the oldest first, page by page, so that memory stays flat however many there are.</summary>
    /// <exception cref="InvalidOperationException">They do not lead from the opening balance to the closing one: the stored events were changed.</exception>
    public async IAsyncEnumerable<IReadOnlyList<StoredEvent>> PagesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var balance = Opening;
        var most = EventReader.PageMax;
        for (var from = above + 1; from <= upTo;)
        {
            var asked = (int)Math.Min(most, upTo - from + 1);
            var page = await reader.EventsAsync(stream, from, asked, PageCharactersMax, cancellationToken);
            if (page.Count == 0) break;
            // Of large events few are asked for the next time, so that the server sends little that is not taken.
            most = page.Count < asked ? page.Count : Math.Min(EventReader.PageMax, most * 2);
            var lines = page.Where(stored => stored.Data is TransactionEvent).ToList();
            foreach (var line in lines)
            {
                var moved = (TransactionEvent)line.Data;
                if (moved.Before != balance) throw Broken($"version {line.Version} begins with {moved.Before}, and the one before left {balance}");
                balance = moved.After;
            }

            yield return lines;
            from = page[^1].Version + 1;
        }

        if (balance != Closing) throw Broken($"its lines lead to {balance}, and its state is {Closing}");
    }

    private InvalidOperationException Broken(string what) => new($"The statement of {stream} does not add up: {what}. Run verify.");

    private static async Task<Credits> BalanceAsync(EventReader reader, StreamSnapshot now, long version, CancellationToken cancellationToken)
    {
        if (version == 0) return Credits.Zero;
        if (version == now.Version) return ((Account)now.State).Balance;
        var then = await reader.StateAtVersionAsync(now.Stream, version, cancellationToken) ?? throw new InvalidOperationException($"Version {version} of {now.Stream} is not there.");
        return ((Account)then.State).Balance;
    }
}
