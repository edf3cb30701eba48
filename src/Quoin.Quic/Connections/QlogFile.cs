namespace Quoin.Quic.Connections;

/// <summary>
/// One connection's qlog, as ngtcp2 writes it. A file that cannot be written is given up: it is only diagnosis.
/// </summary>
internal sealed class QlogFile : IDisposable
{
    private FileStream? _file;

    private QlogFile(FileStream file) => _file = file;

    public static QlogFile? Open(string folder, ReadOnlySpan<byte> id)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new(new FileStream(Path.Combine(folder, Convert.ToHexStringLower(id) + ".sqlog"), FileMode.Create));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        try
        {
            _file?.Write(data);
        }
        catch (IOException)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }
}
