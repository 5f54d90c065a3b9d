using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>What a command answers with.</summary>
internal enum AnswerShape
{
    /// <summary>A transaction.</summary>
    Transaction,

    /// <summary>A hold.</summary>
    Hold,

    /// <summary>The account.</summary>
    Account,
}

/// <summary>Where a command is found.</summary>
/// <param name="Path">What follows <c>/v1/accounts/{accountId}/</c>; <c>{itemId}</c> stands for a transaction or a hold.</param>
/// <param name="Name">The command's name, in a batch and in fingerprints.</param>
/// <param name="Roles">Who may post it.</param>
/// <param name="Shape">What it answers with.</param>
/// <param name="InBatch">Whether a batch may have it.</param>
/// <param name="Summary">One sentence for the API's description.</param>
internal sealed record CommandRoute(string Path, string Name, Roles Roles, AnswerShape Shape, bool InBatch, string Summary);

/// <summary>What a command is for: the account, and the transaction or hold in the path.</summary>
internal readonly record struct CommandTarget(AccountId Account, string? Item)
{
    /// <summary>The transaction that the path names; one that no account has where it is no transaction's id.</summary>
    public TransactionId Transaction => TransactionId.TryParse(Item, out var id) ? id : Refusals.NoTransaction;

    /// <summary>The hold that the path names; one that no account has where it is no hold's id.</summary>
    public HoldId Hold => HoldId.TryParse(Item, out var id) ? id : Refusals.NoHold;

    /// <summary>What a fingerprint is taken of besides the members.</summary>
    public string Text => Item is null ? Account.Value : $"{Account.Value}\n{Item}";
}

/// <summary>One command as HTTP offers it: where, who, and how its request becomes a command. It neither decides nor commits.</summary>
internal interface ICommandEndpoint<TRequest>
    where TRequest : class
{
    /// <summary>Where it is found.</summary>
    static abstract CommandRoute Route { get; }

    /// <summary>The command; what is wrong with the request goes to <paramref name="errors"/>.</summary>
    static abstract AccountCommand ToCommand(TRequest request, CommandTarget target, Errors errors);
}

/// <summary>A command endpoint without its type, for the table of routes and for batches.</summary>
internal abstract class CommandEndpoint
{
    /// <summary>All of them, found by reflection once: a new one is a new file.</summary>
    public static IReadOnlyList<CommandEndpoint> All { get; } =
    [
        .. typeof(CommandEndpoint).Assembly.GetTypes()
            .SelectMany(type => type.GetInterfaces().Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ICommandEndpoint<>)).Select(i => (type, request: i.GenericTypeArguments[0])))
            .OrderBy(pair => pair.type.Name, StringComparer.Ordinal)
            .Select(pair => (CommandEndpoint)Activator.CreateInstance(typeof(CommandEndpoint<,>).MakeGenericType(pair.type, pair.request))!),
    ];

    /// <summary>Where it is found.</summary>
    public abstract CommandRoute Route { get; }

    /// <summary>The type of its request.</summary>
    public abstract Type RequestType { get; }

    /// <summary>Whether its path names a transaction or a hold.</summary>
    public bool HasItem => Route.Path.Contains("{itemId}", StringComparison.Ordinal);

    /// <summary>Reads a request's body and makes the command and its fingerprint of it.</summary>
    public abstract ValueTask<Parsed<(AccountCommand Command, UInt128 Fingerprint)>> ReadAsync(HttpContext http, string accountId, string? item);

    /// <summary>The same from a line of a batch.</summary>
    public abstract Parsed<(AccountCommand Command, UInt128 Fingerprint)> Parse(ReadOnlySpan<byte> body, string accountId, string? item);
}

/// <inheritdoc/>
internal sealed class CommandEndpoint<TEndpoint, TRequest> : CommandEndpoint
    where TEndpoint : ICommandEndpoint<TRequest>
    where TRequest : class
{
    /// <inheritdoc/>
    public override CommandRoute Route => TEndpoint.Route;

    /// <inheritdoc/>
    public override Type RequestType => typeof(TRequest);

    /// <inheritdoc/>
    public override async ValueTask<Parsed<(AccountCommand Command, UInt128 Fingerprint)>> ReadAsync(HttpContext http, string accountId, string? item)
    {
        var read = await RequestReader.ReadAsync<TRequest>(http);
        return read.Problem is { } problem ? problem : Make(read.Value!, accountId, item);
    }

    /// <inheritdoc/>
    public override Parsed<(AccountCommand Command, UInt128 Fingerprint)> Parse(ReadOnlySpan<byte> body, string accountId, string? item)
    {
        var read = RequestReader.Parse<TRequest>(body);
        return read.Problem is { } problem ? problem : Make(read.Value!, accountId, item);
    }

    private static Parsed<(AccountCommand Command, UInt128 Fingerprint)> Make(TRequest request, string accountId, string? item)
    {
        var errors = new Errors();
        var target = new CommandTarget(errors.RequiredAccount(accountId, "accountId"), item);
        var command = TEndpoint.ToCommand(request, target, errors);
        return errors.Problem is { } problem ? problem : (command, Fingerprint.Of(TEndpoint.Route.Name, target.Text, request));
    }
}

/// <summary>Takes commands from requests to the hallway and their results to answers.</summary>
internal sealed class CommandHandler(CommandHallway hallway, CommandAnswers answers)
{
    /// <summary>Handles one request.</summary>
    public async Task HandleAsync(HttpContext http, CommandEndpoint endpoint)
    {
        var caller = Caller.Of(http);
        var account = (string)http.Request.RouteValues["accountId"]!;
        var read = await endpoint.ReadAsync(http, account, (string?)http.Request.RouteValues.GetValueOrDefault("itemId"));
        var key = IdempotencyKey.Read(http);
        var ifMatch = IfMatch.Read(http);
        if ((read.Problem ?? key.Problem ?? ifMatch.Problem ?? QueryParameters.RefuseAny(http)) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var (command, fingerprint) = read.Value;
        var result = await hallway.SendAsync(new CommandEnvelope(caller.Tenant, key.Value, fingerprint, command, MetaOf(http, caller, key.Value), ifMatch.Value));
        await answers.WriteAsync(http, result, endpoint.Route.Shape);
    }

    /// <summary>Who sends it and what it belongs to: the trace that the client sent, its key, and its credential.</summary>
    public static EventMeta MetaOf(HttpContext http, Caller caller, string? key) => new(Correlation(http), key, caller.Id);

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private static string? Correlation(HttpContext http)
    {
        // Only what the client sent: a trace id that nobody else knows explains nothing.
        var parent = http.Request.Headers.TraceParent;
        return parent.Count == 1 && parent[0] is { Length: 55 } text && text[2] == '-' && text[35] == '-' && !text.AsSpan(3, 32).ContainsAnyExcept(HexDigits) ? text.Substring(3, 32) : null;
    }
}
