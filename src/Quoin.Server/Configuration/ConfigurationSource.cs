using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Quoin.Server.Configuration;

/// <summary>What a reload did.</summary>
/// <param name="Applied">The new configuration is in use. False: it has errors and the old one stays.</param>
public sealed record ReloadResult(
    bool Applied, IReadOnlyList<ConfigurationError> Errors, IReadOnlyList<ConfigurationChange> Changes);

/// <summary>
/// The configuration while the server runs. <see cref="Current"/> is one immutable snapshot: a request reads it once
/// and keeps what it read to its end. A reload reads all sources again, judges the whole, and puts the new snapshot in
/// place with one write; if anything is wrong with it, every error is logged and nothing changes. Settings that need a
/// restart keep the value in effect and are named. Reloads come one at a time.
/// </summary>
public sealed class ConfigurationSource : IDisposable
{
    private readonly ConfigurationInputs _inputs;
    private readonly string? _file;
    private readonly Lock _reloading = new();
    private LoadedConfiguration _loaded;
    private Action<QuoinOptions, QuoinOptions>[] _subscribers = [];
    private ILogger _logger = NullLogger.Instance;
    private ConfigurationFileWatch? _watch;
    private Action<bool>? _reloaded;

    public ConfigurationSource(LoadedConfiguration loaded, ConfigurationInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(inputs);
        _loaded = loaded;
        _inputs = inputs;
        _file = loaded.File;
    }

    /// <summary>The configuration in effect.</summary>
    public QuoinOptions Current => Volatile.Read(ref _loaded).Options;

    /// <summary>The configuration in effect with the origin of its values.</summary>
    public LoadedConfiguration Loaded => Volatile.Read(ref _loaded);

    /// <summary>A configuration without file, for tests and tools.</summary>
    public static ConfigurationSource Of(QuoinOptions options) => new(
        new LoadedConfiguration
        {
            Options = options,
            Origins = new Dictionary<string, Origin>(StringComparer.Ordinal),
            SecretPaths = new HashSet<string>(StringComparer.Ordinal),
        },
        new ConfigurationInputs());

    /// <summary>
    /// Calls back after each change, with the old and the new snapshot, on the thread of the reload. For what is
    /// built from the configuration; whoever only reads it reads <see cref="Current"/>.
    /// </summary>
    public IDisposable OnChange(Action<QuoinOptions, QuoinOptions> subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_reloading)
            _subscribers = [.. _subscribers, subscriber];
        return new Subscription(this, subscriber);
    }

    /// <summary>Calls back after each reload, with whether it was applied.</summary>
    internal void OnReload(Action<bool> subscriber) => _reloaded += subscriber;

    /// <summary>Starts to follow the file, if there is one. Reloads are logged here from now on.</summary>
    public void Start(ILogger logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(time);
        _logger = logger;
        if (_file is not null && _watch is null)
        {
            _watch = new ConfigurationFileWatch(
                ConfigurationLoader.FullPath(_inputs, _file), Loaded.FileHash, () => Reload(), logger, time);
        }
    }

    /// <summary>Reads everything again and takes it over if nothing is wrong with it.</summary>
    public ReloadResult Reload()
    {
        var result = ReadAndApply();
        _reloaded?.Invoke(result.Applied);
        return result;
    }

    private ReloadResult ReadAndApply()
    {
        lock (_reloading)
        {
            var result = Read();
            if (result.Configuration is not { } loaded)
            {
                _logger.ConfigurationRefused(result.Errors.Count);
                foreach (var error in result.Errors)
                    _logger.ConfigurationFault(error);
                return new(false, result.Errors, []);
            }

            return Apply(loaded);
        }
    }

    /// <summary>Takes over a configuration made by hand.</summary>
    internal ReloadResult Replace(QuoinOptions options)
    {
        lock (_reloading)
            return Apply(_loaded with { Options = options });
    }

    public void Dispose() => _watch?.Dispose();

    private ConfigurationResult Read()
    {
        if (_file is null)
            return ConfigurationLoader.Load(_inputs, null, null);
        if (ConfigurationLoader.TryReadFile(
            ConfigurationLoader.FullPath(_inputs, _file), out var bytes, out var message))
        {
            return ConfigurationLoader.Load(_inputs, _file, bytes);
        }

        return new(null, [new(ConfigurationErrorKind.Unreadable, new(OriginKind.File, _file), "", message!)]);
    }

    private ReloadResult Apply(LoadedConfiguration loaded)
    {
        var old = _loaded;
        var changes = ConfigurationDifference.Between(old.Options, loaded.Options);
        var live = changes.Where(change => !change.Restart).Select(change => change.Key).ToList();
        foreach (var change in changes.Where(change => change.Restart))
            _logger.RestartNeeded(change.Key);
        Volatile.Write(ref _loaded, InEffect(old, loaded, changes));
        if (live.Count == 0)
        {
            if (changes.Count == 0)
                _logger.ConfigurationUnchanged();
            return new(true, [], changes);
        }

        _logger.ConfigurationReloaded(string.Join(", ", live));
        foreach (var subscriber in _subscribers)
        {
            try
            {
                subscriber(old.Options, _loaded.Options);
            }
            catch (Exception fault)
            {
                _logger.SubscriberFailed(fault);
            }
        }

        return new(true, [], changes);
    }

    private static LoadedConfiguration InEffect(
        LoadedConfiguration old, LoadedConfiguration loaded, IReadOnlyList<ConfigurationChange> changes)
    {
        if (!changes.Any(change => change.Restart))
            return loaded;
        var origins = new Dictionary<string, Origin>(loaded.Origins, StringComparer.Ordinal);
        foreach (var change in changes.Where(change => change.Restart))
        {
            origins.Remove(change.Key);
            if (old.Origins.TryGetValue(change.Key, out var origin))
                origins[change.Key] = origin;
        }

        return loaded with
        {
            Options = ConfigurationDifference.KeepUntilRestart(old.Options, loaded.Options),
            Origins = origins,
        };
    }

    private sealed class Subscription(ConfigurationSource source, Action<QuoinOptions, QuoinOptions> subscriber)
        : IDisposable
    {
        public void Dispose()
        {
            lock (source._reloading)
                source._subscribers = [.. source._subscribers.Where(other => other != subscriber)];
        }
    }
}
