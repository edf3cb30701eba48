using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Gives a kept answer again. In the form it was kept in, its bytes go out as they are; asked for in the other form
/// (a whole answer as a stream, a stream as a whole answer) it is read and written anew by the client's dialect.
/// </summary>
internal static class AnswerReplay
{
    /// <summary>False where the answer cannot be put into the form that is asked for; nothing was sent then.</summary>
    public static ValueTask<bool> SendAsync(
        Exchange exchange, CachedAnswer answer, bool usageIncluded, DateTimeOffset now)
    {
        var stream = exchange.Record.Stream;
        var sameForm = stream == answer.Streamed
            && (!stream || (answer.UsageIncluded == usageIncluded && exchange.Call.Framing is EventStreamFraming));
        return sameForm
            ? SendAsync(exchange, answer, answer.Body, now)
            : ConvertAsync(exchange, answer, usageIncluded, now);
    }

    private static async ValueTask<bool> ConvertAsync(
        Exchange exchange, CachedAnswer answer, bool usageIncluded, DateTimeOffset now)
    {
        using var body = new PooledBuffer();
        try
        {
            if (!Convert(exchange, answer, usageIncluded, body))
            {
                return false;
            }
        }
        catch (Exception e) when (UnreadableAnswer.Is(e) || e is GatewayException)
        {
            return false;
        }

        return await SendAsync(exchange, answer, body.WrittenMemory, now);
    }

    private static async ValueTask<bool> SendAsync(
        Exchange exchange, CachedAnswer answer, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var stream = exchange.Record.Stream;
        exchange.Record.Provider = answer.Provider;
        exchange.Record.Model = answer.Model;
        exchange.CacheAge = now - answer.Created;
        ResponseHead.Begin(
            exchange, 200,
            stream ? exchange.Call.Framing.ContentType : answer.Streamed ? "application/json" : answer.ContentType);
        if (stream)
        {
            exchange.Http.Response.Headers.CacheControl = "no-cache";
            exchange.Record.StreamEvents = 1;
        }

        await ResponseHead.WriteAsync(exchange, body);
        return true;
    }

    private static bool Convert(Exchange exchange, CachedAnswer answer, bool usageIncluded, PooledBuffer output)
    {
        var framing = exchange.Call.Framing;
        if (answer.Streamed && exchange.Record.Stream && answer.UsageIncluded == usageIncluded)
        {
            using var kept = new KeptStream(answer.Body);
            while (kept.TryRead(out var e))
            {
                framing.Relay(e, output);
            }

            framing.End(output);
            return true;
        }

        var events = new List<ChatEvent>();
        var dialect = exchange.Dialect;
        if (!(answer.Streamed ? ReadStream(dialect, answer, events) : ReadWhole(dialect, answer, events)))
        {
            return false;
        }

        if (!events.Exists(e => e is UsageReported))
        {
            if (answer.Usage is { } usage)
            {
                events.Insert(events.FindIndex(e => e is ResponseFinished), new UsageReported(usage));
            }
            else if (usageIncluded && exchange.Record.Stream)
            {
                // Nobody told it, and it is asked for.
                return false;
            }
        }

        var context = exchange.AnswerContextFor(answer.Model);
        if (!exchange.Record.Stream)
        {
            if (ChatResponse.Assemble(events) is not { } whole)
            {
                return false;
            }

            dialect.WriteResponse(whole, context, output);
            return true;
        }

        var writer = dialect.CreateStreamWriter(context);
        foreach (var e in events)
        {
            framing.Translate(writer, e, output);
        }

        framing.EndTranslated(writer, output);
        return true;
    }

    private static bool ReadWhole(Dialect dialect, CachedAnswer answer, List<ChatEvent> events)
    {
        dialect.ReadResponse(answer.Body, events);
        return IsWhole(events);
    }

    private static bool IsWhole(List<ChatEvent> events) =>
        events.Exists(e => e is ResponseFinished) && !events.Exists(e => e is ResponseFailed);

    private static bool ReadStream(Dialect dialect, CachedAnswer answer, List<ChatEvent> events)
    {
        var reader = dialect.CreateStreamReader();
        using var kept = new KeptStream(answer.Body);
        while (!reader.Ended && kept.TryRead(out var e))
        {
            if (e.HasData)
            {
                reader.Read(e.Name.Span, e.Data, events);
            }
        }

        return (reader.Ended || reader.Complete(events)) && IsWhole(events);
    }

    /// <summary>The events of a stream that is in memory.</summary>
    private sealed class KeptStream : IDisposable
    {
        private readonly EventBuffer _events = new();

        public KeptStream(ReadOnlyMemory<byte> body)
        {
            body.CopyTo(_events.GetMemory(body.Length + 1));
            _events.Advance(body.Length);
        }

        public bool TryRead(out ServerSentEvent e) => _events.TryRead(out e) || _events.TryReadLast(out e);

        public void Dispose() => _events.Dispose();
    }
}
