using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Quic.Kestrel;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>What a stream offers Kestrel and its handlers.</summary>
public sealed class StreamFeaturesTests
{
    [Fact]
    public async Task A_stream_has_its_own_features_then_those_of_its_connection()
    {
        await using var pair = await QuicPair.StartAsync();
        var (_, server) = await pair.OpenStreamAsync();
        var connection = new QuicConnectionContext(pair.Server, NullLogger.Instance);
        var features = QuicStreamContext.Of(server, connection).Features;
        Assert.Equal(server.Id, features.Get<IStreamIdFeature>()!.StreamId);
        Assert.Same(connection, features.Get<ITlsConnectionFeature>());
        Assert.NotSame(features.Get<IProtocolErrorCodeFeature>(), connection.Features.Get<IProtocolErrorCodeFeature>());
        Assert.Null(features.Get<IQuerySource>());
        Assert.All(QuicStreamContext.FeatureTypes, type => Assert.IsAssignableFrom(type, features[type]));
        Assert.Equal(
            features.Select(pair => pair.Key).Order(TypeNames),
            QuicStreamContext.FeatureTypes.Union(connection.Features.Select(pair => pair.Key)).Order(TypeNames));
    }

    [Fact]
    public async Task A_feature_that_is_set_takes_the_place_of_another()
    {
        await using var pair = await QuicPair.StartAsync();
        var (_, server) = await pair.OpenStreamAsync();
        var connection = new QuicConnectionContext(pair.Server, NullLogger.Instance);
        var features = QuicStreamContext.Of(server, connection).Features;
        var revision = features.Revision;
        features.Set<ITlsConnectionFeature>(null);
        features.Set<IQuerySource>(new QuerySource());
        Assert.True(features.Revision > revision);
        Assert.Null(features.Get<ITlsConnectionFeature>());
        Assert.NotNull(features.Get<IQuerySource>());
        Assert.Contains(features, pair => pair.Key == typeof(IQuerySource));
        Assert.DoesNotContain(features, pair => pair.Key == typeof(ITlsConnectionFeature));
        connection.Features.Set<IStreamClosedFeature>(null);
        Assert.NotNull(features.Get<IStreamClosedFeature>());
    }

    private static Comparer<Type> TypeNames { get; } =
        Comparer<Type>.Create((a, b) => string.CompareOrdinal(a.FullName, b.FullName));

    private interface IQuerySource;

    private sealed class QuerySource : IQuerySource;
}
