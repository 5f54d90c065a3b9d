namespace Ledger.Api.Operations;

/// <summary>PostgreSQL can't be had. The message is one line for a person: what is wrong and what to do; it is printed as it is, without a stack.</summary>
internal sealed class PostgresUnavailableException : Exception
{
    public PostgresUnavailableException(string message) : base(message) { }

    public PostgresUnavailableException(string message, Exception innerException) : base(message, innerException) { }

    public PostgresUnavailableException() { }
}
