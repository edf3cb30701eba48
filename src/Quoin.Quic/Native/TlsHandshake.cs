namespace Quoin.Quic.Native;

/// <summary>Steps of a handshake that are taken outside of a callback.</summary>
internal static unsafe class TlsHandshake
{
    /// <summary>Gives a server's session its certificate and then the client's first message.</summary>
    /// <param name="ask">The client is asked for a certificate; whether it must have one is judged later.</param>
    /// <returns>0, or an error of the library.</returns>
    public static int Begin(
        ConnectionHandle handle, CertificateCredentials credentials, bool ask, ReadOnlySpan<byte> hello)
    {
        if (GnuTls.SetCredentials(handle.Session, GnuTls.CredentialsCertificate, credentials.Handle) < 0)
        {
            return NativeError.Crypto;
        }

        if (ask)
        {
            GnuTls.RequestCertificate(handle.Session, GnuTls.CertificateRequest);
        }

        return Receive(handle, 0, 0, hello);
    }

    /// <returns>0, or an error of the library.</returns>
    public static int Receive(ConnectionHandle handle, int level, ulong offset, ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            return Ngtcp2Connection.ReceiveCrypto(
                handle.Connection, level, offset, start, (nuint)data.Length, handle.UserData);
        }
    }

    /// <summary>The protocol that both have agreed on.</summary>
    public static byte[] ProtocolOf(nint session)
    {
        var protocol = default(NativeDatum);
        return GnuTls.GetAlpn(session, &protocol) < 0 ? [] : protocol.Span.ToArray();
    }

    public static byte[] SessionData(nint session)
    {
        var data = default(NativeDatum);
        if (GnuTls.GetSessionData(session, &data) < 0)
        {
            return [];
        }

        var bytes = data.Span.ToArray();
        GnuTls.Free(data);
        return bytes;
    }
}
