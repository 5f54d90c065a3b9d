using System.Text;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Catalog;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>When accounts' credits are bought by themselves, and which.</summary>
internal sealed class AutoTopUpEndpoints(QuotaHallway quotas, AccountFinder accounts, EventReader reader, ProviderDesk providers)
{
    private const int PackagesMax = 500;

    private readonly record struct Wanted(string? Package, long Quantity, Money? Money, Credits? Credits);

    /// <summary><c>PUT /v1/accounts/{accountId}/auto-topup</c>.</summary>
    public async Task PutAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<AutoTopUpRequest>(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        var query = QueryParameters.Of(http);
        var (wanted, settings) = read.Value is { } request ? ToSettings(request, errors) : default;
        var problem = read.Problem ?? errors.Problem ?? query.Problem();
        if (problem is null && wanted.Package is null)
        {
            // What is turned off needs no package that is sold, nor one currency.
            var found = await FindAsync(caller.Tenant, account, wanted, http.RequestAborted);
            if (found.IsInSeveralCurrencies && settings!.Enabled) problem = Problem.Invalid("amount", "fits packages in several currencies, whose prices can't be compared, and nothing was bought or set before that would say which. Choose a package as item, or say an amount of money");
            else if (found.Best is var (package, quantity)) settings = settings! with { Package = package, Quantity = quantity };
            else if (settings!.Enabled) problem = Problem.Invalid("amount", "fits no package that is sold, nor several of one. Choose a package as item, or another amount");
        }

        problem ??= (await quotas.SendAsync(caller.Tenant, new SetAutoTopUp { Account = account, Settings = settings! }, CommandHandler.MetaOf(http, caller, null), cancellationToken: http.RequestAborted)).Problem;
        if (problem is not null) await problem.WriteAsync(http);
        else await WriteAsync(http, caller.Tenant, account);
    }

    /// <summary><c>GET /v1/accounts/{accountId}/auto-topup</c>.</summary>
    public async Task GetAsync(HttpContext http)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is { } now) await WriteAsync(http, Caller.Of(http).Tenant, ((Account)now.State).Id);
    }

    private async Task WriteAsync(HttpContext http, string tenant, AccountId account)
    {
        var found = await reader.StateAsync(QuotaModel.StreamOf(tenant, account), http.RequestAborted);
        await Answer.Ok(http, found is { State: Quota quota } ? AutoTopUpBody.Of(account, quota, found.Now) : AutoTopUpBody.Of(account, new Quota(), default));
    }

    private (Wanted Wanted, AutoTopUp Settings) ToSettings(AutoTopUpRequest request, Errors errors)
    {
        var isOn = request.Enabled ?? true;
        var threshold = isOn ? errors.Required(request.Threshold, "threshold") : request.Threshold ?? Credits.Zero;
        if (threshold.IsNegative) errors.Add("threshold", "must be 0 or more");
        if (request.Provider is not null && providers.Find(request.Provider) is null) errors.Add("provider", "must be one of " + string.Join(", ", providers.Names));
        var (item, amount) = (Given(request.Item), Given(request.Amount));
        var wanted = new Wanted("", 1, null, null);
        if (item is null && amount is null && !isOn) wanted = new Wanted("", 1, null, null);
        else if (item is null == amount is null) errors.Add("item", item is null ? "is required, or amount in its place" : "goes not together with amount");
        else wanted = item is { } one ? ItemOf(one, errors) : AmountOf(amount!.Value, errors);
        return (wanted, new AutoTopUp
        {
            Threshold = threshold,
            Package = wanted.Package ?? "",
            Quantity = wanted.Quantity,
            Price = new Money(0, ""),
            ForMoney = wanted.Money,
            ForCredits = wanted.Credits,
            MaxPerMonth = errors.Range(request.MaxPerMonth, "maxPerMonth", 1, AutoTopUp.PerMonthMax) ?? AutoTopUpRequest.PerMonthDefault,
            CooldownMinutes = errors.Range(request.CooldownMinutes, "cooldownMinutes", 0, AutoTopUp.CooldownMax) ?? AutoTopUpRequest.CooldownDefault,
            Enabled = isOn,
            Provider = request.Provider,
        });
    }

    private static JsonElement? Given(JsonElement? member) => member is { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } ? null : member;

    private static Wanted ItemOf(JsonElement element, Errors errors)
    {
        if (element.ValueKind == JsonValueKind.String) return new Wanted(errors.RequiredId(element.GetString(), "item"), 1, null, null);
        var read = element.ValueKind == JsonValueKind.Object ? RequestReader.Parse<CheckoutItemRequest>(Encoding.UTF8.GetBytes(element.GetRawText())) : default;
        if (read.Value is not { } item)
        {
            errors.Add("item", "must be the id of a package, or an object with kind, id and quantity");
            return new Wanted("", 1, null, null);
        }

        if (item.Kind is not (null or ItemKind.Package)) errors.Add("item.kind", "must be package");
        return new Wanted(errors.RequiredId(item.Id, "item.id"), errors.Range(item.Quantity, "item.quantity", 1, StartCheckout.QuantityMax) ?? 1, null, null);
    }

    private static Wanted AmountOf(JsonElement element, Errors errors)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            var money = RequestReader.Parse<MoneyBody>(Encoding.UTF8.GetBytes(element.GetRawText()));
            if (money.Problem is not null) errors.Add("amount", "must be a number of credits, or money with amount and currency");
            return new Wanted(null, 1, money.Value is null ? null : errors.Money(money.Value, "amount"), null);
        }

        var text = element.ValueKind switch { JsonValueKind.Number => element.GetRawText(), JsonValueKind.String => element.GetString(), _ => null };
        if (Credits.TryParse(text, out var credits) && credits.IsPositive && credits <= Credits.AmountMax) return new Wanted(null, 1, null, credits);
        errors.Add("amount", "must be a number of credits that is more than 0, or money with amount and currency");
        return new Wanted(null, 1, null, null);
    }

    /// <summary>
    /// Of the packages of which a whole number makes the amount: for money the one with most credits, for credits the cheapest; of equal ones the fewest pieces. Prices in several currencies are not compared: it is that of the
    /// settings that stand, else of what the account paid last; where neither is among them, there is no best.
    /// </summary>
    private async Task<((string Package, long Quantity)? Best, bool IsInSeveralCurrencies)> FindAsync(string tenant, AccountId account, Wanted wanted, CancellationToken cancellationToken)
    {
        var best = new Dictionary<string, (decimal Value, long Quantity, string Package)>(StringComparer.Ordinal);
        foreach (var item in await PackagesAsync(tenant, cancellationToken))
        {
            if (item is not { IsForSale: true, Entry: Package { Price.Amount: > 0 } package } || Pieces(package, wanted) is not { } pieces) continue;
            var value = wanted.Money is not null ? -package.CreditAmount.Value * pieces : (decimal)package.Price.Amount * pieces;
            var currency = package.Price.Currency;
            if (!best.TryGetValue(currency, out var known) || (value, pieces).CompareTo((known.Value, known.Quantity)) < 0) best[currency] = (value, pieces, item.Id);
        }

        if (best.Count == 0) return (null, false);
        var chosen = best.Count == 1 ? best.Keys.Single() : await CurrencyAsync(tenant, account, best.ContainsKey, cancellationToken);
        return chosen is null ? (null, true) : ((best[chosen].Package, best[chosen].Quantity), false);
    }

    private async Task<string?> CurrencyAsync(string tenant, AccountId account, Func<string, bool> isOne, CancellationToken cancellationToken)
    {
        if ((await reader.StateAsync(QuotaModel.StreamOf(tenant, account), cancellationToken))?.State is Quota { AutoTopUp.Price.Currency: { } agreed } && isOne(agreed)) return agreed;
        await using var command = reader.Source.CreateCommand("select currency from ledger.payments where tenant_id = $1 and account_id = $2 and paid_at is not null and amount > 0 order by position desc limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(account.Value);
        return await command.ExecuteScalarAsync(cancellationToken) is string paid && isOne(paid) ? paid : null;
    }

    private static long? Pieces(Package package, Wanted wanted)
    {
        if (wanted.Money is { } money && money.Currency != package.Price.Currency) return null;
        var pieces = wanted.Money is { } paid ? paid.Amount / (decimal)package.Price.Amount : wanted.Credits!.Value.Value / package.CreditAmount.Value;
        return pieces >= 1 && pieces <= StartCheckout.QuantityMax && decimal.IsInteger(pieces) ? (long)pieces : null;
    }

    private async Task<IReadOnlyList<CatalogItem>> PackagesAsync(string tenant, CancellationToken cancellationToken)
    {
        var ids = CatalogDefaults.All.Where(entry => entry.Entry is Package).Select(entry => entry.Id).ToHashSet(StringComparer.Ordinal);
        await using (var command = reader.Source.CreateCommand($"select id from ledger.catalog where tenant_id = $1 and kind = 'package' and active and not archived order by id limit {PackagesMax}"))
        {
            command.Parameters.AddWithValue(Tenants.Stored(tenant));
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken)) ids.Add(rows.GetString(0));
        }

        var known = await reader.StatesAsync(tenant, [.. ids.Select(id => CatalogModel.StreamOf(tenant, ItemKind.Package, id).Id)], cancellationToken);
        var items = known.Select(found => CatalogModel.Of(found.State)).ToList();
        return [.. items, .. ids.Except(items.Select(item => item.Id)).Select(id => CatalogItem.Begin(ItemKind.Package, id))];
    }
}
