namespace Ledger.Domain.Catalog;

/// <summary>The catalogue has no such entry (404).</summary>
public sealed record EntryNotFound(ItemKind Kind, string Id) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"There is no {(Kind switch { ItemKind.Package => "package", ItemKind.Plan => "plan", _ => "product" })} {Id}. Take the id from the list of the catalogue.";
}

/// <summary>The entry can't be so with what stands, or can't be bought (409).</summary>
/// <param name="What">What is the matter, and what to do about it.</param>
/// <param name="State">How the entry stands.</param>
public sealed record EntryConflict(string What, string State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => What;
}
