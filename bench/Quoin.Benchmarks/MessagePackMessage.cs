using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Quoin.MessagePack;

namespace Quoin.Benchmarks;

/// <summary>A message of 20 fields (ten integers, five floats, five strings), beside the same as JSON.</summary>
[MemoryDiagnoser]
public class MessagePackMessage
{
    private const int Fields = 20;

    private static readonly string[] Names = [.. Enumerable.Range(0, Fields).Select(i => $"field_{i}")];
    private static readonly string[] Texts = [.. Enumerable.Range(0, Fields).Select(i => $"the text of field {i}")];

    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private readonly Utf8JsonWriter _json = new(Stream.Null);
    private byte[] _message = [];
    private byte[] _jsonMessage = [];
    private ReadOnlySequence<byte> _segments;

    [GlobalSetup]
    public void Setup()
    {
        Write();
        _message = _output.WrittenSpan.ToArray();
        _segments = new(_message);
        WriteJson();
        _jsonMessage = _output.WrittenSpan.ToArray();
    }

    [GlobalCleanup]
    public void Cleanup() => _json.Dispose();

    [Benchmark(Baseline = true)]
    public int WriteJson()
    {
        _output.ResetWrittenCount();
        _json.Reset(_output);
        _json.WriteStartObject();
        for (var i = 0; i < Fields; i++)
        {
            switch (i & 3)
            {
                case 0 or 1:
                    _json.WriteNumber(Names[i], i * 1_000_003L);
                    break;
                case 2:
                    _json.WriteNumber(Names[i], i * 0.1);
                    break;
                default:
                    _json.WriteString(Names[i], Texts[i]);
                    break;
            }
        }

        _json.WriteEndObject();
        _json.Flush();
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Write()
    {
        _output.ResetWrittenCount();
        var writer = new MessagePackWriter(_output);
        writer.WriteMapHeader(Fields);
        for (var i = 0; i < Fields; i++)
        {
            writer.WriteString(Names[i]);
            switch (i & 3)
            {
                case 0 or 1:
                    writer.WriteInteger(i * 1_000_003L);
                    break;
                case 2:
                    writer.WriteDouble(i * 0.1);
                    break;
                default:
                    writer.WriteString(Texts[i]);
                    break;
            }
        }

        return _output.WrittenCount;
    }

    [Benchmark]
    public long ReadJson()
    {
        var reader = new Utf8JsonReader(_jsonMessage);
        long sum = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            sum += reader.ValueSpan.Length;
            reader.Read();
            sum += reader.TokenType == JsonTokenType.String
                ? reader.ValueSpan.Length
                : reader.TryGetInt64(out var number) ? number : (long)reader.GetDouble();
        }

        return sum;
    }

    [Benchmark]
    public long Read() => Sum(new MessagePackReader(_message));

    [Benchmark]
    public long ReadSegments() => Sum(new MessagePackReader(_segments));

    [Benchmark]
    public long Skip()
    {
        var reader = new MessagePackReader(_message);
        reader.Skip();
        return reader.Consumed;
    }

    private static long Sum(MessagePackReader reader)
    {
        long sum = 0;
        for (var left = reader.ReadMapHeader(); left > 0; left--)
        {
            sum += reader.ReadUtf8().Length;
            sum += reader.PeekType() switch
            {
                MessagePackType.Integer => reader.ReadInt64(),
                MessagePackType.Float => (long)reader.ReadDouble(),
                _ => reader.ReadUtf8().Length,
            };
        }

        return sum;
    }
}
