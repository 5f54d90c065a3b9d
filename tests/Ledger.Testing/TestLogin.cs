using Npgsql;

namespace Ledger.Testing;

/// <summary>A login of a test's own: a member of some roles and nothing more. Dropped on dispose.</summary>
public sealed class TestLogin : IAsyncDisposable
{
    private readonly string _owner;

    private TestLogin(string name, string owner)
    {
        Name = name;
        _owner = owner;
        ConnectionString = new NpgsqlConnectionStringBuilder(owner) { Username = name, Password = name, Pooling = false }.ConnectionString;
    }

    public string Name { get; }

    public string ConnectionString { get; }

    /// <summary>Makes a login that may connect to the database of <paramref name="connectionString"/>, whose user may make roles.</summary>
    public static async Task<TestLogin> CreateAsync(string connectionString, params string[] roles)
    {
        var name = $"login_{Guid.NewGuid():N}";
        await RunAsync(connectionString, $"create role {name} login password '{name}'" + (roles.Length == 0 ? "" : $" in role {string.Join(", ", roles)}"));
        return new TestLogin(name, connectionString);
    }

    /// <summary>Opens a session; the caller disposes of it.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var session = new NpgsqlConnection(ConnectionString);
        await session.OpenAsync();
        return session;
    }

    public async ValueTask DisposeAsync() => await RunAsync(_owner, $"drop role {Name}");

    private static async Task RunAsync(string connectionString, string sql)
    {
        await using var session = new NpgsqlConnection(connectionString);
        await session.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync();
    }
}
