namespace Ledger.Domain;

/// <summary>What must be so whatever anybody sends; where it is not, the code is wrong and nothing may be written.</summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantBrokenException"/> unless <paramref name="condition"/> holds.</summary>
    public static void Holds(bool condition, string law)
    {
        if (!condition) throw new InvariantBrokenException(law);
    }
}

/// <summary>A law of the domain did not hold: a fault of ours, never of the caller.</summary>
public sealed class InvariantBrokenException(string law) : Exception($"This must always hold, and did not: {law}.");
