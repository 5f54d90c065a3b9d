using System.Globalization;
using Ledger.Api.Operations;

namespace Ledger.Testing;

/// <summary>Sends signals to processes, by number only.</summary>
internal static class Signals
{
    /// <summary>Processes that are gone already are no fault.</summary>
    public static Task SendAsync(string signal, params int[] processes) =>
        PostgresTool.RunAsync(
            "/bin/sh",
            ["-c", "for p in \"$@\"; do kill -s \"$0\" \"$p\" 2>/dev/null; done; true", signal, .. processes.Select(process => process.ToString(CultureInfo.InvariantCulture))],
            CancellationToken.None);

    /// <summary>The children of a process.</summary>
    public static async Task<int[]> ChildrenAsync(int parent) =>
        [.. (await ListAsync()).Where(process => process.Parent == parent).Select(process => process.Id)];

    /// <summary>Those of the processes that still run (a dead one that its parent has not asked for is none).</summary>
    public static async Task<int[]> AliveAsync(params int[] processes) =>
        [.. (await ListAsync()).Where(process => processes.Contains(process.Id) && !process.IsDead).Select(process => process.Id)];

    private static async Task<IReadOnlyList<(int Id, int Parent, bool IsDead)>> ListAsync()
    {
        var listed = await PostgresTool.RunAsync("ps", ["-A", "-o", "pid=,ppid=,stat="], CancellationToken.None);
        return
        [
            .. listed.Output.Split('\n')
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(parts => parts.Length == 3)
                .Select(parts => (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2].StartsWith('Z'))),
        ];
    }
}
