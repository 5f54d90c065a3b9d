using System.Collections.Immutable;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using FactName = Ledger.Domain.Accounts.FactName;

namespace Ledger.Api.Commands;

/// <summary>What a key remembers about its answer, besides the version that gives it.</summary>
internal static class AnswerKind
{
    /// <summary>The command did what its event says.</summary>
    public const short Done = 0;

    /// <summary>What was asked had been done before: the first answer is given again.</summary>
    public const short Already = 1;

    /// <summary>Nothing had to change.</summary>
    public const short Unchanged = 2;
}

/// <summary>The account was not at the version that the client expected.</summary>
/// <param name="Version">The version that it has.</param>
public sealed record StaleVersion(long Version);

/// <summary>A refusal with the status of the account that it is about; null where there is no account.</summary>
internal sealed record AccountRefusal(Refusal Refusal, AccountStatus? Status);

/// <summary>A command on an account on its way through the store.</summary>
internal sealed class AccountWork(AccountCommand command) : Work
{
    /// <summary>The version that the account must be at, where the client said one.</summary>
    public IfMatch Expected { get; init; }

    /// <summary>Opens the account ahead of the command where there is none; null where nothing is to be opened.</summary>
    public OpenAccount? Opening { get; init; }

    // Named several times on its way, so its text is made once.
    private StreamRef own;

    private StreamRef Own => own.Id is null ? own = AccountModel.StreamOf(Tenant, command.Account) : own;

    public override void Name(Needs needs)
    {
        needs.Stream(Own);
        if (command.Other is { } other) needs.Stream(AccountModel.StreamOf(Tenant, other));
        Add(needs, command.Names);
    }

    public override void NameMore(IDecisionContext loaded, Needs needs)
    {
        var names = command.NamesMore((Account)loaded.State(Own), Recall(loaded, command.Names));
        Add(needs, names);
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var own = Own;
        var account = (Account)context.State(own);
        var other = command.Other is { } id ? AccountModel.StreamOf(Tenant, id) : own;
        var now = context.NowFor(own, other);
        ImmutableArray<AccountEvent> opened = [];
        if (Opening is not null && !account.Exists)
        {
            var opening = Opening.Decide(account, null, Recollection.Empty, now);
            if (opening is Decision.Refused notOpened) return Verdict.Refuse(new AccountRefusal(notOpened.Refusal, null));
            opened = ((Decision.Accepted)opening).Streams[0].Events;
            foreach (var happened in opened) account = account.Evolve(happened, now);
        }

        var past = command.Names.IsNone ? Recollection.Empty : Recall(context, command.Names);
        var more = command.NamesMore(account, past);
        if (!more.IsNone) past = Recall(context, Union(command.Names, more));
        var decision = command.Decide(account, command.Other is null ? null : (Account)context.State(other), past, now);
        if (decision is Decision.Refused refused && (!Expected.Given || IsBeforeVersions(refused.Refusal))) return Refuse(refused.Refusal, account);
        if (!Expected.Allows(context.Version(own))) return Verdict.Refuse(new StaleVersion(context.Version(own)));
        return decision switch
        {
            Decision.Refused late => Refuse(late.Refusal, account),
            Decision.AlreadyDone done => Verdict.Accept(Appends(done.Streams, opened), AccountModel.StreamOf(Tenant, done.Account), done.Version, AnswerKind.Already),
            Decision.Accepted accepted => Verdict.Accept(Appends(accepted.Streams, opened), own, context.Version(own) + opened.Length + accepted.Answer + 1),
            _ => Verdict.Accept(Appends([], opened), own, context.Version(own) + opened.Length, AnswerKind.Unchanged),
        };
    }

    private static Verdict Refuse(Refusal refusal, Account account) => Verdict.Refuse(new AccountRefusal(refusal, account.Exists ? account.Status : null));

    /// <summary>400, 403 and 404 come before 412; 409 and 402 after it.</summary>
    private static bool IsBeforeVersions(Refusal refusal) => Refusals.StatusOf(refusal) is 400 or 403 or 404;

    private List<Append> Appends(ImmutableArray<Appended> streams, ImmutableArray<AccountEvent> opened)
    {
        var appends = new List<Append>(streams.Length + 1);
        if (!opened.IsEmpty) appends.Add(new Append(Own, opened));
        foreach (var (account, events) in streams) appends.Add(new Append(account == command.Account ? Own : AccountModel.StreamOf(Tenant, account), events));
        return appends;
    }

    private void Add(Needs needs, Names names)
    {
        if (names.IsNone) return;
        var own = Own;
        foreach (var fact in names.Facts) needs.Fact(AccountModel.Name(own, fact));
        foreach (var kind in names.Kinds) needs.FactsOfKind(own, kind);
        foreach (var version in names.Versions) needs.Event(own, version);
    }

    private Recollection Recall(IDecisionContext context, Names names)
    {
        var own = Own;
        var facts = new List<Fact>();
        var events = new List<KeyValuePair<long, AccountEvent>>();
        foreach (var name in names.Facts)
        {
            if (context.Fact(AccountModel.Name(own, name)) is { } json) facts.Add(new Fact(name, EventJson.ReadFact(name.Kind, json)));
        }

        foreach (var kind in names.Kinds)
        {
            foreach (var (key, json) in context.FactsOfKind(own, kind)) facts.Add(new Fact(new FactName(kind, key), EventJson.ReadFact(kind, json)));
        }

        foreach (var version in names.Versions)
        {
            if (context.Event(own, version) is { } found) events.Add(new(version, (AccountEvent)found.Event));
        }

        return new Recollection(facts, events);
    }

    private static Names Union(Names first, Names more) => new(first.Facts.AddRange(more.Facts), first.Kinds.AddRange(more.Kinds), first.Versions.AddRange(more.Versions));
}
