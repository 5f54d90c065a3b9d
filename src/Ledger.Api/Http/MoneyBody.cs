namespace Ledger.Api.Http;

/// <summary>Money in a request: <c>{ "amount": 1500, "currency": "usd" }</c>. <see cref="Errors.Money"/> makes it <see cref="Domain.Money"/>.</summary>
public sealed record MoneyBody
{
    /// <summary>Most minor units: a thousand million millions.</summary>
    public const long AmountMax = 1_000_000_000_000_000;

    /// <summary>Whole minor units of the currency.</summary>
    public long? Amount { get; init; }

    /// <summary>The ISO 4217 code in lower case.</summary>
    public string? Currency { get; init; }
}
