using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Ledger.Api.Http;

/// <summary>One page of a list.</summary>
/// <param name="Data">The page.</param>
/// <param name="NextCursor">Where the next page begins; null after the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Data, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>Which page of a list is asked for.</summary>
public sealed class ListRequest
{
    /// <summary>Most entries of a page.</summary>
    public const int LimitMax = 500;

    /// <summary>Entries of a page where nothing is said.</summary>
    public const int LimitDefault = 50;

    internal const string LimitName = "limit";
    internal const string CursorName = "cursor";

    // It says how long to wait, not what is listed, so the next page may leave it out.
    internal const string MinVersionName = "minVersion";

    // More than any version, place or time in ticks has, and so few that adding to it does not overflow.
    private const int NumberDigitsMax = 18;

    private readonly string identity;

    private ListRequest(int limit, string? after, string identity)
    {
        Limit = limit;
        After = after;
        this.identity = identity;
    }

    /// <summary>How many entries are wanted, 1 to 500.</summary>
    public int Limit { get; }

    /// <summary>The position after which the page begins, as it was given to <see cref="Page"/>; null at the beginning.</summary>
    public string? After { get; }

    /// <summary>Reads <c>limit</c> and <c>cursor</c>. What is wrong with them is in <see cref="QueryParameters.Problem"/>.</summary>
    /// <param name="query">The query's parameters; all others are taken as filters, which belong to the cursor.</param>
    /// <param name="tenant">Whose list it is.</param>
    /// <param name="route">Which list it is: the path with the ids in it.</param>
    /// <param name="isPlace">Whether a text can be a position in this list, such as <see cref="IsNumber"/>; where it is left out, any text without control characters. Whoever takes the
    /// trouble can make a cursor, so a position is as little to be trusted as any other parameter.</param>
    public static ListRequest Read(QueryParameters query, string tenant, string route, Func<string, bool>? isPlace = null)
    {
        ArgumentNullException.ThrowIfNull(query);
        isPlace ??= text => !JsonText.HasForbidden(text);
        var limit = query.Number(LimitName, 1, LimitMax) ?? LimitDefault;
        var identity = query.Identity(tenant, route);
        string? after = null;
        if (query.Text(CursorName, Cursor.LengthMax) is { } cursor && !(Cursor.TryRead(cursor, identity, out after) && isPlace(after!)))
            query.Add(CursorName, "is not one that this list gave: take it from nextCursor, with the same parameters");
        return new ListRequest((int)limit, after, identity);
    }

    /// <summary>The beginning of a list for one of our own, of as many entries as are named.</summary>
    internal static ListRequest All(int limit) => new(limit, null, "");

    /// <summary>Whether a position is a whole number from 0 to 18 digits, as <see cref="NumberAfter"/> takes it.</summary>
    public static bool IsNumber(string position)
    {
        ArgumentNullException.ThrowIfNull(position);
        return position.Length <= NumberDigitsMax && long.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    /// <summary><see cref="After"/> of a list whose positions are numbers (<see cref="IsNumber"/>); null at the beginning. It may be any: where the query has a problem, that is answered.</summary>
    public long? NumberAfter() => After is not null && IsNumber(After) ? long.Parse(After, CultureInfo.InvariantCulture) : null;

    /// <summary>The cursor of a place in this list, for lists whose pages are not cut by their entries alone.</summary>
    /// <param name="position">The place, as <see cref="After"/> of the next page.</param>
    public string CursorAt(string position) => Cursor.Write(identity, position);

    /// <summary>The page for an answer, from up to <see cref="Limit"/> + 1 entries: the one too many only says that there are more.</summary>
    /// <param name="entries">What was found.</param>
    /// <param name="position">The position of an entry, as <see cref="After"/> of the next page.</param>
    public Page<T> Page<T>(IReadOnlyList<T> entries, Func<T, string> position)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(position);
        if (entries.Count <= Limit) return new Page<T>(entries, null);
        var page = entries.Take(Limit).ToList();
        return new Page<T>(page, Cursor.Write(identity, position(page[^1])));
    }
}

/// <summary>
/// A place in a list, as a client carries it: the position and a checksum over it and the list. The checksum keeps mistakes out (a cursor of another list or
/// filter, a part of one), it hides nothing: what a page may show is decided by the credential alone.
/// </summary>
public static class Cursor
{
    /// <summary>Most characters of a cursor.</summary>
    public const int LengthMax = 1024;

    private const int ChecksumBytes = 8;

    /// <summary>The cursor for a position in a list.</summary>
    public static string Write(string list, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        var bytes = new byte[text.Length + ChecksumBytes];
        text.CopyTo(bytes, ChecksumBytes);
        Checksum(list, text).CopyTo(bytes.AsSpan());
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The position of a cursor that was given for this list; false for any other text.</summary>
    public static bool TryRead(string cursor, string list, out string? position)
    {
        position = null;
        ArgumentNullException.ThrowIfNull(cursor);
        if (cursor.Length > LengthMax || !Base64Url.IsValid(cursor)) return false;
        var bytes = Base64Url.DecodeFromChars(cursor);
        if (bytes.Length <= ChecksumBytes || Base64Url.EncodeToString(bytes) != cursor) return false;
        if (!Checksum(list, bytes.AsSpan(ChecksumBytes)).SequenceEqual(bytes.AsSpan(0, ChecksumBytes))) return false;
        position = Encoding.UTF8.GetString(bytes, ChecksumBytes, bytes.Length - ChecksumBytes);
        return true;
    }

    private static Span<byte> Checksum(string list, ReadOnlySpan<byte> position)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(list));
        hash.AppendData([0]);
        hash.AppendData(position);
        return hash.GetHashAndReset().AsSpan(0, ChecksumBytes);
    }
}
