using System.Diagnostics;
using System.Globalization;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Tests.Webhooks;
using Ledger.Testing;

namespace Ledger.Api.Tests.Simulation;

/// <summary>
/// The service as it is composed lives through many days on the clock for tests: accounts on all plans, commands over HTTP, pages that are paid or not, and Stripe's signed notifications, held back for days, twice and out of order. Every day all that
/// is due is done, and the laws are asked of the database itself. LEDGER_SEED repeats a run's decisions, LEDGER_TEST_FULL=1 is a year. What 1,000 accounts do in a year is lived through without a database, by the domain's own test of a year.
/// </summary>
public sealed class A_year_over_http(ITestOutputHelper output) : IAsyncLifetime
{
    // Each finds what must not be.
    private static readonly (string Law, string Sql)[] Laws =
    [
        ("an account has one live subscription", "select count(*) from (select 1 from ledger.subscriptions where is_live group by tenant_id, account_id having count(*) > 1) x"),
        ("a period is granted once", "select count(*) from (select 1 from ledger.mt_events where type = 'period_granted' group by tenant_id, stream_id, data->>'period' having count(*) > 1) x"),
        ("periods have no gaps", "select count(*) from (select count(*) n, max((data->>'period')::bigint) last from ledger.mt_events where type = 'period_started' group by tenant_id, stream_id) x where n <> last"),
        ("invoices' numbers have no gaps", "select count(*) from (select count(*) n, max(right(number, 6)::bigint) last from ledger.invoices group by tenant_id, left(number, 9)) x where n <> last"),
        ("invoices are what payments are", """
            select count(*) from ledger.payments p left join ledger.invoices i on i.tenant_id = p.tenant_id and i.payment_id = p.id
            where case when p.paid_at is null or p.amount = 0 then coalesce(i.paid_at is not null, false)
                       when p.status in ('disputed', 'dispute_lost') then i.paid_at is null or i.total <> p.amount
                       else i.paid_at is null or i.total <> p.amount or i.credited <> p.refunded end
            """),
        ("each transaction begins where the one before it ended", """
            select count(*) from (select (data->>'before')::numeric b, lag((data->>'after')::numeric, 1, 0) over (partition by tenant_id, stream_id order by version) a
                                  from ledger.mt_events where stream_id like 'account/%' and data ? 'before') x where b is distinct from a
            """),
        ("what is enforced is never passed", "select count(*) from ledger.mt_events where type = 'usage_recorded' and data->>'metric' = 'exports' and (data->>'used')::numeric > (data->>'limit')::numeric"),
        ("no notification is given up", "select count(*) from ledger.webhook_deliveries where status = 'failed'"),
    ];

    private readonly PayingService paying = new();
    private readonly List<Home> homes = [];
    private readonly List<(int Day, byte[] Body)> held = [];
    private readonly SortedDictionary<string, int> done = new(StringComparer.Ordinal);
    private Random random = null!;
    private int day;

    private static bool IsFull { get; } = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";

    private InboxService Service => paying.Service;

    private StripeDouble Stripe => paying.Stripe;

    public ValueTask InitializeAsync() => paying.InitializeAsync();

    public ValueTask DisposeAsync() => paying.DisposeAsync();

    [Fact]
    public async Task Every_day_all_that_is_due_is_done_and_the_laws_hold_in_the_database()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        random = new(seed);
        var (accounts, days) = IsFull ? (40, 365) : (6, 32);
        var watch = Stopwatch.StartNew();
        try
        {
            await OpenAsync(accounts);
            for (day = 1; day <= days; day++)
            {
                foreach (var home in homes)
                {
                    if (random.Next(3) > 0) await ActAsync(home);
                }

                (await Service.Send(HttpMethod.Put, "/v1/clock", """{"advanceSeconds":86400}""")).ShouldBe(200);
                await StripeAsync();
                var run = (await Service.Send(HttpMethod.Post, "/v1/maintenance/run", "{}")).ShouldBe(200);
                (run.Text("failed"), run.Text("more")).ShouldBe(("0", "False"), run.Body);
                await CheckAsync();
            }

            await DeliverAsync(int.MaxValue);
            await CheckAsync();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Day {day} of LEDGER_SEED={seed}: {failure.Message}", failure);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accounts} accounts, {days} days, {watch.Elapsed.TotalSeconds:0.0} s: {string.Join(", ", done.Select(pair => $"{pair.Key} {pair.Value}"))}"));
        foreach (var expected in new[] { "start 201", "consume 201", "usage 201", "checkout 201", "paid", "period at stripe" }) done.GetValueOrDefault(expected).ShouldBePositive($"'{expected}' never happened");
    }

    private sealed record Home(string Id)
    {
        public string? Subscription { get; set; }

        /// <summary>Its subscription as Stripe calls it; null where Stripe has none.</summary>
        public string? Theirs { get; set; }

        /// <summary>Packages that were paid at Stripe, by their intents.</summary>
        public List<string> Intents { get; } = [];
    }

    private async Task OpenAsync(int accounts)
    {
        foreach (var (id, price, interval, credits, more) in new[] { ("y-free", 0, "month", 10, ""), ("y-basic", 1_000, "month", 100, ""","rollover":{"max":40},"trialDays":7"""), ("y-plus", 3_000, "month", 400, ""), ("y-year", 30_000, "year", 4_800, ""), ("y-ever", 90_000, "lifetime", 5_000, ""), ("y-team", 2_000, "month", 50, ""","seats":{"min":2,"max":9,"pricePerSeat":{"amount":500,"currency":"usd"} }""") })
        {
            (await Service.Send(HttpMethod.Put, $"/v1/plans/{id}", $$"""{"name":"{{id}}","tier":"{{id}}","interval":"{{interval}}","price":{"amount":{{price}},"currency":"usd"},"creditsPerPeriod":{{credits}},"limits":{"exports":12}{{more}}}""")).ShouldBe(201);
        }

        Stripe.AddPrice("price_year_test", 2_000);
        (await Service.Send(HttpMethod.Put, "/v1/plans/y-stripe", """{"name":"At Stripe","tier":"y-stripe","interval":"month","price":{"amount":2000,"currency":"usd"},"creditsPerPeriod":200,"limits":{"exports":12},"rollover":{"max":30},"providerRefs":{"stripe":{"priceId":"price_year_test"} } }""")).ShouldBe(201);
        for (var n = 0; n < accounts; n++)
        {
            var home = new Home($"year.{n}");
            homes.Add(home);
            (await Service.Send(HttpMethod.Put, $"/v1/accounts/{home.Id}", """{"owner":{"kind":"user","id":"u_1"} }""")).ShouldBe(201);
            if (n % 2 == 0) continue;
            // What Stripe charges by itself begins on the first day, since Stripe's double lives in real time.
            var begun = (await Service.Send(HttpMethod.Post, $"/v1/accounts/{home.Id}/subscriptions", """{"planId":"y-stripe","provider":"stripe"}""")).ShouldBe(201);
            home.Subscription = begun.Text("id");
            var payment = (await Service.Get($"/v1/payments/{begun.Json.GetProperty("checkout").GetProperty("paymentId").GetString()}")).ShouldBe(200);
            Tell(Stripe.Pay(payment.Json.GetProperty("providerRefs").GetProperty("checkoutSessionId").GetString()!), most: 0);
        }

        await DeliverAsync(0);
        foreach (var home in homes.Where(home => home.Subscription is not null))
        {
            home.Theirs = (await Service.Get($"/v1/subscriptions/{home.Subscription}")).Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!;
        }
    }

    private async Task ActAsync(Home home)
    {
        var path = $"/v1/accounts/{home.Id}";
        string[] plans = ["y-free", "y-basic", "y-plus", "y-year", "y-ever", "y-team"];
        var plan = plans[random.Next(plans.Length)];
        switch (home is { Theirs: null, Subscription: null } ? 0 : random.Next(12))
        {
            case 0 when home.Theirs is null:
                var started = await SayAsync("start", $"{path}/subscriptions", $$"""{"planId":"{{plan}}","provider":"{{(random.Next(3) == 0 && plan != "y-free" ? "fake" : "manual")}}"}""");
                if (started.Status == 201) home.Subscription = started.Text("id");
                if (started.Status == 201 && started.Json.TryGetProperty("checkout", out var page)) await PayAsync(page);
                break;
            case 1 when home.Theirs is null && home.Subscription is { } id:
                await SayAsync("change", $"/v1/subscriptions/{id}/change", $$"""{"planId":"{{plan}}","when":"{{(random.Next(2) == 0 ? "now" : "period_end")}}"}""");
                break;
            case 2 when home.Subscription is { } id:
                var verb = new[] { "pause", "resume", "resume", "cancel", "resume", "mark-past-due" }[random.Next(6)];
                if (home.Theirs is null || verb is "pause" or "resume") await SayAsync(verb, $"/v1/subscriptions/{id}/{verb}", "{}");
                break;
            case 3 when home.Theirs is null && home.Subscription is { } id:
                var renewed = await SayAsync("renew", $"/v1/subscriptions/{id}/renew", "{}");
                if (renewed.Status == 200 && renewed.Json.TryGetProperty("checkout", out var next)) await PayAsync(next);
                break;
            case 4:
                var bought = await SayAsync("checkout", "/v1/checkouts", $$"""{"accountId":"{{home.Id}}","item":{"kind":"package","id":"medium"},"provider":"stripe"}""");
                if (bought.Status != 201 || random.Next(4) == 0) break;
                // A page that could not be opened at once is opened later; nobody waits for it here.
                if (!(await Service.Get($"/v1/payments/{bought.Text("paymentId")}")).Json.GetProperty("providerRefs").TryGetProperty("checkoutSessionId", out var opened)) break;
                var session = opened.GetString()!;
                Tell(Stripe.Pay(session), most: 2);
                Count("paid");
                home.Intents.Add((string)Stripe.Look(session)!["payment_intent"]!);
                break;
            case 5 when home.Intents.Count > 0:
                var intent = home.Intents[^1];
                home.Intents.RemoveAt(home.Intents.Count - 1);
                if (random.Next(3) > 0) Tell(Stripe.RefundInDashboard(intent, random.Next(2) == 0 ? null : random.Next(1, 1_500)), most: 3);
                else Tell(Stripe.OpenDispute(intent), most: 3);
                Count("refund");
                break;
            case 6 or 7 or 8:
                await SayAsync("usage", $"{path}/usage", $$"""{"metric":"exports","quantity":{{random.Next(1, 6)}},"enforce":true}""");
                break;
            default:
                await SayAsync("consume", $"{path}/consumptions", $$"""{"amount":{{random.Next(1, 40)}}}""");
                break;
        }
    }

    private async Task<Answered> SayAsync(string what, string path, string body)
    {
        var answer = await Service.Send(HttpMethod.Post, path, body);
        answer.Status.ShouldBeLessThan(500, answer.Body);
        answer.Status.ShouldNotBe(400, $"{path} {body}: {answer.Body}");
        Count(string.Create(CultureInfo.InvariantCulture, $"{what} {answer.Status}"));
        return answer;
    }

    // Its page is paid at once, later, or never; the fake provider's notification comes in by itself.
    private async Task PayAsync(System.Text.Json.JsonElement checkout)
    {
        if (random.Next(4) == 0 || !checkout.TryGetProperty("redirectUrl", out var page)) return;
        using var answer = await Service.Http.PostAsync(new Uri(new Uri(page.GetString()!).AbsolutePath + (random.Next(5) == 0 ? "/decline" : "/pay"), UriKind.Relative), null);
        Count("fake page");
    }

    // At Stripe periods end, and cards are declined now and then.
    private async Task StripeAsync()
    {
        var now = DateTimeOffset.Parse((await Service.Get("/v1/clock")).Text("now"), CultureInfo.InvariantCulture).ToUnixTimeSeconds();
        foreach (var theirs in homes.Select(home => home.Theirs).OfType<string>())
        {
            var plan = Stripe.Look(theirs)!;
            if ((string?)plan["status"] is "canceled") continue;
            if ((string?)plan["status"] == "past_due")
            {
                if (random.Next(3) == 0) Tell(Stripe.PayDue(theirs), most: 1);
                continue;
            }

            if ((long)plan["items"]!["data"]![0]!["current_period_end"]! > now) continue;
            Count("period at stripe");
            Tell(Stripe.Renew(theirs, declined: random.Next(5) == 0), most: 2);
        }

        await DeliverAsync(day);
    }

    // Each of them some days late, some twice.
    private void Tell(IReadOnlyList<StripeEvent> events, int most)
    {
        foreach (var one in events)
        {
            held.Add((day + random.Next(most + 1), one.Body));
            if (random.Next(5) == 0) held.Add((day + random.Next(most + 1), one.Body));
        }
    }

    private async Task DeliverAsync(int until)
    {
        var now = held.Where(one => one.Day <= until).Select(one => (one.Body, Turn: random.Next())).OrderBy(one => one.Turn).Select(one => one.Body).ToList();
        held.RemoveAll(one => one.Day <= until);
        await paying.TellStripe(now);
        // What waits for something that is held back waits on.
        await Run.UntilAsync(async () => await Service.QueryAsync<long>("select count(*) from ledger.webhook_deliveries where status = 'received'") == 0, TimeSpan.FromSeconds(20), "all that was told is looked at");
        if (held.Count == 0) await Run.UntilAsync(async () => await Service.QueryAsync<long>("select count(*) from ledger.webhook_deliveries where status in ('received', 'waiting')") == 0, TimeSpan.FromSeconds(20), "nothing waits that has all that it needs");
    }

    private async Task CheckAsync()
    {
        var sql = "select concat_ws(' ', " + string.Join(", ", Laws.Select(law => $"({law.Sql})")) + ")";
        var found = (await Service.QueryAsync<string>(sql)).Split(' ');
        for (var at = 0; at < Laws.Length; at++) found[at].ShouldBe("0", Laws[at].Law);
        var home = homes[random.Next(homes.Count)];
        var balance = await Service.QueryAsync<string>($"select coalesce((select trim_scale((data->>'after')::numeric)::text from ledger.mt_events where stream_id = 'account/{home.Id}' and data ? 'after' order by version desc limit 1), '0')");
        (await paying.BalanceAsync(home.Id)).ShouldBe(balance, "the balance is that of its last transaction");
    }

    private void Count(string what) => done[what] = done.GetValueOrDefault(what) + 1;
}
