namespace Quoin.Server.Gateway.Conversation;

/// <summary>Texts (or token ids) to embed, in no dialect.</summary>
/// <param name="Inputs">Texts in order.</param>
/// <param name="Dimensions">Wanted length of a vector; null: the model's own.</param>
internal sealed record EmbeddingsRequest(
    string Model, IReadOnlyList<string> Inputs, int? Dimensions = null, bool Base64 = false, string? TaskType = null,
    string? Title = null);

internal sealed record EmbeddingsResponse(string? Model, IReadOnlyList<float[]> Vectors, Usage? Usage);
