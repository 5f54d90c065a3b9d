using Ledger.Domain.Catalog;

namespace Ledger.Domain.Tests.Catalog;

public sealed class The_catalogue
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    private static readonly Package Tiny = new() { Name = "Tiny", Active = true, Price = new(100, "usd"), CreditAmount = 1 };

    private static readonly Plan Team = new() { Name = "Team", Tier = "team", Active = true, Price = new(4900, "usd"), Interval = PlanInterval.Month };

    [Fact]
    public void Every_tenant_begins_with_the_same_entries_at_version_1()
    {
        CatalogDefaults.All.Select(entry => $"{entry.Entry.Kind()} {entry.Id} {entry.Entry.Cost()}").ShouldBe(
            ["Package small 500 usd", "Package medium 1500 usd", "Package large 3000 usd", "Plan free 0 usd", "Plan pro-monthly 2999 usd", "Plan pro-yearly 28800 usd", "Plan enterprise-yearly 99900 usd"]);
        var small = CatalogItem.Begin(ItemKind.Package, "small");
        (small.Version, small.IsForSale, ((Package)small.Entry!).CreditAmount).ShouldBe((1, true, (Credits)5));
        (CatalogItem.Begin(ItemKind.Plan, "small").Entry, CatalogItem.Begin(ItemKind.Plan, "small").Version).ShouldBe((null, 0));
    }

    [Fact]
    public void An_entry_changes_by_being_put_up_anew_and_its_version_rises()
    {
        var item = After(CatalogItem.Begin(ItemKind.Package, "tiny"), new DefineEntry(Tiny));
        item.Version.ShouldBe(1);
        Happened(DefineEntryHandler.Handle(new(Tiny with { }), item, null)).ShouldBeNull("the same again");
        item = After(item, new DefineEntry(Tiny with { CreditAmount = 2 }));
        item.Version.ShouldBe(2);
        After(CatalogItem.Begin(ItemKind.Package, "small"), new DefineEntry(Tiny)).Version.ShouldBe(2, "what every tenant begins with was version 1");
    }

    [Fact]
    public void An_archived_entry_can_be_read_not_bought_and_comes_back_by_being_put_up()
    {
        var item = CatalogItem.Begin(ItemKind.Package, "small");
        item = item.Evolve(Happened(ArchiveEntryHandler.Handle(new("replaced"), item))!, Now);
        (item.IsForSale, item.IsArchived, item.Entry!.Name).ShouldBe((false, true, "Small"));
        Happened(ArchiveEntryHandler.Handle(new(), item)).ShouldBeNull();
        After(item, new DefineEntry((Package)item.Entry)).IsForSale.ShouldBeTrue();
        ArchiveEntryHandler.Handle(new(), CatalogItem.Begin(ItemKind.Package, "none")).ShouldBeOfType<CatalogDecision.Refused>().Refusal.ShouldBeOfType<EntryNotFound>();
    }

    [Fact]
    public void One_active_plan_has_a_tier_and_an_interval()
    {
        var item = CatalogItem.Begin(ItemKind.Plan, "team-monthly");
        item.Slot.ShouldBeNull();
        DefineEntryHandler.Handle(new(Team), item, "another").ShouldBeOfType<CatalogDecision.Refused>().Refusal.ShouldBeOfType<EntryConflict>();
        After(item, new DefineEntry(Team)).Slot.ShouldBe("team/month");
        DefineEntryHandler.Handle(new(Team), item, "team-monthly").ShouldBeOfType<CatalogDecision.Accepted>();
        DefineEntryHandler.Handle(new(Team with { Active = false }), item, "another").ShouldBeOfType<CatalogDecision.Accepted>();
        CatalogDefaults.HolderOf("pro/year").ShouldBe("pro-yearly");
        CatalogDefaults.HolderOf("team/month").ShouldBeNull();
    }

    [Fact]
    public void Amounts_are_in_range()
    {
        var item = CatalogItem.Begin(ItemKind.Package, "tiny");
        foreach (var wrong in new Credits[] { 0, -1, 0.0000001m, Credits.AmountMax + 1 }) DefineEntryHandler.Handle(new(Tiny with { CreditAmount = wrong }), item, null).ShouldBeOfType<CatalogDecision.Refused>().Refusal.ShouldBeOfType<InvalidAmount>();
        DefineEntryHandler.Handle(new(Tiny with { CreditAmount = Credits.AmountMax }), item, null).ShouldBeOfType<CatalogDecision.Accepted>();
        DefineEntryHandler.Handle(new(Tiny with { Price = new(-1, "usd") }), item, null).ShouldBeOfType<CatalogDecision.Refused>();
    }

    private static CatalogItem After(CatalogItem item, DefineEntry command) => item.Evolve(Happened(DefineEntryHandler.Handle(command, item, null)).ShouldNotBeNull(), Now);

    private static CatalogEvent? Happened(CatalogDecision decision) => decision.ShouldBeOfType<CatalogDecision.Accepted>().Happened;
}
