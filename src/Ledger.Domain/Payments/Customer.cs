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
    /// <summary>Which customer of the account it is, or the next one would be, from 1: they are linked and unlinked in turn.</summary>
    public int Number => (int)(Version / 2) + 1;

    /// <summary>The link after one more event. Total.</summary>
    public Customer Evolve(CustomerEvent happened) => happened switch
    {
        CustomerLinked e => new(Version + 1, e.CustomerId),
        CustomerUnlinked e when e.CustomerId == CustomerId => new(Version + 1),
        _ => this with { Version = Version + 1 },
    };
}

/// <summary>An account is, or is no more, a customer of a provider.</summary>
/// <param name="Account">The account.</param>
/// <param name="Provider">The provider.</param>
/// <param name="CustomerId">The provider's id of the customer.</param>
/// <param name="Deleted">Whether the provider deleted it.</param>
public sealed record LinkCustomer(AccountId Account, string Provider, string CustomerId, bool Deleted = false);

/// <summary>Links accounts to customers.</summary>
public static class LinkCustomerHandler
{
    /// <summary>The first customer stays, until the provider deletes it; null where nothing has to change.</summary>
    public static CustomerEvent? Handle(LinkCustomer command, Customer customer)
    {
        if (command.Deleted) return customer.CustomerId == command.CustomerId ? new CustomerUnlinked { CustomerId = command.CustomerId } : null;
        return customer.CustomerId is null ? new CustomerLinked { Account = command.Account, Provider = command.Provider, CustomerId = command.CustomerId } : null;
    }
}
