using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ledger.Bench;

/// <summary>
/// Tells which of many sockets have something to say. On Linux the kernel keeps the list (epoll), so that thousands of quiet connections cost nothing; elsewhere all are asked each time.
/// </summary>
internal sealed class SocketWatch : IDisposable
{
    private const int EventsMax = 512;
    private const uint Readable = 1;
    private const uint Writable = 4;

    // The kernel's structure has no gap on x86-64, and one elsewhere.
    private static readonly int DataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataAt + 8;

    private readonly IReadOnlyList<Socket> sockets;
    private readonly Dictionary<Socket, int> places = [];
    private readonly HashSet<Socket> full = [];
    private readonly byte[] events = new byte[EventsMax * EventSize];
    private readonly byte[] change = new byte[EventSize];
    private readonly int kernel = -1;

    public SocketWatch(IReadOnlyList<Socket> sockets)
    {
        this.sockets = sockets;
        if (!OperatingSystem.IsLinux())
        {
            for (var i = 0; i < sockets.Count; i++) places.Add(sockets[i], i);
            return;
        }

        kernel = Create(0);
        if (kernel < 0) throw new Win32Exception();
        for (var i = 0; i < sockets.Count; i++) Tell(add: true, i, Readable);
    }

    /// <summary>Whether to tell when a socket takes more bytes, too.</summary>
    public void AlsoWritable(int place, bool wanted)
    {
        if (kernel >= 0) Tell(add: false, place, wanted ? Readable | Writable : Readable);
        else if (wanted) full.Add(sockets[place]);
        else full.Remove(sockets[place]);
    }

    /// <summary>Waits, in whole milliseconds and at least one, and puts in the places of sockets that have something to say.</summary>
    public void Wait(TimeSpan atMost, List<int> ready)
    {
        ready.Clear();
        var patience = Math.Max(1, (int)atMost.TotalMilliseconds);
        if (kernel < 0)
        {
            var (reading, writing) = (sockets.ToList(), full.ToList());
            Socket.Select(reading, writing.Count == 0 ? null : writing, null, patience * 1_000);
            foreach (var socket in reading.Union(writing)) ready.Add(places[socket]);
            return;
        }

        var count = Wait(kernel, events, EventsMax, patience);
        for (var i = 0; i < count; i++) ready.Add(BinaryPrimitives.ReadInt32LittleEndian(events.AsSpan((i * EventSize) + DataAt)));
    }

    public void Dispose()
    {
        if (kernel >= 0) _ = Close(kernel);
    }

    private void Tell(bool add, int place, uint what)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(change, what);
        BinaryPrimitives.WriteInt64LittleEndian(change.AsSpan(DataAt), place);
        if (Change(kernel, add ? 1 : 3, (int)sockets[place].Handle, change) != 0) throw new Win32Exception();
    }

    [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static extern int Create(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static extern int Change(int kernel, int operation, int socket, byte[] change);

    [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static extern int Wait(int kernel, byte[] events, int max, int milliseconds);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int kernel);
}
