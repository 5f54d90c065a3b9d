using System.Globalization;

namespace Ledger.Api.Demo;

/// <summary>What a user may buy.</summary>
/// <param name="Name">For people.</param>
/// <param name="Credits">Credits in it.</param>
/// <param name="Cents">Its price in US cents.</param>
/// <param name="Weight">How much those who buy it use the service, against each other.</param>
internal sealed record Package(string Name, int Credits, int Cents, int Weight)
{
    public static Package Small { get; } = new("Small", 5, 500, 2);

    public static Package Medium { get; } = new("Medium", 15, 1_500, 5);

    public static Package Large { get; } = new("Large", 30, 3_000, 10);

    /// <summary>Its id in the catalogue.</summary>
    public string Id => Name.ToLowerInvariant();
}

/// <summary>A user of the demo.</summary>
/// <param name="Number">1 or more.</param>
/// <param name="Package">What they buy.</param>
/// <param name="HasBonus">Whether they get a bonus besides.</param>
/// <param name="Calls">The numbers of their calls in the trace, from 1, rising.</param>
internal sealed record PlannedUser(int Number, Package Package, bool HasBonus, IReadOnlyList<int> Calls)
{
    /// <summary>Their name, as in <c>u001</c>.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"u{Number:000}");
}

/// <summary>Who makes which call, and what becomes of it. It follows from the numbers alone, so that a second start of a run asks for the same things.</summary>
internal sealed class DemoPlan
{
    /// <summary>Credits of a bonus; they burn before what was bought and end after <see cref="BonusDays"/>.</summary>
    public const int BonusCredits = 2;

    /// <summary>Days that a bonus lasts.</summary>
    public const int BonusDays = 30;

    /// <summary>Its priority.</summary>
    public const int BonusPriority = 50;

    // One user in five gets a bonus; one call in fifty fails; one of a hundred that succeed is refunded.
    private const int BonusEvery = 5;
    private const int FailureEvery = 50;
    private const int RefundEvery = 100;

    private const ulong ForActivity = 1;
    private const ulong ForUser = 2;
    private const ulong ForFailure = 3;
    private const ulong ForRefund = 4;

    // Half, three tenths and two tenths of the users.
    private static readonly Package[] Bought =
        [Package.Small, Package.Medium, Package.Small, Package.Large, Package.Small, Package.Medium, Package.Small, Package.Large, Package.Small, Package.Medium];

    // Some use what they buy much more than others.
    private static readonly int[] Activities = [5, 7, 9, 10, 12, 16, 22];

    /// <summary>Plans so many users and calls.</summary>
    public DemoPlan(int users, int calls)
    {
        var ends = new int[users];
        var sum = 0;
        for (var i = 0; i < users; i++) ends[i] = sum += Bought[i % Bought.Length].Weight * Activities[Chance.Pick(ForActivity, i, Activities.Length)];
        var lists = Enumerable.Range(0, users).Select(_ => new List<int>()).ToArray();
        for (var call = 1; call <= calls; call++)
        {
            var user = Array.BinarySearch(ends, Chance.Pick(ForUser, call, sum));
            lists[user < 0 ? ~user : user + 1].Add(call);
        }

        Users = [.. lists.Select((list, i) => new PlannedUser(i + 1, Bought[i % Bought.Length], i % BonusEvery == 0, list))];
    }

    /// <summary>Everybody.</summary>
    public IReadOnlyList<PlannedUser> Users { get; }

    /// <summary>Whether a call fails, so that its hold is released.</summary>
    public static bool Fails(int call) => Chance.Pick(ForFailure, call, FailureEvery) == 0;

    /// <summary>Whether a call that succeeded is refunded.</summary>
    public static bool IsRefunded(int call) => Chance.Pick(ForRefund, call, RefundEvery) == 0;
}
