using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain.Payments;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>Which payment a provider's references lead to, or would open.</summary>
internal static class PaymentRefs
{
    /// <summary>The payment that the first of the references leads to that leads to any; null where none does.</summary>
    /// <param name="reader">The store.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="refs">As <see cref="Payment.RefName"/> has them, strongest first.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public static async Task<PaymentId?> LedToAsync(EventReader reader, string tenant, ImmutableArray<string> refs, CancellationToken cancellationToken)
    {
        if (refs.IsEmpty) return null;
        await using var command = reader.Source.CreateCommand(
            $"select f.data::text from unnest($2::text[]) with ordinality as q(name, i) join ledger.facts f on f.tenant_id = $1 and f.stream_id = '' and f.kind = '{PaymentModel.RefFact}' and f.key = q.name order by q.i limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(refs.ToArray());
        return await command.ExecuteScalarAsync(cancellationToken) is string fact ? PaymentModel.LedTo(fact) : null;
    }

    /// <summary>The id of a payment that was not begun here: the same for every first notification of it, whichever comes first.</summary>
    public static PaymentId IdOfReported(string tenant, string? reference) => PaymentId.Of(Hash($"reported\n{tenant}\n{reference}"));

    /// <summary>128 bits of a text.</summary>
    public static UInt128 Hash(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
