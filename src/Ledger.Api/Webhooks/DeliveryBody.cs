using System.Text.Json;
using Ledger.Api.Http;

namespace Ledger.Api.Webhooks;

/// <summary>The body of <c>POST /v1/webhook-deliveries/{id}/replay</c> and of the replay of a period: nothing.</summary>
public sealed record ReplayRequest;

/// <summary>A notification of a payment provider as answered.</summary>
/// <param name="Id">Our id of it.</param>
/// <param name="Provider">The provider.</param>
/// <param name="EventId">What names it at the provider.</param>
/// <param name="Type">The provider's word for what it is.</param>
/// <param name="ObjectId">What it is about, at the provider.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Reason">Why it waits, was ignored or has failed.</param>
/// <param name="PaymentId">The payment that it is about, where that is known.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Repeats">How often it came again.</param>
/// <param name="Replays">How often it was applied again from the beginning.</param>
/// <param name="ApiVersion">The shape that it has.</param>
/// <param name="Livemode">Whether it is about real money, where the provider says so.</param>
/// <param name="ReceivedAt">When it came first.</param>
/// <param name="AttemptedAt">When it was tried last.</param>
/// <param name="NextAttemptAt">When it is tried again at the latest; null once it is settled.</param>
/// <param name="SettledAt">When it was settled.</param>
/// <param name="Sha256">SHA-256 of the raw body, in hex.</param>
/// <param name="BodyErasedAt">When the raw body was erased.</param>
/// <param name="Facts">What was read from it.</param>
public sealed record DeliveryBody(
    string Id, string Provider, string EventId, string Type, string? ObjectId, DeliveryStatus Status, string? Reason, string? PaymentId, int Attempts, int Repeats, int Replays, string? ApiVersion, bool? Livemode,
    DateTimeOffset ReceivedAt, DateTimeOffset? AttemptedAt, DateTimeOffset? NextAttemptAt, DateTimeOffset? SettledAt, string Sha256, DateTimeOffset? BodyErasedAt, IReadOnlyList<JsonElement>? Facts)
{
    internal static DeliveryBody Of(DeliveryRow row) => new(
        row.Id, row.Provider, row.EventId, row.Type, row.ObjectId, row.Status, row.Reason, row.PaymentId, row.Attempts, row.Repeats, row.Round - 1, row.Version, row.Live,
        row.ReceivedAt, row.AttemptedAt, row.NextAttemptAt, row.SettledAt, Convert.ToHexStringLower(row.Sha256), row.BodyErasedAt,
        row.Facts is null ? null : JsonSerializer.Deserialize<JsonElement[]>(row.Facts, LedgerJson.Numbers));
}

/// <summary>What applying a notification would come to.</summary>
/// <param name="Id">The delivery.</param>
/// <param name="Type">The provider's word for what it is.</param>
/// <param name="Status">What would become of it.</param>
/// <param name="Reason">Why it would wait, be ignored or fail.</param>
/// <param name="PaymentId">The payment.</param>
/// <param name="Changes">What would change; empty where nothing would.</param>
public sealed record ForeseenBody(string Id, string Type, DeliveryStatus Status, string? Reason, string? PaymentId, IReadOnlyList<string> Changes)
{
    internal static ForeseenBody Of(Delivery delivery, Judgement judged) => new(delivery.Id, delivery.Type, judged.Status, judged.Reason, judged.PaymentId, judged.Changes);
}

/// <summary>A replay of one notification as answered: how it stands now, or what would change.</summary>
/// <param name="DryRun">Whether nothing was done.</param>
/// <param name="Delivery">How it stands.</param>
/// <param name="Foreseen">What would change, in a dry run.</param>
public sealed record ReplayBody(bool DryRun, DeliveryBody Delivery, ForeseenBody? Foreseen);

/// <summary>A replay of a period as answered.</summary>
/// <param name="DryRun">Whether nothing was done.</param>
/// <param name="Deliveries">How many are replayed.</param>
/// <param name="Changing">In a dry run, how many of them would change something.</param>
/// <param name="Data">In a dry run, what each would come to, the oldest first.</param>
public sealed record RangeReplayBody(bool DryRun, int Deliveries, int? Changing, IReadOnlyList<ForeseenBody>? Data);
