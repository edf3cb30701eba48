using Quoin.Tests.Configuration;
using YamlDotNet.RepresentationModel;

namespace Quoin.Tests.Repository;

/// <summary>The samples for containers, as far as they can be judged without any.</summary>
public sealed class DeploymentSampleTests
{
    private static readonly Dictionary<string, string> Secrets = new(StringComparer.Ordinal)
    {
        ["QUOIN_KEY"] = "0123456789abcdef",
        ["OPENAI_API_KEY"] = "sk-1",
    };

    [Fact]
    public void The_deployment_has_a_configuration_that_loads_ports_that_are_served_and_time_to_stop()
    {
        var documents = Load("samples/kubernetes/quoin.yaml");
        var options = ConfigurationText.Options(At(documents[0], "data", "quoin.yaml").ToString(), Secrets);
        var pod = At(documents[1], "spec", "template", "spec");
        var container = ((YamlSequenceNode)At(pod, "containers")).Single();
        var ports = ((YamlSequenceNode)At(container, "ports"))
            .ToDictionary(port => At(port, "name").ToString(), port => At(port, "containerPort").ToString());
        Assert.Equal(options.Server.Port.ToString(null, null), ports["http"]);
        Assert.Equal(options.Metrics.Port.ToString(null, null), ports["metrics"]);
        foreach (var (probe, path) in ((string, string)[])
            [("startupProbe", "/live"), ("livenessProbe", "/live"), ("readinessProbe", "/ready")])
        {
            Assert.Equal(path, At(container, probe, "httpGet", "path").ToString());
            Assert.Equal("http", At(container, probe, "httpGet", "port").ToString());
        }

        var pause = int.Parse(At(container, "lifecycle", "preStop", "sleep", "seconds").ToString(), null);
        Assert.InRange(
            int.Parse(At(pod, "terminationGracePeriodSeconds").ToString(), null),
            pause + options.Server.ShutdownTimeout.TotalSeconds + 1, 600);
    }

    [Fact]
    public void The_image_and_the_composition_name_what_is_there()
    {
        var options = ConfigurationText.Options(SourceTree.Read("samples/docker/quoin.yaml"), Secrets);
        Assert.Equal("0.0.0.0", options.Server.Host);
        var image = SourceTree.Read("samples/docker/Dockerfile");
        Assert.Contains(
            $"EXPOSE {options.Server.Port} {options.Metrics.Port}", image, StringComparison.Ordinal);
        Assert.Contains("src/Quoin.Cli", image, StringComparison.Ordinal);
        var service = At(Load("samples/docker/compose.yaml")[0], "services", "quoin");
        Assert.True(File.Exists(Path.Combine(
            SourceTree.Root, "samples/docker", At(service, "build", "context").ToString(),
            At(service, "build", "dockerfile").ToString())));
    }

    private static YamlNode[] Load(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(SourceTree.Read(file)));
        return [.. yaml.Documents.Select(document => document.RootNode)];
    }

    private static YamlNode At(YamlNode node, params string[] keys) =>
        keys.Aggregate(node, static (at, key) => at[key]);
}
