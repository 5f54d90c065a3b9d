using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Commands;

/// <summary>
/// The saved form of an account's state. It is read and written for every command, so it is packed; it is no truth of its own, and a change of
/// the form is a new <see cref="Format"/>, upon which states are folded anew from their events.
/// </summary>
internal static class AccountSnapshot
{
    /// <summary>The number of this form.</summary>
    public const short Format = 2;

    // Stands beside a lot's end where what is claimed of the lot follows. Lots without claims are written as they were before there were any.
    private const int Claimed = 8;

    // Stands beside it too, where the lot bears a subscription.
    private const int Periodic = 16;

    // At the end: credits come with a subscription.
    private const int Subscribed = 1;

    private const int Watched = 2;

    // The watch is for calls too.
    private const int WatchedCalls = 4;

    /// <summary>Writes an account down; every member but <see cref="Account.Left"/>.</summary>
    public static void Save(Account account, IBufferWriter<byte> into, JsonSerializerOptions json)
    {
        var to = new PackedWriter(into);
        to.Number(account.Version);
        to.Text(account.Tag);
        to.Number((long)account.Owner.Kind);
        to.Text(account.Owner.Id);
        to.Text(account.Unit);
        to.Number(account.Scale);
        to.Credits(account.OverdraftLimit);
        to.Number(account.Metadata.Count);
        foreach (var (key, value) in account.Metadata)
        {
            to.Text(key);
            to.Text(value);
        }

        to.Number((long)account.Status);
        to.Time(account.CreatedAt);
        to.Time(account.UpdatedAt);
        to.Credits(account.Balance);
        to.Credits(account.Held);
        to.Credits(account.Debt);
        to.Credits(account.Frozen);
        Save(ref to, account.Totals);
        to.Number(account.Lots.Length);
        foreach (var lot in account.Lots) Save(ref to, lot, account.Tag);
        to.Number(account.Holds.Length);
        foreach (var hold in account.Holds)
        {
            to.Text(hold.Id.Value);
            to.Credits(hold.Amount);
            to.Time(hold.CreatedAt);
            to.Time(hold.ExpiresAt);
            to.Bytes(hold.Spending is null ? [] : JsonSerializer.SerializeToUtf8Bytes(hold.Spending, json));
            to.Bytes(hold.Note is null ? [] : JsonSerializer.SerializeToUtf8Bytes(hold.Note, json));
        }

        to.Number(account.Debts.Length);
        foreach (var debt in account.Debts)
        {
            to.Number(debt.Version);
            to.Credits(debt.Left);
        }

        to.Number(account.Calls);
        // What most accounts have not: one number says what follows.
        to.Number((account.Period is null ? 0 : Subscribed) | (account.Watch is null ? 0 : Watched) | (account.Watch?.Calls is null ? 0 : WatchedCalls));
        if (account.Period is { } period)
        {
            to.Text(period.Subscription.Value);
            to.Credits(period.Lapsed);
            to.Time(period.ResetsAt);
        }

        if (account.Watch is { } watch) Save(ref to, watch);
        if (account.Watch?.Calls is { } calls) to.Number(calls);
        to.Flush();
    }

    /// <summary>Brings back what <see cref="Save(Account, IBufferWriter{byte}, JsonSerializerOptions)"/> wrote.</summary>
    public static Account Load(AccountId id, ReadOnlySpan<byte> saved, JsonSerializerOptions json)
    {
        var from = new PackedReader(saved);
        var version = from.Number();
        var tag = from.Text();
        var owner = new Owner((OwnerKind)from.Small(), from.Text());
        var unit = from.Text();
        var scale = from.Small();
        var overdraft = from.Credits();
        var metadata = Metadata.Empty;
        var members = from.Small();
        if (members > 0)
        {
            var pairs = new KeyValuePair<string, string>[members];
            for (var i = 0; i < members; i++) pairs[i] = new(from.Text(), from.Text());
            metadata = Metadata.Of(pairs);
        }

        var status = (AccountStatus)from.Small();
        var (createdAt, updatedAt) = (from.Time(), from.Time());
        var (balance, held, debt, frozen) = (from.Credits(), from.Credits(), from.Credits(), from.Credits());
        var totals = LoadTotals(ref from);
        var lots = new Lot[from.Small()];
        for (var i = 0; i < lots.Length; i++) lots[i] = LoadLot(ref from, tag);
        var holds = new Hold[from.Small()];
        for (var i = 0; i < holds.Length; i++)
        {
            var hold = new HoldId(from.Text());
            var (amount, placedAt, expiresAt) = (from.Credits(), from.Time(), from.Time());
            var spending = from.Bytes();
            var note = from.Bytes();
            holds[i] = new Hold(hold, amount, placedAt, expiresAt,
                spending.IsEmpty ? null : JsonSerializer.Deserialize<Spending>(spending, json), note.IsEmpty ? null : JsonSerializer.Deserialize<Note>(note, json));
        }

        var debts = new Debt[from.Small()];
        for (var i = 0; i < debts.Length; i++) debts[i] = new Debt(from.Number(), from.Credits());
        var calls = from.Number();
        var more = from.Small();
        var period = (more & Subscribed) == 0 ? null : new PeriodCredits(new(from.Text()), from.Credits(), from.TimeOrNull());
        var watch = (more & Watched) == 0 ? null : LoadWatch(ref from);
        if ((more & WatchedCalls) != 0) watch = watch! with { Calls = from.Number() };
        return new Account
        {
            Id = id,
            Version = version,
            Tag = tag,
            Owner = owner,
            Unit = unit,
            Scale = scale,
            OverdraftLimit = overdraft,
            Metadata = metadata,
            Status = status,
            CreatedAt = createdAt,
            UpdatedAt = updatedAt,
            Balance = balance,
            Held = held,
            Debt = debt,
            Frozen = frozen,
            Totals = totals,
            Lots = AsIs(lots),
            Holds = AsIs(holds),
            Debts = AsIs(debts),
            Period = period,
            Calls = calls,
            Watch = watch,
        };
    }

    private static ImmutableArray<T> AsIs<T>(T[] items) => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(items);

    private static void Save(ref PackedWriter to, AccountWatch watch)
    {
        foreach (var level in new[] { watch.Below, watch.Above, watch.Spent })
        {
            to.Flag(level is not null);
            if (level is { } set) to.Credits(set);
        }

        to.Time(watch.CrossedAt);
    }

    private static AccountWatch LoadWatch(ref PackedReader from)
    {
        Credits? below = from.Flag() ? from.Credits() : null;
        Credits? above = from.Flag() ? from.Credits() : null;
        Credits? spent = from.Flag() ? from.Credits() : null;
        return new AccountWatch(below, above, spent, from.TimeOrNull());
    }

    private static void Save(ref PackedWriter to, Totals totals)
    {
        to.Credits(totals.Purchased);
        to.Credits(totals.Granted);
        to.Credits(totals.Consumed);
        to.Credits(totals.Refunded);
        to.Credits(totals.Revoked);
        to.Credits(totals.Expired);
        to.Credits(totals.Adjusted);
        to.Credits(totals.Transferred);
    }

    private static Totals LoadTotals(ref PackedReader from) => new()
    {
        Purchased = from.Credits(),
        Granted = from.Credits(),
        Consumed = from.Credits(),
        Refunded = from.Credits(),
        Revoked = from.Credits(),
        Expired = from.Credits(),
        Adjusted = from.Credits(),
        Transferred = from.Credits(),
    };

    private static void Save(ref PackedWriter to, Lot lot, string tag)
    {
        // Most ids follow from the version of the transaction that made the lot; the others are written out.
        var plain = TransactionId.TryRead(lot.TransactionId.Value, tag, out var version) && lot.Id == lot.TransactionId.FirstLot;
        to.Number(plain ? version : 0);
        if (!plain)
        {
            to.Text(lot.Id.Value);
            to.Text(lot.TransactionId.Value);
        }

        to.Number((long)lot.Kind);
        to.Number(lot.Source is null ? 0 : 1 + (long)lot.Source);
        to.Number((long)lot.Origin);
        to.Credits(lot.Amount);
        to.Credits(lot.Remaining);
        to.Number(lot.Priority);
        to.Time(lot.ExpiresAt);
        to.Flag(lot.Cost is not null);
        if (lot.Cost is { } cost)
        {
            to.Number(cost.Amount);
            to.Text(cost.Currency);
        }

        to.Time(lot.CreatedAt);
        to.Credits(lot.Revoked);
        to.Credits(lot.Moved);
        to.Number((lot.Ended is null ? 0 : 1 + (long)lot.Ended) | (lot.Claims is null ? 0L : Claimed) | (lot.Subscription is null ? 0L : Periodic));
        if (lot.Subscription is { } subscription) to.Text(subscription.Value);
        if (lot.Claims is not { } claims) return;
        to.Number(claims.Disputes?.Count ?? 0);
        foreach (var dispute in claims.Disputes ?? []) to.Text(dispute);
        to.Credits(claims.Elsewhere);
        to.Credits(claims.Shortfall);
    }

    private static LotClaims LoadClaims(ref PackedReader from)
    {
        var disputes = new List<string>();
        for (var left = from.Small(); left > 0; left--) disputes.Add(from.Text());
        return new LotClaims { Disputes = disputes.Count == 0 ? null : [.. disputes], Elsewhere = from.Credits(), Shortfall = from.Credits() };
    }

    private static Lot LoadLot(ref PackedReader from, string tag)
    {
        var version = from.Number();
        var (id, transaction) = version > 0 ? (LotId.For(tag, version), TransactionId.For(tag, version)) : (new LotId(from.Text()), new TransactionId(from.Text()));
        var (kind, source, origin) = ((LotKind)from.Small(), from.Small(), (LotOrigin)from.Small());
        var (amount, remaining, priority, expiresAt) = (from.Credits(), from.Credits(), from.Small(), from.TimeOrNull());
        Money? cost = from.Flag() ? new Money(from.Number(), from.Text()) : null;
        var (createdAt, revoked, moved, ended) = (from.Time(), from.Credits(), from.Credits(), from.Small());
        var end = ended & ~(Claimed | Periodic);
        SubscriptionId? subscription = (ended & Periodic) == 0 ? null : new SubscriptionId(from.Text());
        var claims = (ended & Claimed) == 0 ? null : LoadClaims(ref from);
        return new Lot
        {
            Id = id,
            Kind = kind,
            Source = source == 0 ? null : (GrantSource)(source - 1),
            Origin = origin,
            Amount = amount,
            Remaining = remaining,
            Priority = priority,
            ExpiresAt = expiresAt,
            Cost = cost,
            CreatedAt = createdAt,
            TransactionId = transaction,
            Revoked = revoked,
            Moved = moved,
            Ended = end == 0 ? null : (LotEnd)(end - 1),
            Claims = claims,
            Subscription = subscription,
        };
    }
}
