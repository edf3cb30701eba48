using Quoin.Server.Configuration.Binding;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationReferenceTests
{
    [Fact]
    public void The_reference_page_says_what_the_code_says()
    {
        var file = Path.Combine(RepositoryRoot(), "docs", "configuration.md");
        var page = ConfigurationReference.ToMarkdown();
        Assert.True(
            File.Exists(file) && File.ReadAllText(file) == page,
            "docs/configuration.md is out of date; run: ./quoin config reference > docs/configuration.md");
    }

    [Fact]
    public void Every_setting_and_section_has_a_meaning()
    {
        var descriptions = SettingDescriptions.Load();
        Assert.Empty(Records(RecordShape.Root).SelectMany(record => record.Settings)
            .Where(setting => string.IsNullOrWhiteSpace(descriptions.Of(setting.Property)))
            .Select(setting => setting.Key));
        Assert.All(Records(RecordShape.Root), record => Assert.NotNull(descriptions.Of(record.Type)));
    }

    [Fact]
    public void Only_settings_at_fixed_places_have_variables_or_wait_for_a_restart()
    {
        // The overlay and the reload do not look inside lists and maps.
        var atFixedPlaces = RecordShape.Root.Fixed().Select(setting => setting.Setting.Property).ToHashSet();
        Assert.Empty(Records(RecordShape.Root).SelectMany(record => record.Settings)
            .Where(setting => setting.Rules.Restart || setting.Rules.Env.Length > 0)
            .Where(setting => !atFixedPlaces.Contains(setting.Property))
            .Select(setting => setting.Key));
    }

    internal static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Quoin.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside the repository");
        return folder.FullName;
    }

    private static IEnumerable<RecordShape> Records(RecordShape record)
    {
        yield return record;
        foreach (var setting in record.Settings)
        {
            var value = setting.Value;
            while (value.Element is not null)
                value = value.Element;
            foreach (var inner in value.Record is null ? [] : Records(value.Record))
                yield return inner;
        }
    }
}
