using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Quoin.Fuzz.Targets;

/// <summary>Checks of what the writers make.</summary>
internal static class Sound
{
    public static void Json(ReadOnlySpan<byte> json, string what)
    {
        FuzzFailure.Unless(Utf8.IsValid(json), $"{what} is not valid UTF-8");
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            while (reader.Read())
            {
            }
        }
        catch (JsonException)
        {
            throw new FuzzFailure($"{what} is not valid JSON");
        }
    }

    /// <summary>
    /// Whether a string in the bytes may hold half a surrogate pair: valid JSON and no text, so that it depends on
    /// what is read whether it is found.
    /// </summary>
    public static bool MayHoldLoneSurrogate(ReadOnlySpan<byte> json) =>
        Encoding.UTF8.GetString(json).Contains("\\ud", StringComparison.OrdinalIgnoreCase);
}
