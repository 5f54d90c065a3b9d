using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain.Payments;
using Ledger.Providers;
using Npgsql;

namespace Ledger.Api.Reconciliation;

/// <summary>Compares the days before with every provider that a tenant has set up, once a day over all nodes, and keeps what it finds. What differs is a warning in the log and a metric.</summary>
internal sealed class ReconciliationWorker(Reconciler reconciler, ReconciliationStore store, AccessStore access, ReconciliationOptions options, TimeProvider clock, ILogger<ReconciliationWorker> logger) : BackgroundService
{
    /// <summary>How often the comparison of a day is tried.</summary>
    public const int AttemptsMax = 5;

    // Longer than one may take: a node that lives does not lose it.
    private static readonly TimeSpan Lease = TimeSpan.FromHours(2);
    private static readonly TimeSpan TimeMax = Lease - TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PutOff = TimeSpan.FromMinutes(30);

    private static readonly Meter Meter = new("Ledger.Reconciliation");
    private static readonly Counter<long> Runs = Meter.CreateCounter<long>("ledger.reconciliation.runs", "{run}", "Daily comparisons with a provider, by how they ended: agrees, differs or failed.");
    private static readonly Counter<long> Differences = Meter.CreateCounter<long>("ledger.reconciliation.differences", "{payment}", "Payments that a daily comparison found to differ, by what they differ in.");

    /// <summary>Makes all comparisons that are due now.</summary>
    /// <returns>How many were made here.</returns>
    public async Task<int> OnceAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        if (now.TimeOfDay < options.At) return 0;
        var (day, made, after) = (DateOnly.FromDateTime(now), 0, (string?)null);
        while (true)
        {
            var tenants = await access.ListTenantsAsync(after, ListRequest.LimitMax, cancellationToken);
            foreach (var tenant in tenants.Where(tenant => tenant.IsActive))
            {
                try
                {
                    foreach (var provider in await reconciler.SetUpAsync(tenant.Id, cancellationToken))
                    {
                        if (await store.TakeAsync(tenant.Id, provider, day, Lease, cancellationToken) is not { } attempt) continue;
                        await MakeAsync(tenant.Id, provider, day, attempt, cancellationToken);
                        made++;
                    }
                }
                catch (Exception failure) when (failure is not OperationCanceledException and not NpgsqlException)
                {
                    logger.LogWarning(failure, "Tenant {Tenant} could not be compared with its providers; the others are.", tenant.Id);
                }
            }

            if (tenants.Count < ListRequest.LimitMax) return made;
            after = tenants[^1].Id;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.Enabled)
        {
            try
            {
                await Task.Delay(options.LookEvery, stoppingToken);
                await OnceAsync(stoppingToken).WaitAsync(stoppingToken); // a database that hangs must not hold up the end of the service
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogWarning(failure, "Whether a comparison with a provider is due could not be found out; it is tried again.");
            }
        }
    }

    private async Task MakeAsync(string tenant, string provider, DateOnly day, int attempt, CancellationToken stopping)
    {
        var to = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var scope = new ReconciliationScope(tenant, provider, to.AddDays(-Math.Clamp(options.Days, 1, ReconciliationScope.DaysMax)), to, options.Apply, ReconciliationScope.ComparedMax);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(TimeMax);
        string error;
        try
        {
            if (await reconciler.RunAsync(scope, null, limit.Token) is not { } report) return; // its settings have just gone
            if (await store.FinishAsync(tenant, provider, day, attempt, report with { Scheduled = true }, stopping)) Tell(tenant, report);
            await store.ForgetAsync(tenant, provider, day.AddDays(-Math.Max(1, options.KeptDays)), stopping);
            return;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            error = string.Create(CultureInfo.InvariantCulture, $"It took longer than {TimeMax.TotalMinutes:0} minutes.");
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            // Whatever it is, the others are compared all the same.
            error = failure is ProviderException or TooManyPaymentsException ? failure.Message : failure is NpgsqlException or TimeoutException ? "The database did not answer." : $"The program failed over it ({failure.GetType().Name}).";
            logger.LogInformation(failure, "Why the comparison of tenant {Tenant} with {Provider} came to nothing.", tenant, provider);
        }

        logger.LogWarning("The comparison of tenant {Tenant} with {Provider} came to nothing (attempt {Attempt} of {AttemptsMax}): {Error}", tenant, provider, attempt, AttemptsMax, error);
        Runs.Add(1, new TagList { { "provider", provider }, { "outcome", "failed" } });
        if (attempt < AttemptsMax)
        {
            await store.PutOffAsync(tenant, provider, day, attempt, PutOff, error, CancellationToken.None);
            return;
        }

        var none = new ReconciliationBody
        {
            Provider = provider,
            From = scope.From,
            To = scope.To,
            At = clock.GetUtcNow(),
            Scheduled = true,
            Listed = false,
            Counts = new DifferenceCountsBody(0, 0, 0, 0, 0),
            Payments = [],
            Error = error,
        };
        await store.FinishAsync(tenant, provider, day, attempt, none, CancellationToken.None);
    }

    private void Tell(string tenant, ReconciliationBody report)
    {
        Runs.Add(1, new TagList { { "provider", report.Provider }, { "outcome", report.Differing == 0 ? "agrees" : "differs" } });
        if (report.Differing == 0)
        {
            logger.LogInformation("Tenant {Tenant} agrees with {Provider} from {From:u} to {To:u}: {Compared} payments.", tenant, report.Provider, report.From, report.To, report.Compared);
            return;
        }

        var counts = report.Counts;
        foreach (var (kind, count) in new[]
        {
            (DifferenceKind.MissingHere, counts.MissingHere), (DifferenceKind.MissingThere, counts.MissingThere), (DifferenceKind.Amount, counts.Amount), (DifferenceKind.Status, counts.Status), (DifferenceKind.Credits, counts.Credits),
        })
        {
            if (count > 0) Differences.Add(count, new TagList { { "provider", report.Provider }, { "kind", Words.Of(kind) } });
        }

        logger.LogWarning(
            "Tenant {Tenant} differs from {Provider} in {Differing} of {Compared} payments from {From:u} to {To:u}; {Healed} were put right. GET /v1/reports/reconciliation?provider={Named} says in which.",
            tenant, report.Provider, report.Differing, report.Compared, report.From, report.To, report.Healed, report.Provider);
    }
}
