namespace Ledger.Api.Access;

/// <summary>What a route asks of its caller. A route that says nothing lets nobody in.</summary>
/// <param name="Roles">One of these is needed; <see cref="Roles.None"/> together with <paramref name="IsPublic"/> lets anybody in.</param>
/// <param name="IsPublic">Whether no credential is needed.</param>
public sealed record RouteAccess(Roles Roles, bool IsPublic)
{
    /// <summary>What a caller without the roles is told.</summary>
    internal string Needed { get; } = "This needs one of the roles: " + string.Join(", ", RoleSets.ToWords(Roles)) + ".";
}

/// <summary>How endpoints say whom they let in.</summary>
public static class RouteAccessExtensions
{
    /// <summary>Lets in callers that hold at least one of these roles.</summary>
    public static TBuilder RequireRoles<TBuilder>(this TBuilder builder, Roles any) where TBuilder : IEndpointConventionBuilder
    {
        if (any == Roles.None) throw new ArgumentException("A route names at least one role, or is public.", nameof(any));
        var access = new RouteAccess(any, false);
        builder.Add(b => b.Metadata.Add(access));
        return builder;
    }

    /// <summary>Lets anybody in, without a credential.</summary>
    public static TBuilder Public<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder
    {
        var access = new RouteAccess(Roles.None, true);
        builder.Add(b => b.Metadata.Add(access));
        return builder;
    }
}
