namespace Ledger.Api.Exports;

/// <summary>How an export is written.</summary>
public enum ExportFormat
{
    /// <summary>Comma-separated values, a line of names first.</summary>
    Csv,

    /// <summary>A JSON object a line.</summary>
    Ndjson,
}

/// <summary>What is to be exported of one tenant.</summary>
/// <param name="Tenant">The tenant, as clients name it.</param>
/// <param name="Format">How it is written.</param>
/// <param name="From">The beginning, this time in; null: from the first row on.</param>
/// <param name="To">The end, this time out; null: to the last row.</param>
/// <param name="DecimalsAsStrings">Whether JSON holds amounts as strings.</param>
internal sealed record ExportRequest(string Tenant, ExportFormat Format, DateTimeOffset? From, DateTimeOffset? To, bool DecimalsAsStrings = false)
{
    /// <summary>The ending of a file's name, and of the media type's.</summary>
    public string Extension => Format == ExportFormat.Csv ? "csv" : "ndjson";

    /// <summary>The media type of the answer.</summary>
    public string MediaType => Format == ExportFormat.Csv ? Http.CsvLines.MediaType : NdjsonMediaType;

    /// <summary>The media type of JSON objects on lines.</summary>
    public const string NdjsonMediaType = "application/x-ndjson";
}
