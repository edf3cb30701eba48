using System.Text;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Cache;

/// <summary>What chooses among answers beside model and body: it is part of the key.</summary>
internal static class AnswerVariants
{
    /// <summary>
    /// Null where there is nothing, as for most requests:
    /// 1. Headers that are passed on to the provider, for they change what its API answers.
    /// 2. What the route's conditions look at beside the body: headers, and whether a stream is asked for.
    /// 3. Of the two completions APIs, the form: their answers have no reader, so that each form is kept by itself.
    /// </summary>
    public static string? Of(Exchange exchange)
    {
        var request = exchange.Http.Request.Headers;
        StringBuilder? text = null;
        foreach (var name in RequestHead.PassedOn)                                                 // 1
        {
            if (request.TryGetValue(name, out var value))
            {
                Add(ref text, name, value.ToString());
            }
        }

        var streamMatters = exchange.Dialect is ServerOnlyDialect;                                 // 3
        if (exchange.Snapshot.TryGetRoute(exchange.Envelope.Model, out var candidates))            // 2
        {
            foreach (var candidate in candidates)
            {
                var when = candidate.Options.When;
                streamMatters |= when.Stream is not null;
                foreach (var (name, _) in when.Header)
                {
                    Add(ref text, name, request[name].ToString());
                }
            }
        }

        if (streamMatters)
        {
            Add(ref text, "stream", exchange.Record.Stream ? "true" : "false");
        }

        return text?.ToString();
    }

    // No header holds a line feed.
    private static void Add(ref StringBuilder? text, string name, string value) =>
        (text ??= new StringBuilder()).Append(name).Append('=').Append(value).Append('\n');
}
