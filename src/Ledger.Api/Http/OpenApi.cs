using System.Globalization;
using Ledger.Api.Access;
using Ledger.Domain;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Ledger.Api.Http;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>, made from the routes and their records, once.</summary>
internal static class OpenApi
{
    private const string Name = "v1";
    private const string Bearer = "bearer";
    private const string ProblemSchema = "Problem";

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<DocumentText>();
        services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddDocumentTransformer((document, _, _) =>
            {
                Complete(document);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer(DescribeAsync);
            options.AddSchemaTransformer((schema, context, _) =>
            {
                Shape(schema, context.JsonTypeInfo.Type);
                // A member that is null is left out, so only what can't be null is always there.
                foreach (var member in context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable)) schema.Required?.Remove(member.Name);
                return Task.CompletedTask;
            });
        });
        // Schemas are made from these options; reading and writing has its own.
        services.ConfigureHttpJsonOptions(o => o.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict);
    }

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/openapi/v1.json", static async http =>
    {
        http.Response.ContentType = Answer.MediaType;
        var text = await http.RequestServices.GetRequiredService<DocumentText>().GetAsync(http.RequestAborted);
        http.Response.ContentLength = text.Length;
        await http.Response.Body.WriteAsync(text, http.RequestAborted);
    }).Public();

    private static void Complete(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Ledger",
            Version = "1",
            Description = "Credits, exact and event-sourced. Refusals are problem documents (RFC 9457) whose type leads to a page about them. "
                + "metadata, description and actor are kept for ever: they are not for personal data.",
        };
        document.Servers?.Clear();
        // HEAD is GET without its body.
        foreach (var path in document.Paths.Values) path.Operations?.Remove(HttpMethod.Head);
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key (lk_...) or a JWT (RS256, ES256).",
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[ProblemSchema] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "RFC 9457. Each type has members of its own besides.",
            Required = new HashSet<string> { "type", "title", "status", "detail", "traceId" },
            AdditionalPropertiesAllowed = true,
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uri-reference" },
                ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32" },
                ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String },
                ["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String },
            },
        };
    }

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RouteDescription>().LastOrDefault() is not { } description) return;
        var access = metadata.OfType<RouteAccess>().LastOrDefault();
        var path = context.Description.RelativePath ?? "";
        var needsKey = string.Equals(context.Description.HttpMethod, "POST", StringComparison.OrdinalIgnoreCase) && description is { Request: not null, BringsKeys: false };

        operation.OperationId = OperationId(context.Description.HttpMethod ?? "", path);
        operation.Summary = description.Summary;
        operation.Tags = new HashSet<OpenApiTagReference> { new(Tag(path), context.Document) };
        operation.Parameters = [];
        foreach (var part in path.Split('/').Where(p => p.StartsWith('{')))
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = part.Trim('{', '}').Split(':')[0].TrimStart('*'),
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        foreach (var parameter in description.Parameters)
        {
            operation.Parameters.Add(new OpenApiParameter { Name = parameter.Name, In = ParameterLocation.Query, Description = parameter.Description, Schema = Simple(parameter.Type) });
        }

        if (needsKey)
        {
            operation.Parameters.Add(Header(IdempotencyKey.Header, "Makes the request safe to repeat: 1 to 255 printable ASCII characters.", required: true,
                new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotencyKey.LengthMax }));
        }

        if (description.TakesIfMatch) operation.Parameters.Add(Header("If-Match", "Does it only where the account has this version: \"7\", or * for any.", required: false));
        if (description.Answer is not null && path.StartsWith("v1/", StringComparison.Ordinal)) operation.Parameters.Add(Header("Prefer", "decimals=string writes credits as strings.", required: false));

        if (description.Request is not null)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [description.RequestMediaType] = new() { Schema = await ComponentAsync(context, description.Request, cancellationToken) },
                },
            };
        }

        await AnswersAsync(operation, context, description, access, needsKey, cancellationToken);
        if (access is { IsPublic: false })
        {
            operation.Description = access.Needed;
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
        }
    }

    private static async Task AnswersAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, RouteDescription description, RouteAccess? access, bool needsKey, CancellationToken cancellationToken)
    {
        operation.Responses = [];
        foreach (var status in new[] { description.Status, description.OtherStatus ?? description.Status }.Distinct())
        {
            var content = new Dictionary<string, OpenApiMediaType>
            {
                [description.MediaType] = new() { Schema = description.Answer is null ? new OpenApiSchema { Type = JsonSchemaType.String } : await ComponentAsync(context, description.Answer, cancellationToken) },
            };
            foreach (var other in description.OtherMediaTypes) content[other] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
            operation.Responses[Text(status)] = new OpenApiResponse { Description = status switch { 201 => "Done.", 204 => "Done.", _ => "OK." }, Content = content };
        }

        if (access is null or { IsPublic: true }) return;
        List<ProblemType> problems = [ProblemTypes.InvalidRequest, ProblemTypes.Unauthenticated, ProblemTypes.Forbidden, ProblemTypes.NotFound, ProblemTypes.RateLimited, ProblemTypes.Internal, ProblemTypes.Overloaded];
        if (description.Request is not null) problems.AddRange([ProblemTypes.TooLarge, ProblemTypes.UnsupportedMediaType]);
        if (needsKey) problems.AddRange([ProblemTypes.IdempotencyKeyMissing, ProblemTypes.IdempotencyKeyReused, ProblemTypes.OutcomeUnknown]);
        if (description.TakesIfMatch) problems.Add(ProblemTypes.VersionMismatch);
        problems.AddRange(description.Problems);
        foreach (var group in problems.Distinct().GroupBy(p => p.Status).OrderBy(g => g.Key))
        {
            operation.Responses[Text(group.Key)] = new OpenApiResponse
            {
                Description = string.Join(", ", group.Select(p => p.Slug)),
                Content = new Dictionary<string, OpenApiMediaType> { [Problem.MediaType] = new() { Schema = new OpenApiSchemaReference(ProblemSchema, context.Document) } },
            };
        }
    }

    /// <summary>A record under its name, so that every route refers to the one description of it.</summary>
    private static async Task<IOpenApiSchema> ComponentAsync(OpenApiOperationTransformerContext context, Type type, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(type, null, cancellationToken);
        if (type.Namespace == nameof(System) || context.Document is null) return schema;
        var name = type.IsGenericType ? type.GetGenericArguments()[0].Name + type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
        context.Document.AddComponent(name, schema);
        return new OpenApiSchemaReference(name, context.Document);
    }

    /// <summary>What the framework can't see behind our converters.</summary>
    private static void Shape(OpenApiSchema schema, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(Credits) || type == typeof(Quantity))
        {
            Clear(schema);
            schema.Type = JsonSchemaType.Number | JsonSchemaType.String;
            schema.Pattern = "^-?[0-9]+(\\.[0-9]+)?$";
            schema.Description = "An exact decimal with at most 6 decimals: a number, or a string.";
        }
        else if (type == typeof(AccountId) || type == typeof(TransactionId) || type == typeof(LotId) || type == typeof(HoldId) || type == typeof(Domain.Payments.PaymentId) || type == typeof(Domain.Subscriptions.SubscriptionId))
        {
            Clear(schema);
            schema.Type = JsonSchemaType.String;
        }
        else if (type.IsEnum)
        {
            Clear(schema);
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. Enum.GetNames(type).Select(n => (System.Text.Json.Nodes.JsonNode)System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(n))];
        }
    }

    private static void Clear(OpenApiSchema schema)
    {
        schema.Properties?.Clear();
        schema.Required?.Clear();
        schema.AllOf?.Clear();
        schema.AnyOf?.Clear();
        schema.OneOf?.Clear();
        schema.Format = null;
    }

    /// <summary><c>postAccountsByIdHolds</c>: the method and the path, so it is as stable as the route.</summary>
    private static string OperationId(string method, string path) => method.ToLowerInvariant() + string.Concat(path.Split('/', '-', '.').Where(p => p is not ("" or "v1"))
        .Select(p => p.StartsWith('{') ? "By" + Capital(p.Trim('{', '}').Split(':')[0]) : Capital(p)));

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static string Tag(string path)
    {
        var parts = path.Split('/');
        return parts[0] == "v1" && parts.Length > 1 ? parts[1] : parts[0];
    }

    private static OpenApiSchema Simple(string type) => type switch
    {
        "integer" => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
        "boolean" => new OpenApiSchema { Type = JsonSchemaType.Boolean },
        "date-time" => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time" },
        _ => new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static OpenApiParameter Header(string name, string description, bool required, OpenApiSchema? schema = null) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = required,
        Description = description,
        Schema = schema ?? new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

    /// <summary>The document as bytes: the routes do not change while the service runs.</summary>
    private sealed class DocumentText(IServiceProvider services)
    {
        private readonly Lock gate = new();
        private Task<byte[]>? text;

        public Task<byte[]> GetAsync(CancellationToken cancellationToken)
        {
            lock (gate)
            {
                if (text is null or { IsFaulted: true }) text = MakeAsync();
                return text.WaitAsync(cancellationToken);
            }
        }

        private async Task<byte[]> MakeAsync()
        {
            var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync();
            using var stream = new MemoryStream();
            await document.SerializeAsJsonAsync(stream, OpenApiSpecVersion.OpenApi3_1);
            return stream.ToArray();
        }
    }
}
