using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Api.Profiles;
using Ledger.Api.Reconciliation;
using Ledger.Api.Settings;
using Ledger.Providers;
using Npgsql;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>reconcile</c>: compares a tenant's payments with a provider's, and puts right what is safe. Exit status 1 where something differs and was not put right.</summary>
internal sealed class ReconcileCommand : IOperationsCommand
{
    public static Command Create()
    {
        var provider = new Option<string>("--provider") { Description = "stripe or midtrans", HelpName = "NAME", Required = true };
        var from = new Option<string>("--from") { Description = "Payments made at this time or later", HelpName = "TIME", Required = true };
        var to = new Option<string>("--to") { Description = $"Payments made before this time; at most {ReconciliationScope.DaysMax} days later", HelpName = "TIME", Required = true };
        var tenant = new Option<string>("--tenant") { Description = "The tenant", HelpName = "ID", DefaultValueFactory = _ => TenantId.Default };
        var apply = new Option<bool>("--apply") { Description = "Put right what is safe: apply what the provider says and the ledger has not heard; a second time changes nothing" };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON, as GET /v1/reports/reconciliation answers it" };
        var command = new Command("reconcile", "Compare payments with a provider's, one by one; exit status 1 where something differs and was not put right") { provider, from, to, tenant, apply, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (begin, end) = (TimeOf(parsed.GetRequiredValue(from), "--from"), TimeOf(parsed.GetRequiredValue(to), "--to"));
            if (ReconciliationScope.Objection(begin, end) is var (member, what)) throw new ConfigurationException($"--{member} {what}.");
            var scope = new ReconciliationScope(parsed.GetRequiredValue(tenant), parsed.GetRequiredValue(provider), begin, end, parsed.GetValue(apply), ReconciliationScope.ComparedMax);
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            using var host = Compose(database);
            var reconciler = host.Services.GetRequiredService<Reconciler>();
            if (!reconciler.Providers.Contains(scope.Provider)) throw new ConfigurationException($"--provider must be one of {string.Join(", ", reconciler.Providers)}.");
            if (await new AccessStore(database.Service).FindTenantAsync(scope.Tenant, cancellationToken) is null) throw new ConfigurationException($"There is no tenant {scope.Tenant}.");
            var report = await RunAsync(reconciler, scope, cancellationToken);
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(report, LedgerJson.Numbers));
            else Print(AnsiConsole.Console, scope, report);
            return report.Differing == report.Healed ? 0 : 1;
        });
        return command;
    }

    /// <summary>What the comparison needs of the service, over the same database; none of its workers.</summary>
    private static IHost Compose(CommandLineDatabase database)
    {
        // As anywhere but in Development: neither the provider that is none, nor a look at all that is not used here.
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Production });
        builder.Configuration["ConnectionStrings:" + EdgeExtensions.ConnectionName] = database.ConnectionString;
        builder.Logging.ClearProviders().AddSimpleConsole(options => options.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(database.Service).AddSingleton(TimeProvider.System).AddSingleton<AccessStore>();
        builder.Services.AddStore().AddAccounts().AddCatalog().AddBilling().AddPayments(builder.Environment).AddProfiles().AddReconciliation();
        // What the service may reach, this command may.
        var isDevelopment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") == Environments.Development;
        builder.Services.AddSingleton(provider => new TenantSettings(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<IConfiguration>(), requiresPublic: !isDevelopment));
        return builder.Build();
    }

    private static async Task<ReconciliationBody> RunAsync(Reconciler reconciler, ReconciliationScope scope, CancellationToken cancellationToken)
    {
        try
        {
            return await reconciler.RunAsync(scope, null, cancellationToken) ?? throw new ConfigurationException($"Tenant {scope.Tenant} has not set up {scope.Provider}: set its key with PUT /v1/settings, or in the environment.");
        }
        catch (ProviderException failure)
        {
            throw new ConfigurationException($"{scope.Provider} could not be asked: {failure.Message} What was put right so far stays; the same command goes on.", failure);
        }
        catch (TooManyPaymentsException many)
        {
            throw new ConfigurationException(many.Message, many);
        }
    }

    private static void Print(IAnsiConsole console, ReconciliationScope scope, ReconciliationBody report)
    {
        void Say(FormattableString line) => console.Profile.Out.Writer.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        foreach (var payment in report.Payments)
        {
            Say($"{payment.PaymentId ?? "-"} ({payment.Reference ?? "no reference"}, account {payment.AccountId ?? "-"}): {Words.Of(payment.Healing)}");
            foreach (var difference in payment.Differences) Say($"  {Words.Of(difference.Kind)}: {difference.Ledger ?? "nothing"} here, {difference.Provider ?? "nothing"} there. {difference.Why}");
            if (payment.Note is { } note) Say($"  {note}");
        }

        if (report.Differing > report.Payments.Count) Say($"and {report.Differing - report.Payments.Count:N0} more");
        if (!report.Listed) Say($"{scope.Provider} has no list of payments: what the ledger has never heard of can't be found.");
        Say($"{report.Compared:N0} payments compared, {report.Foreign:N0} of others; {report.Differing:N0} differ, {report.Healed:N0} put right");
        if (report.Payments.Any(payment => payment.Healing == Healing.Possible)) Say($"The same command with --apply puts right what is marked {Words.Of(Healing.Possible)}.");
    }

    private static DateTimeOffset TimeOf(string text, string option) => Times.TryParse(text, out var time) ? time : throw new ConfigurationException($"{option} {Times.Rule}.");
}
