namespace Ledger.House.Tests;

public sealed class The_compose_file
{
    private static readonly string Compose = File.ReadAllText(Path.Combine(Tree.Root, "docker-compose.yml"));
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Tree.Root, "Dockerfile"));

    [Fact]
    public void keeps_its_promises() => ComposeRules.Check(Compose, Dockerfile).ShouldBeEmpty();

    [Theory]
    [InlineData("image: postgres:18", "image: postgres:latest")]
    [InlineData("database:/var/lib/postgresql", "database:/var/lib/postgresql/data")]
    [InlineData("\"pg_isready\"", "\"true\"")]
    [InlineData("synchronous_commit=on", "synchronous_commit=off")]
    [InlineData("service_healthy", "service_started")]
    [InlineData("${LEDGER_BIND:-127.0.0.1}:5080:5080", "5080:5080")]
    [InlineData("\"/app/ready.sh\", \"5080\"", "\"true\"")]
    [InlineData("ASPNETCORE_ENVIRONMENT: Production", "ASPNETCORE_ENVIRONMENT: Development")]
    [InlineData("POSTGRES_PASSWORD: ${LEDGER_DB_PASSWORD:?", "POSTGRES_PASSWORD: ${LEDGER_DB_PASSWORD:-")]
    [InlineData("POSTGRES_PASSWORD: ${LEDGER_DB_PASSWORD:?set LEDGER_DB_PASSWORD to a password for the database}", "POSTGRES_PASSWORD: postgres")]
    [InlineData("Password='${LEDGER_DB_PASSWORD:?", "Password='hunter2${LEDGER_DB_PASSWORD:?")]
    [InlineData("mem_limit: 1g", "oom_kill_disable: false")]
    [InlineData("  postgres:\n    image", "  database:\n    image")]
    public void is_seen_to_break_them(string good, string bad)
    {
        Compose.ShouldContain(good);
        ComposeRules.Check(Compose.Replace(good, bad, StringComparison.Ordinal), Dockerfile).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("USER $APP_UID", "")]
    [InlineData("USER $APP_UID", "USER root")]
    [InlineData("aspnet:10.0", "aspnet:8.0")]
    [InlineData("-p:LockedRestore=true", "")]
    public void is_seen_to_break_those_of_the_image(string good, string bad)
    {
        Dockerfile.ShouldContain(good);
        ComposeRules.Check(Compose, Dockerfile.Replace(good, bad, StringComparison.Ordinal)).ShouldNotBeEmpty();
    }
}
