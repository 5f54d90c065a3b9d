using System.Text.RegularExpressions;

namespace Ledger.Testing;

/// <summary>The parameters that the double of Stripe knows for each of its calls; all others are refused, as Stripe refuses what it does not know.</summary>
internal static partial class StripeParameters
{
    private static readonly string[] Page = ["limit", "starting_after", "ending_before", "expand[#]"];
    private static readonly string[] Created = ["created[gte]", "created[gt]", "created[lte]", "created[lt]"];

    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        ["POST /v1/customers"] = ["email", "name", "phone", "description", "metadata[*]", "expand[#]"],
        ["POST /v1/checkout/sessions"] =
        [
            "mode", "customer", "customer_email", "client_reference_id", "success_url", "cancel_url", "expires_at", "metadata[*]", "expand[#]", "allow_promotion_codes",
            "line_items[#][price]", "line_items[#][quantity]", "line_items[#][price_data][currency]", "line_items[#][price_data][unit_amount]", "line_items[#][price_data][product_data][name]",
            "payment_intent_data[metadata][*]", "payment_intent_data[description]", "payment_intent_data[setup_future_usage]", "subscription_data[metadata][*]", "subscription_data[trial_period_days]",
        ],
        ["GET /v1/checkout/sessions/{id}"] = ["expand[#]"],
        ["POST /v1/checkout/sessions/{id}/expire"] = ["expand[#]"],
        ["GET /v1/payment_intents"] = [.. Page, .. Created, "customer"],
        ["GET /v1/payment_intents/{id}"] = ["expand[#]", "client_secret"],
        ["GET /v1/charges/{id}"] = ["expand[#]"],
        ["POST /v1/refunds"] = ["payment_intent", "charge", "amount", "reason", "metadata[*]", "expand[#]"],
        ["GET /v1/refunds"] = [.. Page, .. Created, "payment_intent", "charge"],
        ["GET /v1/disputes"] = [.. Page, .. Created, "payment_intent", "charge"],
        ["POST /v1/payment_intents"] =
        [
            "amount", "currency", "customer", "payment_method", "confirm", "off_session", "description", "return_url", "capture_method", "setup_future_usage", "metadata[*]", "expand[#]",
            "automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]", "error_on_requires_action",
        ],
        ["GET /v1/subscriptions/{id}"] = ["expand[#]"],
        ["POST /v1/subscriptions/{id}"] =
        [
            "items[#][id]", "items[#][price]", "items[#][quantity]", "proration_behavior", "payment_behavior", "cancel_at", "cancel_at_period_end", "cancellation_details[comment]", "cancellation_details[feedback]",
            "pause_collection", "pause_collection[behavior]", "pause_collection[resumes_at]", "trial_end", "metadata[*]", "expand[#]",
        ],
        ["POST /v1/subscriptions/{id}/resume"] = ["billing_cycle_anchor", "proration_behavior", "expand[#]"],
        ["DELETE /v1/subscriptions/{id}"] = ["cancellation_details[comment]", "cancellation_details[feedback]", "invoice_now", "prorate", "expand[#]"],
        ["GET /v1/invoices/{id}"] = ["expand[#]"],
        ["GET /v1/invoice_payments"] = [.. Page, .. Created, "invoice", "status", "payment[type]", "payment[payment_intent]"],
        ["POST /v1/billing_portal/sessions"] = ["customer", "return_url", "configuration", "locale"],
    };

    /// <summary>Whether the double has such a call.</summary>
    public static bool Has(string call) => Known.ContainsKey(call);

    /// <summary>The first parameter that the call does not know; null where it knows all.</summary>
    public static string? Unknown(string call, IEnumerable<string> names) =>
        names.FirstOrDefault(name => !Known[call].Any(known => known == Index().Replace(name, "[#]") || (known.EndsWith("[*]", StringComparison.Ordinal) && Below(known[..^3], name))));

    private static bool Below(string parent, string name) =>
        name.StartsWith(parent + "[", StringComparison.Ordinal) && name.EndsWith(']') && !name[(parent.Length + 1)..^1].Any(character => character is '[' or ']');

    [GeneratedRegex(@"\[[0-9]+\]")]
    private static partial Regex Index();
}
