using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>An event of a proof: all that its hash is made of, and its path to the root of its day.</summary>
public sealed record ProofEventBody
{
    /// <summary>Its version in the account's stream.</summary>
    public required long Version { get; init; }

    /// <summary>Its position among all events of the ledger.</summary>
    public required long Position { get; init; }

    /// <summary>Its stored type.</summary>
    public required string Type { get; init; }

    /// <summary>When it was recorded.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>What it belongs to across systems.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The idempotency key of its command.</summary>
    public string? CausationId { get; init; }

    /// <summary>Who posted its command.</summary>
    public string? PostedBy { get; init; }

    /// <summary>Its data in canonical JSON, as text.</summary>
    public required string Data { get; init; }

    /// <summary>Its hash in hex: over the hash of the version before it and all of the above but the position.</summary>
    public required string Hash { get; init; }

    /// <summary>Its place among the events of its day; absent while its day has no root.</summary>
    public long? Index { get; init; }

    /// <summary>The Merkle path to the tree of its day, in hex, from the bottom up; absent while its day has no root.</summary>
    public IReadOnlyList<string>? Path { get; init; }

    internal static ProofEventBody Of(ProvedEvent proved, PositionProof? proof) => new()
    {
        Version = proved.Version,
        Position = proved.SeqId,
        Type = proved.Type,
        RecordedAt = proved.RecordedAt,
        CorrelationId = proved.Meta.Correlation,
        CausationId = proved.Meta.Causation,
        PostedBy = proved.Meta.Actor,
        Data = proved.Data,
        Hash = Convert.ToHexStringLower(proved.Hash),
        Index = proof?.Index,
        Path = proof is null ? null : [.. proof.Path.Select(hash => Convert.ToHexStringLower(hash))],
    };

    internal ProvedEvent Proved(byte[] hash) => new(Position, Version, Type, RecordedAt, new EventMeta(CorrelationId, CausationId, PostedBy), Data, hash);
}

/// <summary>What a statement needs to be verified without the ledger.</summary>
public sealed record ProofBody
{
    /// <summary>The number of this form: 1.</summary>
    public required int Format { get; init; }

    /// <summary>The account's tenant, which is part of each hash.</summary>
    public required string TenantId { get; init; }

    /// <summary>The hash of the version before the first event here, in hex; zeros before version 1.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>
    /// All events of the account in the period, with no version missing, whether they are lines or not; the one before the period, where there is one (without lines: back to the last that moved
    /// the balance); and the one after it, where there is one.
    /// </summary>
    public required IReadOnlyList<ProofEventBody> Events { get; init; }

    /// <summary>The roots of all days from the first event's to the last one that is sealed, so that any later root proves this statement too.</summary>
    public required IReadOnlyList<RootBody> Days { get; init; }
}

/// <summary>A statement with its proof.</summary>
internal sealed record ProvedStatementBody
{
    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>Where the period begins.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Where the period ends.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>The balance when the period began.</summary>
    public required Credits OpeningBalance { get; init; }

    /// <summary>The transactions, the oldest first, each with the hash of its event.</summary>
    public required IReadOnlyList<TransactionBody> Lines { get; init; }

    /// <summary>The balance when the period ended.</summary>
    public required Credits ClosingBalance { get; init; }

    /// <summary>What verifies it.</summary>
    public required ProofBody Proof { get; init; }

    /// <summary>SHA-256 in hex over all bytes before this member and its comma.</summary>
    public string? Digest { get; init; }

    /// <summary>The one spelling of the file: what is read must be this, byte for byte.</summary>
    internal byte[] ToFile()
    {
        // Amounts are numbers here whatever the client prefers: the bytes are what is verified.
        var whole = JsonSerializer.SerializeToUtf8Bytes(this with { Digest = null }, LedgerJson.Numbers).AsSpan(..^1);
        var file = new ArrayBufferWriter<byte>(whole.Length + 100);
        file.Write(whole);
        file.Write(",\"digest\":\""u8);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(whole))));
        file.Write("\"}"u8);
        return file.WrittenSpan.ToArray();
    }
}

/// <summary>A file of a statement with its proof as it is read: nothing in it is believed, and no member may be there that is not known.</summary>
internal sealed record ProvedStatementFile
{
    private static readonly JsonSerializerOptions Strict = new(LedgerJson.Numbers) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false };

    public required string AccountId { get; init; }

    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    public required Credits OpeningBalance { get; init; }

    public required IReadOnlyList<JsonElement> Lines { get; init; }

    public required Credits ClosingBalance { get; init; }

    public required ProofBody Proof { get; init; }

    public required string Digest { get; init; }

    public static ProvedStatementFile Read(ReadOnlySpan<byte> json)
    {
        var read = JsonSerializer.Deserialize<ProvedStatementFile>(json, Strict);
        if (read?.AccountId is null || read.Lines is null || read.Proof?.TenantId is null || read.Proof.Events is null || read.Proof.Days is null
            || read.Proof.Events.Any(e => e?.Data is null || e.Type is null) || read.Proof.Days.Any(day => day is null)) throw new JsonException("a member is null");
        return read;
    }

    /// <summary>The same statement with lines that were made again.</summary>
    public ProvedStatementBody With(IReadOnlyList<TransactionBody> lines) => new()
    {
        AccountId = AccountId,
        From = From,
        To = To,
        OpeningBalance = OpeningBalance,
        Lines = lines,
        ClosingBalance = ClosingBalance,
        Proof = Proof,
    };
}
