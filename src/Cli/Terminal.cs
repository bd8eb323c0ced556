using System.Runtime.InteropServices;

namespace Backlinks.Cli;

/// <summary>What the program sees of the outside; tests pass their own.</summary>
internal sealed record Terminal
{
    /// <summary>Where data goes, as UTF-8.</summary>
    public required Stream Output { get; init; }

    /// <summary>Where talk goes: progress, notes, errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether a person looks at <see cref="Output"/>: colours, and tables as wide as the window.</summary>
    public bool OutputIsScreen { get; init; }

    /// <summary>Whether a person looks at <see cref="Error"/>: live progress.</summary>
    public bool ErrorIsScreen { get; init; }

    /// <summary>The value of an environment variable, or null.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    public static Terminal OfProcess() => new()
    {
        Output = OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardOutput(),
        Error = Console.Error,
        OutputIsScreen = !Console.IsOutputRedirected,
        ErrorIsScreen = !Console.IsErrorRedirected,
    };
}

/// <summary>
/// File descriptor 1 by write(2). .NET's own stream for it swallows the error of a closed pipe, so that
/// <c>export | head</c> would format sixty million lines for nobody; and a FileStream writes at positions of its own,
/// which overwrites what other programs put into the same file.
/// </summary>
internal sealed partial class StandardOutput : Stream
{
    private const int Interrupted = 4, Again = 11, BrokenPipe = 32; // EINTR, EAGAIN, EPIPE on Linux and macOS (EAGAIN there: 35)

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            nint written = WriteTo(1, bytes, bytes.Length);
            if (written > 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }
            int error = Marshal.GetLastPInvokeError();
            if (error is Interrupted)
                continue;
            if (error is Again or 35)
                Thread.Sleep(1); // another program made the pipe non-blocking
            else if (error is BrokenPipe)
                throw new ReaderGoneException();
            else
                throw new IOException($"standard output: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int file, ReadOnlySpan<byte> bytes, nint count);
}

/// <summary>Who read standard output has closed it, as <c>head</c> does: nothing more needs to be said or done.</summary>
internal sealed class ReaderGoneException : IOException;
