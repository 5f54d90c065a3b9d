using System.Buffers;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Commands;

/// <summary>Writes the event that most are, in its plain form, by hand: the bytes that the serializer would write, on which hashes rest for ever. A test holds one against the other.</summary>
internal static class PlainEvents
{
    /// <summary>Writes an event; false, and nothing is written, where it is for the serializer.</summary>
    public static bool TryWrite(object happened, IBufferWriter<byte> into)
    {
        if (happened is not CreditsConsumed { Note: null or { Metadata: null, OccurredAt: null }, Spending: null or { Resource: null, Usage: null } } e) return false;
        var json = PlainJson.Begin();
        json.Raw("{\"after\":"u8);
        json.Amount(e.After);
        json.Raw(",\"allocations\":["u8);
        for (var i = 0; i < e.Allocations.Count; i++)
        {
            json.Raw(i == 0 ? "{\"amount\":"u8 : ",{\"amount\":"u8);
            json.Amount(e.Allocations[i].Amount);
            if (e.Allocations[i].Lot is { } lot)
            {
                json.Raw(",\"lot\":"u8);
                json.Text(lot.Value);
            }

            json.Raw("}"u8);
        }

        json.Raw("],\"amount\":"u8);
        json.Amount(e.Amount);
        json.Raw(",\"available\":"u8);
        json.Amount(e.Available);
        json.Raw(",\"before\":"u8);
        json.Amount(e.Before);
        json.Raw(",\"id\":"u8);
        json.Text(e.Id.Value);
        if (e.Note is { } note)
        {
            json.Raw(",\"note\":{"u8);
            var first = true;
            Write(ref json, "\"actor\":"u8, note.Actor, ref first);
            Write(ref json, "\"description\":"u8, note.Description, ref first);
            Write(ref json, "\"reference\":"u8, note.Reference, ref first);
            json.Raw("}"u8);
        }

        if (e.Spending is { } spending)
        {
            json.Raw(spending.OncePerResource ? ",\"spending\":{\"oncePerResource\":true"u8 : ",\"spending\":{\"oncePerResource\":false"u8);
            var first = false;
            Write(ref json, "\"operation\":"u8, spending.Operation, ref first);
            Write(ref json, "\"service\":"u8, spending.Service, ref first);
            json.Raw("}"u8);
        }

        json.Raw("}"u8);
        into.Write(json.Written);
        json.End();
        return true;
    }

    private static void Write(ref PlainJson json, ReadOnlySpan<byte> name, string? text, ref bool first)
    {
        if (text is null) return;
        if (!first) json.Raw(","u8);
        first = false;
        json.Raw(name);
        json.Text(text);
    }
}
