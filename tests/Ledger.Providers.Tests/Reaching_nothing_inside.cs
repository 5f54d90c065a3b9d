using System.Net;
using Ledger.Providers.Stripe;
using Ledger.Testing;

namespace Ledger.Providers.Tests;

public sealed class Reaching_nothing_inside
{
    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.255.255.255", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.16.0.0", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.0", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("8.8.8.8", true)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd12:3456::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2001:0:1::1", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("2606:4700::1111", true)]
    public void an_address_is_public_or_it_is_not(string address, bool isPublic) => PublicAddress.Is(IPAddress.Parse(address)).ShouldBe(isPublic);

    [Theory]
    [InlineData("https://api.example.com", true)]
    [InlineData("https://8.8.8.8", true)]
    [InlineData("https://localhost", false)]
    [InlineData("https://LOCALHOST.", false)]
    [InlineData("https://a.localhost", false)]
    [InlineData("https://2130706433", false)]
    [InlineData("https://0x7f.1", false)]
    [InlineData("https://[::ffff:127.0.0.1]", false)]
    [InlineData("https://intranet", false)]
    [InlineData("https://printer.local", false)]
    [InlineData("https://metadata.google.internal", false)]
    public void a_host_may_be_public_or_it_can_not(string address, bool may) => PublicAddress.MayBe(new Uri(address)).ShouldBe(may);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task where_only_public_addresses_may_be_reached_nothing_inside_is(string host)
    {
        await using var api = new StripeDouble();
        using var stripe = new StripeProvider(Orders.Quick);
        var settings = Orders.Of(api) with { ApiBase = new UriBuilder(api.Address) { Host = host }.Uri, PublicOnly = true };
        var problem = await Should.ThrowAsync<ProviderException>(stripe.StartAsync(settings, Orders.Order(), default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Unauthorized, "address_not_public"));
        problem.Message.ShouldNotContain(host);
        api.Requests.ShouldBeEmpty();
        if (host == "127.0.0.1") await stripe.StartAsync(settings with { PublicOnly = false }, Orders.Order(), default);
    }

    [Fact]
    public async Task what_is_told_of_a_call_that_failed_names_no_host()
    {
        await using var api = new StripeDouble();
        var address = api.Address;
        await api.DisposeAsync();
        using var stripe = new StripeProvider(Orders.Quick);
        (await Should.ThrowAsync<ProviderException>(stripe.StartAsync(Orders.Of(api), Orders.Order(), default))).Message.ShouldBe("Stripe gave no answer.");
        (await Should.ThrowAsync<ProviderException>(stripe.StartAsync(Orders.Of(api) with { ApiBase = new Uri("http://inner-host.invalid") }, Orders.Order(), default))).Message.ShouldNotContain("inner-host");
        address.Port.ShouldBeGreaterThan(0);
    }
}
