using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// Finds ngtcp2, its crypto library and GnuTLS, newest first, once for the process, and says in one sentence what is
/// wrong where they cannot be used. Everything native of this project goes through the three handles found here.
/// </summary>
internal static unsafe class QuicLibrary
{
    private const string Ngtcp2Name = "ngtcp2";
    private const string CryptoName = "ngtcp2_crypto_gnutls";
    private const string GnuTlsName = "gnutls";

    private const string HowToInstall =
        "install libngtcp2-16 and libngtcp2-crypto-gnutls8 (Debian 13) or libngtcp2-9 and libngtcp2-crypto-gnutls2 "
        + "(Debian 12) with apt-get";

    // Pairs that belong together: the crypto library of one does not fit the other.
    private static readonly (string Ngtcp2, string Crypto)[] Pairs =
    [
        ("libngtcp2.so.16", "libngtcp2_crypto_gnutls.so.8"),
        ("libngtcp2.so.9", "libngtcp2_crypto_gnutls.so.2"),
    ];

    private static readonly Found Library = Find();

    /// <summary>Why QUIC cannot be used here and what to do; null where it can.</summary>
    public static string? Fault => Library.Fault;

    /// <summary>Such as 0.12.1.</summary>
    public static string Version => Library.Version;

    /// <exception cref="QuicUnavailableException">QUIC cannot be used here.</exception>
    public static NativeLayout Layout => Library.Layout ?? throw new QuicUnavailableException(Library.Fault!);

    /// <exception cref="QuicUnavailableException">QUIC cannot be used here.</exception>
    public static void Require() => _ = Layout;

    /// <summary>The address of a function of the crypto library that ngtcp2 calls by itself.</summary>
    public static nint CryptoExport(string name) => NativeLibrary.GetExport(Library.Crypto, name);

    /// <summary>What is wrong with this version; null: it is known.</summary>
    public static string? FaultOfVersion(int number, string text) => NativeLayout.Of(number) is null
        ? $"ngtcp2 {text} is installed, 0.12 and 1.x are known: {HowToInstall}"
        : null;

    private static Found Find()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return Found.None("QUIC over ngtcp2 needs 64-bit Linux");
        }

        foreach (var (ngtcp2, crypto) in Pairs)
        {
            if (NativeLibrary.TryLoad(ngtcp2, out var first) && NativeLibrary.TryLoad(crypto, out var second)
                && NativeLibrary.TryLoad("libgnutls.so.30", out var third))
            {
                return Check(first, second, third);
            }
        }

        return Found.None($"the library ngtcp2 with its GnuTLS part is not installed: {HowToInstall}");
    }

    private static Found Check(nint ngtcp2, nint crypto, nint gnutls)
    {
        // Not through an import: those need the handles that are being found.
        var version = (delegate* unmanaged[Cdecl]<int, VersionInfo*>)NativeLibrary.GetExport(ngtcp2, "ngtcp2_version");
        var info = version(0);
        var text = Marshal.PtrToStringUTF8(info->Text) ?? info->Number.ToString("x6", CultureInfo.InvariantCulture);
        if (FaultOfVersion(info->Number, text) is { } fault)
        {
            return Found.None(fault);
        }

        var layout = NativeLayout.Of(info->Number)!;
        if (FaultOfDefaults(ngtcp2, layout) is { } difference)
        {
            return Found.None($"ngtcp2 {text} is laid out in another way than known ({difference}): {HowToInstall}");
        }

        NativeLibrary.SetDllImportResolver(typeof(QuicLibrary).Assembly, (name, _, _) => name switch
        {
            Ngtcp2Name => ngtcp2,
            CryptoName => crypto,
            GnuTlsName => gnutls,
            _ => 0,
        });
        return new Found { Layout = layout, Version = text, Crypto = crypto };
    }

    private static string? FaultOfDefaults(nint ngtcp2, NativeLayout layout)
    {
        var settings = stackalloc byte[NativeLayout.SettingsBytes];
        var parameters = stackalloc byte[NativeLayout.ParametersBytes];
        new Span<byte>(settings, NativeLayout.SettingsBytes).Clear();
        new Span<byte>(parameters, NativeLayout.ParametersBytes).Clear();
        ((delegate* unmanaged[Cdecl]<int, byte*, void>)NativeLibrary.GetExport(
            ngtcp2, "ngtcp2_settings_default_versioned"))(1, settings);
        ((delegate* unmanaged[Cdecl]<int, byte*, void>)NativeLibrary.GetExport(
            ngtcp2, "ngtcp2_transport_params_default_versioned"))(1, parameters);
        return KnownDefaults.FaultOf(layout, new ReadOnlySpan<byte>(settings, NativeLayout.SettingsBytes),
            new ReadOnlySpan<byte>(parameters, NativeLayout.ParametersBytes));
    }

    [StructLayout(LayoutKind.Sequential)]
    [SuppressMessage("Style", "IDE0044", Justification = "Native code writes it.")]
    private struct VersionInfo
    {
        public int Age;
        public int Number;
        public nint Text;
    }

    private sealed class Found
    {
        public NativeLayout? Layout { get; init; }

        public string? Fault { get; init; }

        public string Version { get; init; } = "";

        public nint Crypto { get; init; }

        public static Found None(string fault) => new() { Fault = fault };
    }
}
