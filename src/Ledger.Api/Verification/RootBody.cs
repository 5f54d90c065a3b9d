using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>The root of a day, as it is published by the route and in files.</summary>
/// <param name="Day">The UTC day.</param>
/// <param name="FirstPosition">The first position that it covers.</param>
/// <param name="LastPosition">The last position that it covers; one less than the first where the day had no event.</param>
/// <param name="Events">How many events it covers.</param>
/// <param name="TreeRoot">The root of the Merkle tree over them, in hex.</param>
/// <param name="Previous">The root of the day before, in hex; zeros on the first day.</param>
/// <param name="Root">The root, in hex: over all of the above.</param>
public sealed record RootBody(string Day, long FirstPosition, long LastPosition, long Events, string TreeRoot, string Previous, string Root)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal static RootBody Of(DayRoot root) => new(
        Written(root.Day), root.First, root.Last, root.Events, Convert.ToHexStringLower(root.Tree.Span), Convert.ToHexStringLower(root.Previous.Span), root.Hex);

    internal static string Written(DateOnly day) => day.ToString(DayRoot.DayFormat, CultureInfo.InvariantCulture);

    internal static bool TryDay(string text, out DateOnly day) => DateOnly.TryParseExact(text, DayRoot.DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    /// <summary>The root that this says; null where it does not add up in itself.</summary>
    internal DayRoot? Checked()
    {
        if (Day is null || !TryDay(Day, out var day) || !TryHash(TreeRoot, out var tree) || !TryHash(Previous, out var previous)) return null;
        var root = new DayRoot(day, FirstPosition, LastPosition, Events, tree, previous);
        return root.Hex == Root ? root : null;
    }

    internal static bool TryHash(string? hex, out byte[] hash)
    {
        hash = [];
        if (hex is not { Length: 2 * MerkleTree.Size } || hex.AsSpan().ContainsAnyExcept(HexDigits)) return false;
        hash = Convert.FromHexString(hex);
        return true;
    }
}

/// <summary>Files of published roots: one JSON object a line, as the route has them, the oldest first.</summary>
internal static class RootsFile
{
    /// <summary>Reads a file, or the route's answer saved as one.</summary>
    /// <exception cref="ConfigurationException">It is no such file, or a line of it does not add up in itself.</exception>
    public static async Task<IReadOnlyList<DayRoot>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(path, cancellationToken);
        var roots = new List<DayRoot>();
        foreach (var (body, place) in Bodies(text, path))
        {
            var root = body?.Checked() ?? throw new ConfigurationException($"{path}, {place}: this is no root of a day, or it was changed: it does not follow from its own members.");
            if (roots.Any(other => other.Day == root.Day)) throw new ConfigurationException($"{path}, {place}: the day {body.Day} stands there twice.");
            roots.Add(root);
        }

        if (roots.Count == 0) throw new ConfigurationException($"{path} holds no root.");
        return [.. roots.OrderBy(root => root.Day)];
    }

    public static string Line(DayRoot root) => JsonSerializer.Serialize(RootBody.Of(root), LedgerJson.Numbers);

    private static List<(RootBody? Body, string Place)> Bodies(string text, string path)
    {
        try
        {
            using var whole = Whole(text);
            if (whole is not null) return [.. whole.RootElement.GetProperty("data").EnumerateArray().Select((entry, i) => (entry.Deserialize<RootBody>(LedgerJson.Numbers), $"entry {i + 1}"))];
            return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select((line, i) => (JsonSerializer.Deserialize<RootBody>(line, LedgerJson.Numbers), $"line {i + 1}"))];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ConfigurationException($"{path} is no file of roots: one JSON object a line, as `./run roots --out` writes it, or the answer of GET /v1/roots.", failure);
        }
    }

    /// <summary>The answer of the route, where the text is one; a line by itself is none.</summary>
    private static JsonDocument? Whole(string text)
    {
        if (!text.Contains("\"data\"", StringComparison.Ordinal)) return null;
        return JsonDocument.Parse(Encoding.UTF8.GetBytes(text));
    }
}
