using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Providers.Fake;

namespace Ledger.Api.Webhooks;

/// <summary>What payment providers tell: its parts and its routes.</summary>
public static class WebhookRoutes
{
    /// <summary>Adds the inbox and its workers.</summary>
    /// <param name="services">Takes them.</param>
    /// <param name="environment">In Development there is the page of the provider that is none besides.</param>
    public static IServiceCollection AddWebhooks(this IServiceCollection services, IHostEnvironment environment)
    {
        if (environment.IsDevelopment()) services.AddSingleton<FakeProviderPages>();
        return services
            .AddSingleton(provider => provider.GetRequiredService<IConfiguration>().GetSection("Webhooks").Get<InboxOptions>() ?? new InboxOptions())
            .AddSingleton<ProviderDirectory>()
            .AddSingleton<SettingsOfAMoment>()
            .AddSingleton<UnsignedLimit>()
            .AddSingleton<DeliveryStore>()
            .AddSingleton<DeliveryDesk>()
            .AddSingleton<HintAsker>()
            .AddSingleton<Inbox>()
            .AddSingleton<RefusalCounts>()
            .AddSingleton<InboxWorker>()
            .AddSingleton<WebhookReceiver>()
            .AddSingleton<DeliveryEndpoints>()
            .AddHostedService(provider => provider.GetRequiredService<InboxWorker>())
            .AddHostedService<InboxKeeper>();
    }

    /// <summary>Maps the routes of the providers that this program talks to, and those of the inbox.</summary>
    public static void MapWebhooks(this WebApplication routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        var services = routes.Services;
        var receiver = services.GetRequiredService<WebhookReceiver>();
        foreach (var provider in services.GetRequiredService<ProviderDirectory>().Names)
        {
            routes.MapPost($"/webhooks/{provider}/{{tenant}}", http => receiver.ReceiveAsync(http, provider)).Public()
                .Query<ReceivedBody>($"Takes a notification of {provider} in. It authenticates by its signature alone, and is answered once it is stored; what becomes of it is listed by /v1/webhook-deliveries.");
        }

        services.GetRequiredService<DeliveryEndpoints>().Map(routes);
        if (services.GetService<FakeProviderPages>() is { } pages) pages.Map(routes);
    }
}
