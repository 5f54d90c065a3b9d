using System.Globalization;
using System.Text;

namespace Ledger.Providers.Stripe;

/// <summary>Parameters in Stripe's form encoding: nested names in brackets, lists with their index. What is null is left out, so it stays as it was.</summary>
internal sealed class StripeForm
{
    private readonly StringBuilder _text = new();

    /// <summary>Adds one parameter; its name may have brackets.</summary>
    public StripeForm Add(string name, string? value)
    {
        if (value is null) return this;
        if (_text.Length > 0) _text.Append('&');
        // Names are ours and plain; their brackets may stand as they are.
        _text.Append(name).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    /// <summary>Adds one whole number.</summary>
    public StripeForm Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds what we write on everything of ours, below <paramref name="name"/>.</summary>
    public StripeForm Marks(string name, string? tenant, string? account, string? payment) =>
        Add($"{name}[ledger_tenant]", tenant).Add($"{name}[ledger_account]", account).Add($"{name}[ledger_payment]", payment);

    /// <summary>As it goes into a body or a query.</summary>
    public override string ToString() => _text.ToString();
}
