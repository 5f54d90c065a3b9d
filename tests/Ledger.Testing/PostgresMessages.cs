using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Ledger.Testing;

/// <summary>One message of PostgreSQL's protocol, version 3: its type (0 for the first ones of a session, which have none) and all its bytes.</summary>
internal readonly record struct PostgresMessage(byte Type, byte[] Bytes)
{
    private const int LengthMax = 1 << 30;

    public ReadOnlySpan<byte> Body => Bytes.AsSpan(Type == 0 ? 4 : 5);

    /// <summary>Null at the end of the stream.</summary>
    public static async Task<PostgresMessage?> ReadAsync(Stream stream, bool typed, CancellationToken cancel)
    {
        var head = new byte[typed ? 5 : 4];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel) < head.Length) return null;
        // The length counts itself and what follows, not the type.
        var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(typed ? 1 : 0));
        if (length is < 4 or > LengthMax) throw new InvalidDataException($"A message of {length} bytes is none of PostgreSQL's.");
        var all = new byte[head.Length + length - 4];
        head.CopyTo(all, 0);
        if (await stream.ReadAtLeastAsync(all.AsMemory(head.Length), all.Length - head.Length, throwOnEndOfStream: false, cancel) < all.Length - head.Length) return null;
        return new PostgresMessage(typed ? head[0] : (byte)0, all);
    }
}

/// <summary>Follows what a client sends in one session and knows when it asks for a commit: as text, or as a statement that was parsed, bound and executed.</summary>
internal sealed partial class CommitWatch
{
    private readonly HashSet<string> _statements = new(StringComparer.Ordinal);
    private readonly HashSet<string> _portals = new(StringComparer.Ordinal);

    /// <summary>True for the message that makes the server commit.</summary>
    public bool IsCommit(PostgresMessage message)
    {
        var body = message.Body;
        switch ((char)message.Type)
        {
            case 'Q':
                return HasCommit(Text(ref body));
            case 'P':
                Note(_statements, Text(ref body), HasCommit(Text(ref body)));
                return false;
            case 'B':
                Note(_portals, Text(ref body), _statements.Contains(Text(ref body)));
                return false;
            case 'E':
                return _portals.Contains(Text(ref body));
            case 'C':
                var kind = body[0];
                body = body[1..];
                Note(kind == 'S' ? _statements : _portals, Text(ref body), false);
                return false;
            default:
                return false;
        }
    }

    /// <summary>True where one of the statements in the text is COMMIT (not one inside a comment, a literal or a function's body).</summary>
    public static bool HasCommit(string sql) => Aside().Replace(sql, " ").Split(';').Any(statement => Commit().IsMatch(statement));

    private static void Note(HashSet<string> names, string name, bool isCommit)
    {
        if (isCommit) names.Add(name);
        else names.Remove(name);
    }

    private static string Text(ref ReadOnlySpan<byte> body)
    {
        var end = body.IndexOf((byte)0);
        var text = Encoding.UTF8.GetString(body[..end]);
        body = body[(end + 1)..];
        return text;
    }

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", RegexOptions.Singleline)]
    private static partial Regex Aside();

    [GeneratedRegex(@"^\s*(commit|end)(\s+(work|transaction))?(\s+and\s+(no\s+)?chain)?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Commit();
}
