using Dapper;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Access;

/// <summary>A tenant as stored.</summary>
internal sealed record TenantRow(string Id, string Name, string Status, int? RateLimitPerSecond, DateTime CreatedAt, DateTime UpdatedAt)
{
    public const string Active = "active";
    public const string Suspended = "suspended";

    public bool IsActive => Status == Active;
}

/// <summary>An API key as stored, without its hash. Dapper fills members by name, since a constructor would have to take an array as it is.</summary>
internal sealed record KeyRow
{
    public string Id { get; init; } = "";
    public string? TenantId { get; init; }
    public string Name { get; init; } = "";
    public string Prefix { get; init; } = "";
    public string[] Roles { get; init; } = [];
    public int? RateLimitPerSecond { get; init; }
    public DateTime CreatedAt { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTime? ExpiresAt { get; init; }
    public DateTime? RevokedAt { get; init; }
    public string? RevokedBy { get; init; }
}

/// <summary>A key with what its tenant adds, as authentication needs it.</summary>
internal sealed record CredentialRow
{
    public string Id { get; init; } = "";
    public string? TenantId { get; init; }
    public string[] Roles { get; init; } = [];
    public int? RateLimitPerSecond { get; init; }
    public DateTime? ExpiresAt { get; init; }
    public string? TenantStatus { get; init; }
    public int? TenantRateLimit { get; init; }
}

/// <summary>An idempotency key of a request that made or revoked an API key.</summary>
internal sealed record AccessRequest(string Scope, string Key, UInt128 Fingerprint);

/// <summary>What became of such a request.</summary>
internal enum AccessChange
{
    Done,
    Replayed,
    KeyReused,
    NotFound,
    HasPassed,
}

/// <summary>The tables of tenants and API keys.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class AccessStore(NpgsqlDataSource source)
{
    private const string KeyColumns =
        """id as "Id", tenant_id as "TenantId", name as "Name", prefix as "Prefix", roles as "Roles", rate_limit_per_second as "RateLimitPerSecond", created_at as "CreatedAt", created_by as "CreatedBy", expires_at as "ExpiresAt", revoked_at as "RevokedAt", revoked_by as "RevokedBy" """;

    private const string TenantColumns =
        """id as "Id", name as "Name", status as "Status", rate_limit_per_second as "RateLimitPerSecond", created_at as "CreatedAt", updated_at as "UpdatedAt" """;

    public async Task<CredentialRow?> FindCredentialAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<CredentialRow>(new CommandDefinition("""
            select k.id as "Id", k.tenant_id as "TenantId", k.roles as "Roles", k.rate_limit_per_second as "RateLimitPerSecond", k.expires_at as "ExpiresAt",
                   t.status as "TenantStatus", t.rate_limit_per_second as "TenantRateLimit"
            from ledger.api_keys k left join ledger.tenants t on t.id = k.tenant_id
            where k.hash = @hash and k.revoked_at is null
            """, new { hash }, cancellationToken: cancellationToken));
    }

    public async Task<TenantRow?> FindTenantAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TenantRow>(new CommandDefinition(
            $"select {TenantColumns} from ledger.tenants where id = @id", new { id }, cancellationToken: cancellationToken));
    }

    /// <summary>Tenants by id, after one.</summary>
    public async Task<IReadOnlyList<TenantRow>> ListTenantsAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantRow>(new CommandDefinition(
            $"""select {TenantColumns} from ledger.tenants where @after::text is null or id collate "C" > @after collate "C" order by id collate "C" limit @limit""",
            new { after, limit }, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>Makes or changes a tenant; true where it was made.</summary>
    public async Task<(TenantRow Tenant, bool Made)> PutTenantAsync(string id, string name, string? status, int? rateLimit, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var made = await connection.ExecuteAsync(new CommandDefinition("""
            insert into ledger.tenants (id, name, status, rate_limit_per_second) values (@id, @name, coalesce(@status, 'active'), @rateLimit)
            on conflict on constraint tenants_pkey do nothing
            """, new { id, name, status, rateLimit }, cancellationToken: cancellationToken)) == 1;
        if (!made)
        {
            await connection.ExecuteAsync(new CommandDefinition("""
                update ledger.tenants set name = @name, status = coalesce(@status, status), rate_limit_per_second = @rateLimit, updated_at = now()
                where id = @id and (name, status, rate_limit_per_second) is distinct from (@name, coalesce(@status, status), @rateLimit)
                """, new { id, name, status, rateLimit }, cancellationToken: cancellationToken));
        }

        return ((await FindTenantAsync(id, cancellationToken))!, made);
    }

    /// <summary>Stores a new key; with a request, once for its idempotency key.</summary>
    public async Task<(AccessChange Change, KeyRow? Key)> CreateKeyAsync(KeyRow key, byte[] hash, AccessRequest? request, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (request is not null && await FindRequestAsync(connection, request, cancellationToken) is { } earlier) return await EarlierAsync(connection, request, earlier, cancellationToken);
        if (!await TakeKeyAsync(connection, request, cancellationToken)) return (AccessChange.KeyReused, null);
        if (key.ExpiresAt <= DateTime.UtcNow) return (AccessChange.HasPassed, null);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition("""
                insert into ledger.api_keys (id, tenant_id, name, prefix, hash, roles, rate_limit_per_second, created_by, expires_at)
                values (@Id, @TenantId, @Name, @Prefix, @hash, @Roles, @RateLimitPerSecond, @CreatedBy, @ExpiresAt)
                """, new { key.Id, key.TenantId, key.Name, key.Prefix, hash, key.Roles, key.RateLimitPerSecond, key.CreatedBy, key.ExpiresAt }, cancellationToken: cancellationToken));
        }
        catch (PostgresException failure) when (failure.ConstraintName == "api_keys_tenant_fkey")
        {
            return (AccessChange.NotFound, null);
        }

        return await FinishAsync(connection, transaction, request, key.Id, cancellationToken);
    }

    /// <summary>Revokes a key, of one tenant or (null) of any; one that is revoked already stays as it is.</summary>
    public async Task<(AccessChange Change, KeyRow? Key)> RevokeKeyAsync(string id, string? tenant, string by, AccessRequest? request, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (request is not null && await FindRequestAsync(connection, request, cancellationToken) is { } earlier) return await EarlierAsync(connection, request, earlier, cancellationToken);
        if (!await TakeKeyAsync(connection, request, cancellationToken)) return (AccessChange.KeyReused, null);
        var found = await connection.ExecuteAsync(new CommandDefinition("""
            update ledger.api_keys set revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, @by)
            where id = @id and (@tenant::text is null or tenant_id = @tenant)
            """, new { id, tenant, by }, cancellationToken: cancellationToken));
        return found == 0 ? (AccessChange.NotFound, null) : await FinishAsync(connection, transaction, request, id, cancellationToken);
    }

    /// <summary>Keys, newest first, of one tenant or (null) of all, older than one.</summary>
    public async Task<IReadOnlyList<KeyRow>> ListKeysAsync(string? tenant, (DateTime CreatedAt, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<KeyRow>(new CommandDefinition($"""
            select {KeyColumns} from ledger.api_keys
            where (@tenant::text is null or tenant_id = @tenant) and (@id::text is null or (created_at, id) < (@at, @id))
            order by created_at desc, id desc limit @limit
            """, new { tenant, id = after?.Id, at = after?.CreatedAt ?? DateTime.UnixEpoch, limit }, cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>Keys are one namespace in a tenant, whatever they were used for; an operator, who belongs to none, has a namespace of its own.</summary>
    private static async Task<bool> TakeKeyAsync(NpgsqlConnection connection, AccessRequest? request, CancellationToken cancellationToken) =>
        request is null || request.Scope.Length == 0 || await IdempotencyKeys.TryTakeAsync(connection, request.Scope, request.Key, request.Fingerprint, cancellationToken);

    private static async Task<(AccessChange Change, KeyRow? Key)> FinishAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, AccessRequest? request, string keyId, CancellationToken cancellationToken)
    {
        // Of two that come at once the second waits here for the first, then takes everything back and answers as the first did.
        if (request is not null && await connection.ExecuteAsync(new CommandDefinition("""
            insert into ledger.access_requests (scope, key, fingerprint, api_key_id) values (@Scope, @Key, @fingerprint, @keyId)
            on conflict on constraint access_requests_pkey do nothing
            """, new { request.Scope, request.Key, fingerprint = Stored(request.Fingerprint), keyId }, cancellationToken: cancellationToken)) == 0)
        {
            await transaction.RollbackAsync(cancellationToken);
            return await EarlierAsync(connection, request, (await FindRequestAsync(connection, request, cancellationToken))!, cancellationToken);
        }

        var key = await FindKeyAsync(connection, keyId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (AccessChange.Done, key);
    }

    private static async Task<(AccessChange Change, KeyRow? Key)> EarlierAsync(NpgsqlConnection connection, AccessRequest request, RequestRow earlier, CancellationToken cancellationToken) =>
        earlier.Fingerprint == Stored(request.Fingerprint)
            ? (AccessChange.Replayed, await FindKeyAsync(connection, earlier.ApiKeyId, cancellationToken))
            : (AccessChange.KeyReused, null);

    private static Task<RequestRow?> FindRequestAsync(NpgsqlConnection connection, AccessRequest request, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<RequestRow>(new CommandDefinition(
            """select fingerprint as "Fingerprint", api_key_id as "ApiKeyId" from ledger.access_requests where scope = @Scope and key = @Key""",
            new { request.Scope, request.Key }, cancellationToken: cancellationToken));

    private static Task<KeyRow> FindKeyAsync(NpgsqlConnection connection, string id, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<KeyRow>(new CommandDefinition($"select {KeyColumns} from ledger.api_keys where id = @id", new { id }, cancellationToken: cancellationToken));

    private static Guid Stored(UInt128 fingerprint)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, fingerprint);
        return new Guid(bytes, bigEndian: true);
    }

    private sealed record RequestRow(Guid Fingerprint, string ApiKeyId);
}
