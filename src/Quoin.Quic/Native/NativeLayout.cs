namespace Quoin.Quic.Native;

/// <summary>
/// Where the fields of ngtcp2's structures are, in bytes, and how it numbers its errors. The structures of 0.12 and 1.x
/// have the same size and other offsets, so a wrong table would corrupt memory silently: the version chooses, and
/// <see cref="KnownDefaults"/> checks. All are the structures' version 1, which 1.x keeps. 64-bit Linux.
/// </summary>
internal sealed record NativeLayout
{
    /// <summary>ngtcp2 0.12, as Debian 12 has it.</summary>
    public static NativeLayout Version012 { get; } = new()
    {
        IsVersion1 = false,
        SettingsQlogWrite = 32,
        SettingsCongestionControl = 40,
        SettingsInitialTime = 48,
        SettingsInitialRtt = 56,
        SettingsMaxSendPayload = 72,
        SettingsToken = 80,
        SettingsMaxWindow = 104,
        SettingsMaxStreamWindow = 112,
        SettingsAckThreshold = 120,
        SettingsPayloadUnshaped = 128,
        SettingsHandshakeTimeout = 136,
        SettingsNoPathMtuDiscovery = 180,
        ParametersOriginalCidPresent = null,
        ParametersRetrySourceCidPresent = 290,
        ParametersStatelessResetToken = 292,
        StatisticsSmoothedRtt = 16,
        StatisticsCongestionWindow = 112,
        StatisticsSlowStartThreshold = 120,
        StatisticsBytesInFlight = 136,
    };

    /// <summary>ngtcp2 1.x, as Debian 13 has it.</summary>
    public static NativeLayout Version1 { get; } = new()
    {
        IsVersion1 = true,
        SettingsQlogWrite = 0,
        SettingsCongestionControl = 8,
        SettingsInitialTime = 16,
        SettingsInitialRtt = 24,
        SettingsMaxSendPayload = 40,
        SettingsToken = 48,
        SettingsMaxWindow = 80,
        SettingsMaxStreamWindow = 88,
        SettingsAckThreshold = 96,
        SettingsPayloadUnshaped = 104,
        SettingsHandshakeTimeout = 112,
        SettingsNoPathMtuDiscovery = 156,
        ParametersOriginalCidPresent = 290,
        ParametersRetrySourceCidPresent = 292,
        ParametersStatelessResetToken = 294,
        StatisticsSmoothedRtt = 16,
        StatisticsCongestionWindow = 32,
        StatisticsSlowStartThreshold = 40,
        StatisticsBytesInFlight = 48,
    };

    /// <summary>Offset of the token type in the settings of 1.x: an <see cref="AddressProof"/>.</summary>
    public const int SettingsTokenType = 64;

    /// <summary>Room that is more than either structure takes.</summary>
    public const int SettingsBytes = 512;

    /// <inheritdoc cref="SettingsBytes"/>
    public const int ParametersBytes = 1024;

    /// <summary>40 pointers, and room for what later versions add.</summary>
    public const int CallbacksBytes = 512;

    /// <inheritdoc cref="SettingsBytes"/>
    public const int StatisticsBytes = 512;

    /// <summary><c>ngtcp2_path_storage</c>.</summary>
    public const int PathStorageBytes = 96;

    // ngtcp2_transport_params: the same in both up to the first flags.
    public const int ParametersOriginalCid = 96;
    public const int ParametersRetrySourceCid = 160;
    public const int ParametersMaxStreamDataBidiLocal = 192;
    public const int ParametersMaxStreamDataBidiRemote = 200;
    public const int ParametersMaxStreamDataUni = 208;
    public const int ParametersMaxData = 216;
    public const int ParametersMaxStreamsBidi = 224;
    public const int ParametersMaxStreamsUni = 232;
    public const int ParametersMaxIdleTimeout = 240;
    public const int ParametersMaxUdpPayload = 248;
    public const int ParametersActiveCidLimit = 256;
    public const int ParametersAckDelayExponent = 264;
    public const int ParametersMaxAckDelay = 272;
    public const int ParametersMaxDatagramFrame = 280;
    public const int ParametersStatelessResetTokenPresent = 288;
    public const int ParametersDisableActiveMigration = 289;

    public required bool IsVersion1 { get; init; }

    public required int SettingsQlogWrite { get; init; }

    public required int SettingsCongestionControl { get; init; }

    public required int SettingsInitialTime { get; init; }

    public required int SettingsInitialRtt { get; init; }

    public required int SettingsMaxSendPayload { get; init; }

    /// <summary>A pointer, and 8 bytes after it the length.</summary>
    public required int SettingsToken { get; init; }

    public required int SettingsMaxWindow { get; init; }

    public required int SettingsMaxStreamWindow { get; init; }

    public required int SettingsAckThreshold { get; init; }

    public required int SettingsPayloadUnshaped { get; init; }

    public required int SettingsHandshakeTimeout { get; init; }

    public required int SettingsNoPathMtuDiscovery { get; init; }

    /// <summary>In 1.x a server has to say that it has set the id; in 0.12 it goes without saying.</summary>
    public required int? ParametersOriginalCidPresent { get; init; }

    public required int ParametersRetrySourceCidPresent { get; init; }

    public required int ParametersStatelessResetToken { get; init; }

    public required int StatisticsSmoothedRtt { get; init; }

    public required int StatisticsCongestionWindow { get; init; }

    public required int StatisticsSlowStartThreshold { get; init; }

    public required int StatisticsBytesInFlight { get; init; }

    /// <summary>
    /// The table of a version as <c>ngtcp2_version</c> tells it (0x000c01 is 0.12.1); null: not known.
    /// </summary>
    public static NativeLayout? Of(int version) => version switch
    {
        >= 0x000c00 and <= 0x000cff => Version012,
        >= 0x010000 and <= 0x01ffff => Version1,
        _ => null,
    };
}
