using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>One connection of the node that waits for notifications: new events, and projections that were stopped, started or given up.</summary>
internal sealed class ProjectionListener : IDisposable
{
    /// <summary>The channel on which a writer says the last position that it has committed.</summary>
    public const string Events = "ledger_events";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlDataSource source;
    private readonly Action<long> committed;
    private readonly Action changed;
    private readonly ILogger logger;
    private readonly ManualResetEvent stopped = new(false);
    private readonly Thread thread;

    /// <param name="source">The database.</param>
    /// <param name="committed">Told the last committed position; 0 where it could not be read.</param>
    /// <param name="changed">Told that leaders or states have changed.</param>
    /// <param name="logger">Where a lost connection is told.</param>
    public ProjectionListener(NpgsqlDataSource source, Action<long> committed, Action changed, ILogger logger)
    {
        (this.source, this.committed, this.changed, this.logger) = (source, committed, changed, logger);
        thread = new Thread(Run) { IsBackground = true, Name = "ledger notifications" };
        thread.Start();
    }

    /// <summary>Whether notifications come in. Where they do not, events are looked for instead.</summary>
    public bool IsListening { get; private set; }

    public void Dispose()
    {
        stopped.Set();
        if (thread.Join(TimeSpan.FromSeconds(2))) stopped.Dispose();
    }

    private void Run()
    {
        var pause = TimeSpan.FromMilliseconds(100);
        while (!stopped.WaitOne(0))
        {
            try
            {
                using var connection = source.OpenConnection();
                connection.Notification += (_, told) => Hear(told);
                using (var listen = new NpgsqlCommand($"listen {Events}; listen {ProjectionStore.Channel}", connection)) listen.ExecuteNonQuery();
                // What was committed before the connection listened was told to nobody.
                IsListening = true;
                changed();
                pause = TimeSpan.FromMilliseconds(100);
                while (!stopped.WaitOne(0)) connection.Wait(Look);
            }
            catch (Exception failure)
            {
                IsListening = false;
                if (stopped.WaitOne(0)) return;
                logger.LogWarning(failure, "Notifications of new events can't be heard; they are looked for instead.");
                stopped.WaitOne(pause);
                pause = TimeSpan.FromMilliseconds(Math.Min(5_000, pause.TotalMilliseconds * 2));
            }
        }
    }

    private void Hear(NpgsqlNotificationEventArgs told)
    {
        if (told.Channel == ProjectionStore.Channel) changed();
        else committed(long.TryParse(told.Payload, CultureInfo.InvariantCulture, out var last) ? last : 0);
    }
}
