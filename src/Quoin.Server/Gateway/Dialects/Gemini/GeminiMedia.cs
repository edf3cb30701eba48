using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>The media type of a URL, guessed from its extension where the client did not tell.</summary>
internal static class GeminiMedia
{
    public static string? TypeOf(MediaPart media)
    {
        if (media.MediaType is not null || media.Url is null)
        {
            return media.MediaType;
        }

        var path = media.Url.AsSpan();
        var end = path.IndexOfAny('?', '#');
        path = end < 0 ? path : path[..end];
        var slash = path.LastIndexOf('/');
        var dot = path.LastIndexOf('.');
        return dot <= slash ? null : path[(dot + 1)..].ToString().ToLowerInvariant() switch
        {
            "png" => "image/png",
            "jpg" or "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "heic" => "image/heic",
            "heif" => "image/heif",
            "pdf" => "application/pdf",
            "txt" => "text/plain",
            "mp3" => "audio/mpeg",
            "wav" => "audio/wav",
            "flac" => "audio/flac",
            "ogg" => "audio/ogg",
            "mp4" => "video/mp4",
            "webm" => "video/webm",
            _ => null,
        };
    }
}
