using System.Globalization;
using System.Text;
using Ledger.Api.Access;

namespace Ledger.Api.Demo;

/// <summary>Reads a trace in the format of the Azure LLM inference traces: one call in a line, the earliest first.</summary>
internal static class TraceFile
{
    /// <summary>The first line.</summary>
    public const string Header = "TIMESTAMP,ContextTokens,GeneratedTokens";

    /// <summary>Most calls that are read.</summary>
    public const int CallsMax = 1_000_000;

    /// <summary>Most tokens of one call, in either direction.</summary>
    public const int TokensMax = 10_000_000;

    private static readonly string[] Times = ["yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFFFzzz"];

    /// <summary>The calls of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="calls">No more than so many are read.</param>
    /// <exception cref="ConfigurationException">It can't be read, or a row is bad; the message names its line.</exception>
    public static IReadOnlyList<TracedCall> Read(string path, int calls = CallsMax)
    {
        try
        {
            using var reader = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: false));
            return Read(reader, path, calls);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The trace can't be read: {failure.Message}", failure);
        }
    }

    /// <summary>The same from a reader; <paramref name="name"/> is what messages call it.</summary>
    /// <exception cref="ConfigurationException">A row is bad.</exception>
    public static IReadOnlyList<TracedCall> Read(TextReader reader, string name, int calls = CallsMax)
    {
        var number = 1;
        ConfigurationException Bad(string what) => new(string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}: {what}"));

        if (reader.ReadLine() is not { } header || header.Trim() != Header) throw Bad($"the first line must be {Header}");
        var found = new List<TracedCall>();
        var (first, before) = (default(DateTime), default(DateTime));
        while (found.Count < calls && reader.ReadLine() is { } line)
        {
            number++;
            // The end of the file may be an empty line.
            if (line.Length == 0 && reader.Peek() < 0) break;
            var fields = line.Split(',');
            if (fields.Length != 3) throw Bad($"{Header} are three fields, here are {fields.Length}");
            if (!DateTime.TryParseExact(fields[0], Times, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time))
                throw Bad($"TIMESTAMP must be a time such as 2023-11-16 18:15:46.6805900, not \"{fields[0]}\"");
            if (!IsCount(fields[1], 1, out var input)) throw Bad($"ContextTokens must be a whole number from 1 to {TokensMax}, not \"{fields[1]}\"");
            if (!IsCount(fields[2], 0, out var output)) throw Bad($"GeneratedTokens must be a whole number from 0 to {TokensMax}, not \"{fields[2]}\"");
            if (found.Count == 0) first = time;
            else if (time < before) throw Bad("it is earlier than the line before it");
            before = time;
            found.Add(new TracedCall(time - first, input, output));
        }

        return found.Count > 0 ? found : throw new ConfigurationException($"{name}: it has no calls.");
    }

    private static bool IsCount(string text, int min, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= min && count <= TokensMax;
}
