namespace Quoin.Http.StaticFiles;

/// <summary>
/// Finds the files of a folder by the paths of URLs, and nothing else. A path is refused as it is written where it has
/// a part that is empty, begins with a dot (<c>..</c>, and dot files; <c>.well-known</c> may be there, RFC 8615) or
/// holds a backslash or a control character; what was percent-encoded once is decoded once, by the server. What is
/// left is followed part by part, links too, and must end inside the folder at a regular file.
/// </summary>
internal sealed class FileTree
{
    private readonly string _root;

    private FileTree(string root) => _root = root;

    /// <summary>Null: there is no such folder.</summary>
    public static FileTree? Open(string folder)
    {
        var full = Path.GetFullPath(folder);
        return Directory.Exists(full) && Follow("/", full) is { } root ? new FileTree(root) : null;
    }

    /// <param name="path">Below the folder, without a slash in front; empty: the folder itself.</param>
    /// <param name="isFolder">There is a folder of that name.</param>
    /// <returns>The file, or null.</returns>
    public FileInfo? Find(string path, out bool isFolder)
    {
        isFolder = false;
        if (!IsPlain(path))
        {
            return null;
        }

        try
        {
            if (Follow(_root, path) is not { } found || !IsInside(found))
            {
                return null;
            }

            isFolder = Directory.Exists(found);
            var file = new FileInfo(found);
            return !isFolder && file.Exists && RegularFile.Is(file) ? file : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsPlain(string path)
    {
        if (path.Length > HttpLimits.StaticPathCharacters)
        {
            return false;
        }

        foreach (var range in path.AsSpan().Split('/'))
        {
            var part = path.AsSpan()[range];
            if ((part.IsEmpty && path.Length > 0) || (part is ['.', ..] && part is not ".well-known")
                || part.Contains('\\') || part.ContainsAnyInRange('\0', '\x1f') || part.Contains('\x7f'))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsInside(string found) =>
        _root == "/" || found == _root
        || (found.StartsWith(_root, StringComparison.Ordinal) && found[_root.Length] == '/');

    /// <summary>The path without links in it, or null where they go round in circles.</summary>
    private static string? Follow(string from, string path)
    {
        var at = path.StartsWith('/') ? "/" : from;
        var rest = new Stack<string>(path.Split('/').Reverse());
        var links = 0;
        while (rest.TryPop(out var part))
        {
            if (part.Length == 0 || part == ".")
            {
                continue;
            }

            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? "/";
                continue;
            }

            var next = Path.Join(at, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                at = next;
                continue;
            }

            if (++links > HttpLimits.StaticLinks)
            {
                return null;
            }

            at = target.StartsWith('/') ? "/" : at;
            foreach (var onward in target.Split('/').Reverse())
            {
                rest.Push(onward);
            }
        }

        return at;
    }
}
