using System.Reflection;

namespace Ledger.Api.Http;

/// <summary>What a header or parameter is, for the description of a route.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">A sentence.</param>
/// <param name="Type"><c>string</c>, <c>integer</c>, <c>boolean</c> or <c>date-time</c>.</param>
public sealed record ParameterDescription(string Name, string Description, string Type = "string");

/// <summary>What the OpenAPI document says about a route beyond its path; the endpoints say it where they are mapped.</summary>
public sealed record RouteDescription
{
    /// <summary>One line.</summary>
    public required string Summary { get; init; }

    /// <summary>The record that the body is read into; null where there is none.</summary>
    public Type? Request { get; init; }

    /// <summary>The record that is answered; null where it is no JSON.</summary>
    public Type? Answer { get; init; }

    /// <summary>The status of the usual answer.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The media type of the answer.</summary>
    public string MediaType { get; init; } = Http.Answer.MediaType;

    /// <summary>Other media types that the answer may have, as text.</summary>
    public IReadOnlyList<string> OtherMediaTypes { get; init; } = [];

    /// <summary>The media type of the body.</summary>
    public string RequestMediaType { get; init; } = Http.Answer.MediaType;

    /// <summary>Another status of success, such as 200 for a thing that stood already.</summary>
    public int? OtherStatus { get; init; }

    /// <summary>Whether the body brings its idempotency keys, so that the request needs none.</summary>
    public bool BringsKeys { get; init; }

    /// <summary>Whether the account may be named with If-Match.</summary>
    public bool TakesIfMatch { get; init; }

    /// <summary>The parameters of the query.</summary>
    public IReadOnlyList<ParameterDescription> Parameters { get; init; } = [];

    /// <summary>Problems beside those that every route may answer.</summary>
    public IReadOnlyList<ProblemType> Problems { get; init; } = [];
}

/// <summary>How endpoints describe themselves; each call adds metadata and changes nothing of what the endpoint does.</summary>
public static class RouteDescriptionExtensions
{
    private static readonly MethodInfo Described = typeof(RouteDescriptionExtensions).GetMethod(nameof(Handle), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>A command: reads a record, answers with one; a POST takes an idempotency key.</summary>
    public static IEndpointConventionBuilder Command<TRequest, TAnswer>(this IEndpointConventionBuilder builder, string summary, int status = StatusCodes.Status201Created)
        where TRequest : class
    {
        RequireNullableMembers(typeof(TRequest), []);
        return builder.Describe(new RouteDescription { Summary = summary, Request = typeof(TRequest), Answer = typeof(TAnswer), Status = status });
    }

    /// <summary>A query: reads no body, answers with a record.</summary>
    public static IEndpointConventionBuilder Query<TAnswer>(this IEndpointConventionBuilder builder, string summary) =>
        builder.Describe(new RouteDescription { Summary = summary, Answer = typeof(TAnswer) });

    /// <summary>A query that answers with a page of a list.</summary>
    public static IEndpointConventionBuilder ListQuery<TEntry>(this IEndpointConventionBuilder builder, string summary) =>
        builder.Query<Page<TEntry>>(summary)
            .Takes(ListRequest.LimitName, $"Entries of a page, 1 to {ListRequest.LimitMax}; {ListRequest.LimitDefault} where it is left out.", "integer")
            .Takes(ListRequest.CursorName, "Where the page begins: nextCursor of the page before.");

    /// <summary>Another record that is answered, such as a page with something beside its entries.</summary>
    public static IEndpointConventionBuilder Answers<TAnswer>(this IEndpointConventionBuilder builder) => builder.Change(d => d with { Answer = typeof(TAnswer) });

    /// <summary>A page for people.</summary>
    public static IEndpointConventionBuilder Page(this IEndpointConventionBuilder builder, string summary, string mediaType = "text/html") =>
        builder.Describe(new RouteDescription { Summary = summary, MediaType = mediaType });

    /// <summary>A parameter of the query.</summary>
    public static IEndpointConventionBuilder Takes(this IEndpointConventionBuilder builder, string name, string description, string type = "string") =>
        builder.Change(d => d with { Parameters = [.. d.Parameters, new ParameterDescription(name, description, type)] });

    /// <summary>Says that the route reads If-Match.</summary>
    public static IEndpointConventionBuilder TakesIfMatch(this IEndpointConventionBuilder builder) => builder.Change(d => d with { TakesIfMatch = true });

    /// <summary>Another status of success.</summary>
    public static IEndpointConventionBuilder OrAnswers(this IEndpointConventionBuilder builder, int status) => builder.Change(d => d with { OtherStatus = status });

    /// <summary>Other media types that the answer may have.</summary>
    public static IEndpointConventionBuilder OrAs(this IEndpointConventionBuilder builder, params string[] mediaTypes) => builder.Change(d => d with { OtherMediaTypes = mediaTypes });

    /// <summary>Problems of the route's own.</summary>
    public static IEndpointConventionBuilder Refuses(this IEndpointConventionBuilder builder, params ProblemType[] problems) => builder.Change(d => d with { Problems = [.. d.Problems, .. problems] });

    /// <summary>Describes a route in full.</summary>
    public static IEndpointConventionBuilder Describe(this IEndpointConventionBuilder builder, RouteDescription description)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Add(b =>
        {
            b.Metadata.Add(description);
            b.Metadata.Add(Described); // the description of routes by the framework looks for a method
        });
        return builder;
    }

    /// <summary>Endpoints are built more than once, so what stands in the metadata is replaced and never changed.</summary>
    private static IEndpointConventionBuilder Change(this IEndpointConventionBuilder builder, Func<RouteDescription, RouteDescription> change)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Add(b =>
        {
            var described = b.Metadata.OfType<RouteDescription>().LastOrDefault() ?? throw new InvalidOperationException("Describe the route as a command or a query first.");
            b.Metadata.Add(change(described));
        });
        return builder;
    }

    /// <summary>A null member is an absent one, so a member of a request that can't be null is a mistake, found when the service starts.</summary>
    private static void RequireNullableMembers(Type type, HashSet<Type> seen)
    {
        if (type.Assembly != typeof(RouteDescription).Assembly || !seen.Add(type)) return;
        if (!type.IsVisible) throw new InvalidOperationException($"{type.Name} is read from requests and must be public.");
        foreach (var member in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (member.PropertyType.IsValueType && Nullable.GetUnderlyingType(member.PropertyType) is null)
                throw new InvalidOperationException($"{type.Name}.{member.Name} is read from requests and must be nullable: a null member is an absent one.");
            RequireNullableMembers(member.PropertyType, seen);
        }
    }

    private static Task Handle(HttpContext http) => Task.FromException(new NotSupportedException("Only described, never called: " + http.Request.Path));
}
