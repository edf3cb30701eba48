namespace Quoin.Server.Gateway.Dialects;

/// <summary>What routing needs of a request, found by one forward-only read; the body itself stays bytes.</summary>
/// <param name="Model">As the client wrote it.</param>
/// <param name="ModelStart">Offset of the model's JSON value (its opening quote) in the body; -1 when it is in the
/// path.</param>
/// <param name="ModelLength">Length of that value, quotes included.</param>
internal readonly record struct Envelope(string Model, bool Stream, int ModelStart = -1, int ModelLength = 0);
