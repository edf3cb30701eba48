using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Quoin.Fuzz;
using Quoin.MessagePack;
using Quoin.Tests.Repository;

namespace Quoin.Tests.MessagePack;

/// <summary>
/// The public suite of encodings, <c>msgpack-test-suite.json</c> in the test data: every listed encoding reads as the
/// value, and what the writer makes is listed.
/// </summary>
public sealed class SpecificationSuiteTests
{
    private const string Absent = "absent";

    private static readonly Lazy<IReadOnlyDictionary<string, JsonElement>> Suite = new(Load);

    public static TheoryData<string> Cases() => [.. Suite.Value.Count == 0 ? [Absent] : Suite.Value.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_listed_encoding_reads_as_the_value(string name)
    {
        var item = Find(name);
        foreach (var encoding in Encodings(item))
        {
            Check(item, new MessagePackReader(encoding), encoding);
            Check(item, new MessagePackReader(ByteSegments.CutEvery(encoding, 1)), encoding);
            var reader = new MessagePackReader(encoding);
            reader.Skip();
            Assert.True(reader.End);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_the_writer_makes_is_listed_and_the_shortest(string name)
    {
        var item = Find(name);
        var encodings = Encodings(item);
        var shortest = encodings.Where(encoding => encoding[0] is not (0xca or 0xcb) || encodings.Count == 2)
            .Min(encoding => encoding.Length);
        var written = RandomTree.Write(ValueOf(item));
        Assert.Contains(Convert.ToHexString(written), encodings.Select(Convert.ToHexString));
        Assert.True(written.Length == shortest || written[0] == 0xcb, Convert.ToHexString(written));
    }

    [Fact]
    public void The_suite_is_whole()
    {
        Find(Suite.Value.Count == 0 ? Absent : Suite.Value.Keys.First());
        Assert.True(Suite.Value.Count >= 85, Suite.Value.Count + " cases");
    }

    private static void Check(JsonElement item, MessagePackReader reader, byte[] encoding)
    {
        var expected = ValueOf(item);
        if (encoding[0] is 0xca or 0xcb)
        {
            Assert.Equal(Convert.ToDouble(expected, CultureInfo.InvariantCulture), reader.ReadDouble());
        }
        else
        {
            Assert.Equal(RandomTree.Show(expected), RandomTree.Show(RandomTree.Read(ref reader)));
        }

        Assert.True(reader.End);
    }

    private static object? ValueOf(JsonElement item)
    {
        foreach (var member in item.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "msgpack":
                    break;
                case "binary":
                    return Bytes(value.GetString()!);
                case "timestamp":
                    return new MessagePackTimestamp(value[0].GetInt64(), value[1].GetInt32());
                case "ext":
                    return new RandomTree.Extension(value[0].GetSByte(), Bytes(value[1].GetString()!));
                case "bignum":
                    var number = BigInteger.Parse(value.GetString()!, CultureInfo.InvariantCulture);
                    return number < 0 ? (long)number : (ulong)number;
                default:
                    return Plain(value);
            }
        }

        throw new InvalidDataException("a case without a value");
    }

    private static object? Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.Array => value.EnumerateArray().Select(Plain).ToList(),
        _ => new RandomTree.Map(
            [.. value.EnumerateObject().Select(member => ((object?)member.Name, Plain(member.Value)))]),
    };

    private static JsonElement Find(string name)
    {
        Assert.SkipWhen(name == Absent, "QUOIN_TEST_DATA holds no msgpack-test-suite.json");
        return Suite.Value[name];
    }

    private static List<byte[]> Encodings(JsonElement item) =>
        [.. item.GetProperty("msgpack").EnumerateArray().Select(encoding => Bytes(encoding.GetString()!))];

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace("-", "", StringComparison.Ordinal));

    private static Dictionary<string, JsonElement> Load()
    {
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA")
            ?? Path.Combine(SourceTree.Root, "../shared/data");
        var file = Path.Combine(folder, "msgpack-test-suite.json");
        var cases = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (!File.Exists(file))
        {
            return cases;
        }

        foreach (var group in JsonDocument.Parse(File.ReadAllBytes(file)).RootElement.EnumerateObject())
        {
            foreach (var (index, item) in group.Value.EnumerateArray().Index())
            {
                cases.Add($"{group.Name} {index}", item);
            }
        }

        return cases;
    }
}
