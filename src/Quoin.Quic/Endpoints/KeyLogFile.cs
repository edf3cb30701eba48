using System.Text;

namespace Quoin.Quic.Endpoints;

/// <summary>Appends secrets in the format of NSS, which Wireshark reads. Safe from all threads.</summary>
internal sealed class KeyLogFile(string path) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream _file = Open(path);

    public void Write(string label, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> secret)
    {
        var line = $"{label} {Convert.ToHexStringLower(clientRandom)} {Convert.ToHexStringLower(secret)}\n";
        lock (_gate)
        {
            _file.Write(Encoding.ASCII.GetBytes(line));
            _file.Flush();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file.Dispose();
        }
    }

    private static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
        };
        if (!OperatingSystem.IsWindows())
        {
            // Whoever reads it reads the traffic.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
