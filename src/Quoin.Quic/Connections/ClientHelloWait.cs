using System.Buffers;
using System.Net.Security;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;
using Quoin.Quic.Tls;

namespace Quoin.Quic.Connections;

/// <summary>
/// A server's handshake up to its certificate. GnuTLS cannot wait while it is being chosen: it would choose cipher
/// suites without it and not ask again. So the first message is kept here until it is whole, the application chooses by
/// the name in it, at once or later, and then GnuTLS gets certificate and message together.
/// </summary>
internal sealed class ClientHelloWait(QuicConnection connection, ConnectionHandle handle) : ILoopWork
{
    private readonly ArrayBufferWriter<byte> _hello = new(2_048);
    private SslServerAuthenticationOptions? _chosen;
    private Exception? _fault;
    private bool _choosing;

    /// <summary>The message went on; later bytes go straight to the library.</summary>
    public bool IsOver { get; private set; }

    public CertificateCredentials? Credentials { get; private set; }

    /// <summary>Takes bytes of the first message. False: this is none, or no certificate can be had.</summary>
    public bool Add(ReadOnlySpan<byte> data, CancellationToken cancellationToken)
    {
        if (_hello.WrittenCount + data.Length > QuicLimits.ClientHelloBytes)
        {
            return false;
        }

        _hello.Write(data);
        var length = ClientHello.LengthOf(_hello.WrittenSpan);
        if (length is null || _choosing)
        {
            return true;
        }

        if (length < 0)
        {
            return false;
        }

        _choosing = true;
        connection.ServerName = ClientHello.ServerNameOf(_hello.WrittenSpan[..length.Value]);
        var choice = connection.Context.SelectTls!(connection, cancellationToken);
        if (choice.IsCompletedSuccessfully)
        {
            _chosen = choice.GetAwaiter().GetResult();
            return Continue();
        }

        connection.Track(ChooseAsync(choice.AsTask()));
        return true;
    }

    public void Release()
    {
        Credentials?.Release();
        Credentials = null;
    }

    // Back on the loop after a choice that took its time.
    void ILoopWork.Run()
    {
        if (!connection.IsOpen)
        {
            return;
        }

        if (_fault is not null)
        {
            Log.NoCertificate(connection.Context.Logger, connection.ServerName, _fault);
        }

        if (_fault is not null || !Continue())
        {
            connection.FailHandshake();
        }

        connection.MarkDirty();
    }

    private async Task ChooseAsync(Task<SslServerAuthenticationOptions> choice)
    {
        try
        {
            _chosen = await choice;
        }
        catch (Exception e)
        {
            _fault = e;
        }

        connection.Loop.Post(this);
    }

    private bool Continue()
    {
        IsOver = true;
        var options = _chosen!;
        try
        {
            Credentials = connection.Context.Credentials.Get(options, connection);
        }
        catch (Exception e)
        {
            Log.NoCertificate(connection.Context.Logger, connection.ServerName, e);
            return false;
        }

        connection.Expect(new PeerCertificate
        {
            IsRequired = options.ClientCertificateRequired,
            Callback = options.RemoteCertificateValidationCallback,
            Revocation = options.CertificateRevocationCheckMode,
            Policy = options.CertificateChainPolicy,
        }, options.ClientCertificateRequired);
        return TlsHandshake.Begin(handle, Credentials, options.ClientCertificateRequired, _hello.WrittenSpan);
    }
}
