using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain.Catalog;
using Ledger.EventStore;

namespace Ledger.Api.Catalog;

/// <summary>The catalogue: what it is made of, and its routes.</summary>
public static class CatalogRoutes
{
    /// <summary>Adds the catalogue.</summary>
    public static IServiceCollection AddCatalog(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        foreach (var model in CatalogModel.All) services.AddSingleton<IStreamModel>(model);
        return services.AddSingleton<CatalogEndpoints>();
    }

    /// <summary>Maps its routes.</summary>
    public static void MapCatalog(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        Map<PackageRequest, PackageBody>(routes, "packages", "package", ItemKind.Package)
            .Takes("price", "Only packages that cost so many minor units, and are active unless active is given.", "integer").Takes("currency", "Only packages in this currency, such as usd.");
        Map<ProductRequest, ProductBody>(routes, "products", "product", ItemKind.Product);
        Map<PlanRequest, PlanBody>(routes, "plans", "plan", ItemKind.Plan);
    }

    private static IEndpointConventionBuilder Map<TRequest, TBody>(IEndpointRouteBuilder routes, string path, string name, ItemKind kind)
        where TRequest : CatalogRequest
        where TBody : CatalogBody
    {
        var endpoints = routes.ServiceProvider.GetRequiredService<CatalogEndpoints>();
        var one = $"/v1/{path}/{{id}}";
        routes.MapPut(one, http => endpoints.PutAsync<TRequest>(http, kind)).RequireRoles(RoleSets.Administration)
            .Command<TRequest, TBody>($"Puts a {name} up, or another one in its place. What was sold stays as it was.").OrAnswers(StatusCodes.Status200OK).TakesIfMatch().Refuses(ProblemTypes.Conflict, ProblemTypes.VersionMismatch);
        routes.MapDelete(one, http => endpoints.ArchiveAsync(http, kind)).RequireRoles(RoleSets.Administration)
            .Query<TBody>($"Archives a {name}: it is not sold any more, and can still be read.").Takes("reason", "Why.").TakesIfMatch().Refuses(ProblemTypes.VersionMismatch);
        routes.MapGet(one, http => endpoints.GetAsync(http, kind)).RequireRoles(RoleSets.Queries).Query<TBody>($"One {name}, an archived one too.");
        return routes.MapGet($"/v1/{path}", http => endpoints.ListAsync<TBody>(http, kind)).RequireRoles(RoleSets.Queries).ListQuery<TBody>($"Lists the {path} by their place, then by id.")
            .Takes("active", "Only those that are sold now, or only those that are not.", "boolean").Takes("archived", "true: only archived ones; else none of them.", "boolean");
    }
}
