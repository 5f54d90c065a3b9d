namespace Ledger.Api.Demo;

/// <summary>Makes a trace of the measured shape; the same seed makes the same one, on every machine.</summary>
internal static class MadeTrace
{
    /// <summary>The seed where none is named.</summary>
    public const ulong DefaultSeed = 1;

    /// <summary>So many calls. Arrivals follow the measured minutes, which begin anew when they are over.</summary>
    public static IReadOnlyList<TracedCall> Make(int calls, ulong seed)
    {
        var chance = new Chance(seed);
        var made = new TracedCall[calls];
        var minute = 0;
        // Time counted in calls: first how many would have come by the beginning of this minute, then by now.
        var (begun, now) = (0.0, 0.0);
        for (var i = 0; i < calls; i++)
        {
            if (i > 0) now += MeasuredTrace.Gap.At(chance.Next()) / MeasuredTrace.Gap.Mean;
            while (now >= begun + CallsIn(minute)) begun += CallsIn(minute++);
            var at = TimeSpan.FromTicks((long)((minute + ((now - begun) / CallsIn(minute))) * TimeSpan.TicksPerMinute));
            var input = chance.Next();
            var band = MeasuredTrace.OutputByInput[(int)(input * MeasuredTrace.OutputByInput.Count)];
            made[i] = new TracedCall(at, (int)Math.Round(MeasuredTrace.Input.At(input)), (int)Math.Round(band.At(chance.Next())));
        }

        return made;
    }

    private static int CallsIn(int minute) => MeasuredTrace.CallsByMinute[minute % MeasuredTrace.CallsByMinute.Count];
}

/// <summary>Numbers that look random and follow from a seed alone, the same in every version of .NET: SplitMix64 (Steele, Lea, Flood 2014).</summary>
/// <param name="seed">Any number.</param>
internal sealed class Chance(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong state = Of(seed);

    /// <summary>A number from 0 to less than 1.</summary>
    public double Next() => (Of(state += Step) >> 11) * (1.0 / (1UL << 53));

    /// <summary>The number that stands for another one.</summary>
    public static ulong Of(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
        return number ^ (number >> 31);
    }

    /// <summary>One of so many, by what it is for and a number.</summary>
    public static int Pick(ulong purpose, int number, int count) => (int)(Of((purpose * Step) + Of((ulong)number + Step)) % (ulong)count);
}
