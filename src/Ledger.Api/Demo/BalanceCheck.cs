using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Ledger.Api.Demo;

/// <summary>Compares, for every account of a run, four sums that must be one: its balance, its events, its transactions, and what the demo itself wrote down.</summary>
internal static class BalanceCheck
{
    private const int Page = 500;

    // What ends by time counts at once and is written a moment later; in between an account is ahead of its events.
    private const int AttemptsMax = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The accounts that do not add up, each with how.</summary>
    /// <param name="client">The service's.</param>
    /// <param name="books">What the demo wrote down.</param>
    /// <param name="concurrency">Accounts at once.</param>
    /// <param name="pause">Before one that does not add up is looked at again; a second where nothing is said.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IReadOnlyList<string>> RunAsync(LedgerClient client, IReadOnlyList<UserBooks> books, int concurrency, TimeSpan? pause, CancellationToken cancellationToken)
    {
        var wrong = new ConcurrentDictionary<int, string>();
        await Parallel.ForEachAsync(books, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (account, cancel) =>
        {
            for (var attempt = 1; ; attempt++)
            {
                if (await WrongAsync(client, account, cancel) is not { } what) return;
                if (attempt == AttemptsMax)
                {
                    wrong[account.User.Number] = $"{account.AccountId}: {what}";
                    return;
                }

                await Task.Delay(pause ?? Pause, cancel);
            }
        });
        return [.. wrong.OrderBy(pair => pair.Key).Select(pair => pair.Value)];
    }

    private static async Task<string?> WrongAsync(LedgerClient client, UserBooks books, CancellationToken cancellationToken)
    {
        try
        {
            var path = $"v1/accounts/{books.AccountId}";
            var fold = new EventFold();
            await foreach (var recorded in ListAsync(client, path + "/events", cancellationToken)) fold.Add(recorded);
            var transactions = 0m;
            await foreach (var transaction in ListAsync(client, path + "/transactions", cancellationToken))
            {
                var amount = transaction.GetProperty("amount").GetDecimal();
                transactions += transaction.GetProperty("direction").GetString() == "credit" ? amount : -amount;
            }

            var account = Read(await client.GetAsync(path, cancellationToken));
            var (balance, held, version) = (account.GetProperty("balance").GetDecimal(), account.GetProperty("held").GetDecimal(), account.GetProperty("version").GetInt64());
            if (fold.Version != version) return string.Create(CultureInfo.InvariantCulture, $"its version is {version}, but it has {fold.Version} events");
            if (fold.Balance != balance) return string.Create(CultureInfo.InvariantCulture, $"its balance is {balance}, but its events add up to {fold.Balance}");
            if (fold.Held != held) return string.Create(CultureInfo.InvariantCulture, $"{held} of it are held, but by its events {fold.Held}");
            if (transactions != balance) return string.Create(CultureInfo.InvariantCulture, $"its balance is {balance}, but its transactions add up to {transactions}");
            return books.Left == balance ? null : string.Create(CultureInfo.InvariantCulture, $"its balance is {balance}, but what was asked for leaves {books.Left}");
        }
        catch (FormatException failure)
        {
            return failure.Message;
        }
    }

    private static async IAsyncEnumerable<JsonElement> ListAsync(LedgerClient client, string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = Read(await client.GetAsync(string.Create(CultureInfo.InvariantCulture, $"{path}?limit={Page}{(cursor is null ? "" : "&cursor=" + cursor)}"), cancellationToken));
            foreach (var item in page.GetProperty("data").EnumerateArray()) yield return item;
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
    }

    private static JsonElement Read(LedgerAnswer answer) => answer.Status == 200 ? answer.Body : throw new FormatException(answer.Problem);
}
