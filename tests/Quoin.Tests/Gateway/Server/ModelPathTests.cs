using System.Text.Json;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>Models that are named in the path, with what their names may hold.</summary>
public sealed class ModelPathTests
{
    private const string Request = """{"contents":[{"parts":[{"text":"echo: hi"}]}]}""";

    [Theory]
    [InlineData("sim", "sim")]
    [InlineData("sim/other", "other")]
    [InlineData("sim%2Fother", "other")]
    [InlineData("sim%2fother", "other")]
    [InlineData("sim/tag:1", "tag:1")]
    public async Task A_name_may_hold_slashes_escaped_or_not_and_colons(string path, string model)
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        var (status, body) = await gateway.AskAsync($"/v1beta/models/{path}:generateContent", Request);
        Assert.Equal(200, status);
        Assert.Equal(model, JsonDocument.Parse(body).RootElement.GetProperty("modelVersion").GetString());
    }

    [Theory]
    [InlineData("/v1/models/sim/other", "id", "sim/other")]
    [InlineData("/v1/models/sim%2Fother", "id", "sim/other")]
    [InlineData("/v1beta/models/sim%2Fother", "name", "models/sim/other")]
    public async Task A_model_is_shown_by_such_a_name(string path, string field, string name)
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        var body = await gateway.Client.GetStringAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(name, JsonDocument.Parse(body).RootElement.GetProperty(field).GetString());
    }
}
