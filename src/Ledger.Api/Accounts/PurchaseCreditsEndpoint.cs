using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Credits were bought and paid for outside.</summary>
public sealed record PurchaseCreditsRequest : CommandRequest
{
    /// <summary>How many credits; more than 0.</summary>
    public Credits? CreditAmount { get; init; }

    /// <summary>What was paid.</summary>
    public MoneyBody? Price { get; init; }

    /// <summary>The payment; it counts once in a tenant.</summary>
    public string? PaymentId { get; init; }

    /// <summary>When the credits end; never, where it is left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

internal sealed class PurchaseCreditsEndpoint : ICommandEndpoint<PurchaseCreditsRequest>
{
    public static CommandRoute Route { get; } = new("purchases", "purchase", RoleSets.Commands, AnswerShape.Transaction, true, "Adds credits that were bought and paid.");

    public static AccountCommand ToCommand(PurchaseCreditsRequest request, CommandTarget target, Errors errors) => new PurchaseCredits
    {
        Account = target.Account,
        CreditAmount = errors.RequiredAmount(request.CreditAmount, "creditAmount"),
        Price = errors.RequiredMoney(request.Price, "price"),
        PaymentId = errors.Id(request.PaymentId, "paymentId"),
        ExpiresAt = request.ExpiresAt,
        Note = request.ToNote(errors),
    };
}
