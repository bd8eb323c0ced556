using System.CommandLine;
using Backlinks.Api;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;

namespace Backlinks.Cli;

/// <summary><c>backlinks serve</c>: API, dashboard and jobs of a data folder, until Ctrl-C.</summary>
internal static class ServeCommand
{
    public static Command Create(Session session)
    {
        Option<string[]> urls = new("--urls") { Description = "Where to listen.", HelpName = "URL", DefaultValueFactory = _ => ["http://localhost:5080"] };
        var command = new Command("serve", "Serve the API and the dashboard of the data folder, until Ctrl-C.") { urls };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
            return Serve(session, new ApiOptions { Data = folder.Path, Urls = parsed.GetValue(urls)! });
        });
        return command;
    }

    /// <summary>Serves until Ctrl-C.</summary>
    internal static int Serve(Session session, DataFolder folder, int port) => Serve(session, new ApiOptions { Data = folder.Path, Urls = [$"http://localhost:{port}"] });

    private static int Serve(Session session, ApiOptions options)
    {
        WebApplication app = ApiHost.Build(options);
        app.StartAsync(session.Cancel).GetAwaiter().GetResult();
        foreach (string url in app.Urls)
            session.Terminal.Error.WriteLine($"backlinks: serving {options.Data} at {url}; Ctrl-C ends it");
        session.Cancel.WaitHandle.WaitOne();
        app.StopAsync().GetAwaiter().GetResult();
        return ExitCode.Done;
    }
}
