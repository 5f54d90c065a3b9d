namespace Ledger.EventStore;

/// <summary>Works that somebody waits for together, whether or not they stand or fall together: he is woken once, when the last of them is answered.</summary>
internal sealed class WorkBundle
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int left;

    public WorkBundle(IReadOnlyList<Work> works)
    {
        left = works.Count;
        if (left == 0) done.SetResult();
        foreach (var work in works) work.Expect(this);
    }

    /// <summary>Ends when all are answered.</summary>
    public Task Done => done.Task;

    /// <summary>One of them is answered.</summary>
    public void Answered()
    {
        if (Interlocked.Decrement(ref left) == 0) done.SetResult();
    }
}
