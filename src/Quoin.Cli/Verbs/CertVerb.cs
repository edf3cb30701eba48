using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin cert dev</c>: a certificate to try TLS with on one's own machine.</summary>
internal static class CertVerb
{
    /// <summary>Browsers refuse certificates that last longer (CA/Browser Forum baseline, 6.3.2).</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(397);

    public static Command Create(CommandContext context)
    {
        var folder = new Option<string>("--dir")
        {
            Description = "Folder to write cert.pem and key.pem into",
            DefaultValueFactory = _ => "certs",
            HelpName = "FOLDER",
        };
        var names = new Option<string[]>("--name")
        {
            Description = "A host name or address it is for, beside localhost, 127.0.0.1 and ::1",
            HelpName = "NAME",
        };
        var force = new Option<bool>("--force") { Description = "Replace files that are there" };
        var dev = new Command(
            "dev",
            """
            Make a self-signed certificate for development, and its key, as PEM files. Clients trust it only when told to
            (curl --cacert certs/cert.pem).

            Example: quoin cert dev --dir certs && quoin serve --tls-cert certs/cert.pem --tls-key certs/key.pem
            """)
        {
            folder, names, force,
        };
        dev.SetAction(parsed => Write(
            Path.Combine(context.WorkingFolder, parsed.GetValue(folder)!), parsed.GetValue(names) ?? [],
            parsed.GetValue(force), context));
        return new Command("cert", "Certificates (see cert dev).\n\nExample: quoin cert dev") { dev };
    }

    private static int Write(string folder, string[] names, bool force, CommandContext context)
    {
        var (certificateFile, keyFile) = (Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"));
        foreach (var file in new[] { certificateFile, keyFile })
        {
            if (File.Exists(file) && !force)
            {
                context.Error.WriteLine($"quoin: {file} is there already; use --force to replace it");
                return ExitCode.BadInput;
            }
        }

        if (Array.Find(names, name => Uri.CheckHostName(name) == UriHostNameType.Unknown) is { } wrong)
        {
            context.Error.WriteLine($"quoin: --name: \"{wrong}\"; accepted: a host name or an IP address");
            return ExitCode.BadInput;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Make(key, names);
        Directory.CreateDirectory(folder);
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem() + "\n");
        WriteKey(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        context.Output.WriteLine($"{certificateFile}\n{keyFile}");
        return ExitCode.Done;
    }

    private static X509Certificate2 Make(ECDsa key, string[] names)
    {
        var request = new CertificateRequest("CN=Quoin development", key, HashAlgorithmName.SHA256);
        var subjects = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Concat(["localhost", "127.0.0.1", "::1"]).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                subjects.AddIpAddress(address);
            }
            else
            {
                subjects.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(subjects.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = TimeProvider.System.GetUtcNow();

        // Clocks of machines differ by minutes.
        return request.CreateSelfSigned(now.AddHours(-1), now + Lasts);
    }

    /// <summary>For its owner alone from the first byte on.</summary>
    private static void WriteKey(string file, string pem)
    {
        File.Delete(file);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(file, options);
        writer.Write(pem);
    }
}
