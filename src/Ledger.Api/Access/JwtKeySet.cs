using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Ledger.Api.Access;

/// <summary>A public key that signs tokens, with the one algorithm that it is for (RFC 8725, section 3.1).</summary>
internal sealed class JwtKey
{
    private readonly RSA? rsa;
    private readonly ECDsa? ec;

    private JwtKey(string? id, string algorithm, RSA? rsa, ECDsa? ec)
    {
        Id = id;
        Algorithm = algorithm;
        this.rsa = rsa;
        this.ec = ec;
    }

    public const string Rs256 = "RS256";
    public const string Es256 = "ES256";

    /// <summary>RSA keys below this are refused (RFC 7518, section 3.3).</summary>
    public const int RsaBitsMin = 2048;

    public string? Id { get; }

    public string Algorithm { get; }

    /// <summary>Whether a signature is this key's over some bytes.</summary>
    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        rsa is not null ? rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : signature.Length == 64 && ec!.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <summary>Reads a JSON Web Key; null where it is not one that signs with an algorithm that is accepted here, a symmetric key above all.</summary>
    public static JwtKey? Read(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object) throw new FormatException("A member of keys is no object.");
        if (Text(jwk, "use") is { } use && use != "sig") return null;
        if (jwk.TryGetProperty("key_ops", out var operations) && !operations.EnumerateArray().Any(o => o.ValueEquals("verify"))) return null;
        var (id, algorithm) = (Text(jwk, "kid"), Text(jwk, "alg"));
        switch (Text(jwk, "kty"))
        {
            case "RSA" when algorithm is null or Rs256:
                var rsa = RSA.Create(new RSAParameters { Modulus = Bytes(jwk, "n"), Exponent = Bytes(jwk, "e") });
                return rsa.KeySize >= RsaBitsMin ? new JwtKey(id, Rs256, rsa, null) : throw new FormatException($"RSA key {id} has less than {RsaBitsMin} bits.");
            case "EC" when algorithm is null or Es256 && Text(jwk, "crv") == "P-256":
                return new JwtKey(id, Es256, null, ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") } }));
            default:
                return null;
        }
    }

    private static string? Text(JsonElement jwk, string name) => jwk.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static byte[] Bytes(JsonElement jwk, string name) =>
        Base64Url.DecodeFromChars(Text(jwk, name) ?? throw new FormatException($"A key lacks {name}."));
}

/// <summary>
/// The keys that tokens are signed with (RFC 7517), from the configuration or a file. The file is read again when it has changed, so keys are
/// rotated without a restart; one that can't be read leaves the last good set in place.
/// </summary>
internal sealed class JwtKeySet
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly string? file;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private (DateTime WrittenAt, long Length) seen;
    private long lookedAt;
    private Snapshot current;

    public JwtKeySet(string? inline, string? file, TimeProvider clock, ILogger logger)
    {
        this.file = file;
        this.clock = clock;
        this.logger = logger;
        lookedAt = clock.GetTimestamp();
        if (file is not null) seen = Stamp(file);
        current = new Snapshot(1, Parse(inline ?? File.ReadAllText(file!)));
    }

    /// <summary>The keys as they stand now; the number changes with them.</summary>
    public Snapshot Current
    {
        get
        {
            if (file is not null && clock.GetElapsedTime(Volatile.Read(ref lookedAt)) >= LookEvery) Look();
            return Volatile.Read(ref current);
        }
    }

    public static IReadOnlyList<JwtKey> Parse(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
            throw new FormatException("The key set has no member keys.");
        var read = keys.EnumerateArray().Select(JwtKey.Read).OfType<JwtKey>().ToList();
        if (read.Count == 0) throw new FormatException("The key set has no key for RS256 or ES256.");
        return read.Select(k => k.Id).OfType<string>().GroupBy(id => id, StringComparer.Ordinal).Any(g => g.Count() > 1) ? throw new FormatException("Two keys of the key set have one kid.") : read;
    }

    private void Look()
    {
        lock (gate)
        {
            if (clock.GetElapsedTime(lookedAt) < LookEvery) return;
            lookedAt = clock.GetTimestamp();
            try
            {
                var stamp = Stamp(file!);
                if (stamp == seen) return;
                Volatile.Write(ref current, new Snapshot(current.Number + 1, Parse(File.ReadAllText(file!))));
                seen = stamp;
                logger.LogInformation("The key set for tokens was read again: {Keys} keys", current.Keys.Count);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or FormatException or CryptographicException or InvalidOperationException)
            {
                logger.LogWarning("The key set for tokens can't be read, the last one stays: {Reason}", failure.Message);
            }
        }
    }

    private static (DateTime WrittenAt, long Length) Stamp(string path)
    {
        var info = new FileInfo(path);
        return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
    }

    /// <summary>A set of keys.</summary>
    internal sealed record Snapshot(int Number, IReadOnlyList<JwtKey> Keys)
    {
        /// <summary>The key for a token's header: that of its kid, or without one the only key of the algorithm.</summary>
        public JwtKey? Find(string? id, string algorithm)
        {
            var fitting = Keys.Where(k => k.Algorithm == algorithm && (id is null || k.Id == id)).ToList();
            return fitting.Count == 1 ? fitting[0] : null;
        }
    }
}
