namespace Quoin.Server.Gateway.Cache;

/// <summary>What the file cache asks of a file system, so that a test can let it fail.</summary>
internal class FileLayer
{
    public static readonly FileLayer System = new();

    public virtual ValueTask<byte[]> ReadAsync(string path, CancellationToken cancellationToken) =>
        new(File.ReadAllBytesAsync(path, cancellationToken));

    /// <summary>Writes a new file; its name is not the final one.</summary>
    public virtual ValueTask WriteAsync(string path, byte[] bytes, CancellationToken cancellationToken) =>
        new(File.WriteAllBytesAsync(path, bytes, cancellationToken));

    /// <summary>Gives a file its final name, in the place of an older one, at once.</summary>
    public virtual void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public virtual void Delete(string path) => File.Delete(path);
}
