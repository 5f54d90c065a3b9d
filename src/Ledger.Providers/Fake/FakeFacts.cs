using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Fake;

/// <summary>The notifications of the provider that is none: written from a payment as it stands, and read again.</summary>
internal static class FakeFacts
{
    /// <summary>The provider's name in the HTTP contract.</summary>
    public const string Name = "fake";

    /// <summary>The notification of the latest decision on a payment. The same payment gives the same bytes.</summary>
    public static byte[] Write(FakePayment payment, string type, DateTimeOffset at)
    {
        var body = new JsonObject
        {
            ["id"] = string.Create(CultureInfo.InvariantCulture, $"fev_{payment.Order.Payment}_{payment.Decisions}"),
            ["type"] = type,
            ["created"] = at.ToUnixTimeSeconds(),
            ["payment"] = new JsonObject
            {
                ["session"] = payment.Session,
                ["id"] = payment.Refs.PaymentIntentId,
                ["status"] = Word(payment.Status),
                ["amount"] = payment.Order.Total.Amount,
                ["currency"] = payment.Order.Total.Currency,
                ["metadata"] = new JsonObject { ["ledger_tenant"] = payment.Order.Tenant, ["ledger_account"] = payment.Order.Account, ["ledger_payment"] = payment.Order.Payment },
                ["refunds"] = new JsonArray([.. payment.Refunds.Select(refund => new JsonObject { ["id"] = refund.Id, ["ours"] = refund.OurId, ["amount"] = refund.Amount.Amount })]),
                ["charge"] = payment.IsCharge,
                ["dispute"] = payment.Dispute is { } dispute ? Word(dispute) : null,
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    /// <summary>What a notification tells: the whole of the payment, each part safe to hear twice.</summary>
    public static ImmutableArray<ProviderFact> Read(JsonElement told)
    {
        if (told.Member("payment") is not { ValueKind: JsonValueKind.Object } payment) return [new IgnoredFact($"Nothing follows from {told.Text("type") ?? "it"}.") { Provider = Name }];
        var at = told.Seconds("created");
        var refs = new ProviderRefs { CheckoutSessionId = payment.NeedText("session"), PaymentIntentId = payment.Text("id") };
        var marks = payment.Member("metadata").Marks();
        var total = new Money(payment.NeedNumber("amount"), payment.NeedText("currency"));
        var status = payment.Text("status") switch
        {
            "pending" => PaymentStatus.Pending,
            "failed" => PaymentStatus.Failed,
            "expired" => PaymentStatus.Expired,
            "succeeded" => PaymentStatus.Succeeded,
            var word => throw new UnreadableNotificationException($"The payment {refs.CheckoutSessionId} has status {word ?? "none"}, which is not known."),
        };
        List<ProviderFact> facts =
        [
            new PaymentTold
            {
                Provider = Name,
                Refs = refs,
                Marks = marks,
                At = at,
                Status = status,
                Amount = total,
                Reason = status == PaymentStatus.Failed ? "card_declined" : null,
                MayStillSucceed = status == PaymentStatus.Failed && !payment.Is("charge"),
                Method = status == PaymentStatus.Succeeded ? new MethodShown("card", "fake", "4242", 12, 2099, FakePayment.Method) : null,
            },
        ];
        foreach (var refund in payment.Items("refunds"))
        {
            facts.Add(new RefundTold
            {
                Provider = Name,
                Refs = refs,
                Marks = marks,
                At = at,
                RefundId = refund.NeedText("id"),
                OurRefundId = refund.Text("ours"),
                Amount = total with { Amount = refund.NeedNumber("amount") },
                Status = RefundStatus.Succeeded,
            });
        }

        if (payment.Text("dispute") is { } dispute)
        {
            facts.Add(new DisputeTold
            {
                Provider = Name,
                Refs = refs,
                Marks = marks,
                At = at,
                DisputeId = $"fdp_{refs.CheckoutSessionId}",
                Amount = total,
                Status = dispute switch
                {
                    "open" => DisputeStatus.Open,
                    "won" => DisputeStatus.Won,
                    "lost" => DisputeStatus.Lost,
                    _ => throw new UnreadableNotificationException($"The dispute of {refs.CheckoutSessionId} has status {dispute}, which is not known."),
                },
                Reason = "fraudulent",
            });
        }

        return [.. facts];
    }

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}
