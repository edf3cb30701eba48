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
    private const int Fine = 0;
    private const byte UnexpectedMessageAlert = 10;
    private const byte InternalErrorAlert = 80;
    private const byte MissingExtensionAlert = 109;

    private readonly ArrayBufferWriter<byte> _hello = new(2_048);
    private SslServerAuthenticationOptions? _chosen;
    private Exception? _fault;
    private bool _choosing;

    /// <summary>The message went on; later bytes go straight to the library.</summary>
    public bool IsOver { get; private set; }

    public CertificateCredentials? Credentials { get; private set; }

    /// <summary>What the client is told where it was refused here; null: the library has a reason.</summary>
    public byte? Alert { get; private set; }

    /// <summary>Takes bytes of the first message.</summary>
    /// <returns>
    /// 0, or an error of the library: this is no such message, or no certificate can be had.
    /// </returns>
    public int Add(ReadOnlySpan<byte> data, CancellationToken cancellationToken)
    {
        if (_hello.WrittenCount + data.Length > QuicLimits.ClientHelloBytes)
        {
            return Refuse(UnexpectedMessageAlert);
        }

        _hello.Write(data);
        var length = ClientHello.LengthOf(_hello.WrittenSpan);
        if (length is null || _choosing)
        {
            return Fine;
        }

        if (length < 0)
        {
            return Refuse(UnexpectedMessageAlert);
        }

        // Without them (RFC 9001, 8.2) the library would go on, and end the process at an assertion when it writes.
        if (!ClientHello.HasTransportParameters(_hello.WrittenSpan[..length.Value]))
        {
            return Refuse(MissingExtensionAlert);
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
        return Fine;
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

        var result = _fault is null ? Continue() : Refuse(InternalErrorAlert);
        if (result != Fine)
        {
            connection.FailHandshake(result);
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

    private int Refuse(byte alert)
    {
        Alert = alert;
        return NativeError.Crypto;
    }

    private int Continue()
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
            return Refuse(InternalErrorAlert);
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
