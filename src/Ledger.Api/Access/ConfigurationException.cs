namespace Ledger.Api.Access;

/// <summary>The configuration does not allow a start. The message is one line for a person, printed as it is.</summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What was behind it.</param>
public sealed class ConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
