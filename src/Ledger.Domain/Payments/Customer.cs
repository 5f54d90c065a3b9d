using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

// ---- Events ----

/// <summary>Something that happened to the link between an account and a provider's customer. A closed family.</summary>
public abstract record CustomerEvent
{
    private protected CustomerEvent()
    {
    }
}

/// <summary>The account is this customer at the provider from here on.</summary>
public sealed record CustomerLinked : CustomerEvent
{
    /// <summary>The account.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The provider.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's id of the customer.</summary>
    public required string CustomerId { get; init; }
}

/// <summary>The provider's customer is no more.</summary>
public sealed record CustomerUnlinked : CustomerEvent
{
    /// <summary>The provider's id of the customer.</summary>
    public required string CustomerId { get; init; }
}

// ---- State ----

/// <summary>Which customer of a provider an account is.</summary>
/// <param name="Version">How many events made it.</param>
/// <param name="CustomerId">The provider's id; null where there is none.</param>
public sealed record Customer(long Version = 0, string? CustomerId = null)
{
    private CustomerHeld? told;

    /// <summary>Which customer of the account it is, or the next one would be, from 1: they are linked and unlinked in turn.</summary>
    public int Number => (int)(Version / 2) + 1;

    /// <summary>The provider's customer that the last event brought or took. Not saved.</summary>
    public CustomerHeld? Told() => told;

    /// <summary>The link after one more event. Total.</summary>
    public Customer Evolve(CustomerEvent happened) => happened switch
    {
        CustomerLinked e => new(Version + 1, e.CustomerId) { told = new(e.CustomerId, true) },
        CustomerUnlinked e when e.CustomerId == CustomerId => new(Version + 1) { told = new(e.CustomerId, false) },
        _ => this with { Version = Version + 1, told = null },
    };
}

/// <summary>A provider's customer that an account is from here on, or is no more.</summary>
/// <param name="CustomerId">The provider's id of the customer.</param>
/// <param name="Held">Whether it is.</param>
public sealed record CustomerHeld(string CustomerId, bool Held);

/// <summary>An account is, or is no more, a customer of a provider.</summary>
/// <param name="Account">The account.</param>
/// <param name="Provider">The provider.</param>
/// <param name="CustomerId">The provider's id of the customer.</param>
/// <param name="Deleted">Whether the provider deleted it.</param>
public sealed record LinkCustomer(AccountId Account, string Provider, string CustomerId, bool Deleted = false);

/// <summary>What a command on the link between an account and a customer comes to.</summary>
/// <param name="Happened">What happened; null where nothing had to change.</param>
/// <param name="Refusal">Why it was refused; null where it was not.</param>
public sealed record CustomerDecision(CustomerEvent? Happened, Refusal? Refusal = null);

/// <summary>Links accounts to customers.</summary>
public static class LinkCustomerHandler
{
    /// <summary>The first customer stays, until the provider deletes it. One account of the tenant is a provider's customer: what is charged, shown and erased by it is that account's.</summary>
    /// <param name="command">The command.</param>
    /// <param name="customer">The account's link.</param>
    /// <param name="holder">The account that is the customer now; null for none.</param>
    public static CustomerDecision Handle(LinkCustomer command, Customer customer, AccountId? holder)
    {
        if (command.Deleted) return new(customer.CustomerId == command.CustomerId ? new CustomerUnlinked { CustomerId = command.CustomerId } : null);
        // What it is already it stays, whoever else was linked to the same one before that was refused.
        if (customer.CustomerId == command.CustomerId) return new(null);
        if (holder is { } other && other != command.Account) return new(null, new Conflict($"{command.Provider}:{command.CustomerId} is another account's customer. Each account has a customer of its own there."));
        return new(customer.CustomerId is null ? new CustomerLinked { Account = command.Account, Provider = command.Provider, CustomerId = command.CustomerId } : null);
    }
}
