using System.Collections.Frozen;

namespace Ledger.Api.Http;

/// <summary>A kind of refusal: what stands under <c>/problems/{slug}</c>.</summary>
/// <param name="Slug">The last part of the type's URI.</param>
/// <param name="Status">The HTTP status that it is answered with.</param>
/// <param name="Title">The same short words each time (RFC 9457).</param>
/// <param name="Meaning">What has happened, for the page.</param>
/// <param name="Remedy">What a client does about it, for the page.</param>
/// <param name="Example">Members of an example that are not in every problem, as JSON text; empty where there are none.</param>
public sealed record ProblemType(string Slug, int Status, string Title, string Meaning, string Remedy, string Example = "")
{
    /// <summary>The type's relative URI.</summary>
    public string Uri { get; } = "/problems/" + Slug;
}

/// <summary>The one table of everything that a request may be refused for.</summary>
public static class ProblemTypes
{
    /// <summary>400: a member, parameter or header is missing, unknown or wrong.</summary>
    public static ProblemType InvalidRequest { get; } = new("invalid-request", 400, "The request is not valid",
        "A member of the body, a parameter or a header is missing, unknown, repeated or has a value that is not allowed. Nothing was done and no idempotency key was used up.",
        "Read errors: it names each member with what is wrong about it. Correct the request and send it again; the same idempotency key may be used.",
        "\"errors\": { \"amount\": [\"must be more than 0\"], \"price.currency\": [\"is required\"] }");

    /// <summary>400: a POST that changes something came without its key.</summary>
    public static ProblemType IdempotencyKeyMissing { get; } = new("idempotency-key-missing", 400, "The Idempotency-Key header is missing",
        "Every POST that changes something needs the header Idempotency-Key, so that it can be repeated safely when its answer is lost.",
        "Make one key for each thing that your user does (a UUID will do), keep it with that thing, and send it with every attempt.");

    /// <summary>400: a notification's signature does not hold.</summary>
    public static ProblemType BadSignature { get; } = new("bad-signature", 400, "The signature does not hold",
        "The notification has no signature, one that fits no secret of the tenant, or one that is too old. Nothing was kept of it.",
        "Compare the webhook secret (or server key) that is set for the tenant with the provider's, let the raw body through as it is, and look at the clocks. The provider sends it again.");

    /// <summary>400: what is asked for is not there yet, or not set up.</summary>
    public static ProblemType NotAvailable { get; } = new("not-available", 400, "Not available here",
        "The request is in order, and asks for something that this service does not have yet, or that nobody has set up for the tenant. Nothing was done and no idempotency key was used up.",
        "detail names the member and what to do: leave it out, choose another value, or set it up with PUT /v1/settings.");

    /// <summary>401: no credential, or one that is not valid (any more).</summary>
    public static ProblemType Unauthenticated { get; } = new("unauthenticated", 401, "Authentication is needed",
        "The request has no credential, or one that is unknown, malformed, expired or revoked.",
        "Send the header Authorization: Bearer, followed by an API key or a token that has not expired.");

    /// <summary>402: fewer credits available than required.</summary>
    public static ProblemType InsufficientCredits { get; } = new("insufficient-credits", 402, "Not enough credits",
        "The account has fewer credits available than the command needs. Held credits, credits of a disputed payment and expired ones are not available.",
        "Let the owner buy credits, or ask for less. available says what may be spent now, required what the command needs.",
        "\"available\": 3, \"required\": 5");

    /// <summary>403: the credential lacks the role.</summary>
    public static ProblemType Forbidden { get; } = new("forbidden", 403, "Not allowed",
        "The credential is good, but its roles do not allow this.",
        "Use a credential with one of the roles that detail names.");

    /// <summary>404: the tenant has no such account.</summary>
    public static ProblemType AccountNotFound { get; } = new("account-not-found", 404, "No such account",
        "There is no account with this id in the tenant of the credential. What belongs to another tenant or owner is answered in the same way.",
        "Open the account with PUT /v1/accounts/{accountId}, or check the id and the tenant of the credential.");

    /// <summary>404: nothing stands under that address.</summary>
    public static ProblemType NotFound { get; } = new("not-found", 404, "Not found",
        "There is nothing at this address, or nothing that this credential may see.",
        "Check the path and the id. /openapi/v1.json lists every route.");

    /// <summary>405: the address knows other methods.</summary>
    public static ProblemType MethodNotAllowed { get; } = new("method-not-allowed", 405, "Method not allowed",
        "The address exists, but not for this method.",
        "Use one of the methods that the header Allow names.");

    /// <summary>406: the answer can't be had in the form that is asked for.</summary>
    public static ProblemType NotAcceptable { get; } = new("not-acceptable", 406, "Not in that form",
        "The header Accept names no form that this address answers in.",
        "Name one of the media types in detail, or leave the header out.");

    /// <summary>408: the body came too slowly.</summary>
    public static ProblemType RequestTimeout { get; } = new("request-timeout", 408, "The request came too slowly",
        "The body of the request was not received in time. Nothing was done.",
        "Send the request again.");

    /// <summary>409: the account is closed for good.</summary>
    public static ProblemType AccountClosed { get; } = new("account-closed", 409, "The account is closed",
        "A closed account takes no command, for good.",
        "Use another account.", "\"state\": \"closed\"");

    /// <summary>409: the account is frozen.</summary>
    public static ProblemType AccountFrozen { get; } = new("account-frozen", 409, "The account is frozen",
        "A frozen account takes no consumption, hold, transfer out or negative adjustment.",
        "Let an administrator lift the freeze with POST /v1/accounts/{accountId}/unfreeze.", "\"state\": \"frozen\"");

    /// <summary>409: the hold was captured, released or has expired.</summary>
    public static ProblemType HoldNotActive { get; } = new("hold-not-active", 409, "The hold is not active",
        "The hold was captured or released before, or it has expired.",
        "Look at state. Where it has expired, place a new hold or consume without one.", "\"state\": \"expired\"");

    /// <summary>409: less is left to refund than was asked.</summary>
    public static ProblemType AlreadyRefunded { get; } = new("already-refunded", 409, "Already refunded",
        "Less is left to refund than was asked for, or nothing.",
        "Leave amount out to refund what is left, or do nothing: the refund has been made.", "\"state\": \"refunded\"");

    /// <summary>409: the payment can't be refunded so.</summary>
    public static ProblemType NotRefundable { get; } = new("not-refundable", 409, "The payment can't be refunded so",
        "The payment has no money that could go back, its bank decides about it, or its credits have been spent and debt is not allowed. The provider was not asked.",
        "Look at state and detail. Ask for less, allow debt, or leave the payer the credits.", "\"state\": \"pending\"");

    /// <summary>409: so much more would pass a limit.</summary>
    public static ProblemType QuotaExceeded { get; } = new("quota-exceeded", 409, "The quota is exceeded",
        "So much more would pass the limit that the account has for this metric, and the post asked for the limit to be kept. Nothing was recorded.",
        "Use less, wait until the metric is counted anew (resetsAt of the quota), or choose a plan with a higher limit.", "\"metric\": \"api_calls\", \"limit\": 1000, \"used\": 1000, \"remaining\": 0, \"state\": \"exceeded\"");

    /// <summary>409: another line of an atomic batch was refused.</summary>
    public static ProblemType BatchAborted { get; } = new("batch-aborted", 409, "The batch was aborted",
        "The batch was to be done as a whole, and another line of it was refused. This line did nothing and its key is unused.",
        "Correct the line that was refused and send the batch again.");

    /// <summary>409: an account has one live subscription, and this one has it.</summary>
    public static ProblemType SubscriptionExists { get; } = new("subscription-exists", 409, "The account has a live subscription",
        "An account has one live subscription at a time. subscriptionId names the one that it has.",
        "Change that one, or cancel it first.", "\"state\": \"active\", \"subscriptionId\": \"sub_0123456789abcdefghjkmnpqrs\"");

    /// <summary>409: the request does not agree with what stands.</summary>
    public static ProblemType Conflict { get; } = new("conflict", 409, "Conflict with the current state",
        "The request can't be reconciled with what stands already. detail says with what.",
        "Read the current state and decide anew.", "\"state\": \"open\"");

    /// <summary>412: If-Match names another version.</summary>
    public static ProblemType VersionMismatch { get; } = new("version-mismatch", 412, "The account has another version",
        "If-Match named a version that the account no longer has. Nothing was done.",
        "Read the account, decide anew, and send the command with its new version.", "\"version\": 8");

    /// <summary>413: the body is larger than allowed.</summary>
    public static ProblemType TooLarge { get; } = new("too-large", 413, "The request is too large",
        "A body may have 256 KB, a batch 8 MB and 10,000 lines.",
        "Send less: split a batch, shorten metadata.");

    /// <summary>415: the body is not JSON.</summary>
    public static ProblemType UnsupportedMediaType { get; } = new("unsupported-media-type", 415, "Unsupported media type",
        "The body has another media type, charset or content encoding than this address reads.",
        "Send application/json in UTF-8, without compression (a batch: application/x-ndjson).");

    /// <summary>422: the key stands for another request.</summary>
    public static ProblemType IdempotencyKeyReused { get; } = new("idempotency-key-reused", 422, "The idempotency key was used for another request",
        "The same Idempotency-Key was accepted before, with other members, another command or another account. Nothing was done.",
        "Use a new key for a new thing. A repeated request must be the same request.");

    /// <summary>429: more requests than the credential or its tenant may send.</summary>
    public static ProblemType RateLimited { get; } = new("rate-limited", 429, "Too many requests",
        "The key or its tenant has a limit of requests a second, and it is used up. Nothing was done.",
        "Wait as long as the header Retry-After says, in seconds.");

    /// <summary>500: a fault of the service.</summary>
    public static ProblemType Internal { get; } = new("internal", 500, "Internal error",
        "The service has a fault. Whether the command was done is not known.",
        "Send the same request with the same Idempotency-Key again; it is done at most once. Report the traceId when it goes on.");

    /// <summary>503: refused before anything was done.</summary>
    public static ProblemType Overloaded { get; } = new("overloaded", 503, "The service has no room at the moment",
        "The request was refused before anything was done: the queue is full, the database can't be reached, or the service is stopping.",
        "Wait as long as the header Retry-After says, then send the same request with the same Idempotency-Key.");

    /// <summary>503: the read model has not seen the version that was asked for.</summary>
    public static ProblemType ReadModelBehind { get; } = new("read-model-behind", 503, "The read model is behind",
        "The query asked for a version that the read model had not reached after five seconds.",
        "Ask again in a moment, or without minVersion.");

    /// <summary>503: the commit's outcome could not be learnt in time.</summary>
    public static ProblemType OutcomeUnknown { get; } = new("outcome-unknown", 503, "The outcome is not known",
        "The connection to the database broke while the command was being committed, and whether it was could not be learnt in time.",
        "Send the same request with the same Idempotency-Key: it is done at most once, and the answer tells.");

    /// <summary>Every type, by status.</summary>
    public static IReadOnlyList<ProblemType> All { get; } =
    [
        InvalidRequest, IdempotencyKeyMissing, BadSignature, NotAvailable, Unauthenticated, InsufficientCredits, Forbidden, AccountNotFound, NotFound, MethodNotAllowed, NotAcceptable, RequestTimeout,
        AccountClosed, AccountFrozen, HoldNotActive, AlreadyRefunded, NotRefundable, SubscriptionExists, QuotaExceeded, BatchAborted, Conflict, VersionMismatch, TooLarge, UnsupportedMediaType,
        IdempotencyKeyReused, RateLimited, Internal, Overloaded, ReadModelBehind, OutcomeUnknown,
    ];

    private static readonly FrozenDictionary<string, ProblemType> BySlug = All.ToFrozenDictionary(t => t.Slug, StringComparer.Ordinal);

    /// <summary>The type with that slug, or null.</summary>
    public static ProblemType? Find(string slug) => BySlug.GetValueOrDefault(slug);
}
