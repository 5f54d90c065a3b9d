namespace Ledger.EventStore;

/// <summary>A message that is written in the commit of its event, and leaves the database after it, at least once.</summary>
/// <param name="Topic">What it is about, for those who receive it.</param>
/// <param name="Key">Names it within its tenant and topic, so that it is written once.</param>
/// <param name="Payload">JSON text.</param>
public sealed record OutboxMessage(string Topic, string Key, string Payload);
