using System.Buffers;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// <c>GET /sim/state</c> shows what each rule has met, <c>POST /sim/reset</c> lets the scenario begin anew. Served
/// only by <c>quoin sim</c>, never inside the gateway.
/// </summary>
internal static class SimControl
{
    public static bool Owns(SimRequest request) => request.Path is "/sim/state" or "/sim/reset";

    public static SimReply Answer(SimRequest request, SimScenarioRun run, long calls)
    {
        var wanted = request.Path == "/sim/reset" ? "POST" : "GET";
        if (request.Method != wanted)
        {
            var reply = new SimReply { Status = 405, Body = "{}"u8.ToArray() };
            reply.Headers.Add(new("Allow", wanted));
            return reply;
        }

        if (wanted == "POST")
        {
            run.Reset();
        }

        var output = new ArrayBufferWriter<byte>(256);
        JsonOutput.Write(output, (run, calls), static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("calls", state.calls);
            writer.WriteStartArray("rules");
            foreach (var (rule, matches, hits) in state.run.ReadState())
            {
                writer.WriteStartObject();
                writer.WriteString("name", rule.Name);
                writer.WriteNumber("matches", matches);
                writer.WriteNumber("hits", hits);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        return new SimReply { Body = output.WrittenMemory };
    }
}
