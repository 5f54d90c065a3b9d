using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Api.Subscriptions;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.Domain.Profiles;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Profiles;

/// <summary>Who stands behind an account and what it pays with. Writes need no key: the same again changes nothing.</summary>
internal sealed class ProfileEndpoints(GroupCommit store, EventReader reader, AccountFinder accounts, ContactStore contacts, ProviderDesk providers, PaymentHallway payments, SubscriptionHallway subscriptions)
{
    private const string FreeTier = "free";
    private const int EmailMax = 320;
    private const int NameMax = 200;
    private const int AddressMax = 1_000;

    /// <summary><c>GET /v1/accounts/{accountId}/profile</c>.</summary>
    public async Task GetAsync(HttpContext http)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is { } now) await Answer.Ok(http, await BodyAsync(Caller.Of(http).Tenant, ((Account)now.State).Id, http.RequestAborted));
    }

    /// <summary><c>PUT /v1/accounts/{accountId}/profile</c>.</summary>
    public async Task PutAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<ProfileRequest>(http);
        var errors = new Errors();
        if (read.Value is { } request) Check(request, errors);
        if ((read.Problem ?? errors.Problem) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is not { } now) return;
        var account = ((Account)now.State).Id;
        if (read.Value!.PlanTier is { } tier && tier != await TierAsync(caller.Tenant, account, http.RequestAborted))
        {
            await Problem.Invalid("planTier", "can't be set here: it is the live subscription's").WriteAsync(http);
            return;
        }

        // What may be refused goes first, so that a refused request changes nothing.
        var wanted = (read.Value.ProviderCustomers ?? new Dictionary<string, string?>()).Where(one => one.Value is not null).ToList();
        foreach (var (provider, customer) in wanted)
        {
            if (await AnotherAsync(caller.Tenant, provider, account, customer!, http.RequestAborted) is not { } another) continue;
            await another.WriteAsync(http);
            return;
        }

        foreach (var (provider, customer) in wanted)
        {
            var linked = await payments.LinkAsync(caller.Tenant, new LinkCustomer(account, provider, customer!));
            if ((linked switch { FactOutcome.NotNow later => Problem.Overloaded(later.Reason), FactOutcome.Refused taken => Taken(taken.Reason), _ => null } ?? await AnotherAsync(caller.Tenant, provider, account, customer!, http.RequestAborted)) is not { } unlinked) continue;
            await unlinked.WriteAsync(http);
            return;
        }

        if (read.Value.OnboardingComplete is { } complete && (await SendAsync(http, caller, new SetOnboarding { Account = account, Complete = complete })).Problem is { } refused)
        {
            await refused.WriteAsync(http);
            return;
        }

        await contacts.PutAsync(caller.Tenant, account, new Contact(read.Value.Email, read.Value.Name, read.Value.Address), caller.Id, http.RequestAborted);
        await Answer.Ok(http, await BodyAsync(caller.Tenant, account, http.RequestAborted));
    }

    private async Task<Problem?> AnotherAsync(string tenant, string provider, AccountId account, string customer, CancellationToken cancellationToken) =>
        await CustomerAsync(tenant, provider, account, cancellationToken) is { } known
            ? known == customer ? null : new Problem(ProblemTypes.Conflict, $"The account is {known} at {provider} already. A customer stays until the provider deletes it.").With("state", "linked")
            : CustomerModel.HolderOf(await reader.FactAsync(CustomerModel.HolderFactOf(tenant, provider, customer), cancellationToken)) is { } holder && holder != account
                ? Taken($"{customer} is another account's customer at {provider}. Each account has a customer of its own there.")
                : null;

    private static Problem Taken(string why) => new Problem(ProblemTypes.Conflict, why).With("state", "taken");

    /// <summary><c>DELETE /v1/accounts/{accountId}/personal-data</c>.</summary>
    public async Task EraseAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is not { } now) return;
        var account = ((Account)now.State).Id;
        var customers = await CustomersAsync(caller.Tenant, account, http.RequestAborted);
        var erased = await contacts.EraseAsync(caller.Tenant, account, customers.Values, caller.Id, http.RequestAborted);
        if ((await SendAsync(http, caller, new ErasePersonalData { Account = account })).Problem is { } problem) await problem.WriteAsync(http);
        else await Answer.Ok(http, new ErasureBody(account, erased.Contacts, erased.Checkouts, erased.Notifications, erased.NotificationsOpen));
    }

    /// <summary><c>GET .../payment-methods</c>, the newest first.</summary>
    public async Task ListMethodsAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, caller.Tenant, http.Request.Path.Value!, ListRequest.IsNumber);
        if (await accounts.FindAsync(http, query, withMinVersion: false) is not { } now) return;
        var profile = await ProfileAsync(caller.Tenant, ((Account)now.State).Id, http.RequestAborted);
        // At most fifty, in the order in which they came: a place is that in the order.
        var rest = profile.Methods.Select((method, place) => (Body: PaymentMethodBody.Of(profile, method), Place: place)).Reverse().Where(entry => list.NumberAfter() is not { } after || entry.Place < after).Take(list.Limit + 1).ToList();
        var page = list.Page(rest, entry => entry.Place.ToString(CultureInfo.InvariantCulture));
        await Answer.Ok(http, new Page<PaymentMethodBody>([.. page.Data.Select(entry => entry.Body)], page.NextCursor));
    }

    /// <summary><c>GET .../payment-methods/{id}</c>.</summary>
    public async Task GetMethodAsync(HttpContext http)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is not { } now) return;
        var profile = await ProfileAsync(Caller.Of(http).Tenant, ((Account)now.State).Id, http.RequestAborted);
        if (profile.Find(Id(http)) is { } method) await Answer.Ok(http, PaymentMethodBody.Of(profile, method));
        else await new Problem(ProblemTypes.NotFound, new PaymentMethodNotFound("").Detail).WriteAsync(http);
    }

    /// <summary><c>PUT .../payment-methods</c>: keeps one, or shows it in another way.</summary>
    public async Task PutMethodAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<PaymentMethodRequest>(http);
        var errors = new Errors();
        var method = read.Value?.ToMethod(caller.Tenant, providers.Names, errors);
        if ((read.Problem ?? errors.Problem) is { } problem) await problem.WriteAsync(http);
        else await ChangeAsync(http, caller, method!.Id, account => new KeepPaymentMethod { Account = account, Method = method, AsDefault = read.Value!.Default ?? false });
    }

    /// <summary><c>PUT .../payment-methods/{id}</c>.</summary>
    public async Task ChangeMethodAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<PaymentMethodChangeRequest>(http);
        var errors = new Errors();
        var request = read.Value ?? new PaymentMethodChangeRequest();
        PaymentMethodRequest.Display(request.Brand, null, request.ExpMonth, request.ExpYear, errors);
        if (request.Default is false) errors.Add("default", "must be true: another one takes its place");
        if ((read.Problem ?? errors.Problem) is { } problem) await problem.WriteAsync(http);
        else await ChangeAsync(http, caller, Id(http), account => new ChangePaymentMethod { Account = account, Id = Id(http), Brand = request.Brand, ExpMonth = request.ExpMonth, ExpYear = request.ExpYear, AsDefault = request.Default ?? false });
    }

    /// <summary><c>DELETE .../payment-methods/{id}</c>, or all of them.</summary>
    public async Task RemoveMethodAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is not { } now) return;
        var account = ((Account)now.State).Id;
        var before = await ProfileAsync(caller.Tenant, account, http.RequestAborted);
        var id = http.Request.RouteValues["id"] as string;
        if ((await SendAsync(http, caller, new RemovePaymentMethod { Account = account, Id = id })).Problem is { } problem) await problem.WriteAsync(http);
        else if (id is not null && before.Find(id) is { } gone) await Answer.Ok(http, PaymentMethodBody.Of(before, gone) with { Default = false });
        else await Answer.Ok(http, new Page<PaymentMethodBody>([], null));
    }

    private static string Id(HttpContext http) => (string)http.Request.RouteValues["id"]!;

    private void Check(ProfileRequest request, Errors errors)
    {
        if (request.Email is { Length: > 0 } email && (email.Length > EmailMax || !email.Contains('@', StringComparison.Ordinal) || email.Any(char.IsWhiteSpace))) errors.Add("email", "must be a mail address");
        errors.Text(request.Name, "name", NameMax);
        errors.Text(request.Address, "address", AddressMax);
        foreach (var (provider, customer) in request.ProviderCustomers ?? new Dictionary<string, string?>())
        {
            if (providers.Find(provider) is null) errors.Add($"providerCustomers.{provider}", "must be of one of " + string.Join(", ", providers.Names));
            else errors.Id(customer, $"providerCustomers.{provider}");
        }
    }

    private async Task ChangeAsync(HttpContext http, Caller caller, string id, Func<AccountId, ProfileCommand> command)
    {
        if (await accounts.FindAsync(http, QueryParameters.Of(http), withMinVersion: false) is not { } now) return;
        var account = ((Account)now.State).Id;
        var (problem, profile, isNew) = await SendAsync(http, caller, command(account));
        if (problem is not null) await problem.WriteAsync(http);
        else await Answer.Json(http, isNew(id) ? StatusCodes.Status201Created : StatusCodes.Status200OK, PaymentMethodBody.Of(profile!, profile!.Find(id)!));
    }

    private async Task<(Problem? Problem, Profile? Profile, Func<string, bool> IsNew)> SendAsync(HttpContext http, Caller caller, ProfileCommand command)
    {
        var work = new ProfileWork(command) { Tenant = caller.Tenant, Meta = CommandHandler.MetaOf(http, caller, null) };
        try
        {
            return await store.SubmitAsync(work, false) is var outcome && outcome is Outcome.Accepted done
                ? (null, (Profile)done.State, id => ((Profile)done.State).Find(id) is { } method && done.Events.Count > 0 && method.KeptAt == done.Events[0].RecordedAt)
                : (CommandHallway.ProblemOf(outcome), null, _ => false);
        }
        catch (DecisionFailedException)
        {
            return (CommandHallway.Undecided(), null, _ => false);
        }
    }

    private async Task<ProfileBody> BodyAsync(string tenant, AccountId account, CancellationToken cancellationToken)
    {
        var profile = await ProfileAsync(tenant, account, cancellationToken);
        var contact = await contacts.FindAsync(tenant, account, cancellationToken) ?? new Contact();
        return new ProfileBody(
            account, contact.Email, contact.Name, contact.Address, await TierAsync(tenant, account, cancellationToken), profile.IsOnboarded, await CustomersAsync(tenant, account, cancellationToken), profile.ErasedAt);
    }

    private async Task<Profile> ProfileAsync(string tenant, AccountId account, CancellationToken cancellationToken) =>
        (await reader.StateAsync(ProfileModel.StreamOf(tenant, account), cancellationToken))?.State as Profile ?? Profile.None(account);

    private async Task<string> TierAsync(string tenant, AccountId account, CancellationToken cancellationToken) =>
        await subscriptions.StandingAsync(tenant, account, cancellationToken) is var (standing, now) && standing.EntitlesAt(now) ? standing.Plan.Terms.Tier : FreeTier;

    private async Task<SortedDictionary<string, string>> CustomersAsync(string tenant, AccountId account, CancellationToken cancellationToken)
    {
        var customers = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var provider in providers.Names)
        {
            if (await CustomerAsync(tenant, provider, account, cancellationToken) is { } customer) customers[provider] = customer;
        }

        return customers;
    }

    private async Task<string?> CustomerAsync(string tenant, string provider, AccountId account, CancellationToken cancellationToken) =>
        ((await reader.StateAsync(CustomerModel.StreamOf(tenant, provider, account), cancellationToken))?.State as Customer)?.CustomerId;
}
