using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ledger.Api.Settings;
using Ledger.Domain.Payments;
using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>
/// What is made of a stored notification: its body is translated, a hint is asked about, and each fact takes the one way into the ledger. All of it may be done twice: the keys
/// of the commands are the same each time, and facts are safe to hear again.
/// </summary>
/// <param name="providers">The adapters and what tenants have set for them.</param>
/// <param name="facts">The way into the ledger.</param>
/// <param name="asker">Asks about hints.</param>
/// <param name="options">How often is asked about what nobody has signed.</param>
internal sealed class Inbox(ProviderDirectory providers, IFactApplier facts, HintAsker asker, InboxOptions options)
{
    /// <summary>So soon it is tried again where the ledger or its database had no room.</summary>
    internal static readonly TimeSpan NotNowWait = TimeSpan.FromSeconds(3);

    // Its invoice comes within moments, or never.
    private const int LinkTriesMax = 5;

    /// <summary>Applies a delivery, or says what applying it would change.</summary>
    /// <param name="delivery">As it was taken.</param>
    /// <param name="dryRun">Whether nothing is written.</param>
    /// <param name="cancellationToken">Ends the waiting for a provider's answer.</param>
    public async Task<Judgement> ApplyAsync(Delivery delivery, bool dryRun, CancellationToken cancellationToken)
    {
        if (delivery.Body is null) return Failed("Its body was erased.");
        if (providers.Find(delivery.Provider) is not { } adapter) return Failed($"This program does not know {delivery.Provider}.");
        if (await providers.SettingsAsync(delivery.Tenant, delivery.Provider, cancellationToken) is not { } settings) return new(DeliveryStatus.Waiting, $"The tenant has no settings for {delivery.Provider} any more.");

        ImmutableArray<ProviderFact> told;
        try
        {
            told = adapter.Translate(delivery.Body);
        }
        catch (UnreadableNotificationException failure)
        {
            return Failed(failure.Message);
        }

        var read = new Judgement(DeliveryStatus.Applied)
        {
            Facts = FactJson.Write(told),
            Refs = [.. told.SelectMany(f => f.Refs.Leading).Distinct(StringComparer.Ordinal)],
            Faults = delivery.Faults,
        };
        if (told.All(f => f is IgnoredFact)) return read with { Status = DeliveryStatus.Ignored, Reason = told.OfType<IgnoredFact>().FirstOrDefault()?.Why ?? "It tells nothing." };
        if (Foreign(delivery, settings, told) is { } foreign) return read with { Status = DeliveryStatus.Failed, Reason = foreign };

        var hints = told.Where(f => f.IsHint).ToImmutableArray();
        if (hints.IsEmpty)
        {
            Task<Judgement> ToldAsync() => ApplyAllAsync(delivery, read, told, n => Key(delivery, delivery.EventId, n.ToString(CultureInfo.InvariantCulture)), dryRun);
            var judged = await ToldAsync();
            // Of an invoice that is nobody's here nothing will come.
            if (judged is { IsUnknown: true, Status: DeliveryStatus.Waiting } && told.All(fact => fact is DetailsTold) && delivery.Tries >= LinkTriesMax) return judged with { Status = DeliveryStatus.Ignored, Reason = "It is about no payment of this ledger." };
            if (judged.IsUnknown && !dryRun && told is [InvoiceTold { HasMoreLines: true, Refs: var cut }])
            {
                // What it is for stands in the lines that were not told: all of them are asked for, and take its place.
                var whole = await BillsAsync(adapter, settings, delivery, cut, cancellationToken);
                return whole.IsEmpty ? judged : await ApplyAllAsync(delivery, read, whole, n => AnswerKey(delivery, cut, whole[n]), dryRun);
            }

            return judged.IsUnknown && !dryRun && await LearnAsync(adapter, settings, delivery, told, cancellationToken) ? await ToldAsync() : judged;
        }

        if (hints.FirstOrDefault(f => HintAsker.NameOf(f.Refs) is not null)?.Refs is not { } refs) return read with { Status = DeliveryStatus.Ignored, Reason = "It is a hint and names nothing that its provider could be asked about." };
        ImmutableArray<ProviderFact> answer;
        try
        {
            answer = await asker.AskAsync(adapter, settings, delivery.Tenant, refs, cancellationToken);
        }
        catch (ProviderException failure)
        {
            return read with { Status = DeliveryStatus.Waiting, Reason = $"{delivery.Provider} could not be asked: {failure.Message}", Unconfirmed = true };
        }

        // The effect and its key come from the answer alone; what the body claimed only decides whether to ask again.
        var applied = await ApplyAllAsync(delivery, read, answer, n => AnswerKey(delivery, refs, answer[n]), dryRun);
        var lacking = hints.Select(h => Hints.Lacks(h, answer)).FirstOrDefault(l => l is not null);
        // Anybody may have made it up: what its provider knows nothing of, asked again and again, is nothing.
        if (answer.IsEmpty && hints.All(h => h is SubscriptionTold or DetailsTold) && delivery.Tries >= options.UnsignedTriesMax) return applied with { Status = DeliveryStatus.Ignored, Reason = "Nobody signed it, and its provider knows nothing of it." };
        // Where nothing is said of an order that may yet be ours, the hint is kept and asked about again.
        return (applied.Status == DeliveryStatus.Applied || answer.IsEmpty) && lacking is not null ? applied with { Status = DeliveryStatus.Waiting, Reason = $"Not confirmed: {lacking}.", Unconfirmed = true } : applied;
    }

    // What went back may be of money that a provider took by itself, and that is known by its invoice alone: its provider says whose it is.
    private async Task<bool> LearnAsync(IPaymentProvider adapter, ProviderSettings settings, Delivery delivery, ImmutableArray<ProviderFact> told, CancellationToken cancellationToken)
    {
        if (told.FirstOrDefault(fact => fact is RefundTold or RefundedSoFarTold or DisputeTold && fact.Marks.Payment is null && !fact.Refs.Leading.IsEmpty)?.Refs is not { } refs) return false;
        var learnt = false;
        foreach (var bill in await BillsAsync(adapter, settings, delivery, refs, cancellationToken)) learnt |= await facts.ApplyAsync(delivery.Tenant, AnswerKey(delivery, refs, bill), bill, dryRun: false, CancellationToken.None) is FactOutcome.Applied;
        return learnt;
    }

    // The invoices that a provider names when it is asked, with all of their lines; none where it can't be: it waits, and is asked again.
    private async Task<ImmutableArray<ProviderFact>> BillsAsync(IPaymentProvider adapter, ProviderSettings settings, Delivery delivery, ProviderRefs refs, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await asker.AskAsync(adapter, settings, delivery.Tenant, refs, cancellationToken)).Where(fact => fact is InvoiceTold)];
        }
        catch (ProviderException)
        {
            return [];
        }
    }

    private async Task<Judgement> ApplyAllAsync(Delivery delivery, Judgement read, ImmutableArray<ProviderFact> all, Func<int, string> key, bool dryRun)
    {
        var (worst, changes) = (read, new List<string>());
        var (acted, nothing) = (false, (string?)null);
        for (var n = 0; n < all.Length; n++)
        {
            if (all[n] is IgnoredFact) continue;
            // Once begun it is not broken off: it takes no longer than a commit.
            switch (await facts.ApplyAsync(delivery.Tenant, key(n), all[n] with { IsHint = false }, dryRun, CancellationToken.None))
            {
                case FactOutcome.Applied applied:
                    acted = true;
                    worst = worst with { PaymentId = worst.PaymentId ?? applied.PaymentId };
                    changes.AddRange(applied.Changes);
                    break;
                case FactOutcome.Unchanged same:
                    acted |= same.PaymentId is not null || same.Subscription is not null || all[n] is CustomerTold { Marks.Account: not null };
                    nothing ??= same.Why;
                    worst = worst with { PaymentId = worst.PaymentId ?? same.PaymentId };
                    break;
                case FactOutcome.Refused refused:
                    worst = worst with { Status = DeliveryStatus.Failed, Reason = refused.Reason, PaymentId = worst.PaymentId ?? refused.PaymentId };
                    break;
                case FactOutcome.Waits waits when worst.Status != DeliveryStatus.Failed:
                    worst = worst with { Status = DeliveryStatus.Waiting, Reason = waits.Reason, IsUnknown = worst.IsUnknown || waits.IsUnknown };
                    break;
                case FactOutcome.NotNow notNow:
                    // Whatever came before it is done, and is passed over the next time.
                    return worst with { Status = DeliveryStatus.Waiting, Reason = notNow.Reason, Changes = changes, RetryIn = NotNowWait };
            }
        }

        if (worst.Status == DeliveryStatus.Applied && !acted) worst = worst with { Status = DeliveryStatus.Ignored, Reason = nothing is null ? "Its provider says nothing of it." : Sentence(nothing) };
        return worst with { Changes = changes };
    }

    private static string Sentence(string words) => char.ToUpperInvariant(words[0]) + words[1..].TrimEnd('.') + ".";

    /// <summary>Why it is not this tenant's business; null where it is.</summary>
    private static string? Foreign(Delivery delivery, ProviderSettings settings, ImmutableArray<ProviderFact> told)
    {
        if (told.FirstOrDefault(f => f.Marks.Tenant is { } named && named != delivery.Tenant)?.Marks.Tenant is { } other) return $"Its ledger_tenant is {other}; it came to {delivery.Tenant}.";
        if (delivery.Live is not { } live || TenantSettings.IsLive(delivery.Provider, settings) is not { } key || live == key) return null;
        return live ? "It is about real money (livemode), and the key in use is a test key." : "It is a test (livemode is false), and the key in use is a live key.";
    }

    private static string AnswerKey(Delivery delivery, ProviderRefs refs, ProviderFact answer) => Key(delivery, HintAsker.NameOf(refs)!, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(FactJson.Write(answer)))[..16]));

    private static string Key(Delivery delivery, string what, string n) =>
        delivery.Round == 1 ? $"wh/{delivery.Provider}/{what}/{n}" : string.Create(CultureInfo.InvariantCulture, $"wh/{delivery.Provider}/{what}/{n}/{delivery.Round}");

    private static Judgement Failed(string reason) => new(DeliveryStatus.Failed, reason);
}
