using System.Diagnostics;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>
/// Keep-alive connections over plain sockets, one request in flight on each, all on one thread that the kernel tells which of them have something to say. Requests are bytes with
/// a few digits changed: the generator takes as little of the shared cores as it can. Prints "warm" and "end" as the counted time begins and ends, then its figures as one line of JSON.
/// </summary>
internal static class LoadGenerator
{
    public static int Run(LoadOptions options)
    {
        var lanes = Enumerable.Range(0, options.Connections).Select(i => new LoadLane(options, i)).ToList();
        using var watch = new SocketWatch([.. lanes.Select(lane => lane.Socket)]);
        var counts = new LoadCounts(TimeSpan.FromSeconds(options.WarmUp), TimeSpan.FromSeconds(options.WarmUp + options.Seconds));
        var ready = new List<int>(512);
        var self = Process.GetCurrentProcess();
        var (warm, used) = (false, TimeSpan.Zero);
        // In an open loop the lanes are due one after the other, for ever in the same order.
        var (turn, places) = (0, options.Rate > 0 ? lanes.Count : 0);
        // All that were refused rest equally long, so they come again in their order.
        var resting = new Queue<int>();
        var clock = Stopwatch.StartNew();
        if (places == 0)
        {
            for (var place = 0; place < lanes.Count; place++)
            {
                lanes[place].Begin(clock.Elapsed);
                Watch(place, wasSending: false);
            }
        }

        while (clock.Elapsed is var now && now < counts.End)
        {
            if (!warm && now >= counts.Begin)
            {
                Console.WriteLine("warm");
                self.Refresh();
                (warm, used) = (true, self.TotalProcessorTime);
            }

            // A lane that is still busy at its turn begins its next request as soon as it is answered.
            for (; places > 0 && TimeSpan.FromSeconds(turn / options.Rate) <= now; turn++)
            {
                var lane = lanes[turn % places];
                if (!lane.IsIdle || lane.IsOver) continue;
                lane.Begin(now);
                Watch(turn % places, wasSending: false);
            }

            while (resting.TryPeek(out var rested) && lanes[rested].RestsUntil <= now)
            {
                resting.Dequeue();
                if (lanes[rested].IsOver) continue;
                lanes[rested].Begin(now);
                Watch(rested, wasSending: false);
            }

            watch.Wait(places > 0 || resting.Count > 0 ? TimeSpan.Zero : (warm ? counts.End : counts.Begin) - now, ready);
            foreach (var place in ready)
            {
                var lane = lanes[place];
                if (lane.IsOver) continue;
                var was = lane.IsSending;
                lane.Advance(clock, counts);
                Watch(place, was);
                if (places == 0 && lane.IsIdle && lane.RestsUntil > now && !lane.IsOver) resting.Enqueue(place);
            }
        }

        Console.WriteLine("end");
        self.Refresh();
        Console.WriteLine(JsonSerializer.Serialize(counts.Result(options.Seconds, lanes.Count(lane => lane.IsOver), self.TotalProcessorTime - used)));
        foreach (var lane in lanes) lane.Socket.Dispose();
        return 0;

        void Watch(int place, bool wasSending)
        {
            var lane = lanes[place];
            if (lane.IsSending != wasSending && !lane.IsOver) watch.AlsoWritable(place, lane.IsSending);
        }
    }
}

/// <summary>What is counted.</summary>
internal sealed class LoadCounts(TimeSpan begin, TimeSpan end)
{
    private readonly List<int> done = new(200_000);
    private readonly List<int> refused = [];
    private long commands;
    private long failed;

    public TimeSpan Begin => begin;

    public TimeSpan End => end;

    /// <summary>Counts an answer. A refusal that does not say when to come back is a failure.</summary>
    public void Add(TimeSpan now, TimeSpan took, int status, int lines, bool saysWhen)
    {
        if (now < begin || now > end) return;
        if (status is 200 or 201)
        {
            commands += lines;
            done.Add((int)took.TotalMicroseconds);
        }
        else if (status == 503 && saysWhen)
        {
            refused.Add((int)took.TotalMicroseconds);
        }
        else
        {
            failed++;
        }
    }

    public LoadResult Result(double seconds, int lost, TimeSpan processor)
    {
        done.Sort();
        refused.Sort();
        return new LoadResult(commands, refused.Count, failed + lost, seconds, At(done, 0.5), At(done, 0.99), At(done, 1), At(refused, 0.99), processor.TotalMicroseconds);
    }

    private static double At(List<int> sorted, double share) => sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))] / 1_000.0;
}
