using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Quoin.Http.Tls;

/// <summary>TLS of a listener: the certificate of each handshake, the protocols that it offers.</summary>
internal static class TlsListening
{
    public static void Configure(ListenOptions listener, HttpAppOptions options)
    {
        Func<SslStreamCertificateContext> current;
        if (options.CertificateFile is null)
        {
            var fixedOne = SslStreamCertificateContext.Create(options.Certificate!, null, offline: true);
            current = () => fixedOne;
        }
        else
        {
            var loggers = listener.ApplicationServices.GetRequiredService<ILoggerFactory>();
            var files = CertificateFiles.Open(options, loggers.CreateLogger("Quoin.Http.Tls"));
            current = () => files.Current;
        }

        var protocols = options.MinTlsVersion >= SslProtocols.Tls13
            ? SslProtocols.Tls13
            : SslProtocols.Tls12 | SslProtocols.Tls13;
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = options.ReadTimeout,
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = current(),
                EnabledSslProtocols = protocols,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],

                // Nobody needs it, and each costs the server more than the client (CVE-2011-1473).
                AllowRenegotiation = false,
            }),
        });
    }
}
