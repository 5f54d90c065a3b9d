using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Ledger.Domain;

/// <summary>What an app notes on an account or a command: text members in ordinal order. Two are equal when their members are.</summary>
#pragma warning disable CA1710 // it is called metadata in the contract; a suffix would say nothing more
public sealed class Metadata : IReadOnlyDictionary<string, string>, IEquatable<Metadata>
#pragma warning restore CA1710
{
    /// <summary>The most members; more are refused.</summary>
    public const int MembersMax = 50;

    private readonly ImmutableSortedDictionary<string, string> members;

    private Metadata(ImmutableSortedDictionary<string, string> members) => this.members = members;

    /// <summary>No members.</summary>
    public static Metadata Empty { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    /// <inheritdoc/>
    public int Count => members.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => members.Keys;

    /// <inheritdoc/>
    public IEnumerable<string> Values => members.Values;

    /// <inheritdoc/>
    public string this[string key] => members[key];

    /// <summary>These members; the last one wins where a name is there twice.</summary>
    public static Metadata Of(IEnumerable<KeyValuePair<string, string>> members)
    {
        var all = Empty.members.SetItems(members);
        return all.IsEmpty ? Empty : new(all);
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => members.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value) => members.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => members.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Metadata? other) => other is not null && members.SequenceEqual(other.members);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Metadata);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (key, value) in members)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{{{string.Join(", ", members.Select(member => $"{member.Key}: {member.Value}"))}}}";
}
