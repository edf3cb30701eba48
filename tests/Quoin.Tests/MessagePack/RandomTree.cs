using System.Buffers;
using System.Text;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

/// <summary>
/// Values as plain objects: null, bool, long, ulong, float, double, string, byte[], timestamps,
/// <see cref="Extension"/>, lists, and lists of pairs for maps. Random ones by a seed, written, read without knowing
/// their shape, and as text to compare.
/// </summary>
internal static class RandomTree
{
    private static readonly int[] Sizes = [0, 1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 31, 32, 33, 255, 256, 300];

    public sealed record Extension(sbyte Type, byte[] Bytes);

    public sealed record Map(List<(object? Key, object? Value)> Pairs);

    public static object? Make(Random random, int depth = 4) => random.Next(depth > 0 ? 13 : 10) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => Signed(random),
        3 => (ulong)random.NextInt64() << random.Next(2),
        4 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
        5 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
        6 => Text(random),
        7 => Bytes(random),
        8 => new MessagePackTimestamp(Signed(random), random.Next(2) == 0 ? 0 : random.Next(1_000_000_000)),
        9 => new Extension((sbyte)random.Next(0, 128), Bytes(random)),
        10 or 11 => Enumerable.Range(0, random.Next(20)).Select(_ => Make(random, depth - 1)).ToList(),
        _ => new Map([.. Enumerable.Range(0, random.Next(18)).Select(
            _ => (Make(random, depth - 1), Make(random, depth - 1)))]),
    };

    /// <summary>What JSON can say too.</summary>
    public static object? MakeJson(Random random, int depth = 4) => random.Next(depth > 0 ? 8 : 6) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => Signed(random),
        3 => ulong.MaxValue - (ulong)random.Next(),
        4 => random.NextDouble(),
        5 => Text(random),
        6 => Enumerable.Range(0, random.Next(20)).Select(_ => MakeJson(random, depth - 1)).ToList(),
        _ => new Map([.. Enumerable.Range(0, random.Next(18)).Select(
            i => ((object?)(i + Text(random)), MakeJson(random, depth - 1)))]),
    };

    public static byte[] Write(object? value)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(new MessagePackWriter(output), value);
        return output.WrittenSpan.ToArray();
    }

    public static void Write(MessagePackWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNil(); break;
            case bool truth: writer.WriteBoolean(truth); break;
            case long number: writer.WriteInteger(number); break;
            case ulong number: writer.WriteInteger(number); break;
            case float number: writer.WriteSingle(number); break;
            case double number: writer.WriteDouble(number); break;
            case string text: writer.WriteString(text); break;
            case byte[] bytes: writer.WriteBinary(bytes); break;
            case MessagePackTimestamp time: writer.WriteTimestamp(time); break;
            case Extension extension: writer.WriteExtension(extension.Type, extension.Bytes); break;
            case List<object?> array:
                writer.WriteArrayHeader(array.Count);
                foreach (var item in array)
                {
                    Write(writer, item);
                }

                break;
            case Map map:
                writer.WriteMapHeader(map.Pairs.Count);
                foreach (var (key, item) in map.Pairs)
                {
                    Write(writer, key);
                    Write(writer, item);
                }

                break;
            default:
                throw new ArgumentException(value.GetType().Name, nameof(value));
        }
    }

    /// <summary>Any value, whatever it is; the first byte and the extension's type say which.</summary>
    public static object? Read(ref MessagePackReader reader)
    {
        switch (reader.PeekType())
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                return null;
            case MessagePackType.Boolean:
                return reader.ReadBoolean();
            case MessagePackType.Integer:
                return ReadInteger(ref reader);
            case MessagePackType.Float:
                var atStart = reader;
                var value = reader.ReadDouble();
                return reader.Consumed - atStart.Consumed == 5 ? atStart.ReadSingle() : (object)value;
            case MessagePackType.String:
                return reader.ReadString();
            case MessagePackType.Binary:
                return reader.ReadBinary().ToArray();
            case MessagePackType.Array:
                reader.Enter();
                var array = new List<object?>();
                for (var left = reader.ReadArrayHeader(); left > 0; left--)
                {
                    array.Add(Read(ref reader));
                }

                reader.Leave();
                return array;
            case MessagePackType.Map:
                reader.Enter();
                var map = new Map([]);
                for (var left = reader.ReadMapHeader(); left > 0; left--)
                {
                    map.Pairs.Add((Read(ref reader), Read(ref reader)));
                }

                reader.Leave();
                return map;
            default:
                if (reader.TryPeekExtensionType(out var type) && type == MessagePackTimestamp.ExtensionType)
                {
                    return reader.ReadTimestamp();
                }

                var bytes = reader.ReadExtension(out type);
                return new Extension(type, bytes.ToArray());
        }
    }

    public static object? Read(ReadOnlySpan<byte> message)
    {
        var reader = new MessagePackReader(message);
        var value = Read(ref reader);
        Assert.True(reader.End);
        return value;
    }

    /// <summary>Equal values give equal text: whole numbers by value, floats by their bits.</summary>
    public static string Show(object? value) => value switch
    {
        null => "nil",
        float number => "f" + BitConverter.SingleToInt32Bits(number),
        double number => "d" + BitConverter.DoubleToInt64Bits(number),
        string text => "'" + text + "'",
        byte[] bytes => "b" + Convert.ToHexString(bytes),
        Extension extension => $"x{extension.Type}:{Convert.ToHexString(extension.Bytes)}",
        List<object?> array => "[" + string.Join(',', array.Select(Show)) + "]",
        Map map => "{" + string.Join(',', map.Pairs.Select(pair => Show(pair.Key) + ":" + Show(pair.Value))) + "}",
        MessagePackTimestamp time => $"t{time.Seconds}+{time.Nanoseconds}",
        _ => value.ToString()!,
    };

    private static object? ReadInteger(ref MessagePackReader reader)
    {
        try
        {
            return reader.ReadInt64();
        }
        catch (MessagePackException e) when (e.Error == MessagePackError.OutOfRange)
        {
            return reader.ReadUInt64();
        }
    }

    private static long Signed(Random random) => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[Sizes[random.Next(Sizes.Length)]];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Text(Random random)
    {
        var text = new StringBuilder();
        for (var left = Sizes[random.Next(Sizes.Length)]; left > 0; left--)
        {
            text.Append(random.Next(4) switch
            {
                0 => new Rune(random.Next(0x80, 0x800)).ToString(),
                1 => new Rune(random.Next(0xe000, 0x110000)).ToString(),
                _ => ((char)random.Next(0, 0x80)).ToString(),
            });
        }

        return text.ToString();
    }
}
