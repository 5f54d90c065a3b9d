using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>Makes statements that carry their own proof.</summary>
internal sealed class StatementProofs(EventReader reader, DayRoots roots)
{
    /// <summary>A statement with its proof has at most so many events.</summary>
    public const int EventsMax = 10_000;

    /// <summary>Their data have at most so many characters together.</summary>
    public const long DataMax = 16 * 1024 * 1024;

    /// <summary>Answers with the statement and its proof, or says why there is none.</summary>
    public async Task AnswerAsync(HttpContext http, StreamSnapshot now, Statement statement)
    {
        if (await FileAsync(now.Stream, statement, http.RequestAborted) is not { } file)
        {
            await Problem.Invalid("from", $"with proof a period may have {EventsMax} events of the account and {DataMax / 1024 / 1024} MB of data: ask for a shorter one").WriteAsync(http);
            return;
        }

        http.Response.ContentType = Answer.MediaType;
        http.Response.ContentLength = file.Length;
        await http.Response.BodyWriter.WriteAsync(file, http.RequestAborted);
    }

    private async Task<byte[]?> FileAsync(StreamRef stream, Statement statement, CancellationToken cancellationToken)
    {
        var (first, last) = (Math.Max(1, statement.Above), statement.UpTo + 1);
        if (last - first > EventsMax + 1) return null;
        var source = new ProvedEvents(reader.Source);
        var events = await source.ReadAsync(stream, first, last, DataMax, cancellationToken);
        if (statement.Above > 0 && !events.Any(proved => IsIn(statement, proved.RecordedAt) && IsLine(proved)) && await source.LastWithAsync(stream, statement.Above, "after", cancellationToken) is var earlier && earlier < first)
        {
            // No line tells the balance: the last event that moved it does, with all between, so that none is left out.
            first = earlier;
            if (last - first > EventsMax + 1) return null;
            events = await source.ReadAsync(stream, first, last, DataMax, cancellationToken);
        }

        // What is committed meanwhile may have been recorded before the period's end, where that is now: it is of the next statement.
        events = [.. events.Where(proved => proved.Version <= statement.UpTo || proved.RecordedAt >= statement.To)];
        if (events.Sum(proved => (long)proved.Data.Length) > DataMax) return null;
        var days = events.Count == 0 ? [] : await roots.FromAsync(events[0].SeqId, cancellationToken);
        var proofs = (await roots.ProveAsync([.. events.Select(proved => proved.SeqId)], days, cancellationToken)).ToDictionary(proof => proof.SeqId);
        var before = first == 1 ? null : await reader.EventAsync(stream, first - 1, cancellationToken);
        return new ProvedStatementBody
        {
            AccountId = AccountModel.AccountOf(stream).Value,
            From = statement.From,
            To = statement.To,
            OpeningBalance = statement.Opening,
            Lines = [.. events.Where(proved => IsIn(statement, proved.RecordedAt)).Select(proved => LineOf(stream, proved)).OfType<TransactionBody>()],
            ClosingBalance = statement.Closing,
            Proof = new ProofBody
            {
                Format = 1,
                TenantId = stream.Tenant,
                PreviousHash = Convert.ToHexStringLower(before is null ? EventHash.Origin.Span : before.Hash.Span),
                Events = [.. events.Select(proved => ProofEventBody.Of(proved, proofs.GetValueOrDefault(proved.SeqId)))],
                Days = [.. days.Select(RootBody.Of)],
            },
        }.ToFile();
    }

    /// <summary>The line that an event is; null where it is none.</summary>
    internal static TransactionBody? LineOf(StreamRef stream, ProvedEvent proved)
    {
        var happened = EventJson.Catalog.Read(proved.Type, proved.Data);
        var stored = new StoredEvent(proved.SeqId, EventHash.IdOf(proved.Hash), stream, proved.Version, proved.Type, happened, proved.RecordedAt, proved.Meta, proved.Hash);
        return TransactionBody.Of(stored) is { } line ? line with { EventHash = Convert.ToHexStringLower(proved.Hash) } : null;
    }

    private static bool IsIn(Statement statement, DateTimeOffset recordedAt) => recordedAt >= statement.From && recordedAt < statement.To;

    private static bool IsLine(ProvedEvent proved) => EventJson.Catalog.Read(proved.Type, proved.Data) is TransactionEvent;
}
