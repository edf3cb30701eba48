using System.Text;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

/// <summary>Loads configurations from text.</summary>
internal static class ConfigurationText
{
    public static ConfigurationResult Load(
        string yaml, Dictionary<string, string>? environment = null, params CommandLineSetting[] commandLine) =>
        Load(Encoding.UTF8.GetBytes(yaml), environment, commandLine);

    public static ConfigurationResult Load(
        byte[] yaml, Dictionary<string, string>? environment = null, params CommandLineSetting[] commandLine) =>
        ConfigurationLoader.Load(
            new ConfigurationInputs
            {
                Environment = name => environment?.GetValueOrDefault(name),
                CommandLine = commandLine,
                WorkingFolder = Path.GetTempPath(),
            },
            "quoin.yaml",
            yaml);

    public static QuoinOptions Options(
        string yaml, Dictionary<string, string>? environment = null, params CommandLineSetting[] commandLine) =>
        Valid(yaml, environment, commandLine).Options;

    public static LoadedConfiguration Valid(
        string yaml, Dictionary<string, string>? environment = null, params CommandLineSetting[] commandLine)
    {
        var result = Load(yaml, environment, commandLine);
        Assert.Empty(result.Errors.Select(error => error.ToString()));
        return result.Configuration!;
    }

    /// <summary>The errors, one a line, as the user sees them.</summary>
    public static string[] Errors(
        string yaml, Dictionary<string, string>? environment = null, params CommandLineSetting[] commandLine)
    {
        var result = Load(yaml, environment, commandLine);
        Assert.Null(result.Configuration);
        return [.. result.Errors.Select(error => error.ToString())];
    }
}
