using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Accounts;

/// <summary>Which accounts there are, by owner and status; written in the commit of their events.</summary>
internal sealed class AccountIndex : InlineProjection
{
    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(AccountOpened), typeof(AccountFrozen), typeof(AccountUnfrozen), typeof(AccountClosed) };

    protected override void Project(IReadOnlyList<StoredEvent> events, IList<NpgsqlBatchCommand> commands)
    {
        var opened = events.Where(e => e.Data is AccountOpened).ToList();
        if (opened.Count > 0)
        {
            commands.Add(Command(
                "insert into ledger.accounts (tenant_id, id, owner_kind, owner_id, unit, status, opened) select tenant, id, kind, owner, unit, 'open', opened from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) as q(tenant, id, kind, owner, unit, opened)",
                Tenant(opened), Id(opened), Texts(opened, e => Http.Words.Of(((AccountOpened)e.Data).Owner.Kind)), Texts(opened, e => ((AccountOpened)e.Data).Owner.Id), Texts(opened, e => ((AccountOpened)e.Data).Unit),
                new NpgsqlParameter<long[]> { TypedValue = opened.Select(e => e.SeqId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint }));
        }

        var changed = events.Where(e => e.Data is not AccountOpened).GroupBy(e => e.Stream).Select(of => of.Last()).ToList();
        if (changed.Count == 0) return;
        commands.Add(Command(
            "update ledger.accounts a set status = q.status from unnest($1::text[], $2::text[], $3::text[]) as q(tenant, id, status) where a.tenant_id = q.tenant and a.id = q.id",
            Tenant(changed), Id(changed), Texts(changed, e => e.Data switch { AccountFrozen => "frozen", AccountClosed => "closed", _ => "open" })));
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<string[]> Tenant(List<StoredEvent> events) => Texts(events, e => Tenants.Stored(e.Stream.Tenant));

    private static NpgsqlParameter<string[]> Id(List<StoredEvent> events) => Texts(events, e => AccountModel.AccountOf(e.Stream).Value);

    private static NpgsqlParameter<string[]> Texts(List<StoredEvent> events, Func<StoredEvent, string> of) => new() { TypedValue = events.Select(of).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
