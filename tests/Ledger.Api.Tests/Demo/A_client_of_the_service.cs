using System.Net;
using Ledger.Api.Access;
using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

public sealed class A_client_of_the_service
{
    private readonly List<string> keys = [];

    [Fact]
    public async Task sends_again_with_the_same_key_what_was_put_off_or_lost()
    {
        using var client = Client(_ => Answer(HttpStatusCode.ServiceUnavailable, retryAfter: 0), _ => throw new HttpRequestException("lost"), _ => Answer(HttpStatusCode.Created, replayed: true));
        var answer = await client.PostAsync("v1/accounts/a/grants", "k1", new { amount = 1.5m }, default);
        (answer.Status, answer.Replayed, client.Retried, client.Keyed, client.Replayed).ShouldBe((201, true, 2, 1, 1));
        keys.ShouldBe(["k1", "k1", "k1"]);
        client.TakeLatencies().Count.ShouldBe(2);
        client.TakeLatencies().ShouldBeEmpty();
    }

    [Fact]
    public async Task takes_any_other_answer_as_it_is()
    {
        using var client = Client(_ => Answer(HttpStatusCode.PaymentRequired, """{"title":"Not enough credits","detail":"There are 3."}"""));
        var answer = await client.PostAsync("v1/accounts/a/holds", "k1", new { amount = 5 }, default);
        answer.Problem.ShouldBe("402 Not enough credits: There are 3.");
        client.Retried.ShouldBe(0);
    }

    [Fact]
    public async Task gives_up_at_the_end_of_its_patience()
    {
        using var client = new LedgerClient(new Uri("http://ledger/"), "secret", new Scripted([_ => Answer(HttpStatusCode.ServiceUnavailable, retryAfter: 30)], keys)) { PatienceMax = TimeSpan.FromSeconds(1) };
        (await client.PostAsync("v1/accounts/a/grants", "k1", new { amount = 1 }, default)).Status.ShouldBe(503);
        using var lost = new LedgerClient(new Uri("http://ledger/"), "secret", new Scripted([_ => throw new HttpRequestException("lost")], keys)) { PatienceMax = TimeSpan.Zero };
        await Should.ThrowAsync<HttpRequestException>(() => lost.GetAsync("v1/accounts/a", default));
    }

    [Fact]
    public async Task says_what_is_the_matter_with_the_service()
    {
        using var nobody = Client(_ => throw new HttpRequestException("refused"));
        (await Should.ThrowAsync<ConfigurationException>(() => nobody.RequireServiceAsync(default))).Message.ShouldBe("No service answers at http://ledger/: start it with ./run first, or name its address with --url.");
        using var stranger = Client(_ => Answer(HttpStatusCode.Unauthorized));
        (await Should.ThrowAsync<ConfigurationException>(() => stranger.RequireServiceAsync(default))).Message.ShouldContain("does not take this API key");
        using var other = Client(_ => Answer(HttpStatusCode.NotFound));
        (await Should.ThrowAsync<ConfigurationException>(() => other.RequireServiceAsync(default))).Message.ShouldContain("is not this service (404)");
        using var service = Client(_ => Answer(HttpStatusCode.OK));
        await service.RequireServiceAsync(default);
    }

    private LedgerClient Client(params Func<HttpRequestMessage, HttpResponseMessage>[] answers) => new(new Uri("http://ledger/"), "secret", new Scripted(answers, keys));

    private static HttpResponseMessage Answer(HttpStatusCode status, string json = "{}", int? retryAfter = null, bool replayed = false)
    {
        var answer = new HttpResponseMessage(status) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        if (retryAfter is { } seconds) answer.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        if (replayed) answer.Headers.Add("Idempotent-Replayed", "true");
        return answer;
    }

    private sealed class Scripted(IReadOnlyList<Func<HttpRequestMessage, HttpResponseMessage>> answers, List<string> keys) : HttpMessageHandler
    {
        private int next;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.TryGetValues("Idempotency-Key", out var values)) keys.AddRange(values);
            return Task.FromResult(answers[next++](request));
        }
    }
}
