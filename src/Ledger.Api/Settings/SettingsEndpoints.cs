using System.Text.Json.Serialization;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.Providers;

namespace Ledger.Api.Settings;

/// <summary>What a tenant sets for Stripe; what is left out stays, what is empty is taken away.</summary>
public sealed record StripeSettingsRequest
{
    /// <summary>The secret key of the API. Never shown again.</summary>
    public string? SecretKey { get; init; }

    /// <summary>The secret that signs webhooks; several with commas. In place of <see cref="WebhookSecrets"/>.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>All secrets that sign webhooks now; two while one is rotated. Never shown again.</summary>
    public IReadOnlyList<string?>? WebhookSecrets { get; init; }

    /// <summary>Where the API is.</summary>
    public string? ApiBase { get; init; }
}

/// <summary>What a tenant sets for Midtrans; what is left out stays, what is empty is taken away.</summary>
public sealed record MidtransSettingsRequest
{
    /// <summary>The server key; several, separated by commas, while one is rotated (calls are made with the first). Never shown again.</summary>
    public string? ServerKey { get; init; }

    /// <summary>Where the API is.</summary>
    public string? ApiBase { get; init; }

    /// <summary>Where Snap is.</summary>
    public string? SnapBase { get; init; }
}

/// <summary>Who sells, as invoices say it; what is left out stays, what is empty is taken away.</summary>
public sealed record SellerSettingsRequest
{
    /// <summary>Most characters of the name and the tax id.</summary>
    public const int LineMax = 200;

    /// <summary>Most characters of the address and the footer, in lines.</summary>
    public const int LinesMax = 1_000;

    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>Its address, in lines.</summary>
    [JsonConverter(typeof(LinesConverter))]
    public string? Address { get; init; }

    /// <summary>Its number with the tax office.</summary>
    public string? TaxId { get; init; }

    /// <summary>What stands below, in lines: bank, register, thanks.</summary>
    [JsonConverter(typeof(LinesConverter))]
    public string? Footer { get; init; }
}

/// <summary>The tax that is in prices.</summary>
public sealed record TaxSettingsRequest
{
    /// <summary>In percent of the net amount, 0 to 100 with at most four decimals; 0 for none.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Its name on invoices, such as VAT; empty for none.</summary>
    public string? Name { get; init; }
}

/// <summary>What a tenant sets; what is left out stays.</summary>
public sealed record PutSettingsRequest
{
    /// <summary>Stripe.</summary>
    public StripeSettingsRequest? Stripe { get; init; }

    /// <summary>Midtrans.</summary>
    public MidtransSettingsRequest? Midtrans { get; init; }

    /// <summary>Whether credits that were spent become debt where a provider tells of a refund or a lost dispute; else they are a shortfall of the payment and a loss.</summary>
    public bool? AllowDebtOnProviderRefund { get; init; }

    /// <summary>For how many days raw notifications of providers are kept, 1 to 3,650.</summary>
    public int? RetentionDays { get; init; }

    /// <summary>Who sells, as invoices say it from here on.</summary>
    public SellerSettingsRequest? Seller { get; init; }

    /// <summary>The tax that is in prices, as invoices show it from here on.</summary>
    public TaxSettingsRequest? Tax { get; init; }

    /// <summary>How many days a subscription without its payment goes on, 0 to 90.</summary>
    public int? GraceDays { get; init; }
}

/// <summary>What is set for Stripe; secrets by their last characters.</summary>
/// <param name="SecretKey">The secret key, masked; null where none is set.</param>
/// <param name="WebhookSecrets">The secrets of webhooks, masked.</param>
/// <param name="ApiBase">Where the API is; null for the usual address.</param>
/// <param name="LiveMode">Whether the key is for real money; null where it does not tell.</param>
public sealed record StripeSettingsBody(string? SecretKey, IReadOnlyList<string> WebhookSecrets, string? ApiBase, bool? LiveMode);

/// <summary>What is set for Midtrans; secrets by their last characters.</summary>
/// <param name="ServerKey">The server key, masked; null where none is set.</param>
/// <param name="ApiBase">Where the API is; null for the usual address.</param>
/// <param name="SnapBase">Where Snap is; null for the usual address.</param>
/// <param name="LiveMode">Whether the key is for real money; null where there is none.</param>
public sealed record MidtransSettingsBody(string? ServerKey, string? ApiBase, string? SnapBase, bool? LiveMode);

/// <summary>Who sells, as invoices say it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="TaxId">Its number with the tax office.</param>
/// <param name="Footer">What stands below.</param>
public sealed record SellerSettingsBody(string? Name, string? Address, string? TaxId, string? Footer);

/// <summary>The tax that is in prices.</summary>
/// <param name="Percent">In percent of the net amount; 0 for none.</param>
/// <param name="Name">Its name on invoices.</param>
public sealed record TaxSettingsBody(decimal Percent, string? Name);

/// <summary>What a tenant has set, here or by the environment.</summary>
/// <param name="Stripe">Stripe.</param>
/// <param name="Midtrans">Midtrans.</param>
/// <param name="AllowDebtOnProviderRefund">Whether credits that were spent become debt where a provider tells of a refund or a lost dispute.</param>
/// <param name="RetentionDays">For how many days raw notifications are kept; null for the usual time.</param>
/// <param name="Seller">Who sells, as invoices say it.</param>
/// <param name="Tax">The tax that is in prices.</param>
/// <param name="GraceDays">How many days a subscription without its payment goes on.</param>
public sealed record SettingsBody(StripeSettingsBody Stripe, MidtransSettingsBody Midtrans, bool AllowDebtOnProviderRefund, int? RetentionDays, SellerSettingsBody Seller, TaxSettingsBody Tax, int GraceDays);

/// <summary>Settings over HTTP: secrets go in and never come out.</summary>
internal sealed class SettingsEndpoints(TenantSettings settings)
{
    private const int SecretMax = 500;
    private const int SecretsMax = 5;
    private const int Shown = 4;

    /// <summary>Maps the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/settings", PutAsync).RequireRoles(RoleSets.Administration)
            .Command<PutSettingsRequest, SettingsBody>("Sets what is named for the tenant: keys of its payment providers and its policies. What is left out stays; an empty text or list is taken away.", StatusCodes.Status200OK);
        routes.MapGet("/v1/settings", GetAsync).RequireRoles(RoleSets.Administration).Query<SettingsBody>("What is set for the tenant. Of secrets the last four characters are shown.");
    }

    private async Task GetAsync(HttpContext http)
    {
        if (QueryParameters.Of(http).Problem() is { } problem) await problem.WriteAsync(http);
        else await Answer.Ok(http, await BodyAsync(Caller.Of(http).Tenant, http.RequestAborted));
    }

    private async Task PutAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<PutSettingsRequest>(http);
        var errors = new Errors();
        var changed = new Dictionary<string, string>(StringComparer.Ordinal);
        if (read.Value is { } request) Changes(request, changed, errors);
        if ((read.Problem ?? errors.Problem ?? QueryParameters.Of(http).Problem()) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        await settings.PutAsync(caller.Tenant, changed, caller.Id, http.RequestAborted);
        await Answer.Ok(http, await BodyAsync(caller.Tenant, http.RequestAborted));
    }

    /// <summary>What a request changes, by the names of the settings; what is wrong about it is an error.</summary>
    internal void Changes(PutSettingsRequest request, Dictionary<string, string> changed, Errors errors)
    {
        void Take(Setting setting, string? value, string member)
        {
            if (value is null) return;
            changed[setting.Name] = value;
            if (value.Length == 0) return;
            if (setting.IsSecret && (value.Length > SecretMax || value.AsSpan().ContainsAnyExceptInRange('!', '~'))) errors.Add(member, $"must have at most {SecretMax} printable ASCII characters and no space");
            if (!setting.IsSecret && settings.RequiresPublic && IsAddress(value) && !PublicAddress.MayBe(new Uri(value))) errors.Add(member, "must be a public address: what is inside is not reached from here");
            if (!setting.IsSecret && !IsAddress(value)) errors.Add(member, "must be an address that begins with https:// (http:// on this machine alone) and has no query");
        }

        if (request.Stripe is { } stripe)
        {
            Take(Setting.StripeSecretKey, stripe.SecretKey, "stripe.secretKey");
            Take(Setting.StripeApiBase, stripe.ApiBase, "stripe.apiBase");
            Take(Setting.StripeWebhookSecret, stripe.WebhookSecret, "stripe.webhookSecret");
            if (stripe.WebhookSecret is not null && stripe.WebhookSecrets is not null) errors.Add("stripe.webhookSecret", "goes not together with webhookSecrets");
            if (stripe.WebhookSecrets is { } secrets)
            {
                if (secrets.Count > SecretsMax) errors.Add("stripe.webhookSecrets", $"must have at most {SecretsMax} members");
                foreach (var secret in secrets)
                {
                    if (secret is not { Length: > 0 and <= SecretMax } || secret.AsSpan().ContainsAnyExceptInRange('!', '~') || secret.Contains(',', StringComparison.Ordinal))
                        errors.Add("stripe.webhookSecrets", $"must have members of 1 to {SecretMax} printable ASCII characters without space and comma");
                }

                changed[Setting.StripeWebhookSecret.Name] = string.Join(',', secrets);
            }
        }

        if (request.Midtrans is { } midtrans)
        {
            Take(Setting.MidtransServerKey, midtrans.ServerKey, "midtrans.serverKey");
            if (midtrans.ServerKey is { Length: > 0 } keys && TenantSettings.Split(keys).IsEmpty) errors.Add("midtrans.serverKey", "must hold a key");
            Take(Setting.MidtransApiBase, midtrans.ApiBase, "midtrans.apiBase");
            Take(Setting.MidtransSnapBase, midtrans.SnapBase, "midtrans.snapBase");
        }

        if (request.AllowDebtOnProviderRefund is { } allow) changed[Setting.AllowDebt.Name] = allow ? "true" : "false";
        if (errors.Range(request.RetentionDays, "retentionDays", 1, 3_650) is { } days) changed[Setting.RetentionDays.Name] = days.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (errors.Range(request.GraceDays, "graceDays", 0, BillingPolicy.GraceDaysMax) is { } grace) changed[Setting.GraceDays.Name] = grace.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (request.Seller is { } seller) Note([(Setting.SellerName, seller.Name, "seller.name", SellerSettingsRequest.LineMax), (Setting.SellerAddress, seller.Address, "seller.address", SellerSettingsRequest.LinesMax), (Setting.SellerTaxId, seller.TaxId, "seller.taxId", SellerSettingsRequest.LineMax), (Setting.SellerFooter, seller.Footer, "seller.footer", SellerSettingsRequest.LinesMax)], changed, errors);
        if (request.Tax is not { } tax) return;
        Note([(Setting.TaxName, tax.Name, "tax.name", SellerSettingsRequest.LineMax)], changed, errors);
        if (errors.Range(tax.Percent, "tax.percent", 0, 100) is not { } percent) return;
        if (decimal.Round(percent, Tax.PercentDecimalsMax) != percent) errors.Add("tax.percent", $"must have at most {Tax.PercentDecimalsMax} decimals");
        changed[Setting.TaxPercent.Name] = percent.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Note(ReadOnlySpan<(Setting Setting, string? Text, string Member, int Max)> texts, Dictionary<string, string> changed, Errors errors)
    {
        foreach (var (setting, text, member, max) in texts)
        {
            if (errors.Text(text, member, max) is { } given) changed[setting.Name] = given;
        }
    }

    private static bool IsAddress(string text) =>
        text.Length <= SecretMax && Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Query.Length == 0 && address.Fragment.Length == 0 && address.UserInfo.Length == 0
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    private async Task<SettingsBody> BodyAsync(string tenant, CancellationToken cancellationToken)
    {
        var all = await settings.AllAsync(tenant, cancellationToken);
        string? Of(Setting setting) => all.GetValueOrDefault(setting.Name);
        var stripe = await settings.FindAsync(tenant, "stripe", cancellationToken);
        var midtrans = await settings.FindAsync(tenant, "midtrans", cancellationToken);
        var policy = await settings.PolicyAsync(tenant, cancellationToken);
        return new SettingsBody(
            new StripeSettingsBody(Masked(Of(Setting.StripeSecretKey)), [.. TenantSettings.Split(Of(Setting.StripeWebhookSecret)).Select(secret => Masked(secret)!)], Of(Setting.StripeApiBase), stripe is null ? null : TenantSettings.IsLive("stripe", stripe)),
            new MidtransSettingsBody(Masked(midtrans?.SecretKey), Of(Setting.MidtransApiBase), Of(Setting.MidtransSnapBase), midtrans is null ? null : TenantSettings.IsLive("midtrans", midtrans)),
            policy.AllowsDebt,
            await settings.DaysAsync(tenant, cancellationToken),
            new SellerSettingsBody(policy.Seller?.Name, policy.Seller?.Address, policy.Seller?.TaxId, policy.Seller?.Footer),
            new TaxSettingsBody(policy.TaxPercent, policy.TaxName),
            policy.GraceDays);
    }

    // Too little of a short secret is left unsaid for any of it to be shown.
    private static string? Masked(string? secret) => secret is null ? null : secret.Length < 4 * Shown ? "****" : string.Concat("****", secret.AsSpan(secret.Length - Shown));
}
