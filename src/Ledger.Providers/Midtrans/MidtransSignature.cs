using System.Security.Cryptography;
using System.Text;

namespace Ledger.Providers.Midtrans;

/// <summary>
/// Midtrans signs order id, status code and amount with the server key: lower-case hex of SHA-512 over the four texts, with nothing between them. Neither the status nor refunds are signed, so a notification is a hint.
/// </summary>
internal static class MidtransSignature
{
    private const int StatusCodeLength = 3;

    /// <summary>The signature of these texts, as they stand in the body.</summary>
    public static string Sign(string orderId, string statusCode, string grossAmount, string serverKey) =>
        Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(string.Concat(orderId, statusCode, grossAmount, serverKey))));

    /// <summary>Whether a signature fits, compared in constant time and letter for letter.</summary>
    public static bool Fits(string orderId, string statusCode, string grossAmount, string serverKey, string signature) =>
        serverKey.Length > 0 && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(orderId, statusCode, grossAmount, serverKey)), Encoding.UTF8.GetBytes(signature));

    /// <summary>Whether it has three digits. As nothing stands between the texts, a digit could else move from the order id into the code.</summary>
    public static bool IsStatusCode(string? statusCode) => statusCode is { Length: StatusCodeLength } && statusCode.All(char.IsAsciiDigit);
}
