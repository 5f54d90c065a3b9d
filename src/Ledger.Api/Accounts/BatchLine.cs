using System.Buffers;
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

    private static readonly string CommandRule = "must be one of " + string.Join(", ", Commands.Keys);

    /// <summary>
    /// Reads a line. Its own members (key, accountId, command, holdId or txnId, openAccount) are taken out; what is left is the body of the single
    /// route, read by the same code, so both mean the same and have the same fingerprint.
    /// </summary>
    public static BatchLine Read(ReadOnlySpan<byte> line, Caller caller, EventMeta meta)
    {
        if (line.Length > RequestReader.BodyBytesMax) return Bad(new Problem(ProblemTypes.TooLarge, $"A line has more than {RequestReader.BodyBytesMax} bytes."));
        var members = Split(line, out var body, out var problem);
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

        var parsed = endpoint!.Parse(body, members.AccountId!, members.HoldId ?? members.TxnId);
        if (parsed.Problem is { } notRead) return Bad(notRead);
        var opening = members.OpenAccount?.ToCommand(parsed.Value.Command.Account, caller, errors, "openAccount.");
        if (errors.Problem is { } notOpened) return Bad(notOpened);
        return new BatchLine(new CommandEnvelope(caller.Tenant, key, parsed.Value.Fingerprint, parsed.Value.Command, meta with { Causation = key }, default, opening), endpoint.Route.Shape, null);
    }

    private static void CheckItem(Errors errors, CommandEndpoint? endpoint, Members members)
    {
        var wanted = endpoint is not { HasItem: true } ? null : endpoint.Route.Path.StartsWith("holds/", StringComparison.Ordinal) ? "holdId" : "txnId";
        foreach (var (name, value) in new[] { ("holdId", members.HoldId), ("txnId", members.TxnId) })
        {
            if (name == wanted && value is null) errors.Add(name, "is required");
            if (name != wanted && value is not null && endpoint is not null) errors.Add(name, $"does not go with {endpoint.Route.Name}");
        }
    }

    private static BatchLine Bad(Problem problem) => new(null, default, problem);

    private static Members Split(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> body, out Problem? problem)
    {
        var members = new Members();
        body = default;
        problem = null;
        var rest = new ArrayBufferWriter<byte>(line.Length + 2);
        rest.Write("{"u8);
        string? member = null;
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
                var nameStart = (int)reader.TokenStartIndex;
                member = null;
                foreach (var own in Members.Own)
                {
                    if (reader.ValueTextEquals(own)) member = own;
                }

                reader.Read();
                var valueStart = (int)reader.TokenStartIndex;
                reader.Skip();
                var end = (int)reader.BytesConsumed;
                if (member is null)
                {
                    if (rest.WrittenCount > 1) rest.Write(","u8);
                    rest.Write(line[nameStart..end]);
                }
                else
                {
                    members.Take(member, line[valueStart..end], out var wrong);
                    problem ??= wrong;
                }
            }

            member = null;
            if (reader.Read()) throw new JsonException("There is more after the object.");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            problem = Problem.Invalid(member ?? RequestReader.Body, "is not valid JSON");
            return members;
        }

        rest.Write("}"u8);
        body = rest.WrittenSpan;
        return members;
    }

    /// <summary>The members of a line that are not the command's own.</summary>
    private sealed class Members
    {
        public static readonly string[] Own = ["key", "accountId", "command", "holdId", "txnId", "openAccount"];

        private readonly HashSet<string> seen = new(StringComparer.Ordinal);

        public string? Key { get; private set; }

        public string? AccountId { get; private set; }

        public string? Command { get; private set; }

        public string? HoldId { get; private set; }

        public string? TxnId { get; private set; }

        public OpenAccountRequest? OpenAccount { get; private set; }

        public void Take(string name, ReadOnlySpan<byte> json, out Problem? problem)
        {
            problem = null;
            if (!seen.Add(name)) problem = Problem.Invalid(name, "is there twice");
            else if (json.SequenceEqual("null"u8)) return;
            else if (name == "openAccount")
            {
                var read = RequestReader.Parse<OpenAccountRequest>(json);
                OpenAccount = read.Value;
                if (read.Problem?.Members.FirstOrDefault(m => m.Key == "errors").Value is IEnumerable<KeyValuePair<string, List<string>>> wrong)
                {
                    var errors = new Errors();
                    foreach (var (member, what) in wrong) what.ForEach(one => errors.Add(member == RequestReader.Body ? name : $"{name}.{member}", one));
                    problem = errors.Problem;
                }
            }
            else if (json[0] != '"') problem = Problem.Invalid(name, "must be a string");
            else
            {
                var text = JsonSerializer.Deserialize<string>(json)!;
                switch (name)
                {
                    case "key": Key = text; break;
                    case "accountId": AccountId = text; break;
                    case "command": Command = text; break;
                    case "holdId": HoldId = text; break;
                    default: TxnId = text; break;
                }
            }
        }
    }
}
