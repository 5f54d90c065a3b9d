using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Settings;
using Ledger.Api.Webhooks;
using Ledger.EventStore;
using Ledger.Providers;
using Ledger.Providers.Fake;
using Ledger.Providers.Midtrans;
using Ledger.Providers.Stripe;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Ledger.Api.Payments;

/// <summary>Payments: what they are made of, and their routes.</summary>
public static class PaymentRoutes
{
    /// <summary>Adds payments, the providers, and what tenants set for them.</summary>
    /// <param name="services">Takes them.</param>
    /// <param name="environment">In Development alone there is the provider that is none: who signs its notifications makes money.</param>
    public static IServiceCollection AddPayments(this IServiceCollection services, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (environment.IsDevelopment()) services.AddSingleton<FakeProvider>(_ => new FakeProvider()).AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<FakeProvider>());
        services.TryAddSingleton<IFactApplier>(provider => provider.GetRequiredService<PaymentHallway>());
        services.TryAddSingleton<IProviderSettingsSource>(provider => provider.GetRequiredService<TenantSettings>());
        services.TryAddSingleton<IRetentionSource>(provider => provider.GetRequiredService<TenantSettings>());
        return services
            .AddSingleton<IStreamModel, PaymentModel>()
            .AddSingleton<IStreamModel, CustomerModel>()
            .AddSingleton<IPaymentProvider>(_ => new StripeProvider())
            .AddSingleton<IPaymentProvider>(_ => new MidtransProvider())
            .AddSingleton(provider => new TenantSettings(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<IConfiguration>(), requiresPublic: !environment.IsDevelopment()))
            .AddSingleton<SettingsEndpoints>()
            .AddSingleton<ProviderDesk>()
            .AddSingleton<PaymentDesk>()
            .AddSingleton<PaymentHallway>()
            .AddSingleton<PaymentCalls>()
            .AddSingleton<CheckoutEndpoint>()
            .AddSingleton<RefundPaymentEndpoint>()
            .AddSingleton<ResolvePaymentEndpoint>()
            .AddSingleton<PortalEndpoint>()
            .AddSingleton<PaymentQueries>();
    }

    /// <summary>Maps their routes.</summary>
    public static void MapPayments(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.ServiceProvider;
        routes.MapPost("/v1/checkouts", services.GetRequiredService<CheckoutEndpoint>().HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<CheckoutRequest, CheckoutBody>("Begins a payment: the intent is stored, then the provider is asked for its page. A repeat with the same key gets the page once there is one. What costs nothing is delivered at once.")
            .Refuses(ProblemTypes.NotAvailable, ProblemTypes.AccountNotFound, ProblemTypes.AccountClosed, ProblemTypes.Conflict);
        var queries = services.GetRequiredService<PaymentQueries>();
        routes.MapGet("/v1/payments", queries.ListAsync).RequireRoles(RoleSets.Queries).ListQuery<PaymentBody>("Lists payments, the newest first. A user sees its own alone.")
            .Takes("accountId", "Only payments for this account.").Takes("status", "Only payments with this status.").Takes("provider", "Only payments with this provider.").Takes("purpose", "credits, subscription or product.")
            .Takes("from", "Begun at this time or later.", "date-time").Takes("to", "Begun before this time; not before from.", "date-time")
            .Takes("needsAttention", "true: only payments that somebody has to look at; false: only others.", "boolean");
        routes.MapGet("/v1/payments/{id}", queries.GetAsync).RequireRoles(RoleSets.Queries).Query<PaymentBody>("One payment, with the statuses that it came to.");
        routes.MapPost("/v1/payments/{id}/refund", services.GetRequiredService<RefundPaymentEndpoint>().HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<RefundPaymentRequest, PaymentBody>("Refunds a payment: one commit records the refund as pending and revokes its share of the credits, then the provider is asked. Where it refuses, or fails later, the credits return.").OrAnswers(StatusCodes.Status200OK)
            .Takes("dryRun", "true: only says what would happen.", "boolean").Refuses(ProblemTypes.NotRefundable, ProblemTypes.AlreadyRefunded);
        routes.MapPost("/v1/payments/{id}/resolve", services.GetRequiredService<ResolvePaymentEndpoint>().HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<ResolvePaymentRequest, PaymentBody>("Takes a payment off the list of those that somebody has to look at (needsAttention), with what was done about it. Neither money nor credits move by that.", StatusCodes.Status200OK)
            .Refuses(ProblemTypes.Conflict);
        routes.MapGet("/v1/accounts/{accountId}/access", queries.AccessAsync).RequireRoles(RoleSets.Queries).Query<AccessBody>("Whether the account may use a product: one that it bought, or one without a price while its subscription entitles it.")
            .Takes("product", "The product's id.").Refuses(ProblemTypes.AccountNotFound);
        routes.MapPost("/v1/accounts/{accountId}/portal-session", services.GetRequiredService<PortalEndpoint>().HandleAsync).RequireRoles(RoleSets.Commands)
            .Command<PortalRequest, PortalBody>("A link to the provider's own page for the account's customer. Each is new, a repeated key's too.").Refuses(ProblemTypes.AccountNotFound, ProblemTypes.NotAvailable);
        services.GetRequiredService<SettingsEndpoints>().Map(routes);
    }
}
