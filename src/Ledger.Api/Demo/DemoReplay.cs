using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Api.Access;

namespace Ledger.Api.Demo;

/// <summary>
/// Opens the accounts of a run and makes its calls: each a hold on the most that it may cost and a capture of what it did. A user's calls follow each other;
/// users go on side by side, whoever has the earliest call first. So what a user can pay follows from the plan, and a second start finds everything as it was.
/// </summary>
internal sealed class DemoReplay
{
    /// <summary>So many faults are told.</summary>
    public const int FaultsToldMax = 10;

    /// <summary>How often a hold whose time ended between two starts of a run is placed anew.</summary>
    private const int HoldsMax = 5;

    // What a call takes is not in the trace; these are plausible.
    private const int InputTokensPerMs = 5;
    private const int MsPerOutputToken = 30;

    private readonly DemoOptions options;
    private readonly LedgerClient client;
    private readonly DemoShop shop;
    private readonly IReadOnlyList<TracedCall> trace;
    private readonly ConcurrentQueue<string> faults = [];

    public DemoReplay(DemoOptions options, LedgerClient client, IReadOnlyList<TracedCall> trace)
    {
        (this.options, this.client, this.trace) = (options, client, trace);
        shop = new DemoShop(client, client.PatienceMax);
        Books = [.. new DemoPlan(options.Users, trace.Count).Users.Select(user => new UserBooks(user, $"demo_{options.Run}_{user.Name}"))];
    }

    /// <summary>Everybody's.</summary>
    public IReadOnlyList<UserBooks> Books { get; }

    /// <summary>Answers that nobody expected.</summary>
    public IReadOnlyCollection<string> Faults => faults;

    /// <summary>What a run is made of; a second start under the same name must be of the same.</summary>
    private string Plan
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var call in trace) hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{call.InputTokens} {call.OutputTokens}\n")));
            return string.Create(CultureInfo.InvariantCulture, $"{options.Users} users, {trace.Count} calls, trace {Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8))}");
        }
    }

    /// <summary>Looks, before anything is done, whether a run of this name was made of something else.</summary>
    /// <exception cref="ConfigurationException">It was.</exception>
    public async Task RequireSamePlanAsync(CancellationToken cancellationToken)
    {
        var first = await client.GetAsync($"v1/accounts/{Books[0].AccountId}", cancellationToken);
        if (first.Status == 200 && first.Body.GetProperty("metadata").TryGetProperty("plan", out var plan) && plan.GetString() != Plan) throw OtherOptions($"{plan.GetString()}; now {Plan}");
    }

    /// <summary>Opens the accounts, with what their users buy and are given.</summary>
    public Task OpenAccountsAsync(CancellationToken cancellationToken)
    {
        var plan = Plan;
        return Parallel.ForEachAsync(
            Books, new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken }, async (books, cancel) => await OpenAccountAsync(books, plan, cancel));
    }

    /// <summary>Makes the calls; tells <paramref name="done"/> how many more are done with.</summary>
    public async Task MakeCallsAsync(Action<int> done, CancellationToken cancellationToken)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var next = new PriorityQueue<UserBooks, int>(Books.Where(books => books.User.Calls.Count > 0).Select(books => (books, books.User.Calls[0])));
        var gate = new Lock();
        // As many may be taken as stand in the queue; users that are busy come back to it, those who are through do not.
        using var ready = new SemaphoreSlim(next.Count);
        var unfinished = next.Count;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        async Task WorkAsync()
        {
            while (true)
            {
                await ready.WaitAsync(ended.Token);
                UserBooks books;
                lock (gate)
                {
                    if (unfinished == 0) return;
                    books = next.Dequeue();
                }

                var call = books.User.Calls[books.Done];
                if (options.Speed is { } speed && (trace[call - 1].At / speed) - clock.Elapsed is { Ticks: > 0 } wait) await Task.Delay(wait, ended.Token);
                var before = books.Done;
                await CallAsync(books, call, ended.Token);
                done(books.Done - before);
                lock (gate)
                {
                    if (books.Done < books.User.Calls.Count)
                    {
                        next.Enqueue(books, books.User.Calls[books.Done]);
                        ready.Release();
                    }
                    else if (--unfinished == 0)
                    {
                        // Everybody may go home.
                        ready.Release(options.Concurrency);
                    }
                }
            }
        }

        async Task WorkOrEndAllAsync()
        {
            try
            {
                await WorkAsync();
            }
            catch
            {
                await ended.CancelAsync();
                throw;
            }
        }

        if (unfinished == 0) return;
        var all = Task.WhenAll(Enumerable.Range(0, options.Concurrency).Select(_ => WorkOrEndAllAsync()));
        try
        {
            await all;
        }
        catch (OperationCanceledException) when (all.Exception?.InnerExceptions.FirstOrDefault(failure => failure is not OperationCanceledException) is { } cause)
        {
            throw cause;
        }
    }

    private async Task OpenAccountAsync(UserBooks books, string plan, CancellationToken cancellationToken)
    {
        var (user, path) = (books.User, $"v1/accounts/{books.AccountId}");
        var opened = await client.PutAsync(
            path, new { owner = new { kind = "user", id = $"{options.Run}-{user.Name}" }, metadata = new { demo = options.Run, plan, package = user.Package.Name } }, cancellationToken);
        if (opened.Status is not (200 or 201))
        {
            Note($"{books.AccountId} was not opened", opened);
            return;
        }

        var (bought, answer) = await shop.BuyAsync(books.AccountId, user.Package, Key(user.Name, "purchase"), cancellationToken);
        if (bought == user.Package.Credits) books.Bought += user.Package.Credits;
        else if (answer.Status == 422) throw OtherOptions($"the purchase of {books.AccountId} was another one");
        else Note($"the purchase of {books.AccountId} ({user.Package.Id}: {user.Package.Credits} credits)", answer);
        if (!user.HasBonus) return;

        // Counted from the opening, which a second start of the run finds unchanged: the same request has the same end.
        var ends = opened.Body.GetProperty("createdAt").GetDateTimeOffset().AddDays(DemoPlan.BonusDays);
        var given = await client.PostAsync(
            path + "/grants", Key(user.Name, "bonus"),
            new { amount = DemoPlan.BonusCredits, source = "bonus", expiresAt = ends, priority = DemoPlan.BonusPriority, description = "Welcome" }, cancellationToken);
        if (Expect(given, 201, $"the bonus of {books.AccountId}")) books.Given += DemoPlan.BonusCredits;
    }

    private async Task CallAsync(UserBooks books, int number, CancellationToken cancellationToken)
    {
        books.Done++;
        var path = $"v1/accounts/{books.AccountId}";
        var row = number.ToString(CultureInfo.InvariantCulture);
        for (var attempt = 1; attempt <= HoldsMax; attempt++)
        {
            var suffix = attempt == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{attempt}");
            var hold = await client.PostAsync(
                path + "/holds", Key(row, "hold" + suffix),
                new { amount = TokenPrice.Default.Estimate(trace[number - 1]), service = "chat_assistant", operation = "completion", reference = $"call {row}" }, cancellationToken);
            if (hold.Status == 402)
            {
                books.Refusals++;
                books.NotMade = books.User.Calls.Count - books.Done;
                books.Done = books.User.Calls.Count;
                return;
            }

            if (!Expect(hold, 201, $"the hold of call {row}")) return;
            if (await EndAsync(books, number, $"{path}/holds/{hold.Body.GetProperty("id").GetString()}", row, suffix, cancellationToken)) return;
        }

        faults.Enqueue($"Call {row}: its hold ended {HoldsMax} times before it could be captured.");
    }

    /// <summary>Captures or releases the hold of a call; false where the hold's time had ended, since this run was begun before.</summary>
    private async Task<bool> EndAsync(UserBooks books, int number, string hold, string row, string suffix, CancellationToken cancellationToken)
    {
        var call = trace[number - 1];
        var time = (call.InputTokens / InputTokensPerMs) + (call.OutputTokens * MsPerOutputToken);
        if (DemoPlan.Fails(number))
        {
            var usage = new { inputTokens = call.InputTokens, outputTokens = 0, processingTimeMs = time, success = false, errorMessage = "The model gave no answer." };
            var released = await client.PostAsync(hold + "/release", Key(row, "release" + suffix), new { usage }, cancellationToken);
            if (HasLapsed(released)) return false;
            if (Expect(released, 200, $"the release of call {row}")) books.Releases++;
            return true;
        }

        var cost = TokenPrice.Default.Of(call.InputTokens, call.OutputTokens);
        var captured = await client.PostAsync(
            hold + "/capture", Key(row, "capture" + suffix),
            new { amount = cost, usage = new { inputTokens = call.InputTokens, outputTokens = call.OutputTokens, processingTimeMs = time, success = true } }, cancellationToken);
        if (HasLapsed(captured)) return false;
        if (!Expect(captured, 201, $"the capture of call {row}")) return true;
        books.Captures++;
        books.Spent += cost;
        if (!DemoPlan.IsRefunded(number)) return true;

        var path = $"v1/accounts/{books.AccountId}/consumptions/{captured.Body.GetProperty("id").GetString()}/refund";
        var refunded = await client.PostAsync(path, Key(row, "refund"), new { reason = "The answer was no use." }, cancellationToken);
        if (!Expect(refunded, 201, $"the refund of call {row}")) return true;
        books.Refunds++;
        books.Refunded += cost;
        return true;
    }

    private static bool HasLapsed(LedgerAnswer answer) =>
        answer.Status == 409 && answer.Body.ValueKind == JsonValueKind.Object && answer.Body.TryGetProperty("state", out var state) && state.GetString() == "expired";

    private string Key(string of, string what) => $"demo-{options.Run}-{of}-{what}";

    private bool Expect(LedgerAnswer answer, int status, string what)
    {
        if (answer.Status == status) return true;
        if (answer.Status == 422) throw OtherOptions($"{what} was another one");
        Note(what, answer);
        return false;
    }

    private ConfigurationException OtherOptions(string how) => new($"Run {options.Run} was made with other options ({how}): start it with the same ones, or leave out --run for a new one.");

    private void Note(string what, LedgerAnswer answer) => faults.Enqueue($"{what}: {answer.Problem}");
}
