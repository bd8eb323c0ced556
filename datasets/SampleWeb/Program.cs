using System.Globalization;
using System.Runtime.InteropServices;

namespace Backlinks.SampleWeb;

/// <summary>Serves the sample web until it is told to stop: <c>--port P --seed N --sites N --pages N --pad N --no-hostile --no-errors
/// --no-traps --no-labs --no-log --truth FILE</c>.</summary>
internal static class Program
{
    private const string Usage = "usage: SampleWeb [--port P] [--seed N] [--sites N] [--pages N] [--pad CHARACTERS] [--no-groups] [--no-labs] [--no-traps] [--no-hostile] [--no-errors] [--no-changes] [--epoch N] [--truth FILE [--truth-only]]";

    public static async Task<int> Main(string[] args)
    {
        SampleWebOptions options = new();
        int port = 0, epoch = 0;
        string? truth = null;
        bool serve = true;
        try
        {
            for (int i = 0; i < args.Length; i++)
                switch (args[i])
                {
                    case "--port": port = Number(args, ref i); break;
                    case "--seed": options = options with { Seed = Number(args, ref i) }; break;
                    case "--sites": options = options with { Sites = Number(args, ref i) }; break;
                    case "--pages": options = options with { PagesPerSite = Number(args, ref i) }; break;
                    case "--pad": options = options with { PadTo = Number(args, ref i) }; break;
                    case "--epoch": epoch = Number(args, ref i); break;
                    case "--no-groups": options = options with { Groups = false }; break;
                    case "--no-labs": options = options with { Labs = false }; break;
                    case "--no-traps": options = options with { Traps = false }; break;
                    case "--no-hostile": options = options with { Hostile = false }; break;
                    case "--no-errors": options = options with { Errors = false }; break;
                    case "--no-changes": options = options with { Changes = false }; break;
                    case "--truth": truth = ++i < args.Length ? args[i] : throw new FormatException("--truth needs a file"); break;
                    case "--truth-only": serve = false; break;
                    default: throw new FormatException($"'{args[i]}' is not known");
                }
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync(e.Message + "\n" + Usage);
            return 2;
        }
        PlantedWeb web = PlantedWeb.Generate(options);
        if (truth is not null)
        {
            await using FileStream file = File.Create(truth);
            web.Truth.WriteJson(file);
        }
        if (!serve)
            return 0;
        await using SampleWebServer server = await SampleWebServer.StartAsync(web, new SampleServerOptions { Port = port, Log = false });
        server.Epoch = epoch;
        Console.WriteLine($"{web.Sites.Count} hosts, {web.Sites.Sum(s => s.Pages.Count)} pages on http://127.0.0.1:{server.Port}");
        Console.WriteLine("connect-to " + server.ConnectTo);
        foreach (string seed in web.Seeds)
            Console.WriteLine("seed " + seed);
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stop.Task;
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    private static int Number(string[] args, ref int i) =>
        ++i < args.Length && int.TryParse(args[i], CultureInfo.InvariantCulture, out int n) ? n : throw new FormatException($"{args[i - 1]} needs a number");
}
