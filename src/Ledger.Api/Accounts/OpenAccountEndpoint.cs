using System.Security.Cryptography;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Whose an account is, in a request.</summary>
public sealed record OwnerRequest
{
    /// <summary><c>user</c> or <c>workspace</c>.</summary>
    public OwnerKind? Kind { get; init; }

    /// <summary>The app's own id.</summary>
    public string? Id { get; init; }
}

/// <summary>An account is opened, or its settings are changed.</summary>
public sealed record OpenAccountRequest
{
    /// <summary>Most characters of a unit's name.</summary>
    public const int UnitMax = 50;

    /// <summary>Whose it is; never changes.</summary>
    public OwnerRequest? Owner { get; init; }

    /// <summary>The unit that it counts; <c>credit</c> where it is left out. Never changes.</summary>
    public string? Unit { get; init; }

    /// <summary>The decimals of its amounts, 0 to 6; 6 where it is left out. Never changes.</summary>
    public int? Scale { get; init; }

    /// <summary>How far below 0 consumptions and holds may take what is available; only an administrator sets another one than it has.</summary>
    public Credits? OverdraftLimit { get; init; }

    /// <summary>At most 50 text members, in place of those before. No personal data: it is kept for ever.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }

    /// <summary>The command; <paramref name="path"/> stands before the names of members in errors.</summary>
    internal OpenAccount ToCommand(AccountId account, Caller caller, Errors errors, string path = "")
    {
        var owner = errors.RequiredObject(Owner, path + "owner") ? new Owner(errors.Required(Owner.Kind, path + "owner.kind"), errors.RequiredId(Owner.Id, path + "owner.id")) : new Owner(OwnerKind.User, "");
        if (Unit is not null && !Errors.IsId(Unit)) errors.Add(path + "unit", "must have 1 to 50 of the characters A-Z a-z 0-9 . _ : -");
        if (OverdraftLimit is { IsNegative: true }) errors.Add(path + "overdraftLimit", "must not be below 0");
        return new OpenAccount
        {
            Account = account,
            Tag = NewTag(),
            Owner = owner,
            Unit = errors.Text(Unit, path + "unit", UnitMax),
            Scale = errors.Range(Scale, path + "scale", 0, Credits.ScaleMax),
            OverdraftLimit = OverdraftLimit,
            Metadata = errors.Metadata(Metadata, path + "metadata"),
            MaySetOverdraft = caller.Has(Roles.Admin),
        };
    }

    private static string NewTag() => RandomNumberGenerator.GetString(AccountTag.Alphabet, AccountTag.Length);
}

/// <summary>Opens an account, or changes the one that stands.</summary>
internal sealed class OpenAccountEndpoint(CommandHallway hallway, CommandAnswers answers)
{
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<OpenAccountRequest>(http);
        var ifMatch = IfMatch.Read(http);
        var problem = read.Problem ?? ifMatch.Problem ?? QueryParameters.Of(http).Problem();
        OpenAccount? command = null;
        if (problem is null)
        {
            var errors = new Errors();
            command = read.Value!.ToCommand(errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId"), caller, errors);
            problem = errors.Problem;
        }

        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }

        // No key: opening is idempotent by the account itself.
        var result = await hallway.SendAsync(new CommandEnvelope(caller.Tenant, null, default, command!, CommandHandler.MetaOf(http, caller, null), ifMatch.Value));
        // An account that carries the tag made for this request was opened by it, in an attempt whose answer was lost.
        var opened = result.Event?.Data is AccountOpened || (result.Answer == AnswerKind.Unchanged && result.Account?.Tag == command!.Tag);
        await answers.WriteAsync(http, result, AnswerShape.Account, opened);
    }
}
