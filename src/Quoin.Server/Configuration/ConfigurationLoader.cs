using System.Security.Cryptography;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>
/// Reads the configuration: file to nodes; over them the environment's values and over those the command line's;
/// nodes to records by one binder; then what only the whole shows. Each step notes its errors and goes on, and the
/// result holds either a configuration or every error, in the order of the file.
/// </summary>
public static class ConfigurationLoader
{
    public const string DefaultFile = "quoin.yaml";
    public const string FileVariable = "QUOIN_CONFIG";

    public static ConfigurationResult Load(ConfigurationInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var errors = new List<ConfigurationError>();
        var file = FindFile(inputs);
        byte[]? bytes = null;
        if (file is not null && !TryReadFile(FullPath(inputs, file), out bytes, out var message))
        {
            errors.Add(new(ConfigurationErrorKind.Unreadable, new(OriginKind.File, file), "", message!));
            return new(null, errors);
        }

        return Load(inputs, file, bytes);
    }

    /// <summary>The file that is read, as the user named it; null where there is none.</summary>
    public static string? FindFile(ConfigurationInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (!inputs.UseFile)
            return null;
        if (inputs.File is not null)
            return inputs.File;
        if (inputs.Environment(FileVariable) is { Length: > 0 } named)
            return named;
        return File.Exists(FullPath(inputs, DefaultFile)) ? DefaultFile : null;
    }

    internal static string FullPath(ConfigurationInputs inputs, string file) =>
        file.Contains('\0', StringComparison.Ordinal) ? file : Path.GetFullPath(file, inputs.WorkingFolder);

    /// <summary>Reads content that is at hand already, so that a reload judges the very bytes it compared.</summary>
    internal static ConfigurationResult Load(ConfigurationInputs inputs, string? file, byte[]? bytes)
    {
        var errors = new List<ConfigurationError>();
        var root = file is null
            ? new MappingNode(Origin.Default, [])
            : YamlReader.Read(bytes, file, errors);
        var readable = errors.All(error => error.Kind == ConfigurationErrorKind.DuplicateKey);
        root = OverlayCommandLine(OverlayEnvironment(root, inputs), inputs);

        var folder = file is null ? inputs.WorkingFolder : Path.GetDirectoryName(FullPath(inputs, file));
        var binder = new OptionsBinder(
            inputs.Environment, folder ?? inputs.WorkingFolder, inputs.WorkingFolder, errors);
        var options = DependentDefaults.Apply(
            binder.Bind(root), binder.Origins, folder ?? inputs.WorkingFolder, inputs.WorkingFolder);
        if (readable)
            new ConfigurationValidator(options, binder.Origins, binder.Secret, errors).Validate();
        if (errors.Count == 0)
            errors.AddRange(inputs.Check(options).Select(fault => new ConfigurationError(
                ConfigurationErrorKind.Unreadable,
                binder.Origins.GetValueOrDefault(fault.Key, Origin.Default),
                fault.Key,
                fault.Message)));
        if (errors.Count > 0)
            return new(null, InOrder(errors));
        return new(
            new LoadedConfiguration
            {
                Options = options,
                File = file,
                Origins = binder.Origins,
                SecretPaths = binder.Secret,
                FileHash = bytes is null ? [] : SHA256.HashData(bytes),
            },
            []);
    }

    internal static bool TryReadFile(string path, out byte[]? bytes, out string? message)
    {
        (bytes, message) = (null, null);
        try
        {
            using var stream = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[ConfigurationLimits.FileBytes + 1];
            var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > ConfigurationLimits.FileBytes)
                message = $"larger than {Sizes.Format(ConfigurationLimits.FileBytes)}";
            else
                bytes = buffer[..length];
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            message = "no such file";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            message = Directory.Exists(path) ? "a folder, not a file" : "cannot be read";
        }

        return bytes is not null;
    }

    private static MappingNode OverlayEnvironment(MappingNode root, ConfigurationInputs inputs)
    {
        foreach (var (path, setting) in RecordShape.Root.Fixed())
        {
            foreach (var variable in setting.Rules.Env)
            {
                // An empty variable counts as not set, as containers have it that cannot unset one.
                if (inputs.Environment(variable) is not { Length: > 0 } value)
                    continue;
                var node = new ScalarNode(new(OriginKind.Environment, variable), value, Quoted: true);
                root = root.With(path, node);
                break;
            }
        }

        return root;
    }

    private static MappingNode OverlayCommandLine(MappingNode root, ConfigurationInputs inputs)
    {
        foreach (var (option, key, value) in inputs.CommandLine)
        {
            var node = new ScalarNode(new(OriginKind.CommandLine, option), value, Quoted: true);
            root = root.With(key.Split('.'), node);
        }

        return root;
    }

    private static List<ConfigurationError> InOrder(List<ConfigurationError> errors)
    {
        // An aliased section is bound at each place it stands in: the same fault is said once.
        var ordered = errors
            .DistinctBy(error => (error.Origin, error.Kind, error.Message, error.Origin.Line > 0 ? "" : error.Key))
            .OrderBy(error => error.Origin.Kind)
            .ThenBy(error => error.Line)
            .ThenBy(error => error.Column)
            .ToList();
        if (ordered.Count > ConfigurationLimits.Errors)
        {
            var more = ordered.Count - ConfigurationLimits.Errors;
            var last = ordered[ConfigurationLimits.Errors].Origin;
            ordered.RemoveRange(ConfigurationLimits.Errors, more);
            ordered.Add(new(ConfigurationErrorKind.Limit, last, "", $"{more} more errors"));
        }

        return ordered;
    }
}
