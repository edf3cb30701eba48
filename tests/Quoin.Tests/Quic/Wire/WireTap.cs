namespace Quoin.Tests.Quic.Wire;

/// <summary>
/// Reads what one connection sends through a relay, with the secrets that the client leaves in a key log. Both ends
/// give out connection ids of 16 bytes.
/// </summary>
internal sealed class WireTap : IDisposable
{
    private const int IdBytes = 16;
    private const int Levels = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-wire-").FullName;

    public WireTap(Relay relay) => Relay = relay;

    public Relay Relay { get; }

    /// <summary>For the client's settings.</summary>
    public string KeyLogFile => Path.Combine(_folder, "keys");

    /// <summary>What the client has sent so far.</summary>
    public List<WirePacket> Sent() => Read(Relay.Sent, server: false);

    /// <summary>What the server has sent so far, whether or not it was handed on.</summary>
    public List<WirePacket> Received() => Read(Relay.Received, server: true);

    /// <summary>Waits until the server has sent such a frame.</summary>
    public Task<WireFrame> ReceivedAsync(Func<WireFrame, bool> match) => SeenAsync(Received, match);

    /// <summary>Waits until the client has sent such a frame.</summary>
    public Task<WireFrame> SentAsync(Func<WireFrame, bool> match) => SeenAsync(Sent, match);

    /// <summary>The keys of one direction; null: they are not known yet.</summary>
    public PacketKeys? Keys(WireLevel level, bool server)
    {
        if (level == WireLevel.Initial)
        {
            return Relay.Sent.TryPeek(out var first)
                ? PacketKeys.Initial(first.AsSpan(6, first[5]), server)
                : null;
        }

        var side = server ? "SERVER" : "CLIENT";
        var label = level switch
        {
            WireLevel.Early => "CLIENT_EARLY_TRAFFIC_SECRET",
            WireLevel.Handshake => $"{side}_HANDSHAKE_TRAFFIC_SECRET",
            WireLevel.OneRtt => $"{side}_TRAFFIC_SECRET_0",
            _ => null,
        };
        if (label is null || !File.Exists(KeyLogFile))
        {
            return null;
        }

        using var reader = new StreamReader(
            new FileStream(KeyLogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            if (line.Split(' ') is [var name, _, var secret] && name == label)
            {
                return new PacketKeys(Convert.FromHexString(secret));
            }
        }

        return null;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private List<WirePacket> Read(IEnumerable<byte[]> datagrams, bool server)
    {
        var keys = new Dictionary<WireLevel, PacketKeys?>();
        var largest = new ulong[Levels];
        return [.. datagrams.SelectMany(datagram => WirePacket.ReadAll(datagram, IdBytes, KeysOf, largest))];

        PacketKeys? KeysOf(WireLevel level)
        {
            if (!keys.TryGetValue(level, out var found))
            {
                keys[level] = found = Keys(level, server);
            }

            return found;
        }
    }

    private async Task<WireFrame> SeenAsync(Func<List<WirePacket>> packets, Func<WireFrame, bool> match)
    {
        while (true)
        {
            if (packets().SelectMany(packet => packet.Frames).FirstOrDefault(match) is { } found)
            {
                return found;
            }

            await Relay.AnotherAsync();
        }
    }
}
