namespace Quoin.Quic;

/// <summary>Bounds that are no options, with their reason.</summary>
internal static class QuicLimits
{
    /// <summary>
    /// Messages read in one call: with GRO each may hold 64 KB, which is more than a loop should do at once.
    /// </summary>
    public const int ReceiveMessages = 16;

    /// <summary>A message: what GRO joins is no longer than a UDP datagram can be.</summary>
    public const int ReceiveBytes = 65_536;

    /// <summary>Reads in a row before the connections are written and timers looked at.</summary>
    public const int ReceiveRounds = 4;

    /// <summary>Datagrams handed to the kernel in one call: it takes 64 segments and 64 KB.</summary>
    public const int SendSegments = 64;

    /// <summary>Bytes handed to the kernel in one call, below the 65,507 that a datagram over IPv4 can have.</summary>
    public const int SendBytes = 65_000;

    /// <summary>Bytes of the connection ids we give away: the first names the loop, the rest is random.</summary>
    public const int ConnectionIdBytes = 16;

    /// <summary>Loops of a listener: the connection id has one byte for them.</summary>
    public const int Loops = 64;

    /// <summary>A ClientHello; with post-quantum key shares they have 1,800 bytes, TLS would allow 16 MB.</summary>
    public const int ClientHelloBytes = 16_384;

    /// <summary>Certificates with their keys that are kept ready; handshakes under way keep theirs beyond it.</summary>
    public const int CachedCredentials = 64;

    /// <summary>A peer's chain of certificates.</summary>
    public const int PeerCertificates = 16;

    /// <summary>
    /// Streams of a connection that are kept to be used again: twice the 100 that a client may have open by default,
    /// for it opens the next while Kestrel has not yet given back the last.
    /// </summary>
    public const int PooledStreams = 256;

    /// <summary>Those that were not needed for this long are let go: each holds 24 KB with what is Kestrel's.</summary>
    public const ulong PooledStreamNanoseconds = 5_000_000_000;

    /// <summary>
    /// Streams let go that are a burst: their memory is given back when it is over (<see cref="StreamBytes"/> each).
    /// </summary>
    public const int BurstStreams = 1_000;

    /// <summary>What a request takes with all objects of Kestrel's and ours, measured: 45 MB with 5,000.</summary>
    public const int StreamBytes = 8_192;

    /// <summary>A burst is over when no stream was let go for this long.</summary>
    public const ulong BurstQuietNanoseconds = 3_000_000_000;

    /// <summary>Collections after one burst and after the next are this far apart at least.</summary>
    public const ulong BurstPauseNanoseconds = 30_000_000_000;

    /// <summary>
    /// First block that holds what a stream sends until it is acknowledged: a header and a short answer fit, and
    /// thousands of streams that have just begun cost little.
    /// </summary>
    public const int FirstSendBlockBytes = 1_024;

    /// <summary>The second block: most answers fit the two.</summary>
    public const int SecondSendBlockBytes = 4_096;

    /// <summary>Blocks after the second.</summary>
    public const int SendBlockBytes = 16_384;

    /// <summary>
    /// Bytes in send blocks of the two small sizes, each, that are kept to be used again, for all connections.
    /// </summary>
    public const int PooledSmallSendBytes = 1024 * 1024;

    /// <summary>
    /// The same of the large size. A fast download has as much as its client's window under way, megabytes; to make
    /// their blocks anew costs it some 6 % of processor time.
    /// </summary>
    public const int PooledSendBytes = 8 * 1024 * 1024;

    /// <summary>Blocks of 4 KB for what is received that an endpoint keeps to be used again.</summary>
    public const int PooledBlocks = 512;

    /// <summary>
    /// Requests under way at once in the process up to which each keeps Kestrel's 16 KB for its header; with more of
    /// them a buffer is made when it is needed and let go at once, which costs less than what all of them would hold.
    /// </summary>
    public const int HeaderBuffers = 128;

    /// <summary>
    /// Runs of bytes offered to the library at once; one packet holds 1,452 bytes, one run most often more.
    /// </summary>
    public const int SendVectors = 4;

    /// <summary>Stateless answers (resets, version negotiation, Retry, refusals) a loop sends in a second.</summary>
    public const int StatelessAnswersPerSecond = 2_000;

    /// <summary>
    /// Answers with the close packet: at the 1st, 2nd, 4th, 8th… packet that comes after it, this many.
    /// </summary>
    public const int CloseAnswers = 16;

    /// <summary>A close packet: what fits any path.</summary>
    public const int ClosePacketBytes = 1_200;

    /// <summary>
    /// The smallest datagram that a stateless reset answers: the reset has to be smaller (RFC 9000, 10.3.3).
    /// </summary>
    public const int SmallestResetCause = 43;

    /// <summary>Datagrams (RFC 9221) that wait to be sent or read; what comes when they are full is lost.</summary>
    public const int QueuedDatagrams = 1_024;

    /// <summary>Datagrams handed from one loop to another that wait; the network loses some too.</summary>
    public const int ForwardedDatagrams = 4_096;

    /// <summary>
    /// First flights remembered against replay; with more of them early data is refused, which costs a round trip.
    /// </summary>
    public const int RememberedFlights = 1_000_000;

    /// <summary>A token with which a client comes back: ours have 57 bytes, others' are not much longer.</summary>
    public const int AddressTokenBytes = 512;

    /// <summary>
    /// How long such a token is good: the address may be somebody else's later, who then gets what he did not ask for.
    /// </summary>
    public const ulong AddressTokenNanoseconds = 3_600_000_000_000;

    /// <summary>A TLS session with its transport parameters, as it is stored.</summary>
    public const int SessionBytes = 16_384;

    /// <summary>
    /// How long a client with early data holds its first packet for it: an application's first bytes come at once, or
    /// when it was paused, and a round trip that is worth saving is longer.
    /// </summary>
    public const ulong FirstFlightNanoseconds = 5_000_000;

    /// <summary>
    /// A peer gets new credit when this part of a window was consumed: less often costs it time, more often the loop.
    /// </summary>
    public const int CreditShare = 8;

    /// <summary>Packets written for a connection before others have their turn.</summary>
    public const int PacketsPerTurn = 512;
}
