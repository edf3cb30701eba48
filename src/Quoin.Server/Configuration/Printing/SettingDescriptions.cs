using System.Reflection;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Quoin.Server.Configuration.Printing;

/// <summary>
/// What settings mean: the documentation comments of the option records, read from the XML file that the build writes
/// beside the assembly. So code, schema and reference page say the same.
/// </summary>
internal sealed class SettingDescriptions
{
    private readonly Dictionary<string, string> _summaries = new(StringComparer.Ordinal);

    private SettingDescriptions(XDocument document)
    {
        foreach (var member in document.Descendants("member"))
        {
            if (member.Attribute("name")?.Value is { } name && member.Element("summary") is { } summary)
                _summaries[name] = Flatten(summary);
        }
    }

    /// <exception cref="IOException">The file is not there or is not what the build wrote.</exception>
    public static SettingDescriptions Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Quoin.Server.xml");
        try
        {
            return new SettingDescriptions(XDocument.Load(file));
        }
        catch (Exception fault) when (fault is XmlException or UnauthorizedAccessException)
        {
            throw new IOException($"{file} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The meaning in one paragraph; code in backticks.</summary>
    public string? Of(PropertyInfo property) =>
        _summaries.GetValueOrDefault($"P:{property.DeclaringType!.FullName}.{property.Name}");

    public string? Of(Type record) => _summaries.GetValueOrDefault($"T:{record.FullName}");

    private static string Flatten(XElement summary)
    {
        var text = new StringBuilder();
        foreach (var node in summary.Nodes())
        {
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement { Name.LocalName: "see" } see => (see.Attribute("cref")?.Value ?? "").Split('.')[^1],
                XElement other => other.Value,
                _ => "",
            });
        }

        return string.Join(' ', text.ToString().Split(
            (char[])[' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }
}
