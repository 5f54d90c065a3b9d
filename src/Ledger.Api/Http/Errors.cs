using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Api.Http;

/// <summary>
/// Collects everything that is wrong with a request, so that a client learns of all of it at once. Every check takes a member that may be absent
/// and gives its value back, cleaned; an absent one passes unless the check is called <c>Required...</c>.
/// </summary>
public sealed class Errors
{
    /// <summary>Most characters of an id that clients choose.</summary>
    public const int IdLengthMax = 128;

    /// <summary>Most members of <c>metadata</c>.</summary>
    public const int MetadataMembersMax = Domain.Metadata.MembersMax;

    /// <summary>Most characters of a name in <c>metadata</c>.</summary>
    public const int MetadataNameMax = 64;

    /// <summary>Most characters of a value in <c>metadata</c>.</summary>
    public const int MetadataValueMax = 500;

    /// <summary>No more members are listed than this; a client that has so many wrong has another problem.</summary>
    public const int MembersListedMax = 50;

    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private SortedDictionary<string, List<string>>? found;

    /// <summary>Whether anything is wrong.</summary>
    public bool Any => found is not null;

    /// <summary>The 400 that tells all of it; null where nothing is wrong.</summary>
    public Problem? Problem
    {
        get
        {
            if (found is null) return null;
            var (member, what) = (found.First().Key, found.First().Value[0]);
            var more = found.Count == 1 ? "" : $" {found.Count - 1} more: see errors.";
            return new Problem(ProblemTypes.InvalidRequest, $"{member} {what}.{more}").With("errors", found);
        }
    }

    /// <summary>Notes that something is wrong with a member.</summary>
    /// <param name="member">Its path.</param>
    /// <param name="what">The end of a sentence that begins with the member, without a full stop.</param>
    public void Add(string member, string what)
    {
        found ??= new(StringComparer.Ordinal);
        if (found.TryGetValue(member, out var list)) list.Add(what);
        else if (found.Count < MembersListedMax) found.Add(member, [what]);
    }

    /// <summary>The value of a member that must be there; its default where it is missing.</summary>
    public T Required<T>(T? value, string member) where T : struct
    {
        if (value is null) Add(member, "is required");
        return value.GetValueOrDefault();
    }

    /// <summary>A member that must be there, as an object.</summary>
    public bool RequiredObject([NotNullWhen(true)] object? value, string member)
    {
        if (value is not null) return true;
        Add(member, "is required");
        return false;
    }

    /// <summary>A free text of at most so many characters (code points count, not code units).</summary>
    public string? Text(string? value, string member, int max)
    {
        if (value is not null && value.Length > max && Characters(value) > max) Add(member, $"must have at most {max} characters");
        return value;
    }

    /// <summary>A free text that must be there and not be blank.</summary>
    public string RequiredText(string? value, string member, int max)
    {
        if (value is null) Add(member, "is required");
        else if (string.IsNullOrWhiteSpace(value)) Add(member, "must not be blank");
        else Text(value, member, max);
        return value ?? "";
    }

    /// <summary>An id that clients choose: <c>[A-Za-z0-9._:-]{1,128}</c>. (An account's id has a rule more: <see cref="AccountId"/>.)</summary>
    public string? Id(string? value, string member)
    {
        if (value is not null && !IsId(value)) Add(member, $"must have 1 to {IdLengthMax} of the characters A-Z a-z 0-9 . _ : -");
        return value;
    }

    /// <summary>An id that must be there.</summary>
    public string RequiredId(string? value, string member)
    {
        if (value is null) Add(member, "is required");
        return Id(value, member) ?? "";
    }

    /// <summary>Whether a text is an id that a client may choose.</summary>
    public static bool IsId(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= IdLengthMax && !value.ContainsAnyExcept(IdCharacters);

    /// <summary>A number between two bounds, both allowed.</summary>
    public T? Range<T>(T? value, string member, T min, T max) where T : struct, IComparable<T>
    {
        if (value is { } v && (v.CompareTo(min) < 0 || v.CompareTo(max) > 0)) Add(member, string.Create(CultureInfo.InvariantCulture, $"must be between {min} and {max}"));
        return value;
    }

    /// <summary>One of a few words.</summary>
    public string? OneOf(string? value, string member, params ReadOnlySpan<string> allowed)
    {
        if (value is not null && !allowed.Contains(value)) Add(member, "must be one of " + string.Join(", ", allowed!));
        return value;
    }

    /// <summary>A time that has not passed.</summary>
    /// <param name="value">The time, in UTC.</param>
    /// <param name="member">Its path.</param>
    /// <param name="now">The time that it is compared with.</param>
    public DateTimeOffset? Future(DateTimeOffset? value, string member, DateTimeOffset now)
    {
        if (value <= now) Add(member, "must be in the future");
        return value;
    }

    /// <summary><c>metadata</c>: at most 50 members with text values; members that are null are left out.</summary>
    public Domain.Metadata? Metadata(IReadOnlyDictionary<string, string?>? value, string member = "metadata")
    {
        if (value is null) return null;
        if (value.Count == 0) return Domain.Metadata.Empty;
        var kept = new List<KeyValuePair<string, string>>(value.Count);
        foreach (var (name, text) in value)
        {
            if (text is null) continue;
            kept.Add(new(name, text));
            if (name.Length == 0 || Characters(name) > MetadataNameMax || JsonText.HasForbidden(name))
            {
                Add(member, $"has a name that is empty, longer than {MetadataNameMax} characters or holds a control character");
                continue;
            }

            Text(text, $"{member}.{name}", MetadataValueMax);
        }

        if (kept.Count > MetadataMembersMax) Add(member, $"must have at most {MetadataMembersMax} members");
        return Domain.Metadata.Of(kept);
    }

    /// <summary>An account's id that must be there.</summary>
    public AccountId RequiredAccount(string? value, string member)
    {
        if (AccountId.TryParse(value, out var id)) return id;
        Add(member, value is null ? "is required" : $"must have 1 to {AccountId.LengthMax} of the characters A-Z a-z 0-9 . _ : - and at least one letter or digit");
        return id;
    }

    /// <summary>An amount of credits that must be there and be more than nothing.</summary>
    public Credits RequiredAmount(Credits? value, string member)
    {
        Amount(value, member);
        return Required(value, member);
    }

    /// <summary>An amount of credits that is more than nothing, where it is given.</summary>
    public Credits? Amount(Credits? value, string member)
    {
        if (value is { IsPositive: false }) Add(member, "must be more than 0");
        return value;
    }

    /// <summary>An amount of credits that must be there, with either sign, and not be nothing.</summary>
    public Credits RequiredSignedAmount(Credits? value, string member)
    {
        if (value is { IsZero: true }) Add(member, "must not be 0");
        return Required(value, member);
    }

    /// <summary>Money that is not negative, where it is given: minor units and an active currency of ISO 4217.</summary>
    public Money? Money(MoneyBody? value, string member)
    {
        if (value is null) return null;
        var amount = Range(value.Amount, member + ".amount", 0, MoneyBody.AmountMax);
        if (amount is null) Add(member + ".amount", "is required");
        if (value.Currency is null) Add(member + ".currency", "is required");
        else if (!Currencies.IsKnown(value.Currency)) Add(member + ".currency", "must be the code of a currency in lower case, such as usd");
        return new Money(amount.GetValueOrDefault(), value.Currency ?? "");
    }

    /// <summary>Money that must be there.</summary>
    public Money RequiredMoney(MoneyBody? value, string member)
    {
        RequiredObject(value, member);
        return Money(value, member) ?? default;
    }

    /// <summary>A free JSON object in its canonical spelling (see <see cref="FreeJson"/>).</summary>
    public string? FreeObject(JsonElement? value, string member)
    {
        if (value is not { } element || element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        if (FreeJson.TryCanonical(element, out var text, out var what)) return text;
        Add(member, what);
        return null;
    }

    /// <summary>How many characters a person would be told that a text has.</summary>
    internal static int Characters(string text)
    {
        var count = text.Length;
        foreach (var c in text) if (char.IsLowSurrogate(c)) count--;
        return count;
    }
}
