using System.Collections.Immutable;
using Ledger.Api.Access;
using Ledger.Api.Webhooks;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.EventStore;
using Ledger.Providers;
using Npgsql;

namespace Ledger.Api.Settings;

/// <summary>A setting of a tenant.</summary>
/// <param name="Name">Its name, in the table and below <c>Tenants:{tenant}</c> in the configuration.</param>
/// <param name="IsSecret">Whether it is never shown.</param>
internal sealed record Setting(string Name, bool IsSecret = false)
{
    public static readonly Setting StripeSecretKey = new("Stripe:SecretKey", IsSecret: true);
    public static readonly Setting StripeWebhookSecret = new("Stripe:WebhookSecret", IsSecret: true);
    public static readonly Setting StripeApiBase = new("Stripe:ApiBase");
    public static readonly Setting MidtransServerKey = new("Midtrans:ServerKey", IsSecret: true);
    public static readonly Setting MidtransApiBase = new("Midtrans:ApiBase");
    public static readonly Setting MidtransSnapBase = new("Midtrans:SnapBase");
    public static readonly Setting FakeSecretKey = new("Fake:SecretKey", IsSecret: true);
    public static readonly Setting FakeApiBase = new("Fake:ApiBase");
    public static readonly Setting AllowDebt = new("AllowDebtOnProviderRefund");
    public static readonly Setting GraceDays = new("GraceDays");
    public static readonly Setting TaxPercent = new("Tax:Percent");
    public static readonly Setting TaxName = new("Tax:Name");
    public static readonly Setting SellerName = new("Seller:Name");
    public static readonly Setting SellerAddress = new("Seller:Address");
    public static readonly Setting SellerTaxId = new("Seller:TaxId");
    public static readonly Setting SellerFooter = new("Seller:Footer");
    public static readonly Setting RetentionDays = new("RetentionDays");
}

/// <summary>
/// What tenants have set: by <c>PUT /v1/settings</c>, else by the environment (<c>Tenants__acme__Stripe__WebhookSecret</c>; the short names are those of the tenant <c>default</c>). Read anew each time, so that a
/// rotated secret counts at once for calls, on every node; for notifications within a second (<see cref="SettingsOfAMoment"/>).
/// </summary>
/// <param name="source">Connections as the service's role.</param>
/// <param name="configuration">What the environment says.</param>
/// <param name="requiresPublic">Whether addresses that tenants set must be public ones.</param>
internal sealed class TenantSettings(NpgsqlDataSource source, IConfiguration configuration, bool requiresPublic) : IProviderSettingsSource, IRetentionSource
{
    // Of the provider that is none, which there is in Development alone.
    private const string FakeSecret = "fake_secret_of_development";

    private static readonly char[] Separators = [',', ';', ' ', '\n'];

    private long changes;

    /// <inheritdoc/>
    public long Changes => Interlocked.Read(ref changes);

    /// <summary>Whether addresses that tenants set must be public ones: outside of Development nobody looks around inside by them.</summary>
    public bool RequiresPublic => requiresPublic;

    /// <summary>Outside Development settings of the provider that is none end the start, before anything else has begun: whoever signs its notifications makes money.</summary>
    /// <exception cref="ConfigurationException">There are such.</exception>
    public static void RequireNoFakeOutsideDevelopment(IHostEnvironment environment, IConfiguration configuration)
    {
        if (environment.IsDevelopment()) return;
        foreach (var section in configuration.GetSection("Tenants").GetChildren().Prepend(configuration))
        {
            if (section.GetSection("Fake") is { } fake && fake.Exists())
                throw new ConfigurationException($"{fake.Path.Replace(":", "__", StringComparison.Ordinal)}__* is set, but the environment is {environment.EnvironmentName}: the provider that is none exists in Development only. Unset it.");
        }
    }

    /// <summary>All that a tenant has set, by name.</summary>
    public async Task<IReadOnlyDictionary<string, string>> AllAsync(string tenant, CancellationToken cancellationToken)
    {
        var configured = Configured(tenant).ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
        var all = new Dictionary<string, string>(configured, StringComparer.Ordinal);
        await using var command = source.CreateCommand("select name, value from ledger.tenant_settings where tenant_id = $1");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellationToken)) own[rows.GetString(0)] = rows.GetString(1);
        foreach (var (name, value) in own) all[name] = value;
        // A key that the operator gave goes to no address that somebody else gave.
        foreach (var (key, addresses) in new (Setting, Setting[])[] { (Setting.StripeSecretKey, [Setting.StripeApiBase]), (Setting.MidtransServerKey, [Setting.MidtransApiBase, Setting.MidtransSnapBase]) })
        {
            if (own.ContainsKey(key.Name) || !configured.ContainsKey(key.Name)) continue;
            foreach (var address in addresses)
            {
                if (configured.TryGetValue(address.Name, out var given)) all[address.Name] = given;
                else all.Remove(address.Name);
            }
        }

        return all;
    }

    /// <summary>What a tenant has set for a provider now; null where it lacks the key.</summary>
    public async ValueTask<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken)
    {
        var all = await AllAsync(tenant, cancellationToken);
        string? Of(Setting setting) => all.GetValueOrDefault(setting.Name) is { Length: > 0 } value ? value : null;
        switch (provider)
        {
            // Notifications need the webhook's secret alone; without the other key nothing can be asked of the provider.
            case "stripe" when (Of(Setting.StripeSecretKey) ?? Of(Setting.StripeWebhookSecret)) is not null:
                return new ProviderSettings(Of(Setting.StripeSecretKey) ?? "", Split(Of(Setting.StripeWebhookSecret)), Address(Of(Setting.StripeApiBase), "https://api.stripe.com"), PublicOnly: IsByTenant(tenant, all, Setting.StripeApiBase));
            case "midtrans" when Split(Of(Setting.MidtransServerKey)) is { IsEmpty: false } servers:
                // While a key is rotated, notifications are signed with the old one too; calls are made with the first.
                var sandbox = servers[0].StartsWith("SB-", StringComparison.Ordinal) ? ".sandbox" : "";
                return new ProviderSettings(
                    servers[0], servers, Address(Of(Setting.MidtransApiBase), $"https://api{sandbox}.midtrans.com"), Address(Of(Setting.MidtransSnapBase), $"https://app{sandbox}.midtrans.com"),
                    IsByTenant(tenant, all, Setting.MidtransApiBase, Setting.MidtransSnapBase));
            case "fake":
                var fake = Of(Setting.FakeSecretKey) ?? FakeSecret;
                return new ProviderSettings(fake, Split(fake), Address(Of(Setting.FakeApiBase) ?? configuration[Setting.FakeApiBase.Name], "http://127.0.0.1:5080"));
            default:
                return null;
        }
    }

    /// <summary>Whether the key that a tenant calls a provider with is for real money; null where it does not tell.</summary>
    public static bool? IsLive(string provider, ProviderSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var key = settings.SecretKey;
        return provider switch
        {
            "stripe" when key.Contains("_test_", StringComparison.Ordinal) => false,
            "stripe" when key.Contains("_live_", StringComparison.Ordinal) => true,
            "midtrans" => !key.StartsWith("SB-", StringComparison.Ordinal),
            _ => null,
        };
    }

    /// <summary>What decisions about money follow. What can't be read counts as not set: <c>PUT /v1/settings</c> takes no such value.</summary>
    public async ValueTask<BillingPolicy> PolicyAsync(string tenant, CancellationToken cancellationToken)
    {
        var all = await AllAsync(tenant, cancellationToken);
        string? Of(Setting setting) => all.GetValueOrDefault(setting.Name) is { Length: > 0 } value ? value : null;
        return new BillingPolicy
        {
            AllowsDebt = all.GetValueOrDefault(Setting.AllowDebt.Name) is { } debt && bool.TryParse(debt, out var allowed) && allowed,
            GraceDays = all.GetValueOrDefault(Setting.GraceDays.Name) is { } grace && int.TryParse(grace, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var days) && days <= BillingPolicy.GraceDaysMax ? days : BillingPolicy.Default.GraceDays,
            TaxPercent = all.GetValueOrDefault(Setting.TaxPercent.Name) is { } tax && decimal.TryParse(tax, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent <= 100 ? Tax.Plain(decimal.Round(percent, Tax.PercentDecimalsMax)) : 0,
            TaxName = all.GetValueOrDefault(Setting.TaxName.Name) is { Length: > 0 } name ? name : null,
            Seller = new Seller(Of(Setting.SellerName), Of(Setting.SellerAddress), Of(Setting.SellerTaxId), Of(Setting.SellerFooter)) is var seller && seller != new Seller() ? seller : null,
        };
    }

    /// <summary>For how many days raw notifications are kept; null where nothing is set.</summary>
    public async ValueTask<int?> DaysAsync(string tenant, CancellationToken cancellationToken) =>
        (await AllAsync(tenant, cancellationToken)).GetValueOrDefault(Setting.RetentionDays.Name) is { } value && int.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var days) ? days : null;

    /// <summary>Sets some settings at once; one that is empty is taken away, and what the environment says holds again.</summary>
    public async Task PutAsync(string tenant, IReadOnlyDictionary<string, string> changed, string by, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (name, value) in changed)
        {
            var command = new NpgsqlBatchCommand(value.Length == 0
                ? "delete from ledger.tenant_settings where tenant_id = $1 and name = $2"
                : "insert into ledger.tenant_settings (tenant_id, name, value, updated_by) values ($1, $2, $3, $4) on conflict on constraint tenant_settings_pkey do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()");
            command.Parameters.AddWithValue(Tenants.Stored(tenant));
            command.Parameters.AddWithValue(name);
            if (value.Length > 0)
            {
                command.Parameters.AddWithValue(value);
                command.Parameters.AddWithValue(by);
            }

            batch.BatchCommands.Add(command);
        }

        // A batch without a transaction of its own is one.
        if (changed.Count > 0) await batch.ExecuteNonQueryAsync(cancellationToken);
        Interlocked.Increment(ref changes);
    }

    // What the operator says may lead anywhere.
    private bool IsByTenant(string tenant, IReadOnlyDictionary<string, string> all, params ReadOnlySpan<Setting> addresses)
    {
        if (!RequiresPublic) return false;
        var configured = Configured(tenant).ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
        foreach (var address in addresses)
        {
            if (all.TryGetValue(address.Name, out var value) && value != configured.GetValueOrDefault(address.Name)) return true;
        }

        return false;
    }

    /// <summary>The secrets of a setting that may hold several.</summary>
    public static ImmutableArray<string> Split(string? secrets) => [.. (secrets ?? "").Split(Separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    private IEnumerable<(string Name, string Value)> Configured(string tenant)
    {
        foreach (var setting in new[]
        {
            Setting.StripeSecretKey, Setting.StripeWebhookSecret, Setting.StripeApiBase, Setting.MidtransServerKey, Setting.MidtransApiBase, Setting.MidtransSnapBase, Setting.FakeSecretKey, Setting.FakeApiBase,
            Setting.AllowDebt, Setting.GraceDays, Setting.TaxPercent, Setting.TaxName, Setting.SellerName, Setting.SellerAddress, Setting.SellerTaxId, Setting.SellerFooter, Setting.RetentionDays,
        })
        {
            var section = configuration.GetSection($"Tenants:{tenant}:{setting.Name}");
            if (section.Value is null && !section.GetChildren().Any() && tenant == Tenants.Default) section = configuration.GetSection(setting.Name);
            // Several secrets: one text with commas, or a list.
            var value = section.Value ?? string.Join(',', section.GetChildren().Select(child => child.Value));
            if (value.Length > 0) yield return (setting.Name, value);
        }
    }

    private static Uri Address(string? configured, string usual) => Uri.TryCreate(configured, UriKind.Absolute, out var address) ? address : new Uri(usual);
}
