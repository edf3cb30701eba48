using System.Text.Json;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// The exceptions by which a dialect's reader says that a provider's answer is not of its shape: no JSON, a missing
/// property, a value of another kind, a number out of range, text that is no text.
/// </summary>
internal static class UnreadableAnswer
{
    public static bool Is(Exception e) =>
        e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or OverflowException or ArgumentException;
}
