using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Catalog;
using Ledger.EventStore;

namespace Ledger.Api.Catalog;

/// <summary>A change of the catalogue on its way through the store. It needs no key: the same change again changes nothing.</summary>
/// <param name="kind">The kind of entry.</param>
/// <param name="id">Its id.</param>
/// <param name="entry">What to put up; null to archive.</param>
/// <param name="reason">Why it is archived.</param>
internal sealed class CatalogWork(ItemKind kind, string id, CatalogEntry? entry, string? reason = null) : Work
{
    /// <summary>The version that the entry must be at, where the client said one.</summary>
    public IfMatch Expected { get; init; }

    private string? Slot => entry is Plan plan ? CatalogItem.SlotOf(plan) : null;

    public override void Name(Needs needs)
    {
        needs.Stream(CatalogModel.StreamOf(Tenant, kind, id));
        if (Slot is { } slot) needs.Fact(CatalogModel.SlotOf(Tenant, slot));
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var stream = CatalogModel.StreamOf(Tenant, kind, id);
        var item = CatalogModel.Of(context.State(stream));
        var decision = entry is null
            ? ArchiveEntryHandler.Handle(new ArchiveEntry(reason), item)
            : DefineEntryHandler.Handle(new DefineEntry(entry), item, Slot is { } slot ? CatalogModel.HolderOf(context.Fact(CatalogModel.SlotOf(Tenant, slot)), slot) : null);
        if (decision is CatalogDecision.Refused { Refusal: var early } && (!Expected.Given || Refusals.StatusOf(early) is 400 or 404)) return Verdict.Refuse(new AccountRefusal(early, null));
        if (!Expected.Allows(item.Entry is null ? 0 : item.Version)) return Verdict.Refuse(new StaleVersion(item.Version));
        if (decision is CatalogDecision.Refused refused) return Verdict.Refuse(new AccountRefusal(refused.Refusal, null));
        return ((CatalogDecision.Accepted)decision).Happened is { } happened
            ? Verdict.Accept([new Append(stream, [happened])], stream, context.Version(stream) + 1)
            : Verdict.Accept([], stream, context.Version(stream), AnswerKind.Unchanged);
    }
}
