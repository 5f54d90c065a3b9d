using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Profiles;

/// <summary>Profiles and payment methods: what they are made of, and their routes.</summary>
public static class ProfileRoutes
{
    /// <summary>Adds them. Their streams are of those that a payment may write, and stand with these.</summary>
    public static IServiceCollection AddProfiles(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton<ContactStore>().AddSingleton<ProfileEndpoints>();
    }

    /// <summary>Maps their routes.</summary>
    public static void MapProfiles(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var endpoints = routes.ServiceProvider.GetRequiredService<ProfileEndpoints>();
        const string Profile = "/v1/accounts/{accountId}/profile";
        const string Methods = "/v1/accounts/{accountId}/payment-methods";
        routes.MapGet(Profile, endpoints.GetAsync).RequireRoles(RoleSets.Queries).Query<ProfileBody>("Who stands behind an account, its plan's tier, and what providers call it.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut(Profile, endpoints.PutAsync).RequireRoles(RoleSets.Commands)
            .Command<ProfileRequest, ProfileBody>("Sets what is named of who stands behind an account. What is left out stays; an empty text is taken away. Contact data stands in no event.", StatusCodes.Status200OK)
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.Conflict);
        routes.MapDelete("/v1/accounts/{accountId}/personal-data", endpoints.EraseAsync).RequireRoles(RoleSets.Administration)
            .Query<ErasureBody>("Erases for good what is known of the people behind an account: contact data, payers' addresses, raw notifications. Its credits and money stay as they are.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapGet(Methods, endpoints.ListMethodsAsync).RequireRoles(RoleSets.Queries).ListQuery<PaymentMethodBody>("What the account pays with, the newest first.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut(Methods, endpoints.PutMethodAsync).RequireRoles(RoleSets.Commands)
            .Command<PaymentMethodRequest, PaymentMethodBody>("Keeps a payment method, or shows it in another way. The first is the default. Those that pay are learnt by themselves.").OrAnswers(StatusCodes.Status200OK)
            .Refuses(ProblemTypes.AccountNotFound, ProblemTypes.Conflict);
        routes.MapDelete(Methods, endpoints.RemoveMethodAsync).RequireRoles(RoleSets.Commands).Query<Page<PaymentMethodBody>>("Removes all payment methods of the account.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapGet(Methods + "/{id}", endpoints.GetMethodAsync).RequireRoles(RoleSets.Queries).Query<PaymentMethodBody>("One payment method.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPut(Methods + "/{id}", endpoints.ChangeMethodAsync).RequireRoles(RoleSets.Commands)
            .Command<PaymentMethodChangeRequest, PaymentMethodBody>("Changes what a payment method shows, or makes it the default.", StatusCodes.Status200OK).Refuses(ProblemTypes.AccountNotFound, ProblemTypes.Conflict);
        routes.MapDelete(Methods + "/{id}", endpoints.RemoveMethodAsync).RequireRoles(RoleSets.Commands)
            .Query<PaymentMethodBody>("Removes a payment method; where it was the default, the newest of the others takes its place.").Refuses(ProblemTypes.AccountNotFound);
    }
}
