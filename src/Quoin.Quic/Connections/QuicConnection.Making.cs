using System.Security.Cryptography;
using Quoin.Quic.Connections;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;
using Quoin.Quic.Tls;

namespace Quoin.Quic;

/// <summary>How a connection begins, on either side.</summary>
public sealed partial class QuicConnection
{
    private TaskCompletionSource<QuicConnection>? _connected;
    private CertificateCredentials? _clientCredentials;
    private QuicConnectOptions? _connect;
    private byte[]? _addressToken;
    private bool _sessionStored;
    private bool _offeredEarlyData;

    /// <summary>The server's side of a first packet; null: the library refuses it.</summary>
    internal static unsafe QuicConnection? Accept(EventLoop loop, NativePacketHeader header, NativeCid original,
        AddressProof proof, in NativeAddress local, in NativeAddress remote)
    {
        var connection = new QuicConnection(loop, local, remote);
        var source = new NativeCid { Length = QuicLimits.ConnectionIdBytes };
        loop.NewConnectionId(source.Span);
        Span<byte> token = stackalloc byte[Ngtcp2.StatelessResetTokenBytes];
        loop.ResetTokenOf(source.Span, token);
        connection.OpenQlog(original.Span);
        loop.Template.Prepare(loop.Now, connection._qlog is not null, original);
        loop.Template.PrepareServer(original, header.Destination, proof, header.Token, token);
        var made = connection.Make(local, remote, path =>
        {
            nint native = 0;
            var destination = header.Source;
            var own = source;
            var result = Ngtcp2.ServerNew(&native, &destination, &own, (NativePath*)path, header.Version, 1,
                loop.Template.Callbacks, 1, loop.Template.Settings, 1, loop.Template.Parameters,
                (void*)loop.Context.Memory, connection._handle.UserData);
            return result == 0 ? native : 0;
        });
        if (!made || !connection.Attach(host: null))
        {
            connection.Forget();
            return null;
        }

        loop.Add(connection);
        connection.Map(new ConnectionId(source.Span));

        // The client sends to the id that it has chosen until it has heard ours.
        connection.Map(new ConnectionId(header.Destination.Span));
        return connection;
    }

    /// <summary>The client's side; on the loop's thread.</summary>
    internal static unsafe void Connect(EventLoop loop, QuicConnectOptions options,
        TaskCompletionSource<QuicConnection> connected, CertificateCredentials credentials)
    {
        var remote = loop.AddressOf(options.RemoteEndPoint);
        var connection = new QuicConnection(loop, loop.Bound, remote)
        {
            _connected = connected,
            _connect = options,
            _clientCredentials = credentials,
            ServerName = options.Tls.TargetHost ?? "",
        };
        var source = new NativeCid { Length = QuicLimits.ConnectionIdBytes };
        loop.NewConnectionId(source.Span);
        var destination = new NativeCid { Length = QuicLimits.ConnectionIdBytes };
        RandomNumberGenerator.Fill(destination.Span);
        connection.OpenQlog(destination.Span);
        loop.Template.Prepare(loop.Now, connection._qlog is not null, destination);
        var stored = options.Sessions?.Take(SessionKey(options));
        loop.Template.PrepareClient(ClientSession.AddressTokenOf(stored));
        var made = connection.Make(loop.Bound, remote, path =>
        {
            nint native = 0;
            var first = destination;
            var own = source;
            var result = Ngtcp2.ClientNew(&native, &first, &own, (NativePath*)path, Ngtcp2.QuicVersion1, 1,
                loop.Template.Callbacks, 1, loop.Template.Settings, 1, loop.Template.Parameters,
                (void*)loop.Context.Memory, connection._handle.UserData);
            return result == 0 ? native : 0;
        });
        if (!made || !connection.Attach(options.Tls.TargetHost))
        {
            connection.Forget();
            connected.TrySetException(new QuicException(QuicEnd.Local, 0, "the connection could not be made"));
            return;
        }

        connection.BeginClient(stored);
        loop.Add(connection);
        connection.Map(new ConnectionId(source.Span));
        if (connection._offeredEarlyData)
        {
            // The first packet waits a moment for the first bytes, which save their round trip only in it.
            loop.SetDeadline(connection, loop.Now + QuicLimits.FirstFlightNanoseconds);
        }
        else
        {
            connection.MarkDirty();
        }
    }

    /// <summary>The peer is at this address, as far as is known.</summary>
    internal unsafe bool IsWith(in NativeAddress remote)
    {
        var path = Ngtcp2Connection.Path(_handle.Connection);
        return NativeAddress.From(path->Remote.Address, path->Remote.Length).Span.SequenceEqual(remote.Span);
    }

    private static string SessionKey(QuicConnectOptions options) =>
        $"{options.Tls.TargetHost}:{options.RemoteEndPoint.Port}";

    private unsafe bool Make(NativeAddress local, NativeAddress remote, Func<nint, nint> make)
    {
        var path = new NativePath
        {
            Local = new() { Address = local.Bytes, Length = local.Length },
            Remote = new() { Address = remote.Bytes, Length = remote.Length },
        };
        _handle.Connection = make((nint)(&path));
        return _handle.Connection != 0;
    }

    private bool Attach(string? host)
    {
        try
        {
            Context.Tls.Attach(_handle, host);
            return true;
        }
        catch (CryptographicException e)
        {
            Log.Fault(Context.Logger, RemoteEndPoint, e);
            return false;
        }
    }

    private void OpenQlog(ReadOnlySpan<byte> id)
    {
        if (Context.Options.QlogFolder is { } folder)
        {
            _qlog = QlogFile.Open(folder, id);
        }
    }

    /// <summary>It never began.</summary>
    private void Forget()
    {
        _phase = Phase.Gone;
        CloseReason = new QuicException(QuicEnd.Local, 0, "the connection could not be made");
        Context.CountConnection(-1);
        Context.CountHandshake(-1);
        _handshake.TrySetException(CloseReason);
        _ = _handshake.Task.Exception;
        _closed.TrySetResult();
        FreeNow();
    }

    private void BeginClient(byte[]? stored)
    {
        var tls = _connect!.Tls;
        Expect(new PeerCertificate
        {
            IsRequired = true,
            Host = tls.TargetHost,
            Callback = tls.RemoteCertificateValidationCallback,
            Revocation = tls.CertificateRevocationCheckMode,
            Policy = tls.CertificateChainPolicy,
        }, asked: false);
        _ = GnuTls.SetCredentials(_handle.Session, GnuTls.CredentialsCertificate, _clientCredentials!.Handle);
        if (stored is not null && ClientSession.TryResume(_handle, stored, Context.Options.EarlyData))
        {
            _offeredEarlyData = Context.Options.EarlyData;
        }

        if (_offeredEarlyData)
        {
            // Streams can be opened and written before the server has said a word.
            HandOver();
        }
    }

    private void StoreSession()
    {
        if (_connect?.Sessions is { } sessions && ClientSession.Save(_handle, _addressToken) is { } session)
        {
            _sessionStored = true;
            sessions.Put(SessionKey(_connect), session);
        }
    }

    /// <summary>The token and the ticket come in either order, and are stored together.</summary>
    private void KeepAddressToken(ReadOnlySpan<byte> token)
    {
        if (_connect?.Sessions is null || token.Length > QuicLimits.AddressTokenBytes)
        {
            return;
        }

        _addressToken = token.ToArray();
        if (_sessionStored)
        {
            StoreSession();
        }
    }

    /// <summary>Server: with it the client needs no Retry when it comes back from the same address.</summary>
    private unsafe void GiveAddressToken()
    {
        var token = stackalloc byte[QuicLimits.AddressTokenBytes];
        var remote = Ngtcp2Connection.Path(_handle.Connection)->Remote;
        nint length;
        fixed (byte* key = Context.RetryKey)
        {
            length = Ngtcp2.GenerateAddressToken(token, key, (nuint)Context.RetryKey.Length, remote.Address,
                remote.Length, Context.WallClock());
        }

        if (length > 0)
        {
            _ = Ngtcp2Connection.SubmitToken(_handle.Connection, token, (nuint)length);
        }
    }

    private void NoteEarlyDataResult()
    {
        if (!_offeredEarlyData)
        {
            return;
        }

        EarlyDataAccepted = (GnuTls.SessionFlags(_handle.Session) & GnuTls.SessionEarlyData) != 0;
        if (EarlyDataAccepted == false)
        {
            // Its streams are gone: who has used them hears of it, and may begin anew.
            _ = Ngtcp2Connection.EarlyDataRejected(_handle.Connection);
        }
    }
}
