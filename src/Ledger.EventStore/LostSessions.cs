using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore;

/// <summary>Sessions of this writer whose last commit was not answered, and whoever else stands in the way at the writer's lock.</summary>
internal sealed class LostSessions(NpgsqlDataSource source, TimeSpan silence, ILogger logger)
{
    private readonly List<string> sessions = [];

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => sessions.Count == 0;

    /// <summary>Takes note of a session whose commit was sent and not answered.</summary>
    public void Add(string session) => sessions.Add(session);

    /// <summary>
    /// A commit that was sent and not answered may still be on its way to the server: a batch decided ahead is one message with its lock, its position and its commit in it.
    /// Its session is ended first, so that what is decided now is not overtaken by it; its keys then tell what it did.
    /// </summary>
    /// <exception cref="TimeoutException">One has not ended yet.</exception>
    public void End()
    {
        while (sessions.Count > 0)
        {
            WriterConnection.End(source, sessions[^1]);
            sessions.RemoveAt(sessions.Count - 1);
        }
    }

    /// <summary>Ends the session that holds the writer's lock where it has been silent for too long in the middle of its transaction.</summary>
    public void FreeLock()
    {
        try
        {
            if (WriterConnection.FreeLock(source, silence)) logger.LogWarning("A writer that had been silent in the middle of its transaction was ended, so that the others go on.");
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "The session that holds the writer's lock could not be looked at.");
        }
    }
}
