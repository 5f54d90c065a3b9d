namespace Ledger.Api.Access;

/// <summary>What a credential may do. A key may hold several; none contains another, so each route says whom it lets in.</summary>
[Flags]
public enum Roles
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>Posts commands and reads accounts: an app's backend.</summary>
    App = 1,

    /// <summary>Queries.</summary>
    Reader = 2,

    /// <summary>Queries and exports.</summary>
    Analyst = 4,

    /// <summary>All within its tenant: keys, catalogue, adjustments, overdrafts.</summary>
    Admin = 8,

    /// <summary>Belongs to no tenant: tenants, keys of any tenant, projections, maintenance, verify, the test clock. Reads no account.</summary>
    Operator = 16,

    /// <summary>A token of an end user: queries on the accounts of its own owner.</summary>
    User = 32,
}

/// <summary>Whom the routes let in, in one place.</summary>
public static class RoleSets
{
    /// <summary>Commands on accounts.</summary>
    public const Roles Commands = Roles.App | Roles.Admin;

    /// <summary>Queries on accounts; a user sees its own alone.</summary>
    public const Roles Queries = Roles.App | Roles.Reader | Roles.Analyst | Roles.Admin | Roles.User;

    /// <summary>Reports over all accounts of a tenant.</summary>
    public const Roles Reports = Roles.Reader | Roles.Analyst | Roles.Admin;

    /// <summary>Comparisons with payment providers.</summary>
    public const Roles Reconciliation = Roles.Analyst | Roles.Admin;

    /// <summary>Exports.</summary>
    public const Roles Exports = Roles.Analyst | Roles.Admin;

    /// <summary>What changes a tenant's own arrangements.</summary>
    public const Roles Administration = Roles.Admin;

    /// <summary>API keys: an administrator for its tenant, an operator for any.</summary>
    public const Roles Keys = Roles.Admin | Roles.Operator;

    /// <summary>What concerns the whole service.</summary>
    public const Roles Operations = Roles.Operator;

    /// <summary>What every credential may see: it belongs to no tenant.</summary>
    public const Roles Everybody = Queries | Operations;

    /// <summary>The roles of the key that exists in Development only.</summary>
    public const Roles Development = Roles.App | Roles.Reader | Roles.Analyst | Roles.Admin | Roles.Operator;

    /// <summary>The roles that an API key may hold.</summary>
    public const Roles OfKeys = Development;

    private static readonly (Roles Role, string Word)[] Words =
        [.. Enum.GetValues<Roles>().Where(r => r != Roles.None).Select(r => (r, r.ToString().ToLowerInvariant()))];

    /// <summary>The words of a set, in the order of the table.</summary>
    public static IReadOnlyList<string> ToWords(Roles roles) => [.. Words.Where(w => roles.HasFlag(w.Role)).Select(w => w.Word)];

    /// <summary>The set of some words; false where one is none of ours.</summary>
    public static bool TryParse(IEnumerable<string> words, out Roles roles)
    {
        roles = Roles.None;
        ArgumentNullException.ThrowIfNull(words);
        foreach (var word in words)
        {
            var at = Array.FindIndex(Words, w => w.Word == word);
            if (at < 0) return false;
            roles |= Words[at].Role;
        }

        return true;
    }
}
