namespace Ledger.Api.Access;

/// <summary>An end user or workspace that owns accounts.</summary>
/// <param name="Kind"><c>user</c> or <c>workspace</c>.</param>
/// <param name="Id">The owner's id, as in the accounts.</param>
public sealed record OwnerRef(string Kind, string Id);

/// <summary>Who sends a request, as its credential says; nothing of it comes from the request's path or body.</summary>
public sealed class Caller
{
    /// <summary>Roles of the credential.</summary>
    public required Roles Roles { get; init; }

    /// <summary>The key's id, or the token's subject after <c>sub:</c>; for audit, never a secret.</summary>
    public required string Id { get; init; }

    /// <summary>The tenant that it belongs to; null for an operator.</summary>
    public string? TenantOrNone { get; init; }

    /// <summary>The owner that a token with role <c>user</c> is held to; null for every other credential.</summary>
    public OwnerRef? Owner { get; init; }

    /// <summary>The tenant. Routes for tenants' roles let nobody in without one.</summary>
    public string Tenant => TenantOrNone ?? throw new InvalidOperationException("This caller belongs to no tenant: the route lets operators in and has to ask for it.");

    /// <summary>Limits that count this caller's requests; empty where none is set.</summary>
    internal TokenBucket[] Limits { get; init; } = [];

    /// <summary>Whether it holds one of some roles.</summary>
    public bool Has(Roles any) => (Roles & any) != Roles.None;

    /// <summary>Whether it may see what belongs to an owner: a user only its own, all others everything of their tenant.</summary>
    public bool MaySee(string ownerKind, string ownerId) => Owner is null || (Owner.Kind == ownerKind && Owner.Id == ownerId);

    /// <summary>The caller of a request on a route that requires roles.</summary>
    public static Caller Of(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Features.Get<Caller>() ?? throw new InvalidOperationException("The route lets anybody in, so there is no caller: it must require roles.");
    }
}
