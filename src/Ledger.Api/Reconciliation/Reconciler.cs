using System.Globalization;
using Ledger.Api.Commands;
using Ledger.Api.Payments;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Ledger.Providers;
using Ledger.Providers.Fake;

namespace Ledger.Api.Reconciliation;

/// <summary>
/// Compares the ledger with a provider, payment by payment: first all that the provider lists, then all that the ledger has and the list did not. Only a page of either side is held, and the ids of what was seen.
/// What can be put right is put right by the one way in which anything that a provider says comes in, so that it may be done twice.
/// </summary>
internal sealed class Reconciler(PaymentHallway hallway, EventReader reader, ProviderDesk providers, TimeProvider clock)
{
    /// <summary>At most so many payments that differ are listed; the others are counted.</summary>
    public const int ListedMax = 1_000;

    private const int PageMax = 200;
    private const int AtOnceMax = 8;
    private const string DetailsOnly = "payment_details_learnt";
    private const string NeverCame = "No notification of it has failed or waits: it never came, or came to another address.";

    /// <summary>Providers that can be compared with: all but the one that forgets all when the service ends.</summary>
    public IReadOnlyList<string> Providers { get; } = [.. providers.Names.Where(name => providers.Find(name) is not FakeProvider)];

    /// <summary>Those of them that a tenant has set up.</summary>
    public async Task<IReadOnlyList<string>> SetUpAsync(string tenant, CancellationToken cancellationToken)
    {
        var all = new List<string>();
        foreach (var name in Providers)
        {
            if (await providers.OfAsync(tenant, name, cancellationToken) is not null) all.Add(name);
        }

        return all;
    }

    /// <summary>Compares, and puts right what is safe where that is asked for.</summary>
    /// <returns>What was found; null where the tenant has not set up the provider.</returns>
    /// <exception cref="ProviderException">The provider could not be asked.</exception>
    /// <exception cref="TooManyPaymentsException">There are more payments than may be compared at once.</exception>
    public async Task<ReconciliationBody?> RunAsync(ReconciliationScope scope, Action<long>? progress, CancellationToken cancellationToken)
    {
        if (await providers.OfAsync(scope.Tenant, scope.Provider, cancellationToken) is not var (provider, settings)) return null;
        var findings = new Findings();
        var seen = new HashSet<PaymentId>();
        var list = provider.ListAsync(settings, scope.From, scope.To, cancellationToken);
        if (list is not null) await ListedAsync(scope, provider, settings, list, seen, findings, progress, cancellationToken);
        await KnownAsync(scope, provider, settings, seen, findings, progress, cancellationToken);
        return findings.ToBody(scope, clock.GetUtcNow(), list is not null);
    }

    private async Task ListedAsync(ReconciliationScope scope, IPaymentProvider provider, ProviderSettings settings, IAsyncEnumerable<ProviderPayment> list, HashSet<PaymentId> seen, Findings findings, Action<long>? progress, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var listed in list.WithCancellation(cancellationToken))
        {
            if (++count > scope.PaymentsMax) throw new TooManyPaymentsException(scope.PaymentsMax);
            if (PaymentTelling.Of(listed.Facts) is not { } told) continue;
            if (told.Marks.Tenant is { } tenant && tenant != scope.Tenant)
            {
                findings.IsForeign();
                continue;
            }

            if (await hallway.FindAsync(scope.Tenant, new DetailsTold { Provider = scope.Provider, Refs = told.Refs, Marks = told.Marks }, cancellationToken) is { } payment)
            {
                // One that belongs to another attempt leaves the payment itself to be asked about.
                if (payment.Refs.PaymentIntentId is null || payment.Refs.PaymentIntentId == told.Refs.PaymentIntentId) seen.Add(payment.Id);
                // A list tells in short: of what differs all is asked.
                IReadOnlyList<ProviderFact> facts = listed.Facts;
                if ((await DifferencesAsync(scope.Tenant, payment, told, cancellationToken)).Count > 0)
                {
                    var asked = await provider.AskAsync(settings, told.Refs, cancellationToken);
                    if (PaymentTelling.Of(asked) is { } whole) (told, facts) = (whole, asked);
                }

                await CompareAsync(scope, payment, told, facts, findings, cancellationToken);
            }
            else if (told.IsUnmarked)
            {
                // What it charges by itself for a subscription of ours is known by its invoice.
                var asked = told is { HasMoney: true, Refs.InvoiceId: not null } ? await provider.AskAsync(settings, told.Refs, cancellationToken) : [];
                if (await IsMissingAsync(scope, told, asked, cancellationToken) is not { } isMissing) findings.IsForeign();
                else if (isMissing) await MissingAsync(scope, told, asked, findings, cancellationToken);
                else findings.Agrees();
            }
            else if (told.HasMoney)
            {
                await MissingAsync(scope, told, listed.Facts, findings, cancellationToken);
            }
            else
            {
                findings.Agrees(); // nothing was paid, here or there
            }

            progress?.Invoke(1);
        }
    }

    private async Task KnownAsync(ReconciliationScope scope, IPaymentProvider provider, ProviderSettings settings, HashSet<PaymentId> seen, Findings findings, Action<long>? progress, CancellationToken cancellationToken)
    {
        var count = 0;
        for (var (after, more) = (0L, true); more;)
        {
            var page = await PageAsync(scope, after, cancellationToken);
            if ((count += page.Count) > scope.PaymentsMax) throw new TooManyPaymentsException(scope.PaymentsMax);
            more = page.Count == PageMax;
            if (more) after = page[^1].Position;
            await Parallel.ForEachAsync(page.Where(entry => !seen.Contains(entry.Id)), new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = cancellationToken }, async (entry, stop) =>
            {
                if (await hallway.FindAsync(scope.Tenant, entry.Id, stop) is { } payment) await AskAsync(scope, provider, settings, payment, findings, stop);
                progress?.Invoke(1);
            });
        }
    }

    private async Task AskAsync(ReconciliationScope scope, IPaymentProvider provider, ProviderSettings settings, Payment payment, Findings findings, CancellationToken cancellationToken)
    {
        IReadOnlyList<ProviderFact> facts = [];
        try
        {
            if (!payment.Refs.Leading.IsEmpty) facts = await provider.AskAsync(settings, payment.Refs, cancellationToken);
        }
        catch (ProviderException failure) when (failure.Fault == ProviderFault.NotFound)
        {
            facts = [];
        }

        if (PaymentTelling.Of(facts) is { } told) await CompareAsync(scope, payment, told, facts, findings, cancellationToken);
        else if (facts.Count == 0 && PaymentComparison.Unknown(payment) is { } missing) findings.Differs(Body(payment, null, [missing], Healing.ByHand, null));
        else findings.Agrees();
    }

    private async Task CompareAsync(ReconciliationScope scope, Payment payment, PaymentTelling told, IReadOnlyList<ProviderFact> facts, Findings findings, CancellationToken cancellationToken)
    {
        var differences = await DifferencesAsync(scope.Tenant, payment, told, cancellationToken);
        if (differences.Count == 0)
        {
            findings.Agrees();
            return;
        }

        var (possible, objection) = differences.Any(difference => difference.IsForPeople) ? (false, null) : await ForeseeAsync(scope, told, facts, cancellationToken);
        if (!possible && differences.All(difference => difference.IsInNameOnly))
        {
            findings.Agrees();
            return;
        }

        var note = objection ?? await ToldBeforeAsync(scope, told.Refs, cancellationToken) ?? (possible ? NeverCame : null);
        var healing = possible ? Healing.Possible : Healing.ByHand;
        if (possible && scope.Apply)
        {
            var refused = await ApplyAsync(scope, told, facts, payment.Version, cancellationToken);
            var after = await hallway.FindAsync(scope.Tenant, payment.Id, cancellationToken) ?? payment;
            var left = await DifferencesAsync(scope.Tenant, after, told, cancellationToken);
            healing = refused is null && left.All(difference => difference.IsInNameOnly) ? Healing.Done : Healing.ByHand;
            note = refused ?? (healing == Healing.Done ? note : "What the provider says was applied, and did not put all of it right.");
        }

        findings.Differs(Body(payment, told, differences, healing, note));
    }

    private async Task MissingAsync(ReconciliationScope scope, PaymentTelling told, IReadOnlyList<ProviderFact> facts, Findings findings, CancellationToken cancellationToken)
    {
        var why = told.IsUnmarked ? "The provider charged it by itself, for a subscription, and nothing of that has come in."
            : told.Marks.Credits is null ? $"The provider has it as {told.Marks.Payment}, which this ledger does not have: it was begun in another one, or in what a restore has lost."
            : "It was paid outside of our checkouts, and nothing of that has come in.";
        var missing = new Difference(DifferenceKind.MissingHere, null, told.Amount?.ToString(), why);
        var (possible, objection) = await ForeseeAsync(scope, told, facts, cancellationToken);
        var note = objection ?? await ToldBeforeAsync(scope, told.Refs, cancellationToken) ?? NeverCame;
        var (healing, payment) = (possible ? Healing.Possible : Healing.ByHand, (Payment?)null);
        if (possible && scope.Apply)
        {
            var refused = await ApplyAsync(scope, told, facts, 0, cancellationToken);
            payment = await hallway.FindAsync(scope.Tenant, new DetailsTold { Provider = scope.Provider, Refs = told.Refs, Marks = told.Marks }, cancellationToken);
            var left = payment is null ? [missing] : await DifferencesAsync(scope.Tenant, payment, told, cancellationToken);
            healing = refused is null && left.Count == 0 ? Healing.Done : Healing.ByHand;
            note = refused ?? (healing == Healing.Done ? note : "What the provider says was applied, and did not put all of it right.");
        }

        findings.Differs(Body(payment, told, [missing], healing, note));
    }

    // Whether what was charged for a subscription has no payment here that it should have; null where it is not this tenant's: several may share one account of the provider.
    private async Task<bool?> IsMissingAsync(ReconciliationScope scope, PaymentTelling told, IReadOnlyList<ProviderFact> facts, CancellationToken cancellationToken)
    {
        if (facts.OfType<InvoiceTold>().FirstOrDefault() is not { } bill) return null;
        if (bill.Marks.Tenant is { } tenant && tenant != scope.Tenant) return null;
        return await hallway.ApplyAsync(scope.Tenant, Key(scope, told, 0, 0), bill, dryRun: true, cancellationToken) switch
        {
            FactOutcome.Unchanged { Subscription: null } => null,
            FactOutcome.Unchanged => false, // its period was granted before such payments were kept
            FactOutcome.Waits or FactOutcome.NotNow => bill.Marks.Tenant is null ? null : true,
            _ => true,
        };
    }

    private async Task<IReadOnlyList<Difference>> DifferencesAsync(string tenant, Payment payment, PaymentTelling told, CancellationToken cancellationToken)
    {
        var (scale, granted) = (0, (Credits?)null);
        if (payment.CreditAmount is not null && (await reader.StateAsync(AccountModel.StreamOf(tenant, payment.Account), cancellationToken)) is { State: Account account } found)
        {
            scale = account.Scale;
            if (payment.Purchase is { Version: > 0 and var version }) granted = ((await reader.EventAsync(found.Stream, version, cancellationToken))?.Data as CreditsPurchased)?.Amount;
        }

        return PaymentComparison.Compare(payment, told, scale, granted);
    }

    /// <summary>Whether the provider's words would change the payment, and what the ledger objects to them.</summary>
    private async Task<(bool Possible, string? Objection)> ForeseeAsync(ReconciliationScope scope, PaymentTelling told, IReadOnlyList<ProviderFact> facts, CancellationToken cancellationToken)
    {
        for (var n = 0; n < facts.Count; n++)
        {
            if (facts[n] is IgnoredFact || facts[n].IsHint) continue;
            switch (await hallway.ApplyAsync(scope.Tenant, Key(scope, told, 0, n), facts[n], dryRun: true, cancellationToken))
            {
                case FactOutcome.Applied { Changes: var changes } when changes.Any(change => change != DetailsOnly): return (true, null);
                case FactOutcome.Refused refused: return (false, refused.Reason);
                case FactOutcome.Waits waits: return (false, waits.Reason);
                case FactOutcome.NotNow notNow: return (false, notNow.Reason);
            }
        }

        return (false, null);
    }

    /// <summary>Applies the provider's words in their order; why one was not taken, or null.</summary>
    private async Task<string?> ApplyAsync(ReconciliationScope scope, PaymentTelling told, IReadOnlyList<ProviderFact> facts, long version, CancellationToken cancellationToken)
    {
        string? refused = null;
        for (var n = 0; n < facts.Count; n++)
        {
            if (facts[n] is IgnoredFact || facts[n].IsHint) continue;
            cancellationToken.ThrowIfCancellationRequested();
            // Once begun it is not broken off: it takes no longer than a commit.
            refused ??= await hallway.ApplyAsync(scope.Tenant, Key(scope, told, version, n), facts[n], dryRun: false, CancellationToken.None) switch
            {
                FactOutcome.Refused no => no.Reason,
                FactOutcome.Waits waits => waits.Reason,
                FactOutcome.NotNow notNow => notNow.Reason,
                _ => null,
            };
        }

        return refused;
    }

    // The same words about the same payment, as it stood, are the same command.
    private static string Key(ReconciliationScope scope, PaymentTelling told, long version, int n) =>
        string.Create(CultureInfo.InvariantCulture, $"reconcile/{scope.Provider}/{HintAsker.NameOf(told.Refs)}/{version}/{n}");

    /// <summary>What became of a notification that names the payment and was not applied; what never came has left nothing.</summary>
    private async Task<string?> ToldBeforeAsync(ReconciliationScope scope, ProviderRefs refs, CancellationToken cancellationToken)
    {
        await using var command = reader.Source.CreateCommand(
            "select id, type, status, reason from ledger.webhook_deliveries where tenant_id = $1 and status in ('failed', 'waiting', 'received') and provider = $2 and refs && $3 order by received_at desc limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(scope.Tenant));
        command.Parameters.AddWithValue(scope.Provider);
        command.Parameters.AddWithValue(refs.Leading.ToArray());
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken)
            ? $"Its notification {rows.GetString(0)} ({rows.GetString(1)}) is {rows.GetString(2)}{(rows.IsDBNull(3) ? "." : $": {rows.GetString(3)}")}"
            : null;
    }

    private async Task<IReadOnlyList<(PaymentId Id, long Position)>> PageAsync(ReconciliationScope scope, long after, CancellationToken cancellationToken)
    {
        await using var command = reader.Source.CreateCommand(
            "select id, position from ledger.payments where tenant_id = $1 and provider = $2 and created_at >= $3 and created_at < $4 and position > $5 order by position limit $6");
        command.Parameters.AddWithValue(Tenants.Stored(scope.Tenant));
        command.Parameters.AddWithValue(scope.Provider);
        command.Parameters.AddWithValue(scope.From.UtcDateTime);
        command.Parameters.AddWithValue(scope.To.UtcDateTime);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(PageMax);
        var page = new List<(PaymentId, long)>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) page.Add((new PaymentId(rows.GetString(0)), rows.GetInt64(1)));
        return page;
    }

    private static DifferingPaymentBody Body(Payment? payment, PaymentTelling? told, IReadOnlyList<Difference> differences, Healing healing, string? note) => new()
    {
        PaymentId = payment?.Id.Value ?? told?.Marks.Payment,
        AccountId = payment?.Account.Value ?? told?.Marks.Account,
        Reference = (told is null ? null : HintAsker.NameOf(told.Refs)) ?? (payment is null ? null : HintAsker.NameOf(payment.Refs)),
        Differences = [.. differences.Select(difference => new DifferenceBody(difference.Kind, difference.Ledger, difference.Provider, difference.Why))],
        Healing = healing,
        Note = note,
    };
}
