using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// The simulated provider without any I/O: a request in, a reply out that says which bytes are due when. It speaks
/// OpenAI, Anthropic and Gemini by the gateway's own dialects, and a scenario decides which calls go wrong and how.
/// Safe to use from many threads.
/// </summary>
internal sealed class SimEngine(
    SimOptions options, SimScenario scenario, SimDialects dialects, TimeProvider time, bool control = false)
{
    private readonly SimScenarioRun _run = new(scenario, time);
    private long _calls;

    public SimReply Answer(SimRequest request)
    {
        // 1. Calls to the simulation itself.
        if (control && SimControl.Owns(request))
        {
            if (request is { Path: "/sim/reset", Method: "POST" })
            {
                Interlocked.Exchange(ref _calls, 0);
            }

            return SimControl.Answer(request, _run, Interlocked.Read(ref _calls));
        }

        Interlocked.Increment(ref _calls);

        // 2. Which API is called.
        if (SimRoute.Find(request) is not { } route)
        {
            return Refuse(SimShape.OpenAIChat, new GatewayError(
                GatewayErrorKind.NotFound, $"No such path: {request.Method} {request.Path}"));
        }

        var method = route.Reads ? "GET" : "POST";
        if (request.Method != method)
        {
            var refusal = Refuse(route.Shape, new GatewayError(
                GatewayErrorKind.MethodNotAllowed, $"{request.Path} is called by {method}"));
            refusal.Headers.Add(new("Allow", method));
            return refusal;
        }

        try
        {
            return AnswerRoute(request, route);
        }
        catch (GatewayException e)
        {
            return Refuse(route.Shape, e.Error);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A text that is no UTF-8 shows only when it is read, as an InvalidOperationException.
            return Refuse(route.Shape, GatewayError.Invalid(null, "The body is not valid JSON"));
        }
    }

    private SimReply AnswerRoute(SimRequest request, SimRoute route)
    {
        // 3. What is asked.
        var document = route.Reads ? null : JsonDocument.Parse(request.Body);
        var keeps = false;
        try
        {
            var prompt = route.Operation is SimOperation.Chat or SimOperation.CountTokens
                ? SimPromptReader.Read(route, document!.RootElement, options.Seed)
                : null;
            var model = prompt?.Model ?? (document is null ? null : SimJson.Text(document.RootElement, "model"))
                ?? route.Model ?? "";
            var streams = prompt?.Stream == true && route.Operation == SimOperation.Chat;

            // 4. Whether it goes wrong, and whether that is all there is to it.
            var fault = Choose(new SimCall(
                route.Shape, route.Operation, model, streams, prompt?.LastTurn == SimTurn.Assistant, request.Header));
            if (fault is not null && Replace(fault, route.Shape) is { } replacement)
            {
                return replacement;
            }

            // 5. The answer.
            if (streams)
            {
                keeps = true;
                return Stream(request, route, prompt!, fault, document);
            }

            var output = new ArrayBufferWriter<byte>(1024);
            WriteWhole(route, prompt, document, fault, output);
            return Whole(output.WrittenMemory, fault, prompt?.Hash);
        }
        finally
        {
            if (!keeps)
            {
                document?.Dispose();
            }
        }
    }

    private SimFault? Choose(SimCall call) =>
        _run.Scenario.FaultsByHeader && call.Header("x-sim-fault") is { } header
            ? SimFaultReader.Parse(header) is var fault && fault.Fits(call, TimeSpan.Zero) ? fault : null
            : _run.Choose(call);

    /// <summary>The reply of a fault that leaves nothing of the answer, or null.</summary>
    private SimReply? Replace(SimFault fault, SimShape shape)
    {
        var kind = fault.Kind == SimFaultKind.Flapping ? fault.While : fault.Kind;
        switch (kind)
        {
            case SimFaultKind.NoResponse:
                return new SimReply { Latency = options.Latency, InsteadOfHeaders = SimEnding.Silence };
            case SimFaultKind.Reset when fault.After is null:
                return new SimReply { Latency = options.Latency, InsteadOfHeaders = SimEnding.Reset };
            case SimFaultKind.RateLimit or SimFaultKind.Error or SimFaultKind.ContextLength or SimFaultKind.NoPrefill:
            case SimFaultKind.ContentFilter when !fault.AsFinish:
                break;
            default:
                return null;
        }

        var error = SimErrors.Of(fault, shape);
        var reply = Refuse(shape, error, SimErrors.StatusOf(fault, error), fault.Body);
        reply.ContentType = fault.ContentType ?? reply.ContentType;
        if (fault.RetryAfter is { } wait)
        {
            var seconds = (long)Math.Ceiling(wait.TotalSeconds);
            reply.Headers.Add(new("Retry-After", seconds.ToString(CultureInfo.InvariantCulture)));
        }

        return reply;
    }

    private void WriteWhole(
        SimRoute route, SimPrompt? prompt, JsonDocument? document, SimFault? fault, ArrayBufferWriter<byte> output)
    {
        switch (route.Operation)
        {
            case SimOperation.Models:
                SimModels.Answer(route, output);
                break;
            case SimOperation.Embeddings:
                SimEmbedding.Answer(route, document!.RootElement, options.Seed, output);
                break;
            case SimOperation.CountTokens:
                JsonOutput.Write(output, (route.Shape, prompt!.InputTokens), static (writer, state) =>
                {
                    writer.WriteStartObject();
                    writer.WriteNumber(
                        state.Shape == SimShape.Gemini ? "totalTokens" : "input_tokens", state.InputTokens);
                    writer.WriteEndObject();
                });
                break;
            default:
                var response = ChatResponse.Assemble(Plan(prompt!, route, fault))!;
                dialects.Of(route.Shape).WriteResponse(response, Context(prompt!), output);
                break;
        }
    }

    private SimReply Stream(
        SimRequest request, SimRoute route, SimPrompt prompt, SimFault? fault, JsonDocument? document)
    {
        var context = Context(prompt);
        var dialect = dialects.Of(route.Shape);
        var array = route.Shape == SimShape.Gemini && !request.Query.Contains("alt=sse", StringComparison.Ordinal);
        var writer = dialect.CreateStreamWriter(context);
        var elements = array ? new SimArrayWriter(writer) : null;

        void WriteError(IBufferWriter<byte> output)
        {
            var error = SimErrors.Of(fault!, route.Shape);
            if (elements is null)
            {
                dialect.WriteStreamError(error, context.RequestId, output);
                return;
            }

            var body = new ArrayBufferWriter<byte>(256);
            dialect.WriteError(error, context.RequestId, body);
            elements.WriteError(body.WrittenSpan, output);
        }

        var reply = new SimReply
        {
            Latency = options.Latency,
            ContentType = WrongType(fault) ?? (array ? "application/json" : "text/event-stream"),
            Steps = SimSteps.Stream(
                Plan(prompt, route, fault), elements ?? writer, options, fault, WriteError, document),
        };
        reply.Headers.Add(new("Cache-Control", "no-cache"));
        Identify(reply, prompt.Hash);
        return reply;
    }

    private SimReply Whole(ReadOnlyMemory<byte> body, SimFault? fault, ulong? id)
    {
        var steps = SimSteps.Whole(body, fault, out var length);
        var reply = new SimReply
        {
            Latency = options.Latency,
            ContentType = WrongType(fault) ?? "application/json",
            Body = body,
            Steps = steps,
            ContentLength = length,
        };
        Identify(reply, id ?? 0);
        return reply;
    }

    private SimReply Refuse(SimShape shape, GatewayError error, int? status = null, string? body = null)
    {
        var output = new ArrayBufferWriter<byte>(256);
        if (body is not null)
        {
            Encoding.UTF8.GetBytes(body, output);
        }
        else
        {
            dialects.Of(shape).WriteError(error, RequestId(0), output);
        }

        var reply = new SimReply
        {
            Latency = options.Latency,
            Status = status ?? error.Status,
            Body = output.WrittenMemory,
            ContentLength = output.WrittenCount,
        };
        Identify(reply, 0);
        return reply;
    }

    private List<ChatEvent> Plan(SimPrompt prompt, SimRoute route, SimFault? fault) => SimAnswer.Plan(
        prompt, route.Shape, options.Tokens, time.GetUtcNow().ToUnixTimeSeconds(),
        fault?.Kind == SimFaultKind.ContentFilter ? fault.After ?? 0 : null);

    private AnswerContext Context(SimPrompt prompt) => new()
    {
        RequestId = RequestId(prompt.Hash),
        Model = prompt.Model,
        CreatedUnixSeconds = time.GetUtcNow().ToUnixTimeSeconds(),
        Request = prompt.ToRequest(),
    };

    private static string? WrongType(SimFault? fault) =>
        fault?.Kind == SimFaultKind.WrongContentType ? fault.ContentType ?? "text/html" : null;

    // Anthropic spells the header without the x.
    private static void Identify(SimReply reply, ulong id)
    {
        var value = RequestId(id);
        reply.Headers.Add(new("x-request-id", value));
        reply.Headers.Add(new("request-id", value));
    }

    private static string RequestId(ulong id) => "sim-" + id.ToString("x16", CultureInfo.InvariantCulture);
}
