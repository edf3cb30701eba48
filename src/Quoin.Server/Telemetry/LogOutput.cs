using System.Buffers;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Where all log lines go. Callers append whole lines to a buffer under a short lock and go on; one writer thread
/// takes the buffer when it is large enough or <see cref="TelemetryLimits.LogDelay"/> after its first line, masks
/// secrets, and writes. When the output blocks and the buffer is full, or the output fails (closed pipe, full
/// disk), lines are dropped and counted, and a line says so when it works again. Nobody ever waits for the output.
/// </summary>
internal sealed class LogOutput : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();

    // Not disposed: a line logged after the end, or the timer, may still set it. One handle a process.
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private readonly ArrayBufferWriter<byte> _masked = new();

    // Guarded by _lock.
    private byte[] _pending = new byte[TelemetryLimits.LogFirstBufferBytes];
    private byte[] _spare = new byte[TelemetryLimits.LogFirstBufferBytes];
    private int _pendingBytes;
    private int _pendingLines;
    private bool _stopping;
    private bool _started;

    private LogSettings _settings;
    private long _dropped;
    private long _droppedTold;

    public LogOutput(Stream stream, TimeProvider time, LoggingOptions options, SecretMask mask)
    {
        _stream = stream;
        _time = time;
        _settings = new LogSettings(options, mask);
        _timer = time.CreateTimer(
            static state => ((AutoResetEvent)state!).Set(), _wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>One immutable snapshot: a reload swaps it in one write.</summary>
    public LogSettings Settings => Volatile.Read(ref _settings);

    /// <summary>Lines that never reached the output.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes effect from the next line on.</summary>
    public void Configure(LoggingOptions options, SecretMask mask) =>
        Volatile.Write(ref _settings, new LogSettings(options, mask));

    public void AddTo(MetricRegistry registry) => registry.Callback(
        new(
            "quoin_log_dropped_total", "quoin.log.dropped", "{line}",
            "Log lines lost because the output was full, slow or closed."),
        MetricKind.Counter,
        () => Dropped);

    /// <summary>Starts the writer. Lines appended before wait for it.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_started)
            {
                return;
            }

            _started = true;
        }

        // A thread of its own: writes to a pipe or a terminal block, and the pool's threads are the requests'.
        new Thread(Run) { IsBackground = true, Name = "log writer" }.Start();
        _wake.Set();
    }

    /// <summary>Takes one whole line with its newline, or drops and counts it.</summary>
    public void Append(ReadOnlySpan<byte> line)
    {
        bool first, large;
        lock (_lock)
        {
            var size = _pendingBytes + line.Length;
            if (_stopping || size > TelemetryLimits.LogBufferBytes || line.Length > TelemetryLimits.LogLineBytes)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            if (size > _pending.Length)
            {
                var larger = Math.Max(_pending.Length * 2, size);
                Array.Resize(ref _pending, Math.Min(larger, TelemetryLimits.LogBufferBytes));
            }

            line.CopyTo(_pending.AsSpan(_pendingBytes));
            first = _pendingBytes == 0;
            large = _pendingBytes < TelemetryLimits.LogWakeBytes && size >= TelemetryLimits.LogWakeBytes;
            _pendingBytes = size;
            _pendingLines++;
        }

        if (large)
        {
            _wake.Set();
        }
        else if (first)
        {
            _timer.Change(TelemetryLimits.LogDelay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes what waits and ends the writer; gives up on a blocked output after a while.</summary>
    public async ValueTask DisposeAsync()
    {
        Start();
        lock (_lock)
        {
            _stopping = true;
        }

        _wake.Set();
        try
        {
            await _ended.Task.WaitAsync(TelemetryLimits.LogStop, _time);
        }
        catch (TimeoutException)
        {
            // The thread is in a write that nobody takes. It is a background thread and ends with the process.
        }

        await _timer.DisposeAsync();
    }

    private void Run()
    {
        while (true)
        {
            _wake.WaitOne();
            byte[] buffer;
            int bytes, lines;
            bool stopping;
            lock (_lock)
            {
                buffer = _pending;
                bytes = _pendingBytes;
                lines = _pendingLines;
                stopping = _stopping;
                _pending = _spare;
                _spare = buffer;
                _pendingBytes = 0;
                _pendingLines = 0;
            }

            if (bytes > 0)
            {
                Write(buffer.AsSpan(0, bytes), lines);
            }

            if (stopping)
            {
                _ended.SetResult();
                return;
            }
        }
    }

    private void Write(ReadOnlySpan<byte> lines, int count)
    {
        try
        {
            var dropped = Dropped;
            if (dropped > _droppedTold)
            {
                TellDropped(dropped - _droppedTold);
                _droppedTold = dropped;
            }

            var mask = Settings.Mask;
            if (mask.Matches(lines))
            {
                _masked.ResetWrittenCount();
                mask.Write(lines, _masked);
                lines = _masked.WrittenSpan;
            }

            _stream.Write(lines);
            _stream.Flush();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException
            or ObjectDisposedException or NotSupportedException)
        {
            // There is nowhere left to tell it; the metric does. The next lines try again.
            Interlocked.Add(ref _dropped, count);
        }
    }

    private void TellDropped(long count)
    {
        var line = LogLine.Rent(Settings.Json, _time.GetUtcNow(), LogLevel.Warning);
        try
        {
            line.Text("message"u8, "log lines were dropped");
            line.Number("count"u8, count);
            line.End();
            _stream.Write(line.Bytes);
        }
        finally
        {
            line.Return();
        }
    }
}

/// <summary>The compiled <c>logging:</c> options.</summary>
internal sealed class LogSettings(LoggingOptions options, SecretMask mask)
{
    public bool Json { get; } = string.Equals(options.Format, "json", StringComparison.Ordinal);

    /// <summary>Write one line for each request.</summary>
    public bool Requests { get; } = options.Requests;

    /// <summary>Least level that is written.</summary>
    public LogLevel Level { get; } = options.Level switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };

    public SecretMask Mask { get; } = mask;
}
