using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quoin.Quic.Kestrel;
using Quoin.Quic.Native;

namespace Quoin.Quic;

/// <summary>Registers HTTP/3 over ngtcp2.</summary>
public static class QuicWebHostExtensions
{
    /// <summary>
    /// HTTP/3 listeners of Kestrel speak through ngtcp2 from now on, in the place of msquic, installed or not.
    /// </summary>
    /// <exception cref="QuicUnavailableException">The native library cannot be used.</exception>
    /// <exception cref="ArgumentException">Options are out of range: all of them are named.</exception>
    public static IWebHostBuilder UseQuoinQuic(
        this IWebHostBuilder builder, QuicTransportOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        QuicLibrary.Require();
        options ??= new QuicTransportOptions();
        options.Require(nameof(options));

        // Kestrel takes the one that was registered last.
        return builder.ConfigureServices(services => services.AddSingleton<IMultiplexedConnectionListenerFactory>(
            provider => new QuicTransportFactory(
                options, time ?? TimeProvider.System, provider.GetRequiredService<ILoggerFactory>())));
    }
}
