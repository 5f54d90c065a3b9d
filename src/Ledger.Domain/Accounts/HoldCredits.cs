namespace Ledger.Domain.Accounts;

/// <summary>Reserves an amount for a call whose price is not known yet.</summary>
public sealed record HoldCredits : AccountCommand
{
    /// <summary>How long a hold lasts that names no end.</summary>
    public static readonly TimeSpan LifeDefault = TimeSpan.FromMinutes(15);

    /// <summary>The longest that a hold may last.</summary>
    public static readonly TimeSpan LifeMax = TimeSpan.FromDays(30);

    /// <summary>How many; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>When it ends by itself; null: <see cref="LifeDefault"/> from now.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What it is for; its capture takes it over.</summary>
    public Spending? Spending { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => HoldCreditsHandler.Handle(this, account, now);
}

/// <summary>Places holds.</summary>
public static class HoldCreditsHandler
{
    /// <summary>Reserves an amount, not lots; it may use the overdraft like a consumption.</summary>
    public static Decision Handle(HoldCredits command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if ((Checks.Amount(account, "amount", command.Amount) ?? Checks.Note(command.Note, now) ?? Checks.Once(command.Spending) ?? Checks.End(command.ExpiresAt, now)) is { } wrong) return Decision.Refuse(wrong);
        var end = command.ExpiresAt ?? now + HoldCredits.LifeDefault;
        if (end > now + HoldCredits.LifeMax) return Decision.Refuse(new InvalidRequest("expiresAt", "must be at most 30 days from now"));
        if ((Checks.NotClosed(account) ?? Checks.NotFrozen(account)) is { } refusal) return Decision.Refuse(refusal);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (state.Holds.Length >= Account.HoldsMax) return Decision.Refuse(new LimitReached("active holds", Account.HoldsMax));
        if (SaidByAll(state) + Said(command.Spending, command.Note) > Account.HoldTextMax) return Decision.Refuse(new LimitReached("characters in what its active holds say about themselves", Account.HoldTextMax));
        if (command.Amount > state.Available + state.OverdraftLimit) return Decision.Refuse(new InsufficientCredits(state.Available, command.Amount));
        return Checks.Append(settled, new HoldPlaced
        {
            Id = HoldId.For(state.Tag, state.Version + 1),
            Amount = command.Amount,
            ExpiresAt = end,
            Spending = command.Spending,
            Note = command.Note,
        });
    }

    // Active holds stay in the state, which every command reads and writes; so what they carry is bounded together.
    private static int SaidByAll(Account account)
    {
        var characters = 0;
        foreach (var hold in account.Holds) characters += Said(hold.Spending, hold.Note);
        return characters;
    }

    private static int Said(Spending? spending, Note? note)
    {
        var characters = Length(spending?.Service) + Length(spending?.Operation) + Length(spending?.Resource?.Type) + Length(spending?.Resource?.Id) + Length(spending?.Usage?.ErrorMessage)
            + Length(spending?.Usage?.RequestData) + Length(note?.Actor) + Length(note?.Description) + Length(note?.Reference);
        if (note?.Metadata is null) return characters;
        foreach (var (name, text) in note.Metadata) characters += name.Length + text.Length;
        return characters;
    }

    private static int Length(string? text) => text?.Length ?? 0;
}
