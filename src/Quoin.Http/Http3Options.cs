using Quoin.Http.Http3;
using Quoin.Http.Tls;
using Quoin.Quic;

namespace Quoin.Http;

/// <summary>What speaks QUIC below HTTP/3.</summary>
public enum Http3Transport
{
    /// <summary>ngtcp2 where it is installed, else msquic where that is; else the app does not start.</summary>
    Auto,

    /// <summary>ngtcp2, with all settings and 0-RTT.</summary>
    Ngtcp2,

    /// <summary>msquic through .NET; of <see cref="Http3Options.Quic"/> only the counts of streams are its.</summary>
    MsQuic,
}

/// <summary>HTTP/3 beside the other versions, on a UDP port.</summary>
public sealed record Http3Options
{
    /// <summary>UDP port, 0..65535; 0: any free one, which nobody is told of. Default 443.</summary>
    public int Port { get; init; } = 443;

    /// <summary>What speaks QUIC. Default: what there is.</summary>
    public Http3Transport Transport { get; init; }

    /// <summary>Windows, streams, times, congestion control, 0-RTT.</summary>
    public QuicTransportOptions Quic { get; init; } = new();

    /// <summary>
    /// False: requests in early data (0-RTT) run only where their method is safe, others are answered 425 (RFC 8470).
    /// True: all run, and may be run again by whoever copies them.
    /// </summary>
    public bool AllowEarlyDataReplay { get; init; }

    /// <summary>PEM file of a certificate and its chain. Null: the certificate of the app.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the unencrypted key of <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>All that is wrong, each as <c>Name: found; accepted</c>.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Port is < 0 or > 65535)
        {
            yield return $"Http3.Port: {Port}; accepted: 0..65535";
        }

        if (CertificateFile is null != CertificateKeyFile is null)
        {
            yield return "Http3.CertificateFile: accepted: with CertificateKeyFile";
        }
        else if (CertificateFile is not null
            && CertificateFiles.FaultOf(CertificateFile, CertificateKeyFile!) is { } fault)
        {
            yield return "Http3.CertificateFile: " + fault;
        }

        foreach (var wrong in Quic.Faults())
        {
            yield return "Http3.Quic." + wrong;
        }

        if (Transport == Http3Transport.MsQuic && !MsQuicTakes(Quic))
        {
            yield return "Http3.Transport: " + BeyondMsQuic;
        }
    }

    /// <summary>Why it cannot start here although its values are fine; null where it can.</summary>
    internal string? StartFault(HttpAppOptions app)
    {
        if (CertificateFile is null && !app.IsTls)
        {
            return "Http3: has no certificate; accepted: Certificate, CertificateFile or Http3.CertificateFile";
        }

        if (Http3Listening.FaultOf(Transport) is { } missing)
        {
            return "Http3.Transport: " + missing;
        }

        return Http3Listening.Choose(Transport) == Http3Transport.MsQuic && !MsQuicTakes(Quic)
            ? "Http3.Transport: ngtcp2 is not installed, and " + BeyondMsQuic
            : null;
    }

    private const string BeyondMsQuic =
        "msquic takes the counts of streams only; accepted: ngtcp2, or all else of Quic as it is by default";

    /// <summary>What it would not heed is not there.</summary>
    private static bool MsQuicTakes(QuicTransportOptions quic)
    {
        var plain = new QuicTransportOptions();
        return plain == quic with
        {
            MaxBidirectionalStreams = plain.MaxBidirectionalStreams,
            MaxUnidirectionalStreams = plain.MaxUnidirectionalStreams,
            SharePort = plain.SharePort,
        };
    }
}
