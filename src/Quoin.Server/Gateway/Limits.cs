namespace Quoin.Server.Gateway;

/// <summary>Every bound of the gateway that is not a setting, with its reason.</summary>
internal static class Limits
{
    /// <summary>
    /// Depth of a request's JSON. Tool schemas reach about 20; System.Text.Json's own default is 64, and each level
    /// costs the upstream's parser more than ours.
    /// </summary>
    public const int JsonDepth = 64;

    /// <summary>
    /// Bytes that a body beyond <c>server.max_request_size</c> may go on for. They are thrown away: a client that
    /// sends before it reads gets its 413 instead of a cut connection, and one that never ends is cut.
    /// </summary>
    public const int DrainedBodyBytes = 64 * 1024 * 1024;

    /// <summary>
    /// Bytes of one server-sent event. A streamed image of the Responses API is a few megabytes of base64 in one
    /// event.
    /// </summary>
    public const int EventBytes = 32 * 1024 * 1024;

    /// <summary>
    /// Bytes of an unstreamed answer held back before the first byte goes out, so that a cut answer can still fail
    /// over. Beyond it the answer is relayed as it comes, and a cut ends the client's connection.
    /// </summary>
    public const int HeldAnswerBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of an unstreamed answer that must be translated, which needs all of it.</summary>
    public const int TranslatedAnswerBytes = 64 * 1024 * 1024;

    /// <summary>Bytes read of a provider's error body; the rest is of no use to anybody.</summary>
    public const int ErrorBodyBytes = 256 * 1024;

    /// <summary>Bytes of a stream held back before its first content: role announcements and pings.</summary>
    public const int HeldStreamBytes = 1024 * 1024;

    /// <summary>
    /// Time that a stream has, after its end marker, to end its body: providers do so at once, and one that does not
    /// must not keep the client waiting.
    /// </summary>
    public static readonly TimeSpan TrailTime = TimeSpan.FromMilliseconds(500);

    /// <summary>First size of a request or answer buffer; most fit.</summary>
    public const int FirstBufferBytes = 16 * 1024;

    /// <summary>Names suggested for an unknown model.</summary>
    public const int NearNames = 3;

    /// <summary>Bytes of a provider's list of models.</summary>
    public const int ModelListBytes = 8 * 1024 * 1024;

    /// <summary>Models kept of a provider's list: the longest known list has a few hundred.</summary>
    public const int ModelListEntries = 10000;

    /// <summary>Characters of a model's name: the longest known are under 150.</summary>
    public const int ModelNameChars = 512;

    /// <summary>Characters of a provider's message that are passed on.</summary>
    public const int UpstreamMessageChars = 4000;
}
