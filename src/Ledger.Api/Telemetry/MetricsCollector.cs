using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Ledger.Api.Telemetry;

/// <summary>
/// Adds up what the meters <c>Ledger...</c> measure and writes it as a page for Prometheus (text format 0.0.4). A measurement finds its series without
/// a lock and adds to it with one interlocked operation each for count, sum and bucket.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    /// <summary>Media type of the page.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Most series of an instrument; what is beyond is counted under one without labels.</summary>
    public const int SeriesMax = 2_000;

    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

    private readonly MeterListener listener;
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, Collected> instruments = new(StringComparer.Ordinal);

    public MetricsCollector()
    {
        listener = new MeterListener { InstrumentPublished = Published };
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((Collected)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((Collected)state!).Add((double)value, tags));
        listener.Start();
    }

    /// <summary>The page as of now.</summary>
    public string Page()
    {
        lock (gate)
        {
            foreach (var instrument in instruments.Values) instrument.ForgetObserved();
            listener.RecordObservableInstruments();
            var page = new StringBuilder(4096);
            foreach (var instrument in instruments.Values) instrument.WriteTo(page);
            return page.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private void Published(Instrument instrument, MeterListener to)
    {
        if (instrument.Meter.Name != RequestMetrics.MeterName && !instrument.Meter.Name.StartsWith(RequestMetrics.MeterName + ".", StringComparison.Ordinal)) return;
        var (kind, observed) = instrument.GetType().Name switch
        {
            var n when n.StartsWith("Histogram", StringComparison.Ordinal) => (Kind.Histogram, false),
            var n when n.StartsWith("Counter", StringComparison.Ordinal) => (Kind.Counter, false),
            var n when n.StartsWith("ObservableCounter", StringComparison.Ordinal) => (Kind.Counter, true),
            var n when n.StartsWith("UpDownCounter", StringComparison.Ordinal) => (Kind.Gauge, false),
            var n when n.StartsWith("Gauge", StringComparison.Ordinal) => (Kind.LastValue, false),
            _ => (Kind.Gauge, true),
        };
        var name = Name(instrument, kind);
        var bounds = instrument.Unit == "s" ? Seconds : Counts;
        Collected collected;
        lock (gate)
        {
            // Two stores in one process have an instrument of one name each: they add up.
            if (!instruments.TryGetValue(name, out collected!)) instruments.Add(name, collected = new Collected(name, instrument.Description ?? "", kind, observed, bounds));
        }

        to.EnableMeasurementEvents(instrument, collected);
    }

    /// <summary>Prometheus's way: underscores, the unit spelt out, <c>_total</c> after a counter.</summary>
    private static string Name(Instrument instrument, Kind kind)
    {
        var name = new StringBuilder(instrument.Name.Length + 16);
        foreach (var c in instrument.Name) name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (instrument.Unit == "s") name.Append("_seconds");
        else if (instrument.Unit == "By") name.Append("_bytes");
        if (kind == Kind.Counter) name.Append("_total");
        return name.ToString();
    }

    private enum Kind
    {
        Counter,
        Gauge,
        LastValue,
        Histogram,
    }

    private sealed class Collected(string name, string help, Kind kind, bool observed, double[] bounds)
    {
        private readonly Lock writing = new();
        private Series rest = new("", [], kind == Kind.Histogram ? bounds.Length + 1 : 0);

        // Replaced as a whole when a series is new, which is seldom; read without a lock.
        private Dictionary<int, Series> series = [];
        private int count;

        public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var found = Find(tags);
            if (kind == Kind.LastValue) found.Set(value);
            else found.Add(value, kind == Kind.Histogram ? Bucket(value) : -1);
        }

        public void ForgetObserved()
        {
            if (!observed) return;
            lock (writing)
            {
                series = [];
                count = 0;
                rest = new Series("", [], 0);
            }
        }

        public void WriteTo(StringBuilder page)
        {
            var all = Volatile.Read(ref series).Values.SelectMany(s => s.Chain()).Append(rest).Where(s => s.Count > 0).OrderBy(s => s.Labels, StringComparer.Ordinal).ToList();
            if (help.Length > 0) page.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
            page.Append("# TYPE ").Append(name).Append(kind switch { Kind.Counter => " counter\n", Kind.Histogram => " histogram\n", _ => " gauge\n" });
            foreach (var s in all)
            {
                if (kind == Kind.Histogram) WriteHistogram(page, s);
                else Line(page, name, s.Labels, s.Sum);
            }
        }

        private void WriteHistogram(StringBuilder page, Series s)
        {
            long below = 0;
            for (var i = 0; i <= bounds.Length; i++)
            {
                below += s.InBucket(i);
                var le = i == bounds.Length ? "+Inf" : bounds[i].ToString(CultureInfo.InvariantCulture);
                Line(page, name + "_bucket", s.Labels.Length == 0 ? $"le=\"{le}\"" : $"{s.Labels},le=\"{le}\"", below);
            }

            Line(page, name + "_sum", s.Labels, s.Sum);
            Line(page, name + "_count", s.Labels, below); // of the buckets, so that the page agrees with itself
        }

        private static void Line(StringBuilder page, string name, string labels, double value)
        {
            page.Append(name);
            if (labels.Length > 0) page.Append('{').Append(labels).Append('}');
            page.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }

        private int Bucket(double value)
        {
            var i = 0;
            while (i < bounds.Length && value > bounds[i]) i++;
            return i;
        }

        private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var hash = Hash(tags);
            if (Volatile.Read(ref series).TryGetValue(hash, out var first))
            {
                for (var s = first; s is not null; s = s.Next) if (s.Is(tags)) return s;
            }

            lock (writing)
            {
                for (var s = series.GetValueOrDefault(hash); s is not null; s = s.Next) if (s.Is(tags)) return s;
                if (count >= SeriesMax) return rest;
                var made = new Series(LabelsOf(tags), tags.ToArray(), kind == Kind.Histogram ? bounds.Length + 1 : 0) { Next = series.GetValueOrDefault(hash) };
                Volatile.Write(ref series, new Dictionary<int, Series>(series) { [hash] = made });
                count++;
                return made;
            }
        }

        private static int Hash(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var hash = 17;
            foreach (ref readonly var tag in tags) hash = (hash * 31) + (tag.Value?.GetHashCode() ?? 0);
            return hash;
        }

        private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = new StringBuilder();
            foreach (var (key, value) in tags)
            {
                if (labels.Length > 0) labels.Append(',');
                foreach (var c in key) labels.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
                var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                labels.Append("=\"").Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
            }

            return labels.ToString();
        }
    }

    private sealed class Series(string labels, KeyValuePair<string, object?>[] tags, int buckets)
    {
        private readonly long[] inBuckets = new long[buckets];
        private long count;
        private double sum;

        public string Labels => labels;

        public Series? Next { get; init; }

        public long Count => Interlocked.Read(ref count);

        public double Sum => Volatile.Read(ref sum);

        public long InBucket(int bucket) => Interlocked.Read(ref inBuckets[bucket]);

        public IEnumerable<Series> Chain()
        {
            for (var s = this; s is not null; s = s.Next) yield return s;
        }

        public bool Is(ReadOnlySpan<KeyValuePair<string, object?>> other)
        {
            if (other.Length != tags.Length) return false;
            for (var i = 0; i < tags.Length; i++)
            {
                if (!string.Equals(tags[i].Key, other[i].Key, StringComparison.Ordinal) || !Equals(tags[i].Value, other[i].Value)) return false;
            }

            return true;
        }

        public void Add(double value, int bucket)
        {
            Interlocked.Increment(ref count);
            if (bucket >= 0) Interlocked.Increment(ref inBuckets[bucket]);
            double seen, next;
            do
            {
                seen = Volatile.Read(ref sum);
                next = seen + value;
            }
            while (Interlocked.CompareExchange(ref sum, next, seen) != seen);
        }

        public void Set(double value)
        {
            Interlocked.Exchange(ref sum, value);
            Interlocked.Exchange(ref count, 1);
        }
    }
}
