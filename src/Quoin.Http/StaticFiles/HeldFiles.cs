using System.Collections.Concurrent;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.StaticFiles;

/// <summary>One coding of a file, as it was when it was read.</summary>
/// <param name="Coding">Null: as it is.</param>
internal sealed record HeldVariant(
    string? Coding, byte[] Bytes, DateTimeOffset Changed, EntityTagHeaderValue Tag)
{
    /// <summary>As headers have them.</summary>
    public string TagText { get; } = Tag.ToString();

    public string ChangedText { get; } = HeaderUtilities.FormatDate(Changed);

    public bool IsStill(FileInfo? file) =>
        file is not null && file.Length == Bytes.Length && file.LastWriteTimeUtc == Changed.UtcDateTime;
}

/// <summary>A file and its precompressed siblings; of those, what was asked for is in memory.</summary>
/// <param name="Codings">Of siblings, beside the file itself.</param>
/// <param name="Looked">When the disk was last asked.</param>
internal sealed record HeldFile(
    string Name, IReadOnlyList<string> Codings, IReadOnlyList<HeldVariant> Variants, long Looked)
{
    public long Length => Variants.Sum(variant => (long)variant.Bytes.Length);

    public HeldVariant? Find(string? coding) => Variants.FirstOrDefault(variant => variant.Coding == coding);
}

/// <summary>
/// Files in memory by path, so that what many ask for is looked up on the disk once in <see
/// cref="StaticOptions.HoldFor"/>: a look follows each part of the path for links, and takes longer than all the rest
/// of the answer. A file of 10 KB took 60 µs of CPU before files were held and takes 14 since (bench/peers/edge). The
/// ones that were looked at longest ago go first.
/// </summary>
internal sealed class HeldFiles(StaticOptions options)
{
    private readonly ConcurrentDictionary<string, HeldFile> _files = new(StringComparer.Ordinal);
    private readonly Lock _trimming = new();
    private long _bytes;

    /// <summary>What the disk was asked about lately.</summary>
    public HeldFile? FindFresh(string path) =>
        _files.TryGetValue(path, out var file) && options.Time.GetElapsedTime(file.Looked) < options.HoldFor
            ? file
            : null;

    /// <summary>However old it is.</summary>
    public HeldFile? Find(string path) => _files.GetValueOrDefault(path);

    public bool Takes(long length) => options.HoldFor > TimeSpan.Zero && length <= HttpLimits.HeldFileBytes;

    public void Put(string path, HeldFile file)
    {
        var before = 0L;
        _files.AddOrUpdate(path, file, (_, old) =>
        {
            before = old.Length;
            return file;
        });
        if (Interlocked.Add(ref _bytes, file.Length - before) > HttpLimits.HeldFilesBytes
            || _files.Count > HttpLimits.HeldFiles)
        {
            Trim();
        }
    }

    private void Trim()
    {
        lock (_trimming)
        {
            foreach (var (path, file) in _files.OrderBy(pair => pair.Value.Looked))
            {
                if (Volatile.Read(ref _bytes) <= HttpLimits.HeldFilesBytes / 4 * 3
                    && _files.Count <= HttpLimits.HeldFiles / 4 * 3)
                {
                    return;
                }

                if (_files.TryRemove(KeyValuePair.Create(path, file)))
                {
                    Interlocked.Add(ref _bytes, -file.Length);
                }
            }
        }
    }
}
