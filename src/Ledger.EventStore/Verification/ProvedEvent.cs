using System.Text;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>An event with all that its hash is made of, so that whoever holds it makes the hash again.</summary>
/// <param name="SeqId">Its position.</param>
/// <param name="Version">Its version in the stream.</param>
/// <param name="Type">Its stored name, an older form's too.</param>
/// <param name="RecordedAt">When it was recorded.</param>
/// <param name="Meta">Who and what made it.</param>
/// <param name="Data">Its data as it is stored, in canonical JSON.</param>
/// <param name="Hash">Its hash, 32 bytes.</param>
public sealed record ProvedEvent(long SeqId, long Version, string Type, DateTimeOffset RecordedAt, EventMeta Meta, string Data, byte[] Hash)
{
    /// <summary>The hash that follows from it.</summary>
    /// <param name="stream">Its stream.</param>
    /// <param name="previous">The hash of the version before it; zeros before the first.</param>
    public byte[] HashAfter(StreamRef stream, ReadOnlySpan<byte> previous) => EventHash.Of(previous, stream, Version, Type, RecordedAt, Meta, Encoding.UTF8.GetBytes(Data));
}

/// <summary>Reads events for proofs.</summary>
/// <param name="source">Connections as the service's role.</param>
public sealed class ProvedEvents(NpgsqlDataSource source)
{
    /// <summary>Events of a stream from a version to a version, both in it, oldest first.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="from">The first version.</param>
    /// <param name="to">The last version; where the stream has not come to it, all that there are.</param>
    /// <param name="bytesMax">Reading ends behind the event with which the data of all exceed so many characters.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<IReadOnlyList<ProvedEvent>> ReadAsync(StreamRef stream, long from, long to, long bytesMax, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand(
            "select seq_id, version, type, timestamp, correlation_id, causation_id, data::text, headers::text from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version >= $3 and version <= $4 order by version");
        command.Parameters.AddWithValue(Tenants.Stored(stream.Tenant));
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(to);
        var events = new List<ProvedEvent>();
        long bytes = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (bytes <= bytesMax && await reader.ReadAsync(cancellationToken))
        {
            var (actor, hash) = Headers.Read(Encoding.UTF8.GetBytes(reader.GetString(7)));
            var data = Encoding.UTF8.GetString(CanonicalJson.Of(reader.GetString(6)));
            bytes += data.Length;
            events.Add(new ProvedEvent(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2), new DateTimeOffset(reader.GetDateTime(3), TimeSpan.Zero),
                new EventMeta(reader.IsDBNull(4) ? null : reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetString(5), actor), data, hash));
        }

        return events;
    }

    /// <summary>The last version, up to one, whose data has a member; 1 where none has.</summary>
    public async Task<long> LastWithAsync(StreamRef stream, long upTo, string member, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select version from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version <= $3 and jsonb_exists(data, $4) order by version desc limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(stream.Tenant));
        command.Parameters.AddWithValue(stream.Id);
        command.Parameters.AddWithValue(upTo);
        command.Parameters.AddWithValue(member);
        return await command.ExecuteScalarAsync(cancellationToken) is long version ? version : 1;
    }
}
