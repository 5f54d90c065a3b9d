using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Demo;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Tests.Demo;

public sealed class Adding_up_events
{
    private long version;

    [Fact]
    public void takes_amounts_and_never_the_balances_beside_them()
    {
        var fold = new EventFold();
        foreach (var (type, data, balance, held) in ((string, string, decimal, decimal)[])
        [
            ("account_opened", "{}", 0, 0),
            ("credits_purchased", """{"amount":10,"after":99}""", 10, 0),
            ("credits_granted", """{"amount":5.5,"after":99}""", 15.5m, 0),
            ("hold_placed", """{"id":"h1","amount":4}""", 15.5m, 4),
            ("hold_placed", """{"id":"h2","amount":3}""", 15.5m, 7),
            ("hold_placed", """{"id":"h3","amount":1}""", 15.5m, 8),
            ("hold_captured", """{"hold":"h1","amount":2.000001,"before":1}""", 13.499999m, 4),
            ("hold_released", """{"hold":"h2","amount":3}""", 13.499999m, 1),
            ("hold_expired", """{"hold":"h3","amount":1}""", 13.499999m, 0),
            ("consumption_refunded", """{"amount":0.000001}""", 13.5m, 0),
            ("credits_consumed", """{"amount":1}""", 12.5m, 0),
            ("purchase_refunded", """{"amount":2}""", 10.5m, 0),
            ("credits_adjusted", """{"amount":1,"negative":false}""", 11.5m, 0),
            ("credits_adjusted", """{"amount":3,"negative":true}""", 8.5m, 0),
            ("credits_transferred_out", """{"amount":10}""", -1.5m, 0),
            ("credits_transferred_in", """{"amount":4}""", 2.5m, 0),
            ("lot_expired", """{"amount":2.5}""", 0, 0),
            ("account_closed", "{}", 0, 0),
        ])
        {
            fold.Add(Event(type, data));
            (fold.Balance, fold.Held).ShouldBe((balance, held), type);
        }

        fold.Version.ShouldBe(version);
    }

    [Fact]
    public void knows_every_type_of_event_of_an_account()
    {
        foreach (var type in EventJson.EventTypes.Where(typeof(AccountEvent).IsAssignableFrom).Select(type => JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name)))
        {
            version = 0;
            var fold = new EventFold();
            fold.Add(Event("hold_placed", """{"id":"h1","amount":4}"""));
            fold.Add(Event(type, """{"id":"h2","hold":"h1","amount":1}"""));
        }
    }

    [Fact]
    public void refuses_what_does_not_follow()
    {
        Should.Throw<FormatException>(() => new EventFold().Add(Event("credits_invented", "{}"))).Message.ShouldBe("version 1 is a credits_invented, which is not known here");
        Should.Throw<FormatException>(() => new EventFold().Add(Event("account_opened", "{}"))).Message.ShouldBe("version 2 follows version 0");
        version = 0;
        Should.Throw<FormatException>(() => new EventFold().Add(Event("hold_released", """{"hold":"h9"}"""))).Message.ShouldBe("version 1 ends the hold h9, which does not stand");
    }

    private JsonElement Event(string type, string data) => JsonSerializer.Deserialize<JsonElement>($$"""{"version":{{++version}},"type":"{{type}}","data":{{data}}}""");
}
