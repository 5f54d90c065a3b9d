using Dapper;
using Npgsql;

namespace Ledger.Api.Access;

/// <summary>What the idempotency key of an operator's request says.</summary>
internal enum OperatorKey
{
    /// <summary>It is to be carried out: it is new, or was lost before it was.</summary>
    ToDo,

    /// <summary>It was carried out.</summary>
    Done,

    /// <summary>The key stands for another request.</summary>
    Reused,
}

/// <summary>The idempotency keys of operators' requests that change no tenant and no API key; what those requests do may be done twice without harm.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class OperatorRequests(NpgsqlDataSource source)
{
    /// <summary>Takes a key, or says what it stands for.</summary>
    public async Task<OperatorKey> TakeAsync(string key, UInt128 fingerprint, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, fingerprint);
        var stored = new Guid(bytes, bigEndian: true);
        // All keys of operators are one namespace.
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from ledger.access_requests where scope = '' and key = @key)", new { key }, cancellationToken: cancellationToken))) return OperatorKey.Reused;
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into ledger.operator_requests (key, fingerprint) values (@key, @stored) on conflict on constraint operator_requests_pkey do nothing", new { key, stored }, cancellationToken: cancellationToken));
        var (known, done) = await connection.QuerySingleAsync<(Guid, bool)>(new CommandDefinition("select fingerprint, done from ledger.operator_requests where key = @key", new { key }, cancellationToken: cancellationToken));
        return known != stored ? OperatorKey.Reused : done ? OperatorKey.Done : OperatorKey.ToDo;
    }

    /// <summary>What a request that was carried out answered, as JSON; null where nothing was kept.</summary>
    public async Task<string?> AnswerAsync(string key, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select answer from ledger.operator_requests where key = @key and done", new { key }, cancellationToken: cancellationToken));
    }

    /// <summary>It was carried out; or it was refused, and its key may be used again.</summary>
    /// <param name="key">The key.</param>
    /// <param name="done">Which.</param>
    /// <param name="answer">What was answered, as JSON, where a repeat is to be answered so; else null.</param>
    public async Task EndAsync(string key, bool done, string? answer = null)
    {
        await using var connection = await source.OpenConnectionAsync();
        await connection.ExecuteAsync(done ? "update ledger.operator_requests set done = true, answer = @answer where key = @key and not done" : "delete from ledger.operator_requests where key = @key and not done", new { key, answer });
    }
}
