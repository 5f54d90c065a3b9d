using System.Security.Cryptography;
using Ledger.Api.Access;

namespace Ledger.Api.Demo;

/// <summary>How a demo is run.</summary>
internal sealed record DemoOptions
{
    /// <summary>Most users.</summary>
    public const int UsersMax = 10_000;

    /// <summary>Most requests at once.</summary>
    public const int ConcurrencyMax = 1_000;

    /// <summary>Most characters of a run's name.</summary>
    public const int RunMax = 40;

    /// <summary>Where the service listens.</summary>
    public required Uri Url { get; init; }

    /// <summary>A key that may post commands and read.</summary>
    public required string ApiKey { get; init; }

    /// <summary>The run's name: part of every account and key, so that a second start of the same run does nothing twice.</summary>
    public string Run { get; init; } = NewRun();

    /// <summary>How many users.</summary>
    public int Users { get; init; } = 200;

    /// <summary>How many calls; null for all of the trace.</summary>
    public int? Calls { get; init; }

    /// <summary>Calls at once.</summary>
    public int Concurrency { get; init; } = 64;

    /// <summary>The trace; null to make one.</summary>
    public string? TraceFile { get; init; }

    /// <summary>What a made trace follows from.</summary>
    public ulong Seed { get; init; } = MadeTrace.DefaultSeed;

    /// <summary>How many times faster than in the trace the calls come; null for as fast as it goes.</summary>
    public double? Speed { get; init; }

    /// <summary>The trace that they name.</summary>
    /// <exception cref="ConfigurationException">It can't be read.</exception>
    public IReadOnlyList<TracedCall> Trace() =>
        TraceFile is null ? MadeTrace.Make(Calls ?? MeasuredTrace.Calls, Seed) : Demo.TraceFile.Read(TraceFile, Calls ?? Demo.TraceFile.CallsMax);

    /// <summary>Looks at them all.</summary>
    /// <exception cref="ConfigurationException">One can't be.</exception>
    public DemoOptions Checked()
    {
        Require(Users is > 0 and <= UsersMax, $"--users must be from 1 to {UsersMax}.");
        Require(Calls is null or (> 0 and <= Demo.TraceFile.CallsMax), $"--calls must be from 1 to {Demo.TraceFile.CallsMax}.");
        Require(Concurrency is > 0 and <= ConcurrencyMax, $"--concurrency must be from 1 to {ConcurrencyMax}.");
        Require(Speed is null or (> 0 and < double.PositiveInfinity), "--speed must be more than 0.");
        Require(Run.Length is > 0 and <= RunMax && Run.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'), $"--run must have 1 to {RunMax} of the characters A-Z a-z 0-9 -.");
        return this;
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new ConfigurationException(otherwise);
    }

    private static string NewRun() => $"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 4)}";
}
