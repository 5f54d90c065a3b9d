using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Quotas;

/// <summary>Finds what can be charged of an account without its owner being there.</summary>
internal interface IChargeableMethods
{
    /// <summary>The saved method that is charged, or why there is none.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="provider">The provider; null for any.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    Task<(Chargeable? Method, string? Why)> FindAsync(string tenant, AccountId account, string? provider, CancellationToken cancellationToken);
}

/// <summary>The method that the account's last payment with a kept method was made with.</summary>
internal sealed class LastUsedMethods(EventReader reader) : IChargeableMethods
{
    private const int LookAtMax = 20;

    public async Task<(Chargeable? Method, string? Why)> FindAsync(string tenant, AccountId account, string? provider, CancellationToken cancellationToken)
    {
        var payments = new List<string>();
        await using (var command = reader.Source.CreateCommand(
            $"select id from ledger.payments where tenant_id = $1 and account_id = $2 and paid_at is not null and provider is not null and ($3::text is null or provider = $3) order by position desc limit {LookAtMax}"))
        {
            command.Parameters.AddWithValue(Tenants.Stored(tenant));
            command.Parameters.AddWithValue(account.Value);
            command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = provider, NpgsqlDbType = NpgsqlDbType.Text });
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken)) payments.Add($"{PaymentModel.StreamKind}/{rows.GetString(0)}");
        }

        foreach (var found in await reader.StatesAsync(tenant, payments, cancellationToken))
        {
            if (found.State is not Payment { Method.ProviderId: { } method, Provider: { } by } payment) continue;
            var customer = ((await reader.StateAsync(CustomerModel.StreamOf(tenant, by, account), cancellationToken))?.State as Customer)?.CustomerId ?? payment.Refs.CustomerId;
            if (customer is not null) return (new Chargeable(by, customer, method), null);
        }

        return (null, "there is no saved payment method that can be charged");
    }
}
