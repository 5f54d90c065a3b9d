using Ledger.Api.Operations;

namespace Ledger.House.Tests;

public sealed class The_scripts
{
    public static TheoryData<string> All => ["run", "test", "bench", ".ci/run", "build/dotnet.sh", "build/postgres.sh", "build/ready.sh"];

    [Theory]
    [MemberData(nameof(All))]
    public async Task are_read_by_bash(string script) =>
        (await PostgresTool.RunAsync("/bin/bash", ["-n", Path.Combine(Tree.Root, script)], TestContext.Current.CancellationToken)).Output.ShouldBeEmpty();

    [Theory]
    [InlineData("run")]
    [InlineData("test")]
    [InlineData("bench")]
    [InlineData(".ci/run")]
    [InlineData("build/ready.sh")]
    public void may_be_run(string script)
    {
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Path.Combine(Tree.Root, script)).HasFlag(UnixFileMode.UserExecute).ShouldBeTrue();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("test")]
    [InlineData("bench")]
    public async Task say_in_one_line_that_the_sdk_is_missing(string script)
    {
        using var folder = new ScriptFolder();
        var (status, _, errors) = await folder.RunAsync(script, []);
        status.ShouldBe(1);
        errors.ShouldHaveSingleItem().ShouldStartWith("The .NET SDK 10 is missing: install it");
    }

    [Fact]
    public async Task say_in_one_line_that_the_sdk_is_too_old()
    {
        using var folder = new ScriptFolder();
        folder.StandIn("dotnet", "echo '8.0.100 [/sdk]'");
        var (status, _, errors) = await folder.RunAsync("run", []);
        status.ShouldBe(1);
        errors.ShouldHaveSingleItem().ShouldContain("in another version");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("bench")]
    public async Task say_in_one_line_that_there_is_no_way_to_postgres(string script)
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        var (status, _, errors) = await folder.RunAsync(script, []);
        status.ShouldBe(1);
        errors.ShouldHaveSingleItem().ShouldBe("PostgreSQL 15 or later is missing: install it, or name its bin folder in LEDGER_PG_BIN, or name a server in ConnectionStrings__Ledger.");
    }

    [Fact]
    public async Task do_not_take_an_old_postgres()
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        var old = folder.StandInForPostgres("14.9");
        (await folder.RunAsync("run", [])).Status.ShouldBe(1);
        (await folder.RunAsync("run", [], ("LEDGER_PG_BIN", old))).Errors.ShouldHaveSingleItem().ShouldContain("No PostgreSQL 15 or later in");
    }

    [Fact]
    public async Task start_the_service_with_its_arguments_and_build_only_what_changed()
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        folder.StandInForPostgres();
        var program = Path.Combine(folder.Root, "artifacts/bin/Ledger.Api/release/Ledger.Api.dll");
        var (status, output, _) = await folder.RunAsync("run", ["--urls", "http://127.0.0.1:1", "--data-dir", "a b"]);
        status.ShouldBe(0);
        output.ShouldBe([$"started {program} --urls http://127.0.0.1:1 --data-dir a b as Development on its own"]);
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        await File.WriteAllTextAsync(program, "", TestContext.Current.CancellationToken);

        (await folder.RunAsync("run", ["verify"], ("ASPNETCORE_ENVIRONMENT", "Production"))).Output.ShouldBe([$"started {program} verify as Production on its own"]);
        Builds(folder).ShouldBe(1);

        await File.WriteAllTextAsync(Path.Combine(folder.Root, "src/Ledger.Api/New.cs"), "", TestContext.Current.CancellationToken);
        await folder.RunAsync("run", []);
        Builds(folder).ShouldBe(2);
    }

    [Fact]
    public async Task need_no_postgres_where_a_server_is_named_or_help_is_asked()
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        (await folder.RunAsync("run", [], ("ConnectionStrings__Ledger", "Host=db"))).Output.ShouldHaveSingleItem().ShouldEndWith("on Host=db");
        (await folder.RunAsync("run", ["--help"])).Status.ShouldBe(0);
    }

    [Fact]
    public async Task install_postgres_with_the_package_manager()
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        folder.StandIn("id", "echo 0");
        var made = folder.StandInForPostgres();
        var aside = made + ".aside";
        Directory.Move(made, aside);
        folder.StandIn("apk", $"[ \"$*\" = 'add postgresql' ] && /bin/mv '{aside}' '{made}'");
        var (status, _, errors) = await folder.RunAsync("run", []);
        status.ShouldBe(0);
        errors.ShouldContain("PostgreSQL is not installed: installing it with apk ...");
    }

    [Fact]
    public async Task start_a_container_where_nothing_can_be_installed()
    {
        using var folder = new ScriptFolder();
        folder.StandInForDotnet();
        folder.StandIn("docker", $"""
            echo "$*" >>"{folder.Root}/docker.log"
            case $1 in start) exit 1 ;; port) echo 127.0.0.1:54321 ;; esac
            """);
        var (status, output, _) = await folder.RunAsync("run", []);
        status.ShouldBe(0);
        output.ShouldHaveSingleItem().ShouldContain("on Host=127.0.0.1;Port=54321;Username=postgres;Password=");
        var calls = await File.ReadAllTextAsync(Path.Combine(folder.Root, "docker.log"), TestContext.Current.CancellationToken);
        calls.ShouldContain(":/var/lib/postgresql postgres:18");
        // The password is in the environment, not on the command line, where everybody sees it.
        calls.ShouldNotContain("POSTGRES_PASSWORD=");
    }

    [Fact]
    public async Task add_up_all_projects_and_count_a_crash()
    {
        using var folder = new ScriptFolder();
        folder.StandInForPostgres();
        foreach (var project in (string[])["Good", "Bad", "Crashing", "Leaving", "Laned", "Waiting"]) Directory.CreateDirectory(Path.Combine(folder.Root, $"tests/{project}.Tests"));
        folder.StandInForDotnet("""
            report() { echo "<assemblies><assembly name=\"x\" total=\"$1\" passed=\"$2\" failed=\"$3\" skipped=\"$4\" not-run=\"0\" errors=\"$5\"></assembly></assemblies>" >"$file"; }
            file=$4
                case $1 in
                  *Good*) report 7 6 0 1 0 ;;
                  *Bad*) report 5 3 2 0 1
                    echo '<test name="Bad.says(x: \&quot;&lt;a&gt; &amp;\&quot;)" result="Fail" time="1"><failure><message><![CDATA[It is <b>' >>"$file"
                    echo 'and not c]]></message><stack-trace><![CDATA[at]]></stack-trace></failure></test><test name="Bad.is_well" result="Pass" /><test name="Bad.other" result="Fail"><failure><message><![CDATA[Short]]></message></failure></test>' >>"$file"
                    exit 1 ;;
                  *Crashing*) exit 134 ;;
                  *Leaving*) report 2 2 0 0 0; exit 3 ;;
                  *Waiting*) report 4 3 1 0 0; exit 1 ;;
                  *Laned*)
                    case $* in
                      *"-trait- lane=first -trait- lane=second"*) report 3 3 0 0 0 ;;
                      *"-trait lane=first"*) report 1 1 0 0 0 ;;
                      *"-trait lane=second"*) report 0 0 0 0 0 ;;
                    esac ;;
                esac
            """);
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "tests/Laned.Tests/lanes"), "first\nsecond\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "tests/Waiting.Tests/beside"), "", TestContext.Current.CancellationToken);
        var (status, output, errors) = await folder.RunAsync("test", []);
        status.ShouldBe(1);
        output[^1].ShouldBe("18 passed, 7 failed, 1 skipped");
        errors.ShouldContain("Laned.Tests, lane second ran no test.");
        errors.ShouldContain("Crashing.Tests crashed with status 134: it left no report.");
        // All of it again at the end, with the names of tests and what they said.
        output.SkipWhile(line => line != "== failed").ShouldBe(
        [
            "== failed", "Bad.says(x: \"<a> &\")", "    It is <b>", "    and not c", "Bad.other", "    Short", "Crashing.Tests crashed with status 134: it left no report.",
            "Laned.Tests, lane second ran no test.", "1 of Waiting.Tests", "Leaving.Tests ended with status 3, though none of its tests failed.", output[^1],
        ]);

        var one = await folder.RunAsync("test", ["Good"]);
        one.Status.ShouldBe(0);
        one.Output[^1].ShouldBe("6 passed, 0 failed, 1 skipped");
        (await folder.RunAsync("test", ["Waiting"])).Output[^1].ShouldBe("3 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public async Task start_tests_with_the_signals_of_a_terminal()
    {
        using var folder = new ScriptFolder();
        folder.StandInForPostgres();
        Directory.CreateDirectory(Path.Combine(folder.Root, "tests/Laned.Tests"));
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "tests/Laned.Tests/lanes"), "first\n", TestContext.Current.CancellationToken);
        folder.StandInForDotnet($"""
            grep SigIgn /proc/self/status >>"{folder.Root}/signals.log"
            """);
        // Where the system's env can't, they are what they are.
        var able = await PostgresTool.RunAsync("/bin/bash", ["-c", "env --default-signal=INT,QUIT,TERM true 2>/dev/null && test -r /proc/self/status"], TestContext.Current.CancellationToken);
        // As somebody starts it who ignores them, which is inherited.
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "ignoring"), $"trap '' INT QUIT\nexec bash '{folder.Root}/test' Laned\n", TestContext.Current.CancellationToken);
        await folder.RunAsync("ignoring", []);
        if (able.ExitCode != 0) return;
        var ignored = (await File.ReadAllLinesAsync(Path.Combine(folder.Root, "signals.log"), TestContext.Current.CancellationToken)).Select(line => Convert.ToInt64(line.Split('\t')[1], 16)).ToList();
        ignored.Count.ShouldBe(2, "the project, and its lane in the background");
        const long InterruptAndQuit = 0b110;
        ignored.ShouldAllBe(mask => (mask & InterruptAndQuit) == 0);
    }

    [Fact]
    public async Task end_with_the_sum_even_when_nothing_could_be_built()
    {
        using var folder = new ScriptFolder();
        folder.StandInForPostgres();
        Directory.CreateDirectory(Path.Combine(folder.Root, "tests/Good.Tests"));
        folder.StandIn("dotnet", "case $1 in --list-sdks) echo '10.0.100 [/sdk]' ;; build) exit 1 ;; esac");
        var (status, output, _) = await folder.RunAsync("test", []);
        status.ShouldBe(1);
        output[^1].ShouldBe("0 passed, 1 failed, 0 skipped");
    }

    private static int Builds(ScriptFolder folder) =>
        File.ReadLines(Path.Combine(folder.Root, "dotnet.log")).Count(line => line.StartsWith("build ", StringComparison.Ordinal));
}
