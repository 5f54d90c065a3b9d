using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;

namespace Ledger.Api.Tests.Http;

public sealed class Checking_members
{
    private readonly Errors errors = new();

    private IEnumerable<string> Found => errors.Problem is { } problem
        ? ((SortedDictionary<string, List<string>>)problem.Members.Single().Value!).SelectMany(e => e.Value.Select(w => $"{e.Key} {w}"))
        : [];

    [Fact]
    public void collects_all_that_is_wrong()
    {
        errors.RequiredAmount(null, "amount");
        errors.Text(new string('x', 501), "description", 500);
        errors.Money(new MoneyBody { Amount = -1, Currency = "USD" }, "price");
        errors.RequiredText(" ", "reason", 500);
        Found.ShouldBe(
        [
            "amount is required",
            "description must have at most 500 characters",
            "price.amount must be between 0 and 1000000000000000",
            "price.currency must be the code of a currency in lower case, such as usd",
            "reason must not be blank",
        ]);
        errors.Problem!.Detail.ShouldBe("amount is required. 4 more: see errors.");
    }

    [Fact]
    public void finds_nothing_wrong_with_what_is_right()
    {
        errors.RequiredAmount(Credits.AmountMax, "amount").ShouldBe(Credits.AmountMax);
        errors.RequiredSignedAmount(-3, "signed").ShouldBe((Credits)(-3));
        errors.RequiredMoney(new MoneyBody { Amount = 1500, Currency = "jpy" }, "price").ShouldBe(new Money(1500, "jpy"));
        errors.RequiredAccount("acct_1", "toAccountId").ShouldBe(new AccountId("acct_1"));
        errors.Amount(null, "amount").ShouldBeNull();
        errors.Metadata(null).ShouldBeNull();
        errors.Any.ShouldBeFalse();
        errors.Problem.ShouldBeNull();
    }

    [Fact]
    public void refuses_amounts_of_nothing_and_less()
    {
        errors.RequiredAmount(0, "a");
        errors.Amount(-1, "b");
        errors.RequiredSignedAmount(0, "c");
        Found.ShouldBe(["a must be more than 0", "b must be more than 0", "c must not be 0"]);
    }

    [Fact]
    public void counts_characters_as_people_do()
    {
        errors.Text(string.Concat(Enumerable.Repeat("🎈", 5)), "five", 5);
        errors.Any.ShouldBeFalse();
        errors.Text(string.Concat(Enumerable.Repeat("🎈", 6)), "six", 5);
        Found.ShouldBe(["six must have at most 5 characters"]);
    }

    [Fact]
    public void allows_ids_of_128_characters_and_no_more()
    {
        Errors.IsId(new string('a', Errors.IdLengthMax)).ShouldBeTrue();
        Errors.IsId(new string('a', Errors.IdLengthMax + 1)).ShouldBeFalse();
        Errors.IsId("Az09._:-").ShouldBeTrue();
        foreach (var bad in new[] { "", "a/b", "a b", "ä", "a\0" }) Errors.IsId(bad).ShouldBeFalse();
        errors.RequiredAccount("._:-", "toAccountId");
        Found.Single().ShouldStartWith("toAccountId must have 1 to 128");
    }

    [Fact]
    public void allows_50_members_of_metadata_and_no_more()
    {
        Dictionary<string, string?> Members(int count) => Enumerable.Range(0, count).ToDictionary(i => $"k{i}", string? (i) => $"v{i}");
        errors.Metadata(Members(Errors.MetadataMembersMax))!.Count.ShouldBe(50);
        errors.Any.ShouldBeFalse();
        errors.Metadata(Members(Errors.MetadataMembersMax + 1));
        Found.ShouldBe(["metadata must have at most 50 members"]);
    }

    [Fact]
    public void leaves_null_members_of_metadata_out_and_measures_the_rest()
    {
        errors.Metadata(new Dictionary<string, string?> { ["a"] = null, ["b"] = "1" }).ShouldBe(Metadata.Of([new("b", "1")]));
        errors.Metadata(new Dictionary<string, string?> { [new string('n', Errors.MetadataNameMax)] = new string('v', Errors.MetadataValueMax) });
        errors.Any.ShouldBeFalse();
        errors.Metadata(new Dictionary<string, string?> { [new string('n', Errors.MetadataNameMax + 1)] = "" });
        errors.Metadata(new Dictionary<string, string?> { ["long"] = new string('v', Errors.MetadataValueMax + 1) });
        errors.Metadata(new Dictionary<string, string?> { ["con\u0001trol"] = "" });
        errors.Metadata(new Dictionary<string, string?> { [""] = "" });
        Found.Count().ShouldBe(4);
    }

    [Fact]
    public void lists_no_more_than_50_members()
    {
        for (var i = 0; i <= Errors.MembersListedMax; i++) errors.Add($"m{i}", "is wrong");
        Found.Count().ShouldBe(Errors.MembersListedMax);
    }

    [Fact]
    public void compares_times_with_the_time_that_it_is_given()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        errors.Future(now.AddTicks(1), "later", now);
        errors.Any.ShouldBeFalse();
        errors.Future(now, "now", now);
        Found.ShouldBe(["now must be in the future"]);
    }

    [Fact]
    public void keeps_free_json_in_one_spelling()
    {
        errors.FreeObject(Json("""{ "b": [1.50, 1e2, -0.0], "a": {"z":null,"y":"\u00e9<"} }"""), "free").ShouldBe("""{"a":{"y":"é<","z":null},"b":[1.5,100,0]}""");
        errors.FreeObject(null, "free").ShouldBeNull();
        errors.FreeObject(Json("null"), "free").ShouldBeNull();
        errors.Any.ShouldBeFalse();
    }

    [Theory]
    [InlineData("[]", "must be an object")]
    [InlineData("\"x\"", "must be an object")]
    [InlineData("""{"a":"\u0000"}""", "holds a text with a control character")]
    [InlineData("""{"a\n":1}""", "holds a name with a control character")]
    [InlineData("""{"a":"\ud800"}""", "holds a text that is not UTF-8")]
    [InlineData("""{"a":{"b":1,"b":2}}""", "holds an object with the same member twice")]
    [InlineData("""{"a":1e28}""", "holds a number with more than 28 digits")]
    [InlineData("""{"a":1e999999999}""", "holds a number with more than 28 digits")]
    [InlineData("""{"a":1e-29}""", "holds a number with more than 28 digits")]
    public void refuses_free_json_that_could_not_be_kept(string json, string what)
    {
        errors.FreeObject(Json(json), "usage.requestData").ShouldBeNull();
        Found.ShouldBe(["usage.requestData " + what]);
    }

    [Fact]
    public void allows_free_json_up_to_its_limits_and_no_more()
    {
        string Deep(int levels) => string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}" + new string('}', levels - 1);
        string Long(int bytes) => $$"""{"a":"{{new string('x', bytes - 8)}}"}""";
        foreach (var good in new[] { Deep(FreeJson.DepthMax), Long(FreeJson.BytesMax), """{"a":1e27,"b":1e-28}""" }) errors.FreeObject(Json(good), "free").ShouldNotBeNull();
        errors.Any.ShouldBeFalse();
        errors.FreeObject(Json(Deep(FreeJson.DepthMax + 1)), "deep");
        errors.FreeObject(Json(Long(FreeJson.BytesMax + 1)), "long");
        Found.ShouldBe(["deep is nested deeper than 8 levels", "long must have at most 8192 bytes"]);
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
