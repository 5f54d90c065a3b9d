using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Maintenance;
using Ledger.Api.Payments;
using Ledger.Api.Profiles;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>maintenance</c>: does all that is due, or opens the free plan for accounts without a subscription. A running service does the first by itself.</summary>
internal sealed class MaintenanceCommand : IOperationsCommand
{
    public static Command Create()
    {
        var at = new Option<string?>("--at") { Description = "Do what is due by this time; a time later than now moves the clock there, in Development alone", HelpName = "TIME" };
        var backfill = new Option<bool>("--backfill-free") { Description = "Open the free plan for every account without a live subscription instead; a second time finds nothing more to do" };
        var tenant = new Option<string?>("--tenant") { Description = "With --backfill-free: this tenant alone", HelpName = "ID" };
        var json = new Option<bool>("--json") { Description = "Print what was done as JSON" };
        var command = new Command("maintenance", "Do all that is due: ends of trials and periods, renewals, expiries; or --backfill-free") { at, backfill, tenant, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var time = parsed.GetValue(at) is { } text ? Times.TryParse(text, out var read) ? read : throw new ConfigurationException($"--at {Times.Rule}.") : (DateTimeOffset?)null;
            var (free, one) = (parsed.GetValue(backfill), parsed.GetValue(tenant));
            if (one is not null && !free) throw new ConfigurationException("--tenant goes with --backfill-free alone: what is due is done for all tenants.");
            if (time is not null && free) throw new ConfigurationException("--at goes not together with --backfill-free.");
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            using var host = Compose(database);
            if (one is not null && await new AccessStore(database.Service).FindTenantAsync(one, cancellationToken) is null) throw new ConfigurationException($"There is no tenant {one}.");
            object done = free ? await BackfillAsync(host, one, cancellationToken) : await RunAsync(host, time, cancellationToken);
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(done, done.GetType(), LedgerJson.Numbers));
            else Print(done);
            return done is MaintenanceBody { Failed: > 0 } ? 1 : 0;
        });
        return command;
    }

    /// <summary>What it needs of the service, over the same database; none of its workers.</summary>
    private static IHost Compose(CommandLineDatabase database)
    {
        // As anywhere but in Development: without the provider that is none.
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Production });
        builder.Configuration["ConnectionStrings:" + EdgeExtensions.ConnectionName] = database.ConnectionString;
        builder.Logging.ClearProviders().AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(database.Service).AddSingleton(TimeProvider.System).AddSingleton<AccessStore>();
        builder.Services.AddStore().AddAccounts().AddCatalog().AddBilling().AddPayments(builder.Environment).AddProfiles().AddDue();
        return builder.Build();
    }

    private static async Task<MaintenanceBody> RunAsync(IHost host, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var isDevelopment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") == Environments.Development;
        if (at is { } time && await host.Services.GetRequiredService<TestClock>().ObjectionAsync(time, isDevelopment, cancellationToken) is { } wrong) throw new ConfigurationException($"--at {wrong}.");
        return await host.Services.GetRequiredService<MaintenanceRun>().RunAsync(at, TimeSpan.MaxValue, null, cancellationToken)
            ?? throw new ConfigurationException("Another run of maintenance is under way. Wait for its end; it does all that is due.");
    }

    private static async Task<BackfillBody> BackfillAsync(IHost host, string? tenant, CancellationToken cancellationToken)
    {
        var backfill = host.Services.GetRequiredService<FreePlanBackfill>();
        var total = await backfill.CountAsync(tenant, cancellationToken);
        BackfillBody? done = null;
        // Its progress is for people and goes beside what is printed.
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await ConsoleProgress.RunAsync(console, "Accounts", total, async step => done = await backfill.RunAsync(tenant, TimeSpan.MaxValue, step, cancellationToken));
        return done!;
    }

    private static void Print(object done)
    {
        void Say(long count, string what)
        {
            if (count > 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}"));
        }

        if (done is BackfillBody filled)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{filled.Opened:N0} free plans opened for {filled.Accounts:N0} accounts without a subscription"));
            Say(filled.WithoutPlan, "accounts of tenants that sell no plan without a price");
            Say(filled.Refused, "could not take it: run it again to see whether they still are without one");
            return;
        }

        var run = (MaintenanceBody)done;
        if (run is { Settled: 0, Failed: 0 }) Console.WriteLine("Nothing was due.");
        Say(run.TrialsEnded, "trials ended");
        Say(run.Announced, "ends of trials announced");
        Say(run.Renewed, "subscriptions renewed");
        Say(run.PeriodsGranted, "times the credits of a period were given");
        Say(run.PastDue, "subscriptions are past due");
        Say(run.SubscriptionsCanceled, "subscriptions canceled");
        Say(run.SubscriptionsExpired, "subscriptions expired");
        Say(run.IncompleteExpired, "subscriptions given up that were never paid");
        Say(run.LotsExpired, "lots expired");
        Say(run.HoldsExpired, "holds expired");
        Say(run.Failed, "could not be done: the log above says why");
    }
}
