using System.Security.Cryptography;
using System.Text;

namespace Ledger.Api.Access;

/// <summary>
/// The key that is ready in Development: every role of tenant <c>default</c>, and operator. It is in no database, and outside Development
/// nothing of it exists.
/// </summary>
internal sealed class DevelopmentKey
{
    public const string Variable = "LEDGER_DEV_API_KEY";

    /// <summary>Fewer characters are refused: such a key is a typing error, not a key.</summary>
    public const int LengthMin = 8;

    private const string FileName = "development-key";

    private readonly byte[]? hash;

    private DevelopmentKey(string? text)
    {
        Text = text;
        hash = text is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The key, to be printed at the start; null outside Development.</summary>
    public string? Text { get; }

    public static Caller Caller { get; } = new() { Id = "key_development", Roles = RoleSets.Development, TenantOrNone = TenantId.Default };

    public bool Matches(KeyHash presented) => hash is not null && presented.IsOf(hash);

    /// <summary>The key of this run: the one that is set, or one made at the first start and kept in the data directory.</summary>
    /// <exception cref="ConfigurationException">One is set outside Development, or it can't be kept.</exception>
    public static DevelopmentKey Read(IHostEnvironment environment, IConfiguration configuration)
    {
        RequireAbsentOutsideDevelopment(environment, configuration);
        if (!environment.IsDevelopment()) return new DevelopmentKey(null);
        var set = configuration[Variable];
        if (!string.IsNullOrEmpty(set))
        {
            return set.Length is >= LengthMin and <= 200 && !set.AsSpan().ContainsAnyExceptInRange('!', '~') && !JwtVerifier.LooksLikeToken(set)
                ? new DevelopmentKey(set)
                : throw new ConfigurationException($"{Variable} must have {LengthMin} to 200 printable characters, no space, and not two points.");
        }

        var folder = configuration["LEDGER_DATA_DIR"] is { Length: > 0 } named ? named : ".ledger";
        try
        {
            return new DevelopmentKey(Keep(folder));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The Development key can't be kept in {folder} ({failure.Message}): set {Variable}, or name another --data-dir.", failure);
        }
    }

    /// <summary>Outside Development a key that is set ends the start, before anything else has begun.</summary>
    /// <exception cref="ConfigurationException">It is set.</exception>
    public static void RequireAbsentOutsideDevelopment(IHostEnvironment environment, IConfiguration configuration)
    {
        if (!environment.IsDevelopment() && !string.IsNullOrEmpty(configuration[Variable]))
            throw new ConfigurationException($"{Variable} is set, but the environment is {environment.EnvironmentName}: the key exists in Development only. Unset it, and make keys with `apikeys create`.");
    }

    private static string Keep(string folder)
    {
        var file = Path.Combine(folder, FileName);
        Directory.CreateDirectory(folder);
        if (File.Exists(file) && File.ReadAllText(file).Trim() is var kept && KeyText.IsKey(kept)) return kept;
        var key = KeyText.New();
        File.Delete(file);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new StreamWriter(file, Encoding.ASCII, options);
        stream.WriteLine(key);
        return key;
    }
}
