using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

public sealed class Linking_customers
{
    private static readonly AccountId Own = new("acct_1");
    private static readonly AccountId Other = new("acct_2");

    private static CustomerDecision Link(Customer customer, AccountId? holder, string id = "cus_1") => LinkCustomerHandler.Handle(new LinkCustomer(Own, "stripe", id), customer, holder);

    [Fact]
    public void A_customer_of_another_account_is_refused_and_what_an_account_is_already_it_stays()
    {
        Link(new Customer(), null).Happened.ShouldBeOfType<CustomerLinked>().CustomerId.ShouldBe("cus_1");
        Link(new Customer(), Own).Happened.ShouldBeOfType<CustomerLinked>();
        Link(new Customer(), Other).Refusal.ShouldBeOfType<Conflict>();
        Link(new Customer(1, "cus_1"), Own).ShouldBe(new CustomerDecision(null));
        Link(new Customer(1, "cus_1"), Other).ShouldBe(new CustomerDecision(null), "two accounts that were linked to one before are told of it again and again");
        Link(new Customer(1, "cus_1"), Other, "cus_2").Refusal.ShouldBeOfType<Conflict>();
        Link(new Customer(1, "cus_1"), null, "cus_2").ShouldBe(new CustomerDecision(null), "the first one stays");
    }
}
