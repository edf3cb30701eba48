using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Quoin.Http.WebSockets.Framing;

/// <summary>What a close frame says: nothing, or <c>code 2 | reason in UTF-8</c> (RFC 6455 §5.5.1).</summary>
internal static class CloseFrame
{
    /// <summary>May go over the wire: registered and not reserved, or an application's own (§7.4).</summary>
    public static bool IsSendable(int code) =>
        code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Reads a payload; returns false, with the code to answer, when it is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out WebSocketCloseCode code, out string reason)
    {
        (code, reason) = (WebSocketCloseCode.NoCode, "");
        if (payload.IsEmpty)
        {
            return true;
        }

        if (payload.Length < 2 || !IsSendable(BinaryPrimitives.ReadUInt16BigEndian(payload)))
        {
            code = WebSocketCloseCode.ProtocolError;
            return false;
        }

        if (!Utf8.IsValid(payload[2..]))
        {
            code = WebSocketCloseCode.InvalidData;
            return false;
        }

        code = (WebSocketCloseCode)BinaryPrimitives.ReadUInt16BigEndian(payload);
        reason = Encoding.UTF8.GetString(payload[2..]);
        return true;
    }

    /// <summary>Writes a payload of 125 bytes at most; returns its length. What is not sendable is left out.</summary>
    public static int Write(Span<byte> target, WebSocketCloseCode code, string reason)
    {
        if (!IsSendable((int)code))
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)code);
        return 2 + Encoding.UTF8.GetBytes(reason, target[2..]);
    }
}
