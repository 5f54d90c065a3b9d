namespace Ledger.Domain.Tests;

public sealed class IdsTests
{
    private const string Tag = "0123456789abcdef";

    [Theory]
    [InlineData("a")]
    [InlineData("acct_1")]
    [InlineData("A.b:c-d_9")]
    [InlineData("...1")]
    public void An_account_id_is_what_the_contract_allows(string text)
    {
        AccountId.TryParse(text, out var id).ShouldBeTrue();
        id.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("._:-")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("é")]
    [InlineData("a\n")]
    [InlineData("a%2F")]
    public void Other_account_ids_are_refused(string? text) => AccountId.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void An_account_id_has_at_most_128_characters()
    {
        AccountId.TryParse(new string('a', AccountId.LengthMax), out _).ShouldBeTrue();
        AccountId.TryParse(new string('a', AccountId.LengthMax + 1), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(1_000_000)]
    [InlineData((1L << 40) - 1)]
    public void An_id_leads_back_to_its_version(long version)
    {
        var id = TransactionId.For(Tag, version);
        id.Value.Length.ShouldBe(28);
        TransactionId.TryRead(id.Value, Tag, out var read).ShouldBeTrue();
        read.ShouldBe(version);
        id.Version.ShouldBe(version);
        TransactionId.TryParse(id.Value, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(id);
        id.FirstLot.ShouldBe(LotId.For(Tag, version));
        LotId.TryParse(LotId.For(Tag, version, 5).Value, out _).ShouldBeTrue();
        HoldId.TryParse(HoldId.For(Tag, version).Value, out _).ShouldBeTrue();
    }

    [Fact]
    public void An_id_of_another_account_is_not_read()
    {
        TransactionId.TryRead(TransactionId.For("zzzzzzzzzzzzzzzz", 5).Value, Tag, out _).ShouldBeFalse();
        TransactionId.TryRead(LotId.For(Tag, 5).Value, Tag, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("txn_")]
    [InlineData("txn_0123456789abcdef00000000")]
    [InlineData("txn_0123456789abcdef0000000")]
    [InlineData("txn_0123456789abcdef000000011")]
    [InlineData("txn_0123456789abcdeu00000001")]
    [InlineData("TXN_0123456789abcdef00000001")]
    [InlineData("txn_0123456789ABCDEF00000001")]
    [InlineData("txn_0123456789abcdef00000001-001")]
    public void What_has_not_the_shape_of_a_transaction_id_is_none(string? text)
    {
        TransactionId.TryParse(text, out _).ShouldBeFalse();
        TransactionId.TryRead(text, Tag, out _).ShouldBeFalse();
        new TransactionId(text!).Version.ShouldBe(0);
    }

    [Fact]
    public void Ids_of_one_account_sort_by_age()
    {
        long[] versions = [1, 2, 9, 10, 31, 32, 33, 1023, 1024, 99_999, 1 << 20, 1L << 39];
        var ids = versions.SelectMany(version => new[] { 0, 1, 2, 31, 32, 9_999, 32_767 }.Select(part => LotId.For(Tag, version, part).Value)).ToList();
        ids.ShouldBe(ids.Order(StringComparer.Ordinal));
        ids.Distinct().Count().ShouldBe(ids.Count);
        LotId.For(Tag, 1, 1).Value.ShouldBe("lot_0123456789abcdef00000001-001");
        foreach (var id in ids) LotId.TryParse(id, out _).ShouldBeTrue(id);
    }

    [Fact]
    public void A_lot_part_zero_is_written_in_one_way_only() => LotId.TryParse("lot_0123456789abcdef00000001-000", out _).ShouldBeFalse();

    [Fact]
    public void A_tag_is_16_characters_of_crockford()
    {
        AccountTag.IsValid(Tag).ShouldBeTrue();
        AccountTag.IsValid("0123456789abcde").ShouldBeFalse();
        AccountTag.IsValid("0123456789abcdei").ShouldBeFalse();
        AccountTag.IsValid(null).ShouldBeFalse();
    }

    [Fact]
    public void An_id_outside_its_widths_is_a_fault()
    {
        Should.Throw<InvariantBrokenException>(() => TransactionId.For(Tag, 0));
        Should.Throw<InvariantBrokenException>(() => TransactionId.For(Tag, 1L << 40));
        Should.Throw<InvariantBrokenException>(() => LotId.For(Tag, 1, 32_768));
        Should.Throw<InvariantBrokenException>(() => LotId.For("short", 1));
    }
}
