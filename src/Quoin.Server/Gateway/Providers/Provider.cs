using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// An upstream model API: which wire APIs it speaks, where they are, how it wants to be authorised, which model
/// names are its own. One class a type, registered by one line in <see cref="ProviderTable"/>. Immutable: a
/// reload makes new ones.
/// </summary>
internal abstract class Provider(string name, ProviderOptions options)
{
    /// <summary>The name under <c>providers:</c>.</summary>
    public string Name { get; } = name;

    public ProviderOptions Options { get; } = options;

    /// <summary>The wire APIs it speaks, the one to translate to first.</summary>
    public abstract IReadOnlyList<WireApi> Speaks { get; }

    /// <summary>Without a trailing slash. Used when <c>base_url</c> is not set; null: it must be set.</summary>
    public abstract string? DefaultBaseUrl { get; }

    /// <summary>
    /// Whether a model of this name is known to be this provider's without a look at any list, such as
    /// <c>claude-*</c>.
    /// </summary>
    public abstract bool OwnsName(string model);

    /// <summary>Path and query below the base URL.</summary>
    public abstract string PathOf(WireApi api, string model, bool stream);

    /// <summary>Adds credentials and the headers the API asks for. <paramref name="api"/> is what is called.</summary>
    public abstract void Authorize(UpstreamRequest request, WireApi api);

    /// <summary>Models it is configured with, patterns included.</summary>
    public virtual IEnumerable<string> AdvertisedModels =>
        Options.Model is { } model ? Options.Models.Prepend(model).Distinct(StringComparer.Ordinal) : Options.Models;

    /// <summary>Path below the base URL that lists models, or null.</summary>
    public virtual string? ModelsPath => "/models";

    public virtual UpstreamTraits TraitsFor(string model, bool stream) => new()
    {
        Model = model,
        Stream = stream,
        DefaultMaxTokens = Options.DefaultMaxTokens,
    };
}
