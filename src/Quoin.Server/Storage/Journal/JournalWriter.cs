using System.Buffers;
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Storage.Journal;

/// <summary>
/// The journal while it is open. One loop writes:
/// 1. Take all appends that wait; write them at the end of the file in one write; sync it once.
/// 2. Apply them to the state, in order, and tell who waits. Nobody is told before the sync has returned.
/// 3. Disk full: cut off what was written of them, refuse them, go on; the next may find room.
/// 4. Any other failure, a sync's above all: refuse them and let go of the file. Its unsynced pages may be marked
///    clean, so syncing it again would prove nothing. The state, which is what was acknowledged, is written to a new
///    file, that is synced, put in the place of the old one, opened and read back; only then are appends taken again.
/// 5. Every save interval the same new file is made without need, where it would be smaller.
/// </summary>
internal sealed partial class JournalWriter : IAsyncDisposable
{
    private readonly JournalPlace _place;
    private readonly IJournalState _state;
    private readonly Func<TimeSpan> _saveInterval;
    private readonly TimeProvider _time;
    private readonly JournalMetrics _metrics;
    private readonly ILogger _logger;
    private readonly IDisposable _lock;
    private readonly Channel<Append> _appends = Channel.CreateBounded<Append>(
        new BoundedChannelOptions(JournalLimits.WaitingAppends) { SingleReader = true });

    private readonly List<Append> _batch = [];
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly ITimer _timer;
    private readonly Task _loop;
    private IJournalFile? _file;
    private long _end;
    private long _failedAt;
    private long _garbage;
    private int _intervals;

    /// <param name="opened">The file that was read into the state.</param>
    /// <param name="end">Where the first record goes.</param>
    private JournalWriter(
        JournalPlace place, IJournalState state, JournalParts parts, IDisposable heldLock, IJournalFile opened,
        long end)
    {
        (_place, _state, _lock, _file, _end) = (place, state, heldLock, opened, end);
        (_saveInterval, _time, _metrics, _logger) = (parts.SaveInterval, parts.Time, parts.Metrics, parts.Logger);
        _metrics.Bytes(end);
        _timer = _time.CreateTimer(
            static self => ((JournalWriter)self!)._appends.Writer.TryWrite(Append.Tick), this, _saveInterval(),
            _saveInterval());
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Opens the journal, or makes one, and reads it into the state.</summary>
    /// <exception cref="JournalException">It cannot be used; the message says why.</exception>
    public static JournalWriter Open(string path, IJournalFiles files, IJournalState state, JournalParts parts)
    {
        var place = new JournalPlace(path, files, parts.Time, parts.Logger);
        var heldLock = place.Lock();
        try
        {
            var (file, end) = place.Open(state);
            return new JournalWriter(place, state, parts, heldLock, file, end);
        }
        catch
        {
            heldLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Completes when the record is durable and applied, or refused. It cannot be called back: who has appended must
    /// learn what became of it.
    /// </summary>
    public async Task<JournalResult> AppendAsync(byte type, ReadOnlyMemory<byte> payload)
    {
        Debug.Assert(payload.Length <= JournalLimits.PayloadBytes, "longer than a reader takes");
        var append = new Append(type, payload);
        while (await _appends.Writer.WaitToWriteAsync())
        {
            if (_appends.Writer.TryWrite(append))
            {
                return await append.Completion.Task;
            }
        }

        return JournalResult.Closed;
    }

    public async ValueTask DisposeAsync()
    {
        _appends.Writer.TryComplete();
        await _timer.DisposeAsync();
        await _loop;
        _file?.Dispose();
        _lock.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _appends.Reader.WaitToReadAsync())
            {
                var tick = Take();                                                               // 1
                WriteBatch();
                if (tick)
                {
                    Save();                                                                      // 5
                    _timer.Change(_saveInterval(), _saveInterval());
                }
            }
        }
        catch (Exception e)
        {
            Log.Died(_logger, e, _place.Path);
            _appends.Writer.TryComplete();
            while (_appends.Reader.TryRead(out var left))
            {
                left.Complete(JournalResult.Closed);
            }

            Tell(JournalResult.Failed);
        }
    }

    /// <summary>Moves waiting appends to the batch. True where the save interval is over.</summary>
    private bool Take()
    {
        var (tick, bytes) = (false, 0);
        while (bytes < JournalLimits.BatchBytes && _appends.Reader.TryRead(out var append))
        {
            if (append == Append.Tick)
            {
                tick = true;
                continue;
            }

            _batch.Add(append);
            bytes += JournalRecord.HeaderBytes + append.Payload.Length;
        }

        return tick;
    }

    private void WriteBatch()
    {
        if (_batch.Count == 0)
        {
            return;
        }

        var result = _file is null && !TryRecover() ? JournalResult.Failed : TryWrite(_file!);
        if (result == JournalResult.Durable)
        {
            foreach (var append in _batch)                                                       // 2
            {
                _state.Apply(append.Type, append.Payload);
            }
        }

        Tell(result);
    }

    private JournalResult TryWrite(IJournalFile file)
    {
        _buffer.ResetWrittenCount();
        foreach (var append in _batch)
        {
            var length = JournalRecord.HeaderBytes + append.Payload.Length;
            JournalRecord.Write(
                _buffer.GetSpan(length)[..length], append.Type, append.Payload.Span, _end + _buffer.WrittenCount, _end);
            _buffer.Advance(length);
        }

        var started = _time.GetTimestamp();
        try
        {
            file.Write(_buffer.WrittenSpan, _end);
        }
        catch (IOException e) when (Errno.IsFull(e))
        {
            return CutOff(file, e);                                                              // 3
        }
        catch (IOException e)
        {
            return LetGo(e);                                                                     // 4
        }

        try
        {
            file.Sync();
        }
        catch (IOException e)
        {
            return LetGo(e);
        }

        _end += _buffer.WrittenCount;
        _metrics.Synced(_time.GetTimestamp() - started, _batch.Count);
        _metrics.Bytes(_end);
        if (_buffer.Capacity > 2 * JournalLimits.BatchBytes)
        {
            // One large record is no reason to hold its room for good.
            _buffer.Clear();
        }

        return JournalResult.Durable;
    }

    private JournalResult CutOff(IJournalFile file, IOException failure)
    {
        _metrics.Failed(full: true);
        Log.Full(_logger, failure, _place.Path);
        try
        {
            file.Truncate(_end);
        }
        catch (IOException e)
        {
            LetGo(e);
        }

        return JournalResult.Full;
    }

    private JournalResult LetGo(IOException failure)
    {
        _metrics.Failed(Errno.IsFull(failure));
        Log.Failed(_logger, failure, _place.Path);
        _file?.Dispose();
        _file = null;
        _failedAt = _time.GetTimestamp() - (long)(JournalLimits.RecoveryPause.TotalSeconds * _time.TimestampFrequency);
        return Errno.IsFull(failure) ? JournalResult.Full : JournalResult.Failed;
    }

    private bool TryRecover()
    {
        if (_time.GetElapsedTime(_failedAt) < JournalLimits.RecoveryPause)
        {
            return false;
        }

        try
        {
            (_file, _end) = _place.Rewrite(_state, readBack: true);
            (_intervals, _garbage) = (0, 0);
            _metrics.Compacted();
            _metrics.Bytes(_end);
            Log.Recovered(_logger, _place.Path, _end);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JournalException)
        {
            _failedAt = _time.GetTimestamp();
            Log.StillFailing(_logger, e, _place.Path);
            return false;
        }
    }

    private void Save()
    {
        var garbage = _garbage += _state.Sweep();
        if (_file is null)
        {
            TryRecover();
            return;
        }

        _intervals = garbage == 0 ? 0 : _intervals + 1;
        if (garbage * 2 < _end && _intervals < JournalLimits.IntervalsWithGarbage)
        {
            return;
        }

        try
        {
            var old = _file;
            (_file, _end) = _place.Rewrite(_state, readBack: false);
            old.Dispose();
            (_intervals, _garbage) = (0, 0);
            _metrics.Compacted();
            _metrics.Bytes(_end);
        }
        catch (JournalNotReplacedException e)
        {
            // The old file is whole and still in its place.
            _metrics.Failed(Errno.IsFull(e.Failure));
            Log.NotSaved(_logger, e.Failure, _place.Path);
        }
        catch (IOException e)
        {
            // Whether the old or the new file is there after a crash is not known: nothing may be added to either.
            LetGo(e);
        }
    }

    private void Tell(JournalResult result)
    {
        foreach (var append in _batch)
        {
            append.Complete(result);
        }

        _batch.Clear();
    }

    private sealed class Append(byte type, ReadOnlyMemory<byte> payload)
    {
        /// <summary>No append: the save interval is over.</summary>
        public static readonly Append Tick = new(0, default);

        public byte Type => type;

        public ReadOnlyMemory<byte> Payload => payload;

        public TaskCompletionSource<JournalResult> Completion { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Complete(JournalResult result) => Completion.TrySetResult(result);
    }
}

/// <summary>What a journal works with.</summary>
/// <param name="SaveInterval">Read at each interval's start, so that a reload takes effect.</param>
internal sealed record JournalParts(
    Func<TimeSpan> SaveInterval, TimeProvider Time, JournalMetrics Metrics, ILogger Logger);
