using System.Buffers;
using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Tests.Contract;

/// <summary>The answer that is written member by member is the one that the serializer would write.</summary>
public sealed class Transactions_in_json
{
    private static readonly TransactionBody Bare = new()
    {
        Id = "txn_1",
        AccountId = "a\"b",
        Type = TransactionType.Consumption,
        Direction = Direction.Debit,
        Amount = new Credits(12.5m),
        BalanceBefore = new Credits(-3m),
        BalanceAfter = new Credits(1000000000000m),
        Available = new Credits(0.000001m),
        Allocations = [new AllocationBody("lot_1", new Credits(12m)), new AllocationBody(null, new Credits(0.5m))],
        Version = 7,
        OccurredAt = new DateTimeOffset(2026, 2, 28, 23, 59, 59, TimeSpan.Zero).AddMicroseconds(120),
        RecordedAt = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero),
        Metadata = new Dictionary<string, string>(),
    };

    private static readonly TransactionBody Full = Bare with
    {
        Description = "caf\u00e9 <\u00fc> \u2603 \U0001F600 \\",
        Reference = "req_9",
        Service = "chat",
        Operation = "completion",
        Resource = new ResourceBody("workshop", "ws_3"),
        OncePerResource = true,
        Usage = new UsageBody(374, 44, 812, false, "(500)", JsonElement.Parse("""{"a":[1,2.50,null]}""")),
        Price = new Money(1500, "usd"),
        PaymentId = "pay_1",
        Source = GrantSource.Referral,
        Priority = 0,
        ExpiresAt = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Reason = "because",
        Actor = "u_1",
        RefundOf = "txn_0",
        HoldId = "hold_1",
        FromAccountId = "from",
        ToAccountId = "to",
        Metadata = new Dictionary<string, string> { ["k"] = "v" },
        EventHash = "00ff",
    };

    [Fact]
    public void are_the_same_bytes_with_and_without_what_may_be_left_out()
    {
        foreach (var options in new[] { LedgerJson.Numbers, LedgerJson.Strings })
        {
            Written(Bare, options).ShouldBe(JsonSerializer.Serialize(Bare, options));
            Written(Full, options).ShouldBe(JsonSerializer.Serialize(Full, options));
            foreach (var type in Enum.GetValues<TransactionType>())
            {
                var one = Bare with { Type = type };
                Written(one, options).ShouldBe(JsonSerializer.Serialize(one, options));
            }
        }
    }

    [Fact]
    public void are_compared_with_every_member_there()
    {
        foreach (var member in typeof(TransactionBody).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = member.GetValue(Full);
            (value is not null && value is not (ICollection { Count: 0 })).ShouldBeTrue($"{member.Name} is not in the comparison above");
        }
    }

    private static string Written(TransactionBody body, JsonSerializerOptions options)
    {
        var into = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(into, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) TransactionJson.Write(writer, body, options);
        return Encoding.UTF8.GetString(into.WrittenSpan);
    }
}
