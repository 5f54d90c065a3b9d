using System.Buffers;

namespace Ledger.Api.Access;

/// <summary>Ids of tenants: <c>[a-z0-9][a-z0-9_-]{0,62}</c>.</summary>
public static class TenantId
{
    /// <summary>The tenant that is always there.</summary>
    public const string Default = "default";

    /// <summary>Most characters.</summary>
    public const int LengthMax = 63;

    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Whether a text is an id of a tenant.</summary>
    public static bool IsValid(ReadOnlySpan<char> id) => id.Length is > 0 and <= LengthMax && char.IsAsciiLetterOrDigit(id[0]) && !id.ContainsAnyExcept(Characters);
}
