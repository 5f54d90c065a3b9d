using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>
/// The lead of a projection taken on purpose, for a retry or the end of a rebuild: whoever led it is refused from now on and stands down. It is given back, or ends
/// by itself when its holder is silent.
/// </summary>
internal sealed class ProjectionClaim
{
    // No machine's name has a slash, so no node's has this mark.
    private const string Mark = "operator/";

    private const string TakeLead =
        """
        update ledger.projections set owner = $2, epoch = epoch + 1, heartbeat_at = clock_timestamp()
        where name = $1 and version between $3 and $4 and (owner is null or not starts_with(owner, $5) or heartbeat_at < clock_timestamp() - $6::interval)
        returning epoch, last_seq_id, state
        """;

    private ProjectionClaim(string name, long epoch, long position, string state) => (Name, Epoch, Position, State) = (name, epoch, position, state);

    public string Name { get; }

    public long Epoch { get; }

    /// <summary>Where the projection stands, and stays while it is claimed.</summary>
    public long Position { get; }

    public string State { get; }

    /// <summary>A name for one who claims.</summary>
    public static string Holder() => $"{Mark}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>Takes the lead from the node that has it; null where another claim lives, which is never broken, or the row is held: try again.</summary>
    /// <param name="connection">The writer's.</param>
    /// <param name="projection">The projection as this program knows it.</param>
    /// <param name="holder">A name from <see cref="Holder"/>.</param>
    /// <param name="staleAfter">A claim that was silent for so long is dead.</param>
    /// <param name="evenOutdated">Whether its rows may be of an older version, as those that are going to be replaced may.</param>
    /// <exception cref="ProjectionRefusedException">It has not begun yet, or its rows are of another version.</exception>
    public static ProjectionClaim? Take(NpgsqlConnection connection, Projection projection, string holder, TimeSpan staleAfter, bool evenOutdated)
    {
        using (var command = new NpgsqlCommand(TakeLead, connection)
        {
            Parameters =
            {
                Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Text, holder), Value(NpgsqlDbType.Integer, evenOutdated ? 0 : projection.Version), Value(NpgsqlDbType.Integer, projection.Version),
                Value(NpgsqlDbType.Text, Mark), Value(NpgsqlDbType.Interval, staleAfter),
            },
        })
        {
            try
            {
                using var reader = command.ExecuteReader();
                if (reader.Read()) return new ProjectionClaim(projection.Name, reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2));
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                return null;
            }
        }

        using var look = new NpgsqlCommand("select version from ledger.projections where name = $1", connection) { Parameters = { Value(NpgsqlDbType.Text, projection.Name) } };
        return look.ExecuteScalar() switch
        {
            null => throw new ProjectionRefusedException($"The projection {projection.Name} has not begun yet: start the service once."),
            int version when version > projection.Version => throw new ProjectionRefusedException($"The rows of {projection.Name} are of version {version}, written by a newer program than this one, which knows {projection.Version}: use that program."),
            int version when version < projection.Version && !evenOutdated => throw new ProjectionRefusedException($"The rows of {projection.Name} are of version {version}, this program's of {projection.Version}: rebuild it."),
            _ => null,
        };
    }

    /// <summary>Says that the holder lives.</summary>
    public void Beat(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("update ledger.projections set heartbeat_at = clock_timestamp() where name = $1 and epoch = $2", connection) { Parameters = { Value(NpgsqlDbType.Text, Name), Value(NpgsqlDbType.Bigint, Epoch) } };
        command.ExecuteNonQuery();
    }

    /// <summary>Gives it back: the next node that looks leads it.</summary>
    public void Release(NpgsqlConnection connection)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command("update ledger.projections set owner = null where name = $1 and epoch = $2", Value(NpgsqlDbType.Text, Name), Value(NpgsqlDbType.Bigint, Epoch)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select pg_notify('{ProjectionStore.Channel}', '')::text"));
        batch.ExecuteNonQuery();
    }
}
