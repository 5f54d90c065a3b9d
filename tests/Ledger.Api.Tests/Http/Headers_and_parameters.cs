using Ledger.Api.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Ledger.Api.Tests.Http;

public sealed class Headers_and_parameters
{
    [Theory]
    [InlineData("k", true)]
    [InlineData("order 17 / try", true)]
    [InlineData("", false)]
    [InlineData("tab\t", false)]
    [InlineData("ä", false)]
    [InlineData("\u007f", false)]
    public void an_idempotency_key_is_printable_ascii(string key, bool good) => IdempotencyKey.IsKey(key).ShouldBe(good);

    [Fact]
    public void an_idempotency_key_has_255_characters_and_no_more()
    {
        IdempotencyKey.IsKey(new string('k', IdempotencyKey.LengthMax)).ShouldBeTrue();
        IdempotencyKey.IsKey(new string('k', IdempotencyKey.LengthMax + 1)).ShouldBeFalse();
    }

    [Fact]
    public void an_idempotency_key_is_given_once()
    {
        IdempotencyKey.Read(With("Idempotency-Key")).Problem!.Type.ShouldBe(ProblemTypes.IdempotencyKeyMissing);
        IdempotencyKey.Read(With("Idempotency-Key", "k")).Value.ShouldBe("k");
        IdempotencyKey.Read(With("Idempotency-Key", "a", "b")).Problem!.Type.ShouldBe(ProblemTypes.InvalidRequest);
    }

    [Theory]
    [InlineData("\"7\"", 7L)]
    [InlineData("\"9223372036854775807\"", long.MaxValue)]
    [InlineData("*", null)]
    public void if_match_names_a_version_or_any(string header, long? version)
    {
        var read = IfMatch.Read(With("If-Match", header));
        read.Problem.ShouldBeNull();
        read.Value.ShouldBe(new IfMatch(true, version));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("W/\"7\"")]
    [InlineData("\"7\", \"8\"")]
    [InlineData("\"\"")]
    [InlineData("\"0\"")]
    [InlineData("\"07\"")]
    [InlineData("\"-1\"")]
    [InlineData("\"7")]
    [InlineData("\"9223372036854775808\"")]
    [InlineData("\"x\"")]
    [InlineData("")]
    public void if_match_is_refused_in_any_other_form(string header) =>
        IfMatch.Read(With("If-Match", header)).Problem!.Detail.ShouldStartWith("If-Match must be one version in quotes");

    [Fact]
    public void if_match_allows_the_version_that_it_names()
    {
        default(IfMatch).Allows(0).ShouldBeTrue();
        default(IfMatch).Allows(3).ShouldBeTrue();
        new IfMatch(true, 3).Allows(3).ShouldBeTrue();
        new IfMatch(true, 3).Allows(4).ShouldBeFalse();
        new IfMatch(true, null).Allows(4).ShouldBeTrue();
        new IfMatch(true, null).Allows(0).ShouldBeFalse();
    }

    [Theory]
    [InlineData("decimals=string", true)]
    [InlineData("return=minimal, decimals=string", true)]
    [InlineData("Decimals=\"string\"", true)]
    [InlineData("decimals=number", false)]
    [InlineData("", false)]
    public void a_client_may_prefer_decimals_as_strings(string header, bool strings) => Preferences.DecimalsAsStrings(With("Prefer", header)).ShouldBe(strings);

    [Fact]
    public void unknown_repeated_and_wrong_parameters_are_all_named()
    {
        var query = Query("?type=grant&tpye=x&from=2026-01-01T00:00:00+02:00&limit=1&limit=2&colour=Blue&n=11&flag=yes&empty=");
        query.Text("type").ShouldBe("grant");
        query.Time("from").ShouldBeNull();
        query.Word<Colour>("colour").ShouldBeNull();
        query.Number("n", 1, 10).ShouldBeNull();
        query.Flag("flag").ShouldBeNull();
        query.Text("empty").ShouldBeNull();
        query.Text("absent").ShouldBeNull();
        ListRequest.Read(query, "t", "/x");
        var errors = (SortedDictionary<string, List<string>>)query.Problem()!.Members.Single().Value!;
        errors.Keys.ShouldBe(["colour", "empty", "flag", "from", "limit", "n", "tpye"]);
        errors["from"].Single().ShouldContain("%2B");
    }

    [Fact]
    public void good_parameters_are_read()
    {
        var query = Query("?from=2026-01-01T00:00:00%2B02:00&colour=dark_blue&n=10&flag=true&groupBy=a,b");
        query.Time("from").ShouldBe(new DateTimeOffset(2025, 12, 31, 22, 0, 0, TimeSpan.Zero));
        query.Word<Colour>("colour").ShouldBe(Colour.DarkBlue);
        query.Number("n", 1, 10).ShouldBe(10);
        query.Flag("flag").ShouldBe(true);
        query.WordList("groupBy", "a", "b", "c").ShouldBe(["a", "b"]);
        query.Problem().ShouldBeNull();
        var twice = Query("?groupBy=a,a");
        twice.WordList("groupBy", "a").ShouldBeNull();
        twice.Problem().ShouldNotBeNull();
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("500", 500)]
    [InlineData("0", null)]
    [InlineData("501", null)]
    [InlineData("x", null)]
    [InlineData("1.5", null)]
    public void a_limit_is_1_to_500(string limit, int? read)
    {
        var query = Query("?limit=" + limit);
        var list = ListRequest.Read(query, "t", "/x");
        if (read is null) query.Problem().ShouldNotBeNull();
        else (query.Problem(), list.Limit).ShouldBe((null, read.Value));
    }

    [Fact]
    public void a_cursor_leads_to_the_next_page_of_the_same_list_alone()
    {
        var first = ListRequest.Read(Query("?limit=2&type=grant"), "t", "/x");
        var page = first.Page([1, 2, 3], i => $"p{i}");
        page.Data.ShouldBe([1, 2]);
        var cursor = page.NextCursor.ShouldNotBeNull();

        ListRequest Again(string tail, string tenant, string route, out bool refused)
        {
            var query = Query("?cursor=" + Uri.EscapeDataString(cursor) + tail);
            var list = ListRequest.Read(query, tenant, route);
            query.Text("type");
            query.Text("status");
            refused = query.Problem() is not null;
            return list;
        }

        var next = Again("&type=grant&limit=7", "t", "/x", out var refused);
        (refused, next.After, next.Limit).ShouldBe((false, "p2", 7));
        next.Page([4], i => $"p{i}").NextCursor.ShouldBeNull();
        Again("&type=purchase", "t", "/x", out refused);
        refused.ShouldBeTrue();
        Again("", "t", "/x", out refused);
        refused.ShouldBeTrue();
        Again("&type=grant&status=open", "t", "/x", out refused);
        refused.ShouldBeTrue();
        Again("&type=grant", "other", "/x", out refused);
        refused.ShouldBeTrue();
        Again("&type=grant", "t", "/y", out refused);
        refused.ShouldBeTrue();
    }

    [Fact]
    public void a_cursor_that_was_altered_is_refused()
    {
        var cursor = Cursor.Write("list", "12345");
        Cursor.TryRead(cursor, "list", out var position).ShouldBeTrue();
        position.ShouldBe("12345");
        for (var i = 0; i < cursor.Length; i++)
        {
            foreach (var c in "AZaz09-_=!")
            {
                if (c != cursor[i]) Cursor.TryRead(cursor[..i] + c + cursor[(i + 1)..], "list", out _).ShouldBeFalse();
            }

            Cursor.TryRead(cursor[..i], "list", out _).ShouldBeFalse();
        }

        Cursor.TryRead(cursor + "=", "list", out _).ShouldBeFalse();
        Cursor.TryRead(cursor + " ", "list", out _).ShouldBeFalse();
        Cursor.TryRead(new string('A', Cursor.LengthMax + 1), "list", out _).ShouldBeFalse();
        Cursor.TryRead(Cursor.Write("list", new string('p', 700)), "list", out _).ShouldBeTrue();
    }

    private static DefaultHttpContext With(string name, params string[] values)
    {
        var http = new DefaultHttpContext();
        if (values.Length > 0) http.Request.Headers[name] = new StringValues(values);
        return http;
    }

    private static QueryParameters Query(string text)
    {
        var http = new DefaultHttpContext();
        http.Request.Query = new QueryCollection(QueryHelpers.ParseQuery(text));
        return QueryParameters.Of(http);
    }
}
