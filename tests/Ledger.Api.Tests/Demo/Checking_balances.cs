using System.Globalization;
using System.Net;
using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

public sealed class Checking_balances
{
    private static readonly UserBooks Books = new(new PlannedUser(1, Package.Small, false, []), "a") { Bought = 5, Spent = 1.5m, Refunded = 0.25m };

    [Fact]
    public async Task finds_nothing_where_all_is_well() => (await CheckAsync(new Service())).ShouldBeEmpty();

    [Fact]
    public async Task looks_again_at_what_is_written_a_moment_later() => (await CheckAsync(new Service { Behind = 2 })).ShouldBeEmpty();

    public static TheoryData<Service, string> Wrong => new()
    {
        { new Service { Balance = 4 }, "a: its balance is 4, but its events add up to 3.75" },
        { new Service { Held = 1 }, "a: 1 of it are held, but by its events 0" },
        { new Service { Version = 7 }, "a: its version is 7, but it has 4 events" },
        { new Service { Spent = 2 }, "a: its balance is 3.75, but its transactions add up to 3.25" },
        { new Service { Bought = 6, Balance = 4.75m }, "a: its balance is 4.75, but what was asked for leaves 3.75" },
        { new Service { First = 2 }, "a: version 2 follows version 0" },
        { new Service { Status = HttpStatusCode.NotFound }, "a: 404" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task names_the_account_that_does_not_add_up(Service service, string what) => (await CheckAsync(service)).ShouldBe([what]);

    private static async Task<IReadOnlyList<string>> CheckAsync(Service service)
    {
        using var client = new LedgerClient(new Uri("http://ledger/"), "secret", service);
        return await BalanceCheck.RunAsync(client, [Books], 1, TimeSpan.Zero, default);
    }

    /// <summary>One account: 5 bought, 1.5 spent, 0.25 refunded; with whatever is wrong with it.</summary>
    public sealed class Service : HttpMessageHandler
    {
        private int looks;

        public decimal Bought { get; init; } = 5;

        public decimal Spent { get; init; } = 1.5m;

        public decimal Balance { get; init; } = 3.75m;

        public decimal Held { get; init; }

        public int Version { get; init; } = 4;

        public int First { get; init; } = 1;

        public int Behind { get; init; }

        public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (bought, spent, balance) = (Text(Bought), Text(Spent), Text(Balance));
            var json = request.RequestUri!.PathAndQuery switch
            {
                "/v1/accounts/a/events?limit=500" => $$$"""
                    {"data":[{"version":{{{First}}},"type":"account_opened","data":{}},{"version":2,"type":"credits_purchased","data":{"amount":{{{bought}}}}}],"nextCursor":"more"}
                    """,
                "/v1/accounts/a/events?limit=500&cursor=more" => """
                    {"data":[{"version":3,"type":"credits_consumed","data":{"amount":1.5}},{"version":4,"type":"consumption_refunded","data":{"amount":0.25}}],"nextCursor":null}
                    """,
                "/v1/accounts/a/transactions?limit=500" => $$"""
                    {"data":[{"direction":"credit","amount":0.25},{"direction":"debit","amount":{{spent}}},{"direction":"credit","amount":{{bought}}}]}
                    """,
                "/v1/accounts/a" => $$"""{"balance":{{(++looks <= Behind ? "9" : balance)}},"held":{{Text(Held)}},"version":{{Version}}}""",
                var other => throw new InvalidOperationException(other),
            };
            return Task.FromResult(new HttpResponseMessage(Status) { Content = new StringContent(Status == HttpStatusCode.OK ? json : "{}", System.Text.Encoding.UTF8, "application/json") });
        }

        private static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);
    }
}
