using System.Collections.Immutable;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.Domain.Profiles;
using Ledger.EventStore;

namespace Ledger.Api.Profiles;

/// <summary>A command on a profile on its way through the store. It needs no key: the same again changes nothing.</summary>
internal sealed class ProfileWork(ProfileCommand command) : Work
{
    public override void Name(Needs needs)
    {
        needs.Stream(ProfileModel.StreamOf(Tenant, command.Account));
        needs.Stream(AccountModel.StreamOf(Tenant, command.Account));
        if (command.MethodName is { } method) needs.Fact(ProfileModel.MethodOf(Tenant, method));
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var stream = ProfileModel.StreamOf(Tenant, command.Account);
        var account = (Account)context.State(AccountModel.StreamOf(Tenant, command.Account));
        if (!account.Exists) return Verdict.Refuse(new AccountRefusal(new AccountNotFound(command.Account), null));
        var holder = command.MethodName is { } method ? ProfileModel.HolderOf(context.Fact(ProfileModel.MethodOf(Tenant, method))) : null;
        var decision = command.Decide((Profile)context.State(stream), holder);
        if (decision.Refusal is { } refusal) return Verdict.Refuse(new AccountRefusal(refusal, account.Status));
        return decision.Events.IsEmpty
            ? Verdict.Accept([], stream, context.Version(stream), AnswerKind.Unchanged)
            : Verdict.Accept([new Append(stream, [.. decision.Events])], stream, context.Version(stream) + decision.Events.Length);
    }
}

/// <summary>
/// A payment method that a provider's news of a payment show: it is kept in the commit that applies the news. What stands in the way (another account has it, the account has too many) keeps no payment from being applied.
/// </summary>
/// <param name="tenant">The tenant.</param>
/// <param name="account">The payment's account.</param>
/// <param name="provider">Whose news they are.</param>
/// <param name="shown">What was paid with.</param>
internal sealed class MethodShownInNews(string tenant, AccountId account, string provider, MethodShown shown)
{
    /// <summary>The profile that keeps it.</summary>
    public StreamRef Profile => ProfileModel.StreamOf(tenant, account);

    private string Name => PaymentMethod.NameOf(provider, shown.ProviderId!);

    /// <summary>Of a command on a payment of an account; null where neither it nor what was told before shows a method of a provider's that could be kept.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The payment's account.</param>
    /// <param name="command">What is told now.</param>
    /// <param name="before">What was told before of what it is paid with: the success may come after that.</param>
    /// <param name="charge">The charge that this was told with, or one after it.</param>
    public static MethodShownInNews? Of(string tenant, AccountId? account, PaymentCommand command, MethodShown? before, string? charge) =>
        account is { } known && command is ApplyProviderFact { Fact: var fact } && fact switch
        {
            PaymentTold { Status: PaymentStatus.Succeeded } told => told.Method ?? (told.Refs.ChargeId is null || told.Refs.ChargeId == charge ? before : null),
            DetailsTold told => told.Method,
            _ => null,
        } is { ProviderId: not null } shown
            ? new(tenant, known, fact.Provider, shown)
            : null;

    /// <summary>Whether the method may be charged again: it was paid with on a page of ours that asked the provider to keep it, or for a plan, which keeps it anyway. One that was charged as a kept one is known already, or was removed meanwhile; of what was paid elsewhere nobody knows.</summary>
    public static bool IsKeptBy(Payment payment) => payment is { HasSucceeded: true, Charge: null } && (payment.IsBilled == true || (payment.Page is { } page && (page.KeepsMethod || payment.Subscription is not null)));

    /// <summary>Names what it needs.</summary>
    public void NameNeeds(Needs needs)
    {
        needs.Stream(Profile);
        needs.Fact(ProfileModel.MethodOf(tenant, Name));
    }

    /// <summary>What is appended to the profile; null for nothing.</summary>
    public Append? Keep(IDecisionContext context)
    {
        var method = new PaymentMethod(MethodId(tenant, Name), provider, shown.ProviderId!, shown.Type, shown.Brand, shown.Last4, shown.ExpMonth, shown.ExpYear, default);
        var decision = new KeepPaymentMethod { Account = account, Method = method, IsLearnt = true }.Decide((Profile)context.State(Profile), ProfileModel.HolderOf(context.Fact(ProfileModel.MethodOf(tenant, Name))));
        return decision.Events.IsEmpty ? null : new Append(Profile, [.. decision.Events]);
    }

    /// <summary>The id of a provider's method: the same for the same method, whoever tells of it.</summary>
    public static string MethodId(string tenant, string name) => PaymentId.Of(PaymentHallway.Hash($"method\n{tenant}\n{name}")).Behind("pmt_");
}
