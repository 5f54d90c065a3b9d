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
    private ProjectionClaim(string name, long epoch, long position, string state) => (Name, Epoch, Position, State) = (name, epoch, position, state);

    public string Name { get; }

    public long Epoch { get; }

    /// <summary>Where the projection stands, and stays while it is claimed.</summary>
    public long Position { get; }

    public string State { get; }

    public static ProjectionClaim Take(NpgsqlConnection connection, string name, string holder)
    {
        using var command = new NpgsqlCommand("update ledger.projections set owner = $2, epoch = epoch + 1, heartbeat_at = clock_timestamp() where name = $1 returning epoch, last_seq_id, state", connection)
        {
            Parameters = { Value(NpgsqlDbType.Text, name), Value(NpgsqlDbType.Text, holder) },
        };
        using var reader = command.ExecuteReader();
        if (!reader.Read()) throw new ProjectionRefusedException($"The projection {name} has not begun yet: start the service once.");
        return new ProjectionClaim(name, reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2));
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
