using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.Providers;

namespace Ledger.Api.Payments;

/// <summary>A customer wants to see its plans and payment methods at the provider.</summary>
public sealed record PortalRequest
{
    /// <summary>The provider; stripe where it is left out.</summary>
    public string? Provider { get; init; }

    /// <summary>Where the customer goes from there.</summary>
    public string? ReturnUrl { get; init; }
}

/// <summary>Links to the provider's own page for a customer. Each link is new and good for a short time, a repeated key's too.</summary>
internal sealed class PortalEndpoint(EventReader reader, ProviderDesk providers, PaymentCalls calls)
{
    /// <summary><c>POST /v1/accounts/{accountId}/portal-session</c>.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<PortalRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        var name = read.Value?.Provider ?? "stripe";
        if (providers.Find(name) is null) errors.Add("provider", "must be one of " + string.Join(", ", providers.Names));
        var back = Back(read.Value?.ReturnUrl, errors);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem();
        if (problem is null) problem = await RunAsync(http, caller, account, name, back, key.Value!, Fingerprint.Of("portal_session", account.Value, read.Value!));
        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> RunAsync(HttpContext http, Caller caller, AccountId account, string name, Uri? back, string key, UInt128 fingerprint)
    {
        if (await reader.StateAsync(AccountModel.StreamOf(caller.Tenant, account), http.RequestAborted) is not { State: Account { Exists: true } }) return new Problem(ProblemTypes.AccountNotFound, $"There is no account {account}.");
        if (await providers.OfAsync(caller.Tenant, name, http.RequestAborted) is not var (provider, settings)) return new Problem(ProblemTypes.NotAvailable, $"provider can't be {name}: nobody has set its key. Set it with PUT /v1/settings.");
        if (!await TakeAsync(caller.Tenant, key, fingerprint, http.RequestAborted)) return new Problem(ProblemTypes.IdempotencyKeyReused, "This key was used for another request. Use a new key for a new request, and the same key only to repeat the same one.");
        try
        {
            var url = await calls.WithCustomerAsync(
                caller.Tenant, account, provider, settings, null, async (customer, _) => customer is null ? null : await provider.PortalAsync(settings, customer, back, http.RequestAborted), http.RequestAborted);
            if (url is null) return new Problem(ProblemTypes.NotAvailable, $"provider can't be {name}: it has no page of its own for customers.");
            await Answer.Json(http, StatusCodes.Status201Created, new PortalBody(url.ToString(), name));
            return null;
        }
        catch (ProviderException failure)
        {
            return Problem.Overloaded($"{name} could not be asked: {failure.Message} Send the same request again.", 5);
        }
    }

    private async Task<bool> TakeAsync(string tenant, string key, UInt128 fingerprint, CancellationToken cancellationToken)
    {
        await using var connection = await reader.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var taken = await IdempotencyKeys.TryTakeAsync(connection, tenant, key, fingerprint, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return taken;
    }

    private static Uri? Back(string? text, Errors errors)
    {
        if (text is null) return null;
        if (text.Length <= CheckoutRequest.UrlMax && Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp)) return address;
        errors.Add("returnUrl", $"must be an address of at most {CheckoutRequest.UrlMax} characters that begins with https:// or http://");
        return null;
    }
}
