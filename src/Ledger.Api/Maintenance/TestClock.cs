using Ledger.Api.Access;
using Npgsql;

namespace Ledger.Api.Maintenance;

/// <summary>Business time against real time.</summary>
/// <param name="Now">Business time, UTC.</param>
/// <param name="ShiftSeconds">By how many seconds it is ahead of the database's clock; 0 but in tests and demonstrations.</param>
public sealed record ClockBody(DateTimeOffset Now, decimal ShiftSeconds);

/// <summary>The shift of business time: for tests and demonstrations, in Development alone. It moves forward only, as recorded times do.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class TestClock(NpgsqlDataSource source)
{
    /// <summary>The most that business time may be ahead, in days.</summary>
    public const int AheadDaysMax = 36_525;

    /// <summary>Business time now.</summary>
    public async Task<ClockBody> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select clock_timestamp() + shift, extract(epoch from shift) from ledger.clock");
        return (await ReadAsync(command, cancellationToken))!;
    }

    /// <summary>What is wrong with a time that all is to be done by: it can't be reached. Null where it can.</summary>
    /// <param name="at">The time.</param>
    /// <param name="mayMove">Whether the clock may be moved.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<string?> ObjectionAsync(DateTimeOffset at, bool mayMove, CancellationToken cancellationToken)
    {
        var clock = await ReadAsync(cancellationToken);
        if (at <= clock.Now) return null;
        if (!mayMove) return "must not be later than now: the clock can be moved in Development alone";
        var ahead = at - clock.Now + TimeSpan.FromTicks((long)(clock.ShiftSeconds * TimeSpan.TicksPerSecond));
        return ahead < TimeSpan.FromDays(AheadDaysMax) ? null : $"must be less than {AheadDaysMax} days ahead of real time: the clock goes no further";
    }

    /// <summary>Moves it forward; null, and nothing is changed, where it would be too far ahead.</summary>
    public async Task<ClockBody?> AdvanceAsync(TimeSpan by, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"update ledger.clock set shift = shift + $1 where shift + $1 <= interval '{AheadDaysMax} days' and $1 >= interval '0' returning clock_timestamp() + shift, extract(epoch from shift)");
        command.Parameters.AddWithValue(by);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Moves it to a time; null, and nothing is changed, where that is past by now or too far ahead.</summary>
    public async Task<ClockBody?> MoveToAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        // In seconds: a difference in months would be another one each month.
        await using var command = source.CreateCommand(
            $"""
            update ledger.clock set shift = make_interval(secs => extract(epoch from $1 - clock_timestamp())::double precision)
            where clock_timestamp() + shift <= $1 and $1 - clock_timestamp() <= interval '{AheadDaysMax} days' returning clock_timestamp() + shift, extract(epoch from shift)
            """);
        command.Parameters.AddWithValue(at.UtcDateTime);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Outside Development a database whose clock was moved ends the start: its events would be recorded in the future.</summary>
    /// <param name="environment">Where the service runs.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <exception cref="ConfigurationException">It was moved.</exception>
    public static async Task RequireUnmovedOutsideDevelopmentAsync(IHostEnvironment environment, string connectionString, CancellationToken cancellationToken)
    {
        if (environment.IsDevelopment()) return;
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("select shift <> interval '0' from ledger.clock");
        if (await command.ExecuteScalarAsync(cancellationToken) is true)
            throw new ConfigurationException($"The clock of this database was moved by a test, but the environment is {environment.EnvironmentName}: the test clock exists in Development only. Use a database of its own for tests, and another one here.");
    }

    private static async Task<ClockBody?> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) ? new ClockBody(new DateTimeOffset(rows.GetDateTime(0), TimeSpan.Zero), decimal.Round(rows.GetDecimal(1), 6)) : null;
    }
}
