using System.Globalization;
using System.Text.Json;
using Ledger.Api.Access;

namespace Ledger.Api.Demo;

/// <summary>
/// Buys packages as an application's users do: a checkout, the payment page of Development's provider, whose button sends a signed notification, and then the credits are there.
/// A second start of a run finds the same checkouts, paid.
/// </summary>
internal sealed class DemoShop(LedgerClient client, TimeSpan patience)
{
    // The provider forgets its pages when the service ends: then another checkout is begun.
    private const int CheckoutsMax = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(5);

    /// <summary>Buys a package once.</summary>
    /// <param name="account">For whom.</param>
    /// <param name="package">Which.</param>
    /// <param name="key">The purchase's own key.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The payment, which has succeeded; else the answer that says why not.</returns>
    /// <exception cref="ConfigurationException">The service has no such provider.</exception>
    public async Task<(decimal? Credits, LedgerAnswer Answer)> BuyAsync(string account, Package package, string key, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var own = attempt == 1 ? key : string.Create(CultureInfo.InvariantCulture, $"{key}-{attempt}");
            var checkout = await client.PostAsync("v1/checkouts", own, new { accountId = account, item = new { kind = "package", id = package.Id }, provider = "fake" }, cancellationToken);
            if (checkout.Status == 400 && checkout.Body.TryGetProperty("errors", out var errors) && errors.TryGetProperty("provider", out _))
                throw new ConfigurationException("The demo pays at the page of Development's provider, which this service does not have: start it with ASPNETCORE_ENVIRONMENT=Development.");
            if (checkout.Status != 201) return (null, checkout);
            var payment = await PayAsync(checkout.Body, cancellationToken);
            if (payment.Status != 404 || attempt == CheckoutsMax) return (IsBought(payment, package) ? payment.Body.GetProperty("creditAmount").GetDecimal() : null, payment);
        }
    }

    /// <summary>Presses the button, unless that has been done, and waits for the credits. 404 where the page is forgotten.</summary>
    private async Task<LedgerAnswer> PayAsync(JsonElement checkout, CancellationToken cancellationToken)
    {
        var path = $"v1/payments/{checkout.GetProperty("paymentId").GetString()}";
        var begun = System.Diagnostics.Stopwatch.StartNew();
        LedgerAnswer? button = null;
        while (true)
        {
            var payment = await client.GetAsync(path, cancellationToken);
            if (payment.Status != 200 || Text(payment.Body, "status") != "pending" || begun.Elapsed > patience) return payment;
            if (button is null)
            {
                if (Text(checkout, "redirectUrl") is not { } page) return payment;
                // The page is the service's own, under whatever name we know it.
                button = await client.PressAsync(new Uri(page).AbsolutePath.TrimStart('/') + "/pay", cancellationToken);
                if (button.Value.Status is not (303 or 404)) return button.Value;
                begun.Restart();
            }
            else if (button.Value.Status == 404 && begun.Elapsed > Forgotten)
            {
                // Had it been pressed before the page was forgotten, the notification would have been applied by now.
                return button.Value;
            }
            else
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    private static bool IsBought(LedgerAnswer payment, Package package) =>
        payment.Status == 200 && Text(payment.Body, "status") == "succeeded" && payment.Body.GetProperty("amount").GetProperty("amount").GetInt64() == package.Cents;

    private static string? Text(JsonElement body, string member) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(member, out var value) ? value.GetString() : null;
}
