using System.Buffers;
using System.Reflection;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Quoin.Quic.Kestrel;

/// <summary>
/// Kestrel gives each object for a request 16 KB in which it encodes header fields, and keeps them as long as the
/// request lasts: 80 MB for 5,000 that wait. The bytes are copied to the stream's output before that is flushed, so
/// what was encoded is used no more in a flush, which Kestrel does under the lock that guards them. There the array is
/// taken out; the next header makes a new one. Kestrel has no setting for it: the array is found by the names of its
/// private fields, and where they have others everything stays as Kestrel does it.
/// </summary>
internal static class HeaderBuffer
{
    private const string StreamType = "Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http3.Http3Stream";

    private static readonly FieldInfo? FrameWriter =
        typeof(KestrelServerOptions).Assembly.GetType(StreamType)?.GetField("_frameWriter", Private);

    private static readonly FieldInfo? Encoding = Of(FrameWriter?.FieldType, "_headerEncodingBuffer",
        typeof(ArrayBufferWriter<byte>));

    private static readonly FieldInfo? Array = Of(typeof(ArrayBufferWriter<byte>), "_buffer", typeof(byte[]));

    /// <summary>The fields are where they are known to be.</summary>
    public static bool IsKnown => FrameWriter is not null && Encoding is not null && Array is not null;

    private static BindingFlags Private => BindingFlags.Instance | BindingFlags.NonPublic;

    /// <summary>The buffer of Kestrel's object for a request; null: it is none, or another Kestrel's.</summary>
    public static ArrayBufferWriter<byte>? Of(object? kestrelStream) =>
        IsKnown && FrameWriter!.DeclaringType!.IsInstanceOfType(kestrelStream)
        && FrameWriter.GetValue(kestrelStream) is { } writer
            ? (ArrayBufferWriter<byte>?)Encoding!.GetValue(writer)
            : null;

    /// <summary>Lets its array go. Only while Kestrel does not encode.</summary>
    public static void Release(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > 0)
        {
            buffer.ResetWrittenCount();
            Array!.SetValue(buffer, System.Array.Empty<byte>());
        }
    }

    private static FieldInfo? Of(Type? type, string name, Type ofType) =>
        type?.GetField(name, Private) is { } field && field.FieldType == ofType ? field : null;
}
