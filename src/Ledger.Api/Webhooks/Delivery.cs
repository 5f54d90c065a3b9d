namespace Ledger.Api.Webhooks;

/// <summary>What became of a delivery.</summary>
public enum DeliveryStatus
{
    /// <summary>Stored and not applied yet.</summary>
    Received,

    /// <summary>All that it tells is in the ledger, or was already.</summary>
    Applied,

    /// <summary>It tells nothing that the ledger acts on.</summary>
    Ignored,

    /// <summary>It can't be applied yet: what it is about is not known, or its provider can't be asked. It is tried again.</summary>
    Waiting,

    /// <summary>It was given up, with its reason; a replay tries it again.</summary>
    Failed,
}

/// <summary>A notification as it is stored.</summary>
/// <param name="Tenant">The tenant, as clients name it.</param>
/// <param name="Id">Our id, <c>whd_...</c>.</param>
/// <param name="Provider">The provider's name in the HTTP contract.</param>
/// <param name="EventId">What names it at the provider.</param>
/// <param name="Type">The provider's word for what it is.</param>
/// <param name="ObjectId">What it is about; null where the provider has no id for that.</param>
/// <param name="Version">The shape that it has.</param>
/// <param name="Live">Whether it is about real money; null where the provider does not say.</param>
/// <param name="Status">What it was when it was taken.</param>
/// <param name="Round">1, and one more for each replay.</param>
/// <param name="Attempts">How often it was taken in all: the number under which it is marked.</param>
/// <param name="Tries">How often it was tried in this round.</param>
/// <param name="Faults">How often the program failed over it in this round.</param>
/// <param name="ReceivedAt">When it came first.</param>
/// <param name="BegunAt">When this round began.</param>
/// <param name="Body">As it came, byte for byte; null where it was erased.</param>
internal sealed record Delivery(
    string Tenant, string Id, string Provider, string EventId, string Type, string? ObjectId, string? Version, bool? Live, DeliveryStatus Status,
    int Round, int Attempts, int Tries, int Faults, DateTimeOffset ReceivedAt, DateTimeOffset BegunAt, byte[]? Body);

/// <summary>A delivery as it is shown.</summary>
internal sealed record DeliveryRow(
    string Id, string Provider, string EventId, string Type, string? ObjectId, string? Version, bool? Live, DeliveryStatus Status, string? Reason, string? PaymentId, string? Facts,
    byte[] Sha256, int Repeats, int Round, int Attempts, DateTimeOffset ReceivedAt, DateTimeOffset? AttemptedAt, DateTimeOffset? NextAttemptAt, DateTimeOffset? SettledAt, DateTimeOffset? BodyErasedAt);

/// <summary>Which deliveries are meant. Nulls mean all.</summary>
/// <param name="Status">Only these.</param>
/// <param name="Provider">Only this provider's.</param>
/// <param name="Type">Only this type.</param>
/// <param name="From">Received at this time or later.</param>
/// <param name="To">Received before this time.</param>
internal sealed record DeliveryFilter(DeliveryStatus? Status = null, string? Provider = null, string? Type = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>What is made of a delivery.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Reason">Why it waits, was ignored or has failed.</param>
internal sealed record Judgement(DeliveryStatus Status, string? Reason = null)
{
    /// <summary>The payment that it is about, where it is known.</summary>
    public string? PaymentId { get; init; }

    /// <summary>What was read from it, as JSON text.</summary>
    public string? Facts { get; init; }

    /// <summary>The provider's references in it.</summary>
    public IReadOnlyList<string> Refs { get; init; } = [];

    /// <summary>What was changed, or would be; empty where nothing is.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>Whether it waits for a payment that nothing in it leads to.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>Whether its provider was asked and did not say the same.</summary>
    public bool Unconfirmed { get; init; }

    /// <summary>How long to wait before it is tried again; null where it is settled, or where the usual wait is meant.</summary>
    public TimeSpan? RetryIn { get; init; }

    /// <summary>How often the program failed over it in this round.</summary>
    public int Faults { get; init; }
}
