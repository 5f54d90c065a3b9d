using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Midtrans;

/// <summary>What Midtrans's notifications and status answers tell; they have one shape. Words are compared without case, and times are those of Jakarta.</summary>
internal static class MidtransFacts
{
    /// <summary>The provider's name in the HTTP contract.</summary>
    public const string Name = "midtrans";

    /// <summary>How the keys of refunds begin that we asked for.</summary>
    public const string RefundKeyPrefix = "ledger-ref-";

    private const string PaymentPrefix = "pay_";
    private const string Accepted = "200";

    private static readonly TimeSpan Jakarta = TimeSpan.FromHours(7);

    /// <summary>What names a notification: Midtrans gives it no id and no time.</summary>
    public static Notification? Envelope(JsonElement told)
    {
        if (IsSubscription(told))
        {
            var subscription = told.Member("subscription") ?? told;
            var transaction = told.Member("transaction");
            if (subscription.Text("id") is not { Length: <= 64 } id) return null;
            var schedule = subscription.Member("schedule");
            var word = told.Text("event_name") ?? "subscription";
            return new Notification(
                Identity(
                    word, id, subscription.Text("status"), schedule.Text("next_execution_at"), schedule.Number("current_interval")?.ToString(CultureInfo.InvariantCulture),
                    transaction.Text("transaction_id"), transaction.Text("transaction_status"), transaction.Text("status_code")),
                word, id, null, null);
        }

        if (told.Text("order_id") is not { } order || told.Text("transaction_status") is not { } status) return null;
        List<string?> parts = [order, told.Text("transaction_id"), status, told.Written("status_code"), told.Text("fraud_status"), told.Written("refund_amount")];
        foreach (var refund in told.Items("refunds")) parts.AddRange([refund.Written("refund_chargeback_id"), refund.Text("refund_key"), refund.Text("bank_confirmed_at")]);
        return new Notification(Identity([.. parts]), status.ToLowerInvariant(), told.Text("transaction_id") ?? order, null, null);
    }

    /// <summary>Whether a body is about a subscription: those are not signed and name no order.</summary>
    public static bool IsSubscription(JsonElement told) =>
        told.Member("signature_key") is null && told.Member("order_id") is null
        && ((told.Text("event_name")?.StartsWith("subscription.", StringComparison.Ordinal) == true && told.Whole("subscription") is not null) || (told.Text("id") is not null && told.Whole("schedule") is not null));

    /// <summary>The facts of a notification or of an answer of the status call.</summary>
    /// <param name="told">The body.</param>
    /// <param name="hint">Whether it came by itself; what was asked for is sure.</param>
    public static ImmutableArray<ProviderFact> Read(JsonElement told, bool hint)
    {
        if (IsSubscription(told)) return Subscription(told, hint);
        if (told.Text("transaction_status") is not { } word) return [new IgnoredFact("It tells of no transaction.") { Provider = Name }];
        var status = word.ToLowerInvariant();
        var refs = new ProviderRefs { OrderId = told.Text("order_id"), TransactionId = told.Text("transaction_id") };
        var paid = Amount(told);
        var money = told.Text("settlement_time") is not null || told.Text("approval_code") is not null;
        var payment = new PaymentTold
        {
            Provider = Name,
            Refs = refs,
            Marks = Marks(told),
            At = Time(told.Text("settlement_time")) ?? Time(told.Text("transaction_time")),
            IsHint = hint,
            Status = PaymentStatus.Pending,
            Amount = paid,
            Method = Method(told),
        };
        switch (status)
        {
            case "pending":
                return [payment];
            case "authorize":
                return [payment with { Status = PaymentStatus.Authorized }];
            case "capture" or "settlement":
                return [payment with { Status = Received(told), Reason = Received(told) == PaymentStatus.Failed ? "fraud_deny" : null }];
            case "deny":
                return [payment with { Status = PaymentStatus.Failed, Reason = Fraud(told) == "deny" ? "fraud_deny" : told.Text("channel_response_message") ?? "deny", Reverses = money }];
            case "failure":
                return [payment with { Status = PaymentStatus.Failed, Reason = told.Text("channel_response_message") ?? "failure" }];
            case "cancel":
                return [payment with { Status = PaymentStatus.Canceled, Reason = "cancel", Reverses = money }];
            case "expire":
                return [payment with { Status = PaymentStatus.Expired, Reason = "expire" }];
            case "refund" or "partial_refund":
                // What is given back was received before.
                return [payment with { Status = PaymentStatus.Succeeded }, .. Refunds(told, payment, full: status == "refund", paid)];
            case "chargeback" or "partial_chargeback":
                return [payment with { Status = PaymentStatus.Succeeded }, Chargeback(told, payment, full: status == "chargeback", paid)];
            default:
                return [new IgnoredFact($"The status {word} is not known.") { Provider = Name, Refs = refs }];
        }
    }

    /// <summary>The refund with our key in a status answer; null where there is none.</summary>
    public static RefundTold? RefundOf(JsonElement told, string refundKey) =>
        Read(told, hint: false).OfType<RefundTold>().FirstOrDefault(refund => refund.RefundId == refundKey);

    /// <summary>The gross amount. A currency that is not told is the rupiah, the only one of normal merchants.</summary>
    public static Money Amount(JsonElement told) => NeedMoney(told, "gross_amount");

    private static Money NeedMoney(JsonElement told, string name) =>
        JsonReading.ReadDecimal(told.Written(name), Currency(told)) ?? throw new UnreadableNotificationException($"The transaction {told.Text("transaction_id")} has no {name} that can be read.");

    private static string Currency(JsonElement told) => told.Text("currency")?.ToLowerInvariant() ?? "idr";

    private static string? Fraud(JsonElement told) => told.Text("fraud_status")?.ToLowerInvariant();

    // Only 200 with a friendly fraud check is money. A code that says another thing than the status grants nothing.
    private static PaymentStatus Received(JsonElement told) => (Fraud(told), told.Written("status_code")) switch
    {
        ("deny", _) => PaymentStatus.Failed,
        ("challenge", _) => PaymentStatus.Challenged,
        ("accept" or null, Accepted) => PaymentStatus.Succeeded,
        ("accept" or null, _) => PaymentStatus.Pending,
        var (word, _) => throw new UnreadableNotificationException($"The transaction {told.Text("transaction_id")} has fraud status {word}, which is not known."),
    };

    private static IEnumerable<ProviderFact> Refunds(JsonElement told, PaymentTold payment, bool full, Money paid)
    {
        var any = false;
        foreach (var refund in told.Items("refunds"))
        {
            any = true;
            var key = refund.Text("refund_key");
            yield return new RefundTold
            {
                Provider = Name,
                Refs = payment.Refs,
                Marks = payment.Marks,
                At = Time(refund.Text("bank_confirmed_at")) ?? Time(refund.Text("created_at")),
                IsHint = payment.IsHint,
                RefundId = key ?? (refund.Written("refund_chargeback_id") is { } number ? $"chargeback-{number}" : throw new UnreadableNotificationException($"A refund of {payment.Refs.TransactionId} has neither key nor number.")),
                OurRefundId = key?.StartsWith(RefundKeyPrefix, StringComparison.Ordinal) == true ? key[RefundKeyPrefix.Length..] : null,
                Amount = JsonReading.ReadDecimal(refund.Written("refund_amount"), paid.Currency) ?? throw new UnreadableNotificationException($"A refund of {payment.Refs.TransactionId} has no amount that can be read."),
                Status = RefundStatus.Succeeded,
                Reason = null,
            };
        }

        // At the top the figure is cumulative.
        var total = told.Member("refund_amount") is null ? (Money?)null : NeedMoney(told, "refund_amount");
        if (total is null && full) total = paid;
        if (total is { } soFar) yield return new RefundedSoFarTold { Provider = Name, Refs = payment.Refs, Marks = payment.Marks, At = payment.At, IsHint = payment.IsHint, Total = soFar };
        // Some tell of a part without its amount. Never the whole is assumed: it is asked for.
        else if (!any) yield return new DetailsTold { Provider = Name, Refs = payment.Refs, Marks = payment.Marks, At = payment.At, IsHint = payment.IsHint };
    }

    // Midtrans knows no way to contest one and no word for one that was won: the money is gone. A part without its amount freezes all and takes nothing, until somebody has looked.
    private static DisputeTold Chargeback(JsonElement told, PaymentTold payment, bool full, Money paid)
    {
        var part = told.Member("refund_amount") is null ? (Money?)null : NeedMoney(told, "refund_amount");
        return new DisputeTold
        {
            Provider = Name,
            Refs = payment.Refs,
            Marks = payment.Marks,
            At = payment.At,
            IsHint = payment.IsHint,
            DisputeId = payment.Refs.TransactionId ?? payment.Refs.OrderId ?? throw new UnreadableNotificationException("A chargeback names no transaction."),
            Amount = full ? paid : part ?? paid,
            Status = full || part is not null ? DisputeStatus.Withdrawn : DisputeStatus.Open,
            Reason = full ? "chargeback" : "partial_chargeback",
        };
    }

    private static ImmutableArray<ProviderFact> Subscription(JsonElement told, bool hint)
    {
        var subscription = told.Member("subscription") ?? told;
        var transaction = told.Member("transaction");
        var marks = subscription.Member("metadata").Marks();
        var failed = told.Member("transaction") is not null && transaction.Text("transaction_id") is null;
        var plan = new SubscriptionTold
        {
            Provider = Name,
            Refs = new ProviderRefs { SubscriptionId = subscription.NeedText("id"), TransactionId = transaction.Text("transaction_id") },
            Marks = marks,
            IsHint = hint,
            SubscriptionId = subscription.NeedText("id"),
            Status = (subscription.Text("status")?.ToLowerInvariant(), failed) switch
            {
                ("active", true) => ToldSubscriptionStatus.PastDue,
                ("active", false) => ToldSubscriptionStatus.Active,
                ("inactive", _) => ToldSubscriptionStatus.Canceled,
                var (word, _) => throw new UnreadableNotificationException($"Subscription {subscription.Text("id")} has status {word ?? "none"}, which is not known."),
            },
            Items = [new SubscriptionItemTold(null, subscription.Text("name"), 1, null, Utc(subscription.Member("schedule").Text("next_execution_at")))],
            ChargeFailure = failed ? transaction.Text("status_message") ?? transaction.Text("status_code") : null,
        };
        if (transaction.Text("transaction_id") is null) return [plan];
        // What was charged is a payment of its own, to be asked for by its transaction.
        return [plan, new DetailsTold { Provider = Name, Refs = plan.Refs, Marks = marks, IsHint = hint }];
    }

    private static LedgerMarks Marks(JsonElement told) =>
        told.Text("custom_field3") is { } payment && payment.StartsWith(PaymentPrefix, StringComparison.Ordinal)
            ? new LedgerMarks(told.Text("custom_field1"), told.Text("custom_field2"), payment)
            : told.Member("metadata").Marks();

    private static MethodShown? Method(JsonElement told)
    {
        if (told.Text("payment_type") is not { } type) return null;
        var account = told.Items("va_numbers").Select(number => ((JsonElement?)number, number.Text("va_number"))).FirstOrDefault();
        var brand = told.Text("bank") ?? account.Item1.Text("bank") ?? (told.Text("permata_va_number") is null ? null : "permata") ?? told.Text("issuer") ?? told.Text("acquirer") ?? told.Text("store");
        var number = told.Text("masked_card") ?? account.Item2 ?? told.Text("permata_va_number");
        return new MethodShown(type, brand, number is { Length: >= 4 } ? number[^4..] : null);
    }

    private static DateTimeOffset? Time(string? text) =>
        DateTime.TryParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? new DateTimeOffset(time, Jakarta).ToUniversalTime() : null;

    private static DateTimeOffset? Utc(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;

    // Nothing in one part can look like the beginning of the next: each is told with its length.
    private static string Identity(params string?[] parts)
    {
        var text = string.Concat(parts.Select(part => part is null ? "-;" : string.Create(CultureInfo.InvariantCulture, $"{part.Length}:{part.ToLowerInvariant()};")));
        return string.Concat("mid_", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))).AsSpan(0, 40));
    }
}
