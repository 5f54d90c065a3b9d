using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>A row of the events as it stands there, every column of it, nothing taken on trust.</summary>
internal sealed record StoredRow
{
    public const string Columns =
        "seq_id, id, tenant_id, stream_id, version, type, timestamp, correlation_id, causation_id, data::text, headers::text, is_archived, bdata is not null, mt_dotnet_type";

    public required long SeqId { get; init; }

    public Guid Id { get; init; }

    public StreamRef Stream { get; init; }

    public long Version { get; init; }

    public string Type { get; init; } = "";

    public DateTimeOffset RecordedAt { get; init; }

    public string? Correlation { get; init; }

    public string? Causation { get; init; }

    public byte[] Data { get; init; } = [];

    public byte[] Headers { get; init; } = [];

    /// <summary>The hash that its headers name; empty where none can be read there.</summary>
    public byte[] Hash { get; init; } = [];

    public string? Actor { get; init; }

    /// <summary>What stands in columns that the writer never fills; null where nothing does.</summary>
    public string? Odd { get; init; }

    /// <summary>Why the row could not be read; null where it could.</summary>
    public string? Unreadable { get; init; }

    public static StoredRow Read(NpgsqlDataReader reader)
    {
        var seqId = reader.GetInt64(0);
        try
        {
            var headers = reader.IsDBNull(10) ? [] : Encoding.UTF8.GetBytes(reader.GetString(10));
            var (actor, hash) = HashIn(headers);
            return new StoredRow
            {
                SeqId = seqId,
                Id = reader.GetGuid(1),
                Stream = new StreamRef(TenantOf(TextOf(reader, 2)), TextOf(reader, 3) ?? ""),
                Version = reader.GetInt64(4),
                Type = reader.GetString(5),
                RecordedAt = new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero),
                Correlation = TextOf(reader, 7),
                Causation = TextOf(reader, 8),
                Data = Encoding.UTF8.GetBytes(reader.GetString(9)),
                Headers = headers,
                Hash = hash,
                Actor = actor,
                Odd = OddOf(reader),
            };
        }
        catch (Exception failure) when (failure is InvalidCastException or FormatException or OverflowException or ArgumentException)
        {
            return new StoredRow { SeqId = seqId, Unreadable = failure.Message };
        }
    }

    /// <summary>The tenant of a stored name. The writer stores <c>default</c> under another name, so one that stands there plainly is no tenant of ours.</summary>
    public static string TenantOf(string? stored) => stored switch
    {
        null => "(null)",
        Tenants.Default => "default (stored plainly)",
        _ => Tenants.Named(stored),
    };

    private static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static string? OddOf(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(11) || reader.GetBoolean(11)) return "is_archived is " + (reader.IsDBNull(11) ? "null" : "true");
        if (reader.GetBoolean(12)) return "bdata holds something";
        return reader.IsDBNull(13) ? null : $"mt_dotnet_type is {reader.GetString(13)}";
    }

    private static (string? Actor, byte[] Hash) HashIn(byte[] headers)
    {
        try
        {
            var (actor, hash) = EventStore.Headers.Read(headers);
            return (actor, hash.Length == EventHash.Size ? hash : []);
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException)
        {
            return (null, []);
        }
    }
}

/// <summary>How values are shown in findings.</summary>
internal static class Shown
{
    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static string Of(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static string? Of(DateTimeOffset? time) => time is { } at ? Of(at) : null;
}
