using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>What every command may say about itself. It is kept for ever: no personal data.</summary>
public abstract record CommandRequest
{
    /// <summary>Most characters of <see cref="Actor"/>, <see cref="Reference"/> and the names of services and operations.</summary>
    public const int NameMax = 200;

    /// <summary>Most characters of a description or a reason.</summary>
    public const int TextMax = 500;

    /// <summary>Who did it, in a shared account.</summary>
    public string? Actor { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The app's own id.</summary>
    public string? Reference { get; init; }

    /// <summary>At most 50 text members.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }

    /// <summary>When it happened; not in the future (a minute of clock difference aside), at most 35 days back.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>What the domain keeps of it.</summary>
    internal Note? ToNote(Errors errors)
    {
        if (Actor is null && Description is null && Reference is null && Metadata is null && OccurredAt is null) return null;
        var metadata = errors.Metadata(Metadata);
        return new Note(errors.Text(Actor, "actor", NameMax), errors.Text(Description, "description", TextMax), errors.Text(Reference, "reference", NameMax), metadata is { Count: 0 } ? null : metadata, OccurredAt);
    }
}

/// <summary>What a command that spends says of what the credits are for.</summary>
public abstract record SpendingRequest : CommandRequest
{
    /// <summary>The app's service, such as chat_assistant.</summary>
    public string? Service { get; init; }

    /// <summary>What it did, such as completion.</summary>
    public string? Operation { get; init; }

    /// <summary>The thing that it was done for.</summary>
    public ResourceBody? Resource { get; init; }

    /// <summary>Whether a second consumption for the same resource answers with the first. Needs a resource.</summary>
    public bool? OncePerResource { get; init; }

    /// <summary>What the call used.</summary>
    public UsageRequest? Usage { get; init; }

    internal Spending? ToSpending(Errors errors)
    {
        if (Service is null && Operation is null && Resource is null && OncePerResource is null && Usage is null) return null;
        var resource = Resource is null ? null : new Resource(errors.RequiredId(Resource.Type, "resource.type"), errors.RequiredId(Resource.Id, "resource.id"));
        return new Spending(errors.Text(Service, "service", NameMax), errors.Text(Operation, "operation", NameMax), resource, OncePerResource ?? false, Usage?.ToUsage(errors));
    }
}

/// <summary>What a call used.</summary>
public sealed record UsageRequest
{
    /// <summary>Tokens read.</summary>
    public long? InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>Milliseconds.</summary>
    public long? ProcessingTimeMs { get; init; }

    /// <summary>Whether the call succeeded.</summary>
    public bool? Success { get; init; }

    /// <summary>What went wrong.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>Whatever the app wants to keep of its request: an object of at most 8 KB.</summary>
    public JsonElement? RequestData { get; init; }

    internal Usage ToUsage(Errors errors) => new(
        errors.Range(InputTokens, "usage.inputTokens", 0, long.MaxValue), errors.Range(OutputTokens, "usage.outputTokens", 0, long.MaxValue), errors.Range(ProcessingTimeMs, "usage.processingTimeMs", 0, long.MaxValue),
        Success, errors.Text(ErrorMessage, "usage.errorMessage", CommandRequest.TextMax), errors.FreeObject(RequestData, "usage.requestData"));
}
