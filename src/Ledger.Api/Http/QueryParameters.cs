using System.Globalization;
using System.Text;

namespace Ledger.Api.Http;

/// <summary>
/// Reads the parameters of a query. What is asked for is thereby known; <see cref="Problem"/>, asked last, refuses what is unknown, repeated
/// or wrong, all of it at once.
/// </summary>
public sealed class QueryParameters
{
    /// <summary>Most characters of a parameter's value; the cursor alone may have more.</summary>
    public const int ValueMax = 500;

    private readonly IQueryCollection parameters;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly Errors errors = new();

    private QueryParameters(IQueryCollection parameters) => this.parameters = parameters;

    /// <summary>The parameters of a request.</summary>
    public static QueryParameters Of(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return new QueryParameters(http.Request.Query);
    }

    /// <summary>The 400 of a route that takes no parameters; null where it was given none, which costs nothing.</summary>
    internal static Problem? RefuseAny(HttpContext http) => http.Request.QueryString.HasValue ? Of(http).Problem() : null;

    /// <summary>Notes that something is wrong with a parameter.</summary>
    public void Add(string name, string what) => errors.Add(name, what);

    /// <summary>The 400 that tells all that is wrong; null where nothing is. Ask last: every parameter that was not asked for by then is unknown.</summary>
    public Problem? Problem()
    {
        // The collection does not tell upper case from lower; the contract does.
        foreach (var (name, _) in parameters)
        {
            if (!known.Contains(name)) errors.Add(Printable(name), "is not a parameter of this query");
        }

        return errors.Problem;
    }

    /// <summary>A text; null where it is absent.</summary>
    public string? Text(string name, int max = ValueMax)
    {
        known.Add(name);
        if (!parameters.TryGetValue(name, out var values) || values.Count == 0) return null;
        if (values.Count > 1) errors.Add(name, "is given more than once");
        else if (string.IsNullOrEmpty(values[0])) errors.Add(name, "must not be empty");
        else if (values[0]!.Length > max) errors.Add(name, $"must have at most {max} characters");
        else if (JsonText.HasForbidden(values[0])) errors.Add(name, JsonText.Rule);
        else if (values[0]!.Contains('\uFFFD', StringComparison.Ordinal)) errors.Add(name, "must be UTF-8"); // what the server makes of bytes that are not
        else return values[0];
        return null;
    }

    /// <summary>A time with its offset.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text) return null;
        if (Times.TryParse(text, out var time)) return time;
        errors.Add(name, text.Contains(' ', StringComparison.Ordinal) ? Times.Rule + " (write + as %2B)" : Times.Rule);
        return null;
    }

    /// <summary>A whole number between two bounds, both allowed.</summary>
    public long? Number(string name, long min, long max)
    {
        if (Text(name) is not { } text) return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
        errors.Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number between {min} and {max}"));
        return null;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool? Flag(string name)
    {
        switch (Text(name))
        {
            case null: return null;
            case "true": return true;
            case "false": return false;
            default:
                errors.Add(name, "must be true or false");
                return null;
        }
    }

    /// <summary>One word of an enum.</summary>
    public T? Word<T>(string name) where T : struct, Enum
    {
        if (Text(name) is not { } text) return null;
        if (Words.TryParse<T>(text, out var value)) return value;
        errors.Add(name, Words.Rule<T>());
        return null;
    }

    /// <summary>Some of a few words, separated by commas, none twice.</summary>
    public IReadOnlyList<string>? WordList(string name, params string[] allowed)
    {
        if (Text(name) is not { } text) return null;
        var words = text.Split(',');
        if (words.All(allowed.Contains) && words.Distinct(StringComparer.Ordinal).Count() == words.Length) return words;
        errors.Add(name, "must be some of " + string.Join(", ", allowed) + ", separated by commas, none twice");
        return null;
    }

    /// <summary>What a cursor belongs to: whose list, which list, and every parameter but those that page through it.</summary>
    internal string Identity(string tenant, string route)
    {
        var text = new StringBuilder(tenant).Append('\n').Append(route);
        foreach (var (name, values) in parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (name is ListRequest.LimitName or ListRequest.CursorName or ListRequest.MinVersionName) continue;
            text.Append('\n').Append(name).Append('=').Append(values.ToString());
        }

        return text.ToString();
    }

    private static string Printable(string name)
    {
        const int shown = 100;
        var text = name.Length > shown ? name[..shown] : name;
        return JsonText.HasForbidden(text) ? "a parameter with a control character" : text.Length == 0 ? "a parameter without a name" : text;
    }
}
