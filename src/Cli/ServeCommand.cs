using System.CommandLine;
using System.Net.Sockets;
using Backlinks.Api;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Backlinks.Cli;

/// <summary><c>backlinks serve</c>: API, dashboard and jobs of a data folder, until Ctrl-C.</summary>
internal static class ServeCommand
{
    public static Command Create(Session session)
    {
        ApiOptions standard = new() { Data = "." };
        Option<string[]> urls = Many("--urls", "URL", "Where to listen; $BACKLINKS_URLS sets the default (separated by ';'). Beyond this machine it takes keys, or --open.");
        urls.DefaultValueFactory = _ => session.Terminal.Environment("BACKLINKS_URLS") is { Length: > 0 } named ? named.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [.. standard.Urls];
        Option<bool> open = new("--open") { Description = "Let everybody read without a key; jobs take a key all the same." };
        Option<bool> keysOnLoopback = new("--keys-on-loopback") { Description = "Ask callers on this machine for a key, too." };
        Option<string[]> hosts = Many("--allowed-host", "NAME", "A name that requests may call this service by, beside localhost and those of --urls.");
        Option<string[]> cors = Many("--cors", "ORIGIN", "A site whose pages may use the API from a browser, such as https://app.example.com.");
        Option<string[]> proxies = Many("--behind-proxy", "ADDRESS", "Address or network of a proxy in front, whose X-Forwarded-For and -Proto are believed; every caller takes a key then.");
        Option<string[]> imports = Many("--import-root", "DIR", "A folder below which imports may name files of this machine; without it they are uploaded.");
        Option<int> keep = new("--keep-runs") { Description = "Runs to keep when a new one is published; 0 keeps all.", HelpName = "N", DefaultValueFactory = _ => standard.KeepRuns };
        Option<double> keepDays = new("--keep-days") { Description = "Days for which every run is kept, beside the newest ones that are kept in any case.", HelpName = "D", DefaultValueFactory = _ => standard.Jobs.KeepDays };
        Option<bool> localCrawls = new("--local-crawls") { Description = "Let crawls be told --allow-loopback, --connect-to, --port, --proxy and --render: whoever may start jobs then reaches what this machine reaches." };
        Option<string?> contact = new("--contact") { Description = "Where people you crawl can reach you, for crawls that do not say it themselves ($BACKLINKS_CONTACT sets the default).", HelpName = "URL" };
        Option<int> jobThreads = new("--job-threads") { Description = "Worker threads of imports and runs, 0 for one a processor.", HelpName = "N", DefaultValueFactory = _ => standard.Jobs.Threads };
        Option<int> rate = new("--requests-per-minute") { Description = "What one caller may ask.", HelpName = "N", DefaultValueFactory = _ => standard.RequestsPerMinute };
        Option<double> seconds = new("--request-seconds") { Description = "After how long a question is given up.", HelpName = "S", DefaultValueFactory = _ => standard.RequestSeconds };
        Option<bool> noDashboard = new("--no-dashboard") { Description = "Serve the API alone." };
        Option<LogForm> log = Choice.Of("--log", "The form of the log, on standard error.", LogForm.Text);
        Option<LogLevel> level = Choice.Of("--log-level", "The least that is logged; warning leaves out the line for each request.", standard.LogLevel);
        var command = new Command("serve", "Serve the API and the dashboard of the data folder, until Ctrl-C.")
        {
            urls, open, keysOnLoopback, hosts, cors, proxies, imports, keep, keepDays, localCrawls, contact, jobThreads, rate, seconds, noDashboard, log, level,
        };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
            return Serve(session, new ApiOptions
            {
                Data = folder.Path,
                Urls = parsed.GetValue(urls)!,
                Open = parsed.GetValue(open),
                KeysOnLoopback = parsed.GetValue(keysOnLoopback),
                AllowedHosts = parsed.GetValue(hosts)!,
                Cors = parsed.GetValue(cors)!,
                Proxies = parsed.GetValue(proxies)!,
                ImportRoots = [.. parsed.GetValue(imports)!.Select(Path.GetFullPath)],
                KeepRuns = parsed.GetValue(keep),
                Jobs = standard.Jobs with
                {
                    KeepDays = parsed.GetValue(keepDays),
                    LocalCrawls = parsed.GetValue(localCrawls),
                    Contact = parsed.GetValue(contact) ?? session.Terminal.Environment("BACKLINKS_CONTACT"),
                    Threads = parsed.GetValue(jobThreads) is >= 0 and var threads ? threads : throw new UsageException($"--job-threads must be at least 0, not {parsed.GetValue(jobThreads)}"),
                },
                RequestsPerMinute = parsed.GetValue(rate),
                RequestSeconds = parsed.GetValue(seconds),
                Dashboard = !parsed.GetValue(noDashboard),
                Log = parsed.GetValue(log),
                LogLevel = parsed.GetValue(level),
            });
        });
        return command;
    }

    /// <summary>Serves a folder on this machine, as <c>demo</c> does.</summary>
    internal static int Serve(Session session, DataFolder folder, int port) => Serve(session, new ApiOptions { Data = folder.Path, Urls = [$"http://localhost:{port}"], Log = LogForm.Text, LogLevel = LogLevel.Warning });

    /// <summary>Serves until the session is cancelled, then lets answers under way come to their end.</summary>
    /// <param name="started">Told the addresses once they are listened at.</param>
    /// <exception cref="StoreException">The data folder cannot be used.</exception>
    /// <exception cref="IOException">An address cannot be listened at.</exception>
    public static int Serve(Session session, ApiOptions options, Action<IReadOnlyList<string>>? started = null)
    {
        WebApplication app = ApiHost.Build(options);
        try
        {
            app.StartAsync(session.Cancel).GetAwaiter().GetResult();
            foreach (string url in app.Urls)
                session.Note($"backlinks: serving {options.Data} at {url}; API at {url.TrimEnd('/')}/docs; Ctrl-C ends it");
            started?.Invoke([.. app.Urls]);
            session.Cancel.WaitHandle.WaitOne();
            session.Note("backlinks: ending; answers under way are finished");
            app.StopAsync().GetAwaiter().GetResult();
            return ExitCode.Done;
        }
        catch (IOException e) when (e.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException || e.Message.Contains("bind", StringComparison.Ordinal))
        {
            throw new IOException($"cannot listen at {string.Join(", ", options.Urls)}: {Reason(e)}", e);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen at {string.Join(", ", options.Urls)}: {Reason(e)}", e);
        }
        finally
        {
            app.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static string Reason(Exception e)
    {
        for (Exception? at = e; at is not null; at = at.InnerException)
            switch (at)
            {
                case Microsoft.AspNetCore.Connections.AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return "another program listens there; end it, or name another port with --urls, such as http://localhost:5081";
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return "ports below 1024 take the right to; name a higher one with --urls, such as http://localhost:5080";
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable }:
                    return "that is no address of this machine; name one of its own with --urls, such as http://localhost:5080";
                default:
                    break;
            }
        return e.Message;
    }

    private static Option<string[]> Many(string name, string value, string description) => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => [], AllowMultipleArgumentsPerToken = false };
}
