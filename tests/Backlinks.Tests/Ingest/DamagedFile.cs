using System.Diagnostics;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Cuts a file and flips its bits, and holds an importer to its promise: the right answer or one clear error, soon.</summary>
internal static class DamagedFile
{
    /// <returns>How many of the damaged files were refused.</returns>
    public static int Refused(string path, int rounds, int seed, Func<bool> isRight, bool cuts = true, bool flips = true)
    {
        byte[] whole = File.ReadAllBytes(path);
        var random = new Random(seed);
        int refused = 0;
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                byte[] bytes = (byte[])whole.Clone();
                if (cuts && (!flips || round % 2 == 0))
                    bytes = bytes[..random.Next(bytes.Length)];
                else
                    for (int i = random.Next(1, 4); i > 0; i--)
                        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, bytes);
                long started = Stopwatch.GetTimestamp();
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Assert.True(isRight(), $"round {round}: a damaged {Path.GetFileName(path)} gave a wrong answer");
                }
                catch (ImportException e)
                {
                    refused++;
                    Assert.True(e.Message.Length < 2000);
                }
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), $"round {round}: too slow");
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256 << 20, $"round {round}: too much memory");
            }
        }
        finally
        {
            File.WriteAllBytes(path, whole);
        }
        return refused;
    }
}
