using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>
/// Writes the events of lots and holds whose time has ended. Decisions never wait for it: they judge by time. It takes what is due in due order, in bounded
/// pages; that two nodes sweep the same account does no harm, since the second one finds nothing due.
/// </summary>
internal sealed class Sweep(CommandHallway hallway, EventReader reader, ILogger<Sweep> logger) : BackgroundService
{
    /// <summary>At most so many accounts are swept at once.</summary>
    public const int PageMax = 500;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly EventMeta Meta = new(null, null, "sweep");

    /// <summary>Sweeps all that is due now; returns how many accounts.</summary>
    public async Task<int> OnceAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        while (true)
        {
            var due = await reader.DueAsync(AccountModel.StreamKind, PageMax, cancellationToken);
            var results = await Task.WhenAll(due.Select(d => hallway.SendAsync(new CommandEnvelope(d.Stream.Tenant, null, default, new SettleDue { Account = AccountModel.AccountOf(d.Stream) }, Meta), bulk: true)));
            swept += results.Count(r => r.Problem is null);
            if (due.Count < PageMax || results.Any(r => r.Problem is not null)) return swept;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // A database that hangs must not hold up the end of the service, and to cancel a query there takes a connection to it. Nothing is lost with a
                // sweep that is left alone: the next one finds the same.
                await OnceAsync(CancellationToken.None).WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Whatever it is, it must not end the service: decisions do not wait for the sweep.
                logger.LogWarning(failure, "The sweep could not do what is due; it tries again.");
            }

            try
            {
                await Task.Delay(Pause, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
