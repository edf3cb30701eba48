using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Quoin.Cli.Verbs;

/// <summary><c>--json</c>: output for machines.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON" };

    public static void Write(CommandContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions
        {
            Indented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var writer = new Utf8JsonWriter(buffer, options))
            write(writer);
        context.Output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
