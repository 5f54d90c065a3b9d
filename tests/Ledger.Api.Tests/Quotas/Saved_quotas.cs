using System.Buffers;
using Ledger.Api.Quotas;
using Ledger.Domain.Quotas;
using Ledger.Domain.Tests.Quotas;

namespace Ledger.Api.Tests.Quotas;

public sealed class Saved_quotas
{
    [Fact]
    public void Every_state_is_brought_back_as_it_was_saved()
    {
        var (model, stream) = (new QuotaModel(), QuotaModel.StreamOf("default", new("acct_1")));
        var time = new DateTimeOffset(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);
        var state = model.Initial(stream);
        foreach (var (name, happened) in QuotaSamples.All)
        {
            state = model.Evolve(state, happened, time = time.AddMinutes(1));
            var buffer = new ArrayBufferWriter<byte>();
            model.Save(state, buffer);
            model.Load(stream, buffer.WrittenSpan).ShouldBe(state, name);
            model.DueAt(state).ShouldBe(((Quota)state).TopUp.WakeAt);
        }

        ((Quota)state).Version.ShouldBe(QuotaSamples.All.Count);
    }

    [Fact]
    public void A_top_ups_payment_is_named_by_tenant_account_and_number()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tenant in new[] { "default", "other" })
        {
            foreach (var account in new[] { "a", "b" })
            {
                for (var number = 1; number <= 3; number++) names.Add(QuotaModel.PaymentOf(tenant, new(account), number).Value).ShouldBeTrue();
            }
        }

        QuotaModel.PaymentOf("default", new("a"), 1).ShouldBe(QuotaModel.PaymentOf("default", new("a"), 1));
    }
}
