using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>Makes answers of what commands came to. A repeated key is answered from the event that answered it first, so it says the same for ever.</summary>
internal sealed class CommandAnswers(EventReader reader)
{
    /// <summary>Answers one request.</summary>
    public async Task WriteAsync(HttpContext http, CommandResult result, AnswerShape shape, bool opened = false)
    {
        if (result.Problem is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        if (result.Replayed) Answer.Replayed(http);
        switch (shape)
        {
            case AnswerShape.Transaction when await TransactionAsync(result, AbortedWhile(http, result)) is { } transaction:
                await TransactionJson.WriteAsync(http, StatusOf(result), transaction);
                break;
            case AnswerShape.Account:
                var account = await AccountAsync(result, keyed: HttpMethods.IsPost(http.Request.Method), http.RequestAborted);
                Answer.Version(http, account.Version);
                await Answer.Json(http, opened ? StatusCodes.Status201Created : StatusCodes.Status200OK, account);
                break;
            case AnswerShape.Hold:
                var (status, hold) = await HoldAsync(result, http.RequestAborted);
                await Answer.Json(http, status, hold);
                break;
            default:
                throw new InvalidOperationException($"Version {result.Version} of {result.Stream} is no transaction.");
        }
    }

    /// <summary>The token of a request whose answer has to be read from the database; asking for it costs each request a source of tokens.</summary>
    private static CancellationToken AbortedWhile(HttpContext http, CommandResult result) => result.Event is null ? http.RequestAborted : CancellationToken.None;

    /// <summary>201 for what was done now, or was done under this key; 200 for what had been done before under another one.</summary>
    public static int StatusOf(CommandResult result) => result.Answer == AnswerKind.Done ? StatusCodes.Status201Created : StatusCodes.Status200OK;

    /// <summary>The transaction that answers.</summary>
    public async ValueTask<TransactionBody?> TransactionAsync(CommandResult result, CancellationToken cancellationToken) => TransactionBody.Of(await EventAsync(result, cancellationToken));

    /// <summary>The hold that answers, as it was then: 201 where it was placed, 200 where it was released.</summary>
    public async ValueTask<(int Status, HoldBody Hold)> HoldAsync(CommandResult result, CancellationToken cancellationToken)
    {
        var account = AccountModel.AccountOf(result.Stream);
        var stored = await EventAsync(result, cancellationToken);
        switch (stored.Data)
        {
            case HoldPlaced e:
                return (StatusCodes.Status201Created, HoldBody.Of(account, new Hold(e.Id, e.Amount, stored.RecordedAt, e.ExpiresAt, e.Spending, e.Note)));
            case HoldReleased e:
                var name = AccountModel.Name(result.Stream, FactNameOf(e));
                var fact = await reader.FactAsync(name, cancellationToken) ?? throw new InvalidOperationException($"The end of {e.Hold} left no fact.");
                return (StatusCodes.Status200OK, HoldBody.Of(account, (HoldEnded)EventJson.ReadFact(name.Kind, fact)));
            default:
                throw new InvalidOperationException($"Version {result.Version} of {result.Stream} is no hold.");
        }
    }

    private static Domain.Accounts.FactName FactNameOf(HoldReleased e) => Domain.Accounts.FactName.Hold(e.Hold);

    private async ValueTask<StoredEvent> EventAsync(CommandResult result, CancellationToken cancellationToken) =>
        result.Event ?? await reader.EventAsync(result.Stream, result.Version, cancellationToken) ?? throw new InvalidOperationException($"Version {result.Version} of {result.Stream} is not there.");

    private async ValueTask<AccountBody> AccountAsync(CommandResult result, bool keyed, CancellationToken cancellationToken)
    {
        if (result is { Account: { } account, Event: not null }) return AccountBody.Of(account, account.UpdatedAt);
        // Opening has no key, so what stood already is answered as it is now. A key's answer must be found again later, so it is as of its version.
        if (!keyed && await reader.StateAsync(result.Stream, cancellationToken) is { } now) return AccountBody.Of((Account)now.State, now.Now);
        var then = await reader.StateAtVersionAsync(result.Stream, result.Version, cancellationToken) ?? throw new InvalidOperationException($"Version {result.Version} of {result.Stream} is not there.");
        return AccountBody.Of((Account)then.State, then.RecordedAt);
    }
}
