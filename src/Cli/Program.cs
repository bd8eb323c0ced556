using System.Runtime.InteropServices;

namespace Backlinks.Cli;

/// <summary>Wires the program to its process: streams, signals, exit code.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        using CancellationTokenSource stop = new();
        // The first signal asks; a second one finds no handler that keeps the process alive and ends it at once.
        void Ask(PosixSignalContext signal)
        {
            signal.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        return CommandLine.Run(args, Terminal.OfProcess(), stop.Token);
    }
}
