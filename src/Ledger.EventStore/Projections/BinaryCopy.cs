using System.Buffers.Binary;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore.Projections;

/// <summary>
/// Rows on their way into a table by binary COPY (the format is in PostgreSQL's manual, at COPY). The driver's own importer looks up and binds a converter for each value; a rebuild
/// writes some twenty values an event, and here each is a few instructions. What is not completed is taken back.
/// </summary>
internal sealed class BinaryCopy : IDisposable
{
    private const int BufferSize = 64 * 1024;
    private const long Epoch = 630_822_816_000_000_000; // 2000-01-01 in ticks

    private static readonly DateOnly EpochDay = new(2000, 1, 1);

    private readonly NpgsqlRawCopyStream stream;
    private byte[] buffer = new byte[BufferSize];
    private int used;
    private bool isComplete;

    public BinaryCopy(NpgsqlConnection connection, string target, IEnumerable<string> columns)
    {
        stream = connection.BeginRawBinaryCopy($"copy {target} ({string.Join(", ", columns)}) from stdin (format binary)");
        stream.WriteTimeout = stream.ReadTimeout = (int)TimeSpan.FromMinutes(10).TotalMilliseconds;
        // "PGCOPY", a line end, a byte that no text has, and so on; then no flags, and no more header.
        ReadOnlySpan<byte> head = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];
        head.CopyTo(Room(head.Length));
    }

    /// <summary>What writes values of a type into a column of a type.</summary>
    /// <exception cref="ArgumentException">No read model has had such a column before: say here how its values are written.</exception>
    public static Action<BinaryCopy, TValue> Writer<TValue>(NpgsqlDbType type) =>
        Writers.TryGetValue((type, typeof(TValue)), out var writer) ? (Action<BinaryCopy, TValue>)writer : throw new ArgumentException($"Values of {typeof(TValue)} can't be copied into a column of type {type}.", nameof(type));

    /// <summary>Begins a row of so many columns.</summary>
    public void Row(int columns) => BinaryPrimitives.WriteInt16BigEndian(Room(2), (short)columns);

    /// <summary>All rows are there.</summary>
    public void Complete()
    {
        Row(-1);
        Flush();
        isComplete = true;
        stream.Dispose();
    }

    public void Dispose()
    {
        if (isComplete) return;
        isComplete = true;
        try
        {
            stream.Cancel();
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // What broke it is on its way to whoever copies.
        }
    }

    private static readonly Dictionary<(NpgsqlDbType, Type), Delegate> Writers = new()
    {
        [(NpgsqlDbType.Text, typeof(string))] = (BinaryCopy to, string? value) => to.Text(value, isJson: false),
        [(NpgsqlDbType.Jsonb, typeof(string))] = (BinaryCopy to, string? value) => to.Text(value, isJson: true),
        [(NpgsqlDbType.Bigint, typeof(long))] = (BinaryCopy to, long value) => to.Long(value),
        [(NpgsqlDbType.Bigint, typeof(long?))] = (BinaryCopy to, long? value) => to.Or(value, static (to, known) => to.Long(known)),
        [(NpgsqlDbType.Integer, typeof(int))] = (BinaryCopy to, int value) => to.Int(value),
        [(NpgsqlDbType.Integer, typeof(int?))] = (BinaryCopy to, int? value) => to.Or(value, static (to, known) => to.Int(known)),
        [(NpgsqlDbType.Smallint, typeof(short))] = (BinaryCopy to, short value) => to.Short(value),
        [(NpgsqlDbType.Boolean, typeof(bool))] = (BinaryCopy to, bool value) => to.Bool(value),
        [(NpgsqlDbType.Boolean, typeof(bool?))] = (BinaryCopy to, bool? value) => to.Or(value, static (to, known) => to.Bool(known)),
        [(NpgsqlDbType.Date, typeof(DateOnly))] = (BinaryCopy to, DateOnly value) => to.Int(value.DayNumber - EpochDay.DayNumber),
        [(NpgsqlDbType.TimestampTz, typeof(DateTime))] = (BinaryCopy to, DateTime value) => to.Time(value),
        [(NpgsqlDbType.TimestampTz, typeof(DateTime?))] = (BinaryCopy to, DateTime? value) => to.Or(value, static (to, known) => to.Time(known)),
        [(NpgsqlDbType.Numeric, typeof(decimal))] = (BinaryCopy to, decimal value) => to.Numeric(value),
        [(NpgsqlDbType.Numeric, typeof(decimal?))] = (BinaryCopy to, decimal? value) => to.Or(value, static (to, known) => to.Numeric(known)),
    };

    private void Null() => BinaryPrimitives.WriteInt32BigEndian(Room(4), -1);

    private void Or<T>(T? value, Action<BinaryCopy, T> write)
        where T : struct
    {
        if (value is { } known) write(this, known);
        else Null();
    }

    private void Long(long value)
    {
        var room = Room(12);
        BinaryPrimitives.WriteInt32BigEndian(room, 8);
        BinaryPrimitives.WriteInt64BigEndian(room[4..], value);
    }

    private void Int(int value)
    {
        var room = Room(8);
        BinaryPrimitives.WriteInt32BigEndian(room, 4);
        BinaryPrimitives.WriteInt32BigEndian(room[4..], value);
    }

    private void Short(short value)
    {
        var room = Room(6);
        BinaryPrimitives.WriteInt32BigEndian(room, 2);
        BinaryPrimitives.WriteInt16BigEndian(room[4..], value);
    }

    private void Bool(bool value)
    {
        var room = Room(5);
        BinaryPrimitives.WriteInt32BigEndian(room, 1);
        room[4] = value ? (byte)1 : (byte)0;
    }

    // The database keeps microseconds.
    private void Time(DateTime value)
    {
        if (value.Kind != DateTimeKind.Utc) throw new ArgumentException("A read model keeps times in UTC.", nameof(value));
        Long((value.Ticks - Epoch) / TimeSpan.TicksPerMicrosecond);
    }

    private void Text(string? value, bool isJson)
    {
        if (value is null)
        {
            Null();
            return;
        }

        var more = isJson ? 1 : 0;
        var length = Encoding.UTF8.GetByteCount(value);
        var room = Room(4 + more + length);
        BinaryPrimitives.WriteInt32BigEndian(room, more + length);
        if (isJson) room[4] = 1; // the version of jsonb's format
        Encoding.UTF8.GetBytes(value, room[(4 + more)..]);
    }

    // Groups of four decimal digits, the first ones first; those of the fraction are filled up at the end. Groups of zeros at either end are left out.
    private void Numeric(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        UInt128 digits = new((uint)bits[2], (ulong)(uint)bits[1] << 32 | (uint)bits[0]);
        int scale = value.Scale;
        var ofFraction = (scale + 3) / 4;
        for (var fill = (ofFraction * 4) - scale; fill > 0; fill--) digits *= 10;
        Span<short> groups = stackalloc short[16];
        var (first, count) = (groups.Length, 0);
        if (digits >> 64 == 0)
        {
            for (var low = (ulong)digits; low != 0; low /= 10_000) groups[--first] = (short)(low % 10_000);
        }
        else
        {
            for (; digits != 0; digits /= 10_000) groups[--first] = (short)(uint)(digits % 10_000);
        }

        count = groups.Length - first;
        var weight = count - ofFraction - 1;
        while (count > 0 && groups[first + count - 1] == 0) count--;
        var room = Room(12 + (2 * count));
        BinaryPrimitives.WriteInt32BigEndian(room, 8 + (2 * count));
        BinaryPrimitives.WriteInt16BigEndian(room[4..], (short)count);
        BinaryPrimitives.WriteInt16BigEndian(room[6..], count == 0 ? (short)0 : (short)weight);
        BinaryPrimitives.WriteUInt16BigEndian(room[8..], count > 0 && decimal.IsNegative(value) ? (ushort)0x4000 : (ushort)0);
        BinaryPrimitives.WriteInt16BigEndian(room[10..], (short)scale);
        for (var i = 0; i < count; i++) BinaryPrimitives.WriteInt16BigEndian(room[(12 + (2 * i))..], groups[first + i]);
    }

    private Span<byte> Room(int length)
    {
        if (buffer.Length - used < length) Flush();
        if (buffer.Length < length) buffer = new byte[length];
        used += length;
        return buffer.AsSpan(used - length, length);
    }

    private void Flush()
    {
        if (used > 0) stream.Write(buffer, 0, used);
        used = 0;
    }
}
