using System.Diagnostics;
using System.Text.Json;

namespace Quoin.Fuzz.Wasm;

/// <summary>
/// A Node that runs modules for comparison, started when first needed; it ends with this process's pipe.
/// </summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process _process;

    /// <summary>Tests that run beside each other have one Node.</summary>
    private readonly Lock _lock = new();

    private NodePeer(Process process) => _process = process;

    /// <summary>Null: there is no Node.</summary>
    public static NodePeer? TryStart()
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Wasm", "peer.mjs");
        try
        {
            var process = Process.Start(new ProcessStartInfo("node", [script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
            });
            return process is null ? null : new NodePeer(process);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    public string[] Run(byte[] module, IEnumerable<object> calls)
    {
        var request = JsonSerializer.Serialize(new { module = Convert.ToBase64String(module), calls });
        lock (_lock)
        {
            _process.StandardInput.WriteLine(request);
            _process.StandardInput.Flush();
            var answer = _process.StandardOutput.ReadLine() ?? throw new FuzzFailure("Node ended");
            return JsonSerializer.Deserialize<string[]>(answer)!;
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
