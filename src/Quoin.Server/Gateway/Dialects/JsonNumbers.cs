using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>Reads of numbers in providers' answers.</summary>
internal static class JsonNumbers
{
    /// <summary>
    /// A number that JSON can say and a double cannot (1e400) reads as infinity, which JSON cannot say again: such an
    /// answer is malformed.
    /// </summary>
    public static double Finite(JsonElement number) =>
        number.GetDouble() is var value && double.IsFinite(value)
            ? value
            : throw new JsonException("a number is out of range");
}
