using System.Globalization;
using System.Net;
using System.Text;
using Ledger.Api.Access;

namespace Ledger.Api.Http;

/// <summary>The pages that a problem's <c>type</c> leads to: <c>/problems</c> lists them, <c>/problems/{slug}</c> explains one.</summary>
internal static class ProblemPages
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}h1{font-size:1.5rem}"
        + "pre{background:#f3f5f7;padding:1rem;overflow:auto;border-radius:6px}td{padding:.2rem 1rem .2rem 0}a{color:#0b57a4}"
        + "@media(prefers-color-scheme:dark){body{color:#e4e8ee;background:#14181d}pre{background:#1f252c}a{color:#7db7f0}}";

    private static readonly byte[] List = Encoding.UTF8.GetBytes(ListHtml());
    private static readonly Dictionary<string, byte[]> Pages = ProblemTypes.All.ToDictionary(t => t.Slug, t => Encoding.UTF8.GetBytes(PageHtml(t)), StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/problems", Index).Page("Every kind of problem").Public();
        routes.MapGet("/problems/{slug}", Page).Page("What a kind of problem means").Public();
    }

    private static Task Index(HttpContext http) => WriteAsync(http, List);

    private static Task Page(HttpContext http) =>
        Pages.TryGetValue((string)http.Request.RouteValues["slug"]!, out var page)
            ? WriteAsync(http, page)
            : new Problem(ProblemTypes.NotFound, "There is no such kind of problem. /problems lists them all.").WriteAsync(http);

    private static Task WriteAsync(HttpContext http, byte[] page)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.ContentLength = page.Length;
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        http.Response.Headers.CacheControl = "public, max-age=3600";
        return http.Response.Body.WriteAsync(page, http.RequestAborted).AsTask();
    }

    private static string ListHtml()
    {
        var rows = new StringBuilder();
        foreach (var type in ProblemTypes.All)
        {
            rows.Append(CultureInfo.InvariantCulture, $"<tr><td>{type.Status}</td><td><a href=\"{type.Uri}\">{type.Slug}</a></td><td>{WebUtility.HtmlEncode(type.Title)}</td></tr>\n");
        }

        return Html("Problems", $"<h1>Problems</h1>\n<p>Every refusal is a document of the media type {Problem.MediaType} (RFC 9457); its member type leads here.</p>\n<table>\n{rows}</table>\n");
    }

    private static string PageHtml(ProblemType type)
    {
        var own = type.Example.Length == 0 ? "" : ",\n  " + type.Example;
        var example = $"{{\n  \"type\": \"{type.Uri}\",\n  \"title\": \"{type.Title}\",\n  \"status\": {type.Status},\n  \"detail\": \"...\",\n  \"traceId\": \"4bf92f3577b34da6a3ce929d0e0e4736\"{own}\n}}";
        return Html(type.Title, $"""
            <h1>{type.Status} {WebUtility.HtmlEncode(type.Title)}</h1>
            <p><code>{type.Slug}</code></p>
            <h2>What it means</h2>
            <p>{WebUtility.HtmlEncode(type.Meaning)}</p>
            <h2>What to do</h2>
            <p>{WebUtility.HtmlEncode(type.Remedy)}</p>
            <h2>Example</h2>
            <pre>{WebUtility.HtmlEncode(example)}</pre>
            <p><a href="/problems">All problems</a></p>

            """);
    }

    private static string Html(string title, string body) =>
        $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{WebUtility.HtmlEncode(title)}</title><style>{Style}</style></head><body>\n{body}</body></html>\n";
}
