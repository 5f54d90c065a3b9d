using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Accounts;

/// <summary>An account in the index; <paramref name="Opened"/> is the position of the event that opened it.</summary>
internal sealed record AccountRow(string Tenant, string Id, string OwnerKind, string OwnerId, string Unit, string Status, long Opened);

/// <summary>Which accounts there are, by owner and status; written in the commit of their events, so that who has opened an account finds it in the list.</summary>
internal sealed class AccountIndex : Projection
{
    private static readonly ProjectionTable<(string Tenant, string Id), AccountRow> Accounts = new(
        "accounts",
        isLog: false,
        row => (row.Tenant, row.Id),
        [
            new ProjectionColumn<(string Tenant, string Id), string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<(string Tenant, string Id), string>("id", NpgsqlDbType.Text, key => key.Id),
        ],
        [
            new ProjectionColumn<AccountRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Tenant),
            new ProjectionColumn<AccountRow, string>("id", NpgsqlDbType.Text, row => row.Id),
            new ProjectionColumn<AccountRow, string>("owner_kind", NpgsqlDbType.Text, row => row.OwnerKind),
            new ProjectionColumn<AccountRow, string>("owner_id", NpgsqlDbType.Text, row => row.OwnerId),
            new ProjectionColumn<AccountRow, string>("unit", NpgsqlDbType.Text, row => row.Unit),
            new ProjectionColumn<AccountRow, string>("status", NpgsqlDbType.Text, row => row.Status),
            new ProjectionColumn<AccountRow, long>("opened", NpgsqlDbType.Bigint, row => row.Opened),
        ],
        reader => new AccountRow(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetInt64(6)));

    public override string Name => "accounts";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(AccountOpened), typeof(AccountFrozen), typeof(AccountUnfrozen), typeof(AccountClosed) };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Accounts];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        // An account is opened once, so there is nothing to look for: opening costs no more round trip.
        if (happened.Data is not AccountOpened) needs.Row(Accounts, Key(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        if (happened.Data is AccountOpened opened)
        {
            var (tenant, id) = Key(happened);
            rows.Put(Accounts, new AccountRow(tenant, id, Words.Of(opened.Owner.Kind), opened.Owner.Id, opened.Unit, "open", happened.SeqId));
            return;
        }

        var row = rows.Find(Accounts, Key(happened)) ?? throw new InvalidOperationException($"{happened.Stream} is not in the index of accounts.");
        rows.Put(Accounts, row with { Status = happened.Data switch { AccountFrozen => "frozen", AccountClosed => "closed", _ => "open" } });
    }

    private static (string Tenant, string Id) Key(StoredEvent happened) => (Tenants.Stored(happened.Stream.Tenant), AccountModel.AccountOf(happened.Stream).Value);
}
