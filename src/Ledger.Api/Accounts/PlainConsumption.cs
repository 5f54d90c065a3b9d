using System.Buffers;
using System.Text;
using Ledger.Api.Http;
using Ledger.Domain;

namespace Ledger.Api.Accounts;

/// <summary>
/// Reads the plain form of the request that most are: one object of some of the members below, each at most once, texts of printable ASCII without escapes, the amount a plain number.
/// Whatever is not that, right or wrong, is left to the general reader, so no rule is told twice; a test holds one against the other.
/// </summary>
internal static class PlainConsumption
{
    private const int WholeDigitsMax = 12;

    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c).Where(c => c is not ((byte)'"' or (byte)'\\'))]);

    /// <summary>The request; null where it is for the general reader.</summary>
    public static ConsumeCreditsRequest? Read(ReadOnlySpan<byte> utf8)
    {
        var rest = Skip(utf8);
        if (!Take(ref rest, (byte)'{')) return null;
        Credits? amount = null;
        string? service = null, operation = null, reference = null, description = null, actor = null;
        do
        {
            rest = Skip(rest);
            if (!TakeText(ref rest, out var name)) return null;
            rest = Skip(rest);
            if (!Take(ref rest, (byte)':')) return null;
            rest = Skip(rest);
            if (name.SequenceEqual("amount"u8))
            {
                if (amount is not null || !TakeAmount(ref rest, out var read)) return null;
                amount = read;
            }
            else
            {
                if (!TakeText(ref rest, out var text)) return null;
                if (name.SequenceEqual("service"u8) && service is null) service = Encoding.ASCII.GetString(text);
                else if (name.SequenceEqual("operation"u8) && operation is null) operation = Encoding.ASCII.GetString(text);
                else if (name.SequenceEqual("reference"u8) && reference is null) reference = Encoding.ASCII.GetString(text);
                else if (name.SequenceEqual("description"u8) && description is null) description = Encoding.ASCII.GetString(text);
                else if (name.SequenceEqual("actor"u8) && actor is null) actor = Encoding.ASCII.GetString(text);
                else return null;
            }

            rest = Skip(rest);
        }
        while (Take(ref rest, (byte)','));
        return Take(ref rest, (byte)'}') && Skip(rest).IsEmpty
            ? new ConsumeCreditsRequest { Amount = amount, Service = service, Operation = operation, Reference = reference, Description = description, Actor = actor }
            : null;
    }

    /// <summary>Writes what its fingerprint is taken of, members in order; false where it has others than those above.</summary>
    public static bool TryWrite(ConsumeCreditsRequest request, ref PlainJson json)
    {
        if (request is not { Metadata: null, OccurredAt: null, OncePerResource: null, Resource: null, Usage: null, Amount: { } amount }) return false;
        var first = true;
        Write(ref json, "\"actor\":"u8, request.Actor, ref first);
        json.Raw(first ? "{\"amount\":"u8 : ",\"amount\":"u8);
        first = false;
        json.Amount(amount);
        Write(ref json, "\"description\":"u8, request.Description, ref first);
        Write(ref json, "\"operation\":"u8, request.Operation, ref first);
        Write(ref json, "\"reference\":"u8, request.Reference, ref first);
        Write(ref json, "\"service\":"u8, request.Service, ref first);
        json.Raw("}"u8);
        return true;
    }

    private static void Write(ref PlainJson json, ReadOnlySpan<byte> name, string? text, ref bool first)
    {
        if (text is null) return;
        json.Raw(first ? "{"u8 : ","u8);
        first = false;
        json.Raw(name);
        json.Text(text);
    }

    private static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> text) => text.TrimStart(" \t\r\n"u8);

    private static bool Take(ref ReadOnlySpan<byte> rest, byte wanted)
    {
        if (rest.IsEmpty || rest[0] != wanted) return false;
        rest = rest[1..];
        return true;
    }

    private static bool TakeText(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!Take(ref rest, (byte)'"')) return false;
        var end = rest.IndexOfAnyExcept(Plain);
        if (end < 0 || rest[end] != (byte)'"') return false;
        text = rest[..end];
        rest = rest[(end + 1)..];
        return true;
    }

    /// <summary>A whole number of few digits that does not begin with a zero.</summary>
    private static bool TakeAmount(ref ReadOnlySpan<byte> rest, out Credits amount)
    {
        var length = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        amount = default;
        if (length is < 1 or > WholeDigitsMax || rest[0] == (byte)'0' || rest[length] is (byte)'.' or (byte)'e' or (byte)'E') return false;
        long number = 0;
        foreach (var digit in rest[..length]) number = (number * 10) + (digit - '0');
        amount = new Credits(number);
        rest = rest[length..];
        return true;
    }
}
