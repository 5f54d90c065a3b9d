namespace Ledger.Api.Demo;

/// <summary>One call to a model, as a trace has it.</summary>
/// <param name="At">How long after the first call it came.</param>
/// <param name="InputTokens">Tokens read; 1 or more.</param>
/// <param name="OutputTokens">Tokens written; 0 or more.</param>
internal readonly record struct TracedCall(TimeSpan At, int InputTokens, int OutputTokens);
