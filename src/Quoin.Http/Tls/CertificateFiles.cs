using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Quoin.Http.Tls;

/// <summary>
/// A certificate chain and its key in PEM files, as ACME clients and Kubernetes secrets put them down. With a
/// handshake, a second after the last look at the earliest, the files are read again: new ones are used from then on.
/// Ones that do not fit each other, half replaced perhaps, leave the old in use and are logged once.
/// </summary>
internal sealed partial class CertificateFiles
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Loaded _current;
    private string _read;
    private long _looked;
    private int _looking;

    private CertificateFiles(HttpAppOptions options, ILogger logger)
    {
        (_certificateFile, _keyFile) = (options.CertificateFile!, options.CertificateKeyFile!);
        (_time, _logger) = (options.Time, logger);
        _read = ReadText(_certificateFile, _keyFile);
        _current = Loaded.From(_read);
        _looked = _time.GetTimestamp();
    }

    /// <summary>What the next handshake shows.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _looked)) >= BetweenLooks
                && Interlocked.Exchange(ref _looking, 1) == 0)
            {
                Look();
                Volatile.Write(ref _looked, _time.GetTimestamp());
                Volatile.Write(ref _looking, 0);
            }

            return Volatile.Read(ref _current).Context;
        }
    }

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public static CertificateFiles Open(HttpAppOptions options, ILogger logger) => new(options, logger);

    /// <summary>What is wrong with the files; null where nothing is.</summary>
    public static string? FaultOf(string certificateFile, string keyFile)
    {
        foreach (var file in new[] { certificateFile, keyFile })
        {
            try
            {
                File.ReadAllText(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"\"{file}\": {e.Message}";
            }
        }

        try
        {
            using var loaded = Loaded.From(ReadText(certificateFile, keyFile));
            return null;
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            return $"\"{certificateFile}\" with \"{keyFile}\": {e.Message}; accepted: a PEM certificate (its chain "
                + "after it) and its unencrypted PEM key";
        }
    }

    private static string ReadText(string certificateFile, string keyFile) =>
        File.ReadAllText(certificateFile) + '\n' + File.ReadAllText(keyFile);

    private void Look()
    {
        try
        {
            var text = ReadText(_certificateFile, _keyFile);
            if (text == _read)
            {
                return;
            }

            _read = text;

            // The old one may be in use by handshakes: it is left to the finalizer.
            Volatile.Write(ref _current, Loaded.From(text));
            Log.Replaced(_logger, _certificateFile, _current.Expires);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Log.NotReplaced(_logger, _certificateFile, _keyFile, e.Message);
        }
    }

    private sealed class Loaded(X509Certificate2 certificate, X509Certificate2Collection chain) : IDisposable
    {
        public SslStreamCertificateContext Context { get; } =
            SslStreamCertificateContext.Create(certificate, chain, offline: true);

        public DateTime Expires => certificate.NotAfter;

        public static Loaded From(string pem)
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            if (chain.Count == 0)
            {
                throw new CryptographicException("there is no certificate in it");
            }

            chain[0].Dispose();
            chain.RemoveAt(0);
            try
            {
                return new(X509Certificate2.CreateFromPem(pem, pem), chain);
            }
            catch (ArgumentException e)
            {
                throw new CryptographicException("the key is not the certificate's", e);
            }
        }

        public void Dispose() => certificate.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(4010, LogLevel.Information, "The certificate of {File} is in use from now on, until {Expires}",
            EventName = nameof(Replaced))]
        public static partial void Replaced(ILogger logger, string file, DateTime expires);

        [LoggerMessage(4011, LogLevel.Error,
            "{File} and {KeyFile} have changed and cannot be used, the old ones stay: {Reason}",
            EventName = nameof(NotReplaced))]
        public static partial void NotReplaced(ILogger logger, string file, string keyFile, string reason);
    }
}
