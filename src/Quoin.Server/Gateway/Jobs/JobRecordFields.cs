using System.Text.Json.Serialization;
using Quoin.Server.Gateway.Idempotency;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>What the JSON of any record may hold; what a record's type has not is null.</summary>
internal sealed class JobRecordFields
{
    public string? Id { get; set; }

    public string? Tenant { get; set; }

    public string? Api { get; set; }

    public string? Model { get; set; }

    public string? PathModel { get; set; }

    public string? Endpoint { get; set; }

    public string? Path { get; set; }

    public string? RequestId { get; set; }

    /// <summary>Unix milliseconds.</summary>
    public long At { get; set; }

    /// <summary>Names and values in turn.</summary>
    public string[] Headers { get; set; } = [];

    public string? Key { get; set; }

    public string? Fingerprint { get; set; }

    public string? Webhook { get; set; }

    public string? Replaces { get; set; }

    public int Attempt { get; set; }

    public int Status { get; set; }

    public bool Delivered { get; set; }

    [JsonIgnore]
    public ReadOnlyMemory<byte> Body { get; set; }

    [JsonIgnore]
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(At, 0, 253402300799999));

    [JsonIgnore]
    public IReadOnlyList<(string Name, string Value)> HeaderPairs =>
        [.. Headers.Chunk(2).Where(pair => pair.Length == 2).Select(pair => (pair[0], pair[1]))];

    public JobRequest ToRequest() => new()
    {
        Id = Id ?? "",
        Tenant = Tenant ?? "",
        Api = Api ?? "",
        Model = Model ?? "",
        PathModel = PathModel,
        Endpoint = Endpoint ?? "",
        Path = Path ?? "",
        RequestId = RequestId ?? "",
        Created = Time,
        Headers = HeaderPairs,
        IdempotencyKey = Key,
        Fingerprint = Fingerprint,
        Webhook = Webhook,
        Replaces = Replaces,
    };

    public RecordedAnswer ToAnswer() => new(Status, HeaderPairs, Body);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobRecordFields))]
internal sealed partial class JobRecordJson : JsonSerializerContext;
