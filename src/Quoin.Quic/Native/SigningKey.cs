using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Quoin.Quic.Native;

/// <summary>
/// A private key that stays where it is, in a module or a process of its own: GnuTLS asks for each signature. It holds
/// .NET's key until GnuTLS lets go of its own. Signatures of several loops take turns: .NET promises nothing else.
/// GnuTLS has had this since 3.6.0, before the TLS 1.3 that QUIC needs, so it is always there.
/// </summary>
internal sealed unsafe class SigningKey
{
    private const int RsaAlgorithm = 1;
    private const int EcdsaAlgorithm = 4;

    // What gnutls_privkey_info_func is asked for, in the flags; a signature algorithm stands above bit 20.
    private const uint AlgorithmInfo = 1;
    private const uint HasSignatureInfo = 4;
    private const uint BitsInfo = 8;
    private const int SignatureShift = 20;
    private const int Refused = -1;

    private readonly AsymmetricAlgorithm _key;
    private readonly Lock _gate = new();

    private SigningKey(AsymmetricAlgorithm key) => _key = key;

    /// <summary>A key of GnuTLS, for credentials to take over.</summary>
    /// <param name="key">RSA or ECDSA; disposed of when GnuTLS frees its own.</param>
    public static nint Import(AsymmetricAlgorithm key)
    {
        nint handle = 0;
        Check(GnuTls.PrivateKeyInit(&handle));
        var self = GCHandle.Alloc(new SigningKey(key));
        var result = GnuTls.ImportExternalKey(
            handle, GCHandle.ToIntPtr(self), &SignData, &SignHash, 0, &Free, &Info, 0);
        if (result < 0)
        {
            self.Free();
            GnuTls.PrivateKeyDeinit(handle);
            Check(result);
        }

        return handle;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SignData(
        nint key, int algorithm, nint self, uint flags, NativeDatum* data, NativeDatum* signature) =>
        Sign(self, algorithm, data, signature, isHash: false);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SignHash(
        nint key, int algorithm, nint self, uint flags, NativeDatum* hash, NativeDatum* signature) =>
        Sign(self, algorithm, hash, signature, isHash: true);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(nint key, nint self)
    {
        var handle = GCHandle.FromIntPtr(self);
        try
        {
            ((SigningKey)handle.Target!)._key.Dispose();
        }
        catch (Exception)
        {
            // A module that cannot close its key must not end the process: native frames cannot be unwound.
        }

        handle.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Info(nint key, uint flags, nint self)
    {
        try
        {
            var signing = (SigningKey)GCHandle.FromIntPtr(self).Target!;
            return (flags & ((1 << SignatureShift) - 1)) switch
            {
                AlgorithmInfo => signing._key is RSA ? RsaAlgorithm : EcdsaAlgorithm,
                BitsInfo => signing._key.KeySize,
                HasSignatureInfo => HashOf(signing._key, (int)(flags >> SignatureShift)) is null ? 0 : 1,
                _ => Refused,
            };
        }
        catch (Exception)
        {
            return Refused;
        }
    }

    private static int Sign(nint self, int algorithm, NativeDatum* data, NativeDatum* signature, bool isHash)
    {
        try
        {
            var signed = ((SigningKey)GCHandle.FromIntPtr(self).Target!).Sign(algorithm, data->Span, isHash);
            if (signed is null)
            {
                return GnuTls.SignatureFailed;
            }

            // The library frees it, with malloc's free.
            signature->Data = (byte*)NativeMemory.Alloc((nuint)signed.Length);
            signature->Size = (uint)signed.Length;
            signed.CopyTo(signature->Span);
            return 0;
        }
        catch (Exception)
        {
            // The handshake fails with the alert for it.
            return GnuTls.SignatureFailed;
        }
    }

    private byte[]? Sign(int algorithm, ReadOnlySpan<byte> data, bool isHash)
    {
        if (HashOf(_key, algorithm) is not { } hash)
        {
            return null;
        }

        lock (_gate)
        {
            if (_key is RSA rsa)
            {
                var padding = IsPss(algorithm) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
                var bytes = data.ToArray();
                return isHash ? rsa.SignHash(bytes, hash, padding) : rsa.SignData(bytes, hash, padding);
            }

            var ecdsa = (ECDsa)_key;
            return isHash
                ? ecdsa.SignHash(data, DSASignatureFormat.Rfc3279DerSequence)
                : ecdsa.SignData(data, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    // GNUTLS_SIGN_RSA_PSS_SHA256… and GNUTLS_SIGN_RSA_PSS_RSAE_SHA256….
    private static bool IsPss(int algorithm) => algorithm is (>= 32 and <= 34) or (>= 40 and <= 42);

    /// <summary>The hash of a <c>gnutls_sign_algorithm_t</c>; null: the key cannot sign so.</summary>
    private static HashAlgorithmName? HashOf(AsymmetricAlgorithm key, int algorithm) => (key is RSA, algorithm) switch
    {
        (true, 6 or 32 or 40) or (false, 14 or 37) => HashAlgorithmName.SHA256,
        (true, 7 or 33 or 41) or (false, 15 or 38) => HashAlgorithmName.SHA384,
        (true, 8 or 34 or 42) or (false, 16 or 39) => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new CryptographicException(GnuTls.Describe(result));
        }
    }
}
