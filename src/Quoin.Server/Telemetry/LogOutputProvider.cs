using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Sends what is logged through Microsoft.Extensions.Logging to the <see cref="LogOutput"/>. The level is read at
/// each call, so that a reload changes it. The framework's own categories are told one level more sparingly: at
/// info they would tell every request a second time.
/// </summary>
internal sealed class LogOutputProvider(LogOutput output, TimeProvider time) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new OutputLogger(output, time, categoryName);

    public void Dispose()
    {
        // The output lives longer than any provider: the host logs its own end.
    }

    private sealed class OutputLogger(LogOutput output, TimeProvider time, string category) : ILogger
    {
        private readonly bool _framework = category.StartsWith("Microsoft.", StringComparison.Ordinal)
            || category.StartsWith("System.", StringComparison.Ordinal);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel)
        {
            var least = output.Settings.Level;
            if (_framework && least is LogLevel.Debug or LogLevel.Information)
            {
                least++;
            }

            return logLevel >= least && logLevel != LogLevel.None;
        }

        [SuppressMessage("Design", "CA1062", Justification = "Called by the logging framework.")]
        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var message = formatter(state, exception);
            var json = output.Settings.Json;
            var line = LogLine.Rent(json, time.GetUtcNow(), logLevel);
            try
            {
                if (json)
                {
                    line.Text("category"u8, category);
                    line.Text("event"u8, eventId.Name);
                    line.Text("message"u8, message);
                    Fields(line, state);
                }
                else
                {
                    line.Unnamed(category);
                    line.Unnamed(message);
                }

                line.Text("exception"u8, exception?.ToString());
                line.End();
                output.Append(line.Bytes);
            }
            finally
            {
                line.Return();
            }
        }

        // The message's arguments, which a machine should not have to parse out of it.
        private static void Fields<TState>(LogLine line, TState state)
        {
            if (state is not IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } fields)
            {
                return;
            }

            var first = true;
            foreach (var (name, value) in fields)
            {
                if (string.Equals(name, "{OriginalFormat}", StringComparison.Ordinal) || value is null)
                {
                    continue;
                }

                var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                if (first)
                {
                    line.BeginObject("fields"u8);
                }

                line.Member(name, text, first);
                first = false;
            }

            if (!first)
            {
                line.EndObject();
            }
        }
    }
}

internal static class LogOutputExtensions
{
    /// <summary>Makes the output the only sink, and the configuration's level the only filter.</summary>
    public static ILoggingBuilder AddLogOutput(this ILoggingBuilder logging, LogOutput output, TimeProvider time) =>
        logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(new LogOutputProvider(output, time));
}
