using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Providers;

/// <summary>Signatures of the form <c>t=1785715300,v1=hex</c>: HMAC-SHA256 with the whole secret as key over the time, a point and the raw body.</summary>
internal static class SignedHeader
{
    /// <summary>How far the signed time may lie from ours, either way.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(300);

    private const int HexLength = 64;
    private const int ItemsMax = 32;

    /// <summary>The header's value for a body that is sent at <paramref name="seconds"/>.</summary>
    public static string Sign(string secret, long seconds, ReadOnlySpan<byte> body) =>
        string.Create(CultureInfo.InvariantCulture, $"t={seconds},v1={Encoding.ASCII.GetString(Hex(secret, seconds.ToString(CultureInfo.InvariantCulture), body))}");

    /// <summary>Whether one of the signatures fits one of the secrets, and its time is now; else why not.</summary>
    public static bool Holds(string? header, ReadOnlySpan<byte> body, IEnumerable<string> secrets, DateTimeOffset now, out SignatureFault fault)
    {
        fault = SignatureFault.Missing;
        if (string.IsNullOrEmpty(header)) return false;
        string? time = null;
        List<byte[]> signatures = [];
        foreach (var item in header.Split(',', ItemsMax + 1).Take(ItemsMax))
        {
            var (name, value) = item.Split('=', 2) is [var before, var after] ? (before.Trim(), after.Trim()) : ("", "");
            if (name == "t") time ??= value;
            if (name == "v1") signatures.Add(Encoding.UTF8.GetBytes(value));
        }

        if (signatures.Count == 0 || time is null || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        fault = SignatureFault.Wrong;
        var fits = false;
        foreach (var secret in secrets.Where(secret => secret.Length > 0))
        {
            var expected = Hex(secret, time, body);
            // All are compared, so that the time taken tells nothing.
            foreach (var signature in signatures) fits |= CryptographicOperations.FixedTimeEquals(expected, signature);
        }

        if (!fits) return false;
        fault = SignatureFault.Stale;
        return Math.Abs(now.ToUnixTimeSeconds() - seconds) <= Tolerance.Ticks / TimeSpan.TicksPerSecond;
    }

    private static byte[] Hex(string secret, string time, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.UTF8.GetBytes(time));
        hash.AppendData("."u8);
        hash.AppendData(body);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        hash.GetHashAndReset(mac);
        var hex = new byte[HexLength];
        Convert.TryToHexStringLower(mac, hex, out _);
        return hex;
    }
}
