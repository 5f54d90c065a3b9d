using System.Text;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>One line of a batch, read: what is to be sent, or what is wrong with it.</summary>
internal readonly record struct BatchLine(CommandEnvelope? Envelope, AnswerShape Shape, Problem? Problem)
{
    private static readonly Dictionary<string, CommandEndpoint> Commands = CommandEndpoint.All.Where(e => e.Route.InBatch).ToDictionary(e => e.Route.Name, StringComparer.Ordinal);

    private const int OnStackMax = 1_022;

    private static readonly string CommandRule = "must be one of " + string.Join(", ", Commands.Keys);

    /// <summary>
    /// Reads a line. Its own members (key, accountId, command, holdId or txnId, openAccount) are taken out; what is left is the body of the single
    /// route, read by the same code, so both mean the same and have the same fingerprint.
    /// </summary>
    public static BatchLine Read(ReadOnlySpan<byte> line, Caller caller, EventMeta meta)
    {
        if (line.Length > RequestReader.BodyBytesMax) return Bad(new Problem(ProblemTypes.TooLarge, $"A line has more than {RequestReader.BodyBytesMax} bytes."));
        // The body is the line without its own members, so never longer.
        Span<byte> rest = line.Length <= OnStackMax ? stackalloc byte[OnStackMax + 2] : new byte[line.Length + 2];
        var members = Split(line, rest, out var length, out var problem);
        var endpoint = Commands.GetValueOrDefault(members.Command ?? "");
        // As for a single request: who may not ask is told nothing of how to ask.
        if (endpoint is not null && !caller.Has(endpoint.Route.Roles))
            return Bad(new Problem(ProblemTypes.Forbidden, $"The command {endpoint.Route.Name} needs one of the roles: {string.Join(", ", RoleSets.ToWords(endpoint.Route.Roles))}."));
        if (problem is not null) return Bad(problem);

        var errors = new Errors();
        var key = members.Key;
        if (key is null) return Bad(new Problem(ProblemTypes.IdempotencyKeyMissing, "Every line has a key of its own: 1 to 255 printable ASCII characters, the same with every attempt."));
        if (!IdempotencyKey.IsKey(key)) errors.Add("key", IdempotencyKey.Rule);
        errors.RequiredAccount(members.AccountId, "accountId");
        if (endpoint is null) errors.Add("command", members.Command is null ? "is required" : CommandRule);
        CheckItem(errors, endpoint, members);
        if (errors.Problem is { } wrong) return Bad(wrong);

        var parsed = endpoint!.Parse(rest[..length], members.AccountId!, members.HoldId ?? members.TxnId);
        if (parsed.Problem is { } notRead) return Bad(notRead);
        var opening = members.OpenAccount?.ToCommand(parsed.Value.Command.Account, caller, errors, "openAccount.");
        if (errors.Problem is { } notOpened) return Bad(notOpened);
        return new BatchLine(new CommandEnvelope(caller.Tenant, key, parsed.Value.Fingerprint, parsed.Value.Command, meta with { Causation = key }, default, opening), endpoint.Route.Shape, null);
    }

    private static void CheckItem(Errors errors, CommandEndpoint? endpoint, Members members)
    {
        var wanted = endpoint is not { HasItem: true } ? null : endpoint.Route.Path.StartsWith("holds/", StringComparison.Ordinal) ? "holdId" : "txnId";
        Check("holdId", members.HoldId);
        Check("txnId", members.TxnId);

        void Check(string name, string? value)
        {
            if (name == wanted && value is null) errors.Add(name, "is required");
            if (name != wanted && value is not null && endpoint is not null) errors.Add(name, $"does not go with {endpoint.Route.Name}");
        }
    }

    private static BatchLine Bad(Problem problem) => new(null, default, problem);

    private static Members Split(ReadOnlySpan<byte> line, Span<byte> rest, out int length, out Problem? problem)
    {
        var members = default(Members);
        problem = null;
        rest[0] = (byte)'{';
        length = 1;
        var own = -1;
        try
        {
            var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = LedgerJson.DepthMax });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                problem = Problem.Invalid(RequestReader.Body, "must be a JSON object");
                return members;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                own = -1;
                var start = (int)reader.TokenStartIndex;
                own = Members.Find(ref reader);
                reader.Read();
                if (own >= 0)
                {
                    members.Take(own, ref reader, line, out var wrong);
                    problem ??= wrong;
                    continue;
                }

                reader.Skip();
                if (length > 1) rest[length++] = (byte)',';
                var member = line[start..(int)reader.BytesConsumed];
                member.CopyTo(rest[length..]);
                length += member.Length;
            }

            own = -1;
            if (reader.Read()) throw new JsonException("There is more after the object.");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            problem = Problem.Invalid(own < 0 ? RequestReader.Body : Members.Own[own], "is not valid JSON");
            return members;
        }

        rest[length++] = (byte)'}';
        return members;
    }

    /// <summary>The members of a line that are not the command's own.</summary>
    private struct Members
    {
        public static readonly string[] Own = ["key", "accountId", "command", "holdId", "txnId", "openAccount"];

        private static readonly byte[][] OwnBytes = Array.ConvertAll(Own, Encoding.UTF8.GetBytes);

        private int seen;

        public string? Key { get; private set; }

        public string? AccountId { get; private set; }

        public string? Command { get; private set; }

        public string? HoldId { get; private set; }

        public string? TxnId { get; private set; }

        public OpenAccountRequest? OpenAccount { get; private set; }

        /// <summary>Which of them the reader stands on; -1 where it is one of the command's.</summary>
        public static int Find(ref Utf8JsonReader reader)
        {
            for (var i = 0; i < OwnBytes.Length; i++)
            {
                if (reader.ValueTextEquals(OwnBytes[i])) return i;
            }

            return -1;
        }

        /// <summary>Takes the value that the reader stands on, and leaves the reader at its end.</summary>
        public void Take(int own, ref Utf8JsonReader reader, ReadOnlySpan<byte> line, out Problem? problem)
        {
            problem = null;
            var (type, start) = (reader.TokenType, (int)reader.TokenStartIndex);
            reader.Skip();
            var isSecond = (seen & (1 << own)) != 0;
            seen |= 1 << own;
            if (isSecond) problem = Problem.Invalid(Own[own], "is there twice");
            else if (type == JsonTokenType.Null) return;
            else if (own == Own.Length - 1) TakeOpening(line[start..(int)reader.BytesConsumed], out problem);
            else if (type != JsonTokenType.String) problem = Problem.Invalid(Own[own], "must be a string");
            else Set(own, reader.GetString()!);
        }

        private void Set(int own, string text)
        {
            switch (own)
            {
                case 0: Key = text; break;
                case 1: AccountId = text; break;
                case 2: Command = text; break;
                case 3: HoldId = text; break;
                default: TxnId = text; break;
            }
        }

        private void TakeOpening(ReadOnlySpan<byte> json, out Problem? problem)
        {
            problem = null;
            var read = RequestReader.Parse<OpenAccountRequest>(json);
            OpenAccount = read.Value;
            if (read.Problem?.Members.FirstOrDefault(m => m.Key == "errors").Value is not IEnumerable<KeyValuePair<string, List<string>>> wrong) return;
            var errors = new Errors();
            foreach (var (member, what) in wrong) what.ForEach(one => errors.Add(member == RequestReader.Body ? "openAccount" : $"openAccount.{member}", one));
            problem = errors.Problem;
        }
    }
}
