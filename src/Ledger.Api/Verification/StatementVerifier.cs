using System.Globalization;
using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>What the verification of a statement came to.</summary>
/// <param name="Wrong">The first thing that is wrong, in words; null where nothing is.</param>
/// <param name="Lines">How many lines there are.</param>
/// <param name="Proved">How many of them the given root proves.</param>
/// <param name="Notes">What a reader should know beside.</param>
internal sealed record StatementVerdict(string? Wrong, int Lines, int Proved, IReadOnlyList<string> Notes)
{
    /// <summary>Whether the given root proves all that is stated: every line, and both balances.</summary>
    public bool IsProved { get; init; }
}

/// <summary>The roots that a reader trusts: one in hex, or those of a file by their days.</summary>
internal sealed record TrustedRoots(string? Hex, IReadOnlyList<DayRoot> Published)
{
    public bool Contains(DayRoot day) => day.Hex == Hex || Published.Any(root => root.Hex == day.Hex);

    /// <summary>Whether another root of that day is trusted.</summary>
    public bool Contradicts(DayRoot day) => Published.Any(root => root.Day == day.Day && root.Hex != day.Hex);
}

/// <summary>Verifies a statement with its proof against a root that the reader trusts. Needs no database.</summary>
internal sealed class StatementVerifier
{
    private readonly ProvedStatementFile statement;
    private readonly StreamRef stream;
    private readonly List<DayRoot> days = [];
    private readonly List<ProvedEvent> events = [];
    private readonly List<TransactionBody> lines = [];
    private readonly List<string> notes = [];

    private StatementVerifier(ProvedStatementFile statement)
    {
        this.statement = statement;
        stream = AccountModel.StreamOf(statement.Proof.TenantId, new AccountId(statement.AccountId));
    }

    /// <summary>Verifies a file.</summary>
    /// <param name="file">The bytes of the file, as the route gave them.</param>
    /// <param name="trusted">The roots that the reader trusts.</param>
    public static StatementVerdict Verify(byte[] file, TrustedRoots trusted)
    {
        var bytes = file.AsMemory();
        if (file.Length > 0 && file[^1] == '\n') bytes = bytes[..^1]; // an editor's or a terminal's
        try
        {
            var statement = ProvedStatementFile.Read(bytes.Span);
            return new StatementVerifier(statement).Verdict(bytes.Span, trusted);
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or NotSupportedException or ArgumentException or UnknownEventException or OverflowException)
        {
            return new StatementVerdict($"the file can't be read as a statement with its proof: {failure.Message}", 0, 0, []);
        }
    }

    private StatementVerdict Verdict(ReadOnlySpan<byte> bytes, TrustedRoots trusted)
    {
        var wrong = Format() ?? Days() ?? Events() ?? Edges() ?? Lines() ?? Paths() ?? Spelling(bytes);
        if (wrong is not null) return new StatementVerdict(wrong, statement.Lines.Count, 0, notes);
        if (Trusted(trusted, out var upTo) is { } untrusted) return new StatementVerdict(untrusted, statement.Lines.Count, 0, notes);
        // Positions rise with versions and every covered one led to its tree, so what is proved is a beginning of the events, and of the lines.
        var provedTo = events.FindLast(proved => proved.SeqId <= upTo)?.Version ?? 0;
        var proved = lines.Count(line => line.Version <= provedTo);
        if (proved < lines.Count)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{Numbers(proved + 1, lines.Count)} not provable yet by this root: of a day after it, or of one that has no root yet. Hashes and balances chain, which anybody can make; get the statement again with a later root."));
        if (events.Count > 0 && (events[^1].RecordedAt < statement.To || provedTo < events[^1].Version))
            notes.Add("No event after the period is proved: that nothing more was recorded before its end is shown only by a statement that is made once the day of the next event has its root.");
        var stated = events.FindLast(proved => proved.RecordedAt < statement.To) ?? events.FirstOrDefault();
        var isProved = stated is not null && stated.Version <= provedTo;
        if (!isProved && proved == lines.Count) notes.Add("The balances are not provable yet by this root: no event is covered by it that tells them.");
        return new StatementVerdict(null, lines.Count, proved, notes) { IsProved = isProved };
    }

    private static string Numbers(int first, int last) =>
        first == last ? string.Create(CultureInfo.InvariantCulture, $"Line {first} is") : string.Create(CultureInfo.InvariantCulture, $"Lines {first} to {last} are");

    private string? Format() => statement.Proof.Format == 1 ? null : "its proof has another form than this program knows";

    /// <summary>The roots follow from their own members, and each names the one before.</summary>
    private string? Days()
    {
        foreach (var body in statement.Proof.Days)
        {
            if (body.Checked() is not { } day) return $"the root of {body.Day} does not follow from its members";
            if (days.Count > 0 && (day.Day != days[^1].Day.AddDays(1) || day.First != days[^1].Last + 1 || !day.Previous.Span.SequenceEqual(days[^1].Root))) return $"the root of {body.Day} does not follow the one before it";
            days.Add(day);
        }

        return null;
    }

    /// <summary>Every version in turn, each with the hash that its content and the hash before it lead to.</summary>
    private string? Events()
    {
        if (!RootBody.TryHash(statement.Proof.PreviousHash, out var previous)) return "the hash before the first event is none";
        foreach (var body in statement.Proof.Events)
        {
            var place = Place(body.Version);
            if (!RootBody.TryHash(body.Hash, out var hash)) return $"{place}: the hash is none";
            var proved = body.Proved(hash);
            if (events.Count == 0)
            {
                if (body.Version == 1 && !previous.AsSpan().SequenceEqual(EventHash.Origin.Span)) return $"{place}: nothing comes before version 1";
            }
            else if (body.Version != events[^1].Version + 1 || body.Position <= events[^1].SeqId || body.RecordedAt < events[^1].RecordedAt)
            {
                return $"{place}: it does not follow the event before it";
            }

            if (!proved.HashAfter(stream, previous).AsSpan().SequenceEqual(hash)) return $"{place}: its content and the hash before it do not lead to its hash";
            events.Add(proved);
            previous = hash;
        }

        return null;
    }

    /// <summary>The events reach beyond both ends of the period, so that none in it can have been left out.</summary>
    private string? Edges()
    {
        if (statement.To < statement.From) return "the period ends before it begins";
        if (events.Count == 0) return statement.Lines.Count == 0 && statement.OpeningBalance.IsZero && statement.ClosingBalance.IsZero ? Unproved() : "there are lines or balances without an event";
        if (events[0].Version != 1 && events[0].RecordedAt >= statement.From) return $"{Place(events[0].Version)}: the event before the period is missing, so lines may have been left out";
        return null;
    }

    private string? Unproved()
    {
        notes.Add("The account had no event by then, which nothing here proves.");
        return null;
    }

    /// <summary>The lines are what their events say, and the balances lead from one to the next.</summary>
    private string? Lines()
    {
        Credits? balance = events.Count > 0 && events[0].Version == 1 ? Credits.Zero : null;
        Credits? opening = null;
        foreach (var proved in events)
        {
            if (IsIn(proved)) opening ??= balance;
            if (proved.RecordedAt >= statement.To) break;
            if (StatementProofs.LineOf(stream, proved) is not { } line) continue;
            if (balance is not null && line.BalanceBefore != balance) return $"{Place(proved.Version)}: it begins with {line.BalanceBefore}, and the one before it left {balance}";
            balance = line.BalanceAfter;
            if (!IsIn(proved)) continue;
            opening ??= line.BalanceBefore;
            if (lines.Count >= statement.Lines.Count || !Same(statement.Lines[lines.Count], line)) return $"line {lines.Count + 1} ({Place(proved.Version)}) is not what its event says";
            lines.Add(line);
        }

        if (lines.Count < statement.Lines.Count) return $"line {lines.Count + 1} has no event";
        if (events.Count == 0) return null;
        if (balance is null) return "no event tells the balance";
        if (statement.OpeningBalance != (opening ?? balance)) return $"the opening balance is {statement.OpeningBalance}, its events say {opening ?? balance}";
        return statement.ClosingBalance == balance ? null : $"the closing balance is {statement.ClosingBalance}, its events say {balance}";
    }

    /// <summary>Each event of a sealed day leads to the day's tree.</summary>
    private string? Paths()
    {
        for (var i = 0; i < events.Count; i++)
        {
            var (proved, body) = (events[i], statement.Proof.Events[i]);
            var day = days.Find(day => day.Covers(proved.SeqId));
            if (day is null)
            {
                if (body.Path is not null || body.Index is not null) return $"{Place(proved.Version)}: it has a path, and its day no root";
                if (days.Count > 0 && proved.SeqId <= days[^1].Last) return $"{Place(proved.Version)}: the root of its day is missing";
                continue;
            }

            if (body.Path is null || body.Index is null) return $"{Place(proved.Version)}: its path to the root of {RootBody.Written(day.Day)} is missing";
            var path = new List<byte[]>();
            foreach (var hex in body.Path)
            {
                if (!RootBody.TryHash(hex, out var hash)) return $"{Place(proved.Version)}: its path holds something that is no hash";
                path.Add(hash);
            }

            var tree = MerkleTree.RootOf(MerkleTree.Leaf(proved.SeqId, proved.Hash), body.Index.Value, day.Events, path);
            if (tree is null || !tree.AsSpan().SequenceEqual(day.Tree.Span)) return $"{Place(proved.Version)}: its path does not lead to the root of {RootBody.Written(day.Day)}";
        }

        return null;
    }

    /// <summary>What was verified, written down again, is the file: not one byte of it is anything else.</summary>
    private string? Spelling(ReadOnlySpan<byte> bytes)
    {
        var again = statement.With(lines).ToFile();
        var same = bytes.CommonPrefixLength(again);
        return same == again.Length && same == bytes.Length ? null : string.Create(CultureInfo.InvariantCulture, $"byte {same + 1} of the file is not as it was given out; save the answer of the route as it is");
    }

    private string? Trusted(TrustedRoots trusted, out long upTo)
    {
        upTo = 0;
        if (events.Count == 0) return null;
        if (days.Count == 0 && trusted.Hex is not null) return "the given root is none of this statement's: it knows no root; get it again once the day of its first event has one";
        foreach (var day in days)
        {
            if (trusted.Contradicts(day)) return $"the root of {RootBody.Written(day.Day)} is not the one that was published";
        }

        var last = days.FindLast(trusted.Contains);
        if (last is null && days.Count > 0) return "the given root is none of this statement's: it is of a day before its first line, of a later one than the statement knows, or of another ledger";
        upTo = last?.Last ?? 0;

        // What was recorded by the end of a day that has a root lies under that root, or was never recorded.
        var sealedTo = trusted.Published.MaxBy(root => root.Day) ?? last;
        var covered = upTo;
        if (sealedTo is not null && events.Find(proved => DateOnly.FromDateTime(proved.RecordedAt.UtcDateTime) <= sealedTo.Day && proved.SeqId > covered) is { } bare)
            return $"{Place(bare.Version)}: its day has a root, and the event no path to one that is trusted; where the statement is older than that root, get it again";
        if (days.Count == 0) notes.Add("No day of this statement has a root yet: ask for it again once its last day is over.");
        return null;
    }

    private bool IsIn(ProvedEvent proved) => proved.RecordedAt >= statement.From && proved.RecordedAt < statement.To;

    private static string Place(long version) => string.Create(CultureInfo.InvariantCulture, $"version {version}");

    private static bool Same(JsonElement stated, TransactionBody line) => stated.GetRawText() == JsonSerializer.Serialize(line, LedgerJson.Numbers);
}
