using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Npgsql;

namespace Ledger.Api.Verification;

/// <summary>Puts verification and roots together for this house.</summary>
public static class VerificationServices
{
    /// <summary>Adds the roots, their maker, and verification in the background.</summary>
    public static IServiceCollection AddVerification(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services
            .AddSingleton(provider => new DayRoots(provider.GetRequiredService<NpgsqlDataSource>()))
            .AddSingleton<VerificationRuns>()
            .AddHostedService(provider => provider.GetRequiredService<VerificationRuns>())
            .AddHostedService<RootMaker>();
    }

    /// <summary>Maps their routes.</summary>
    public static void MapVerification(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        RootEndpoints.Map(routes);
        VerifyEndpoints.Map(routes);
    }

    /// <summary>The verification of this house: its events, its kinds of streams, and what it knows of them.</summary>
    /// <param name="source">Connections without a time limit of statements.</param>
    internal static StoreVerification Verification(NpgsqlDataSource source) => new(source, EventJson.Catalog, new StreamModels(new AccountModel()), [new AccountAudit()]);
}
