using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using DuckDB.NET.Data;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast does the service answer over a run of 1.3 M pages and 10 M links (<see cref="StoredWeb"/>), with its clients on the same
/// machine? <c>backlinks serve</c> is a process of its own; each latency counts from when the question was due, not from when a free
/// client sent it, so a slow answer is not hidden by the questions it held up. Targets are drawn from all domains that are linked to and are not
/// repeated within a test, so no answer comes from a cache, but in the last test, where they are drawn as people draw them (Zipf).
/// Answers are checked against the run's rows before anything is timed. <c>/health</c> tells what HTTP itself costs here.
/// <code>ServeMillionPages [--work DIR] [--data RANKED] [--seconds 30] [--rate 50] [--clients 8] [--warm 1000]</code>
/// <c>--work</c> keeps the store and the run (some minutes, some GB); <c>--data</c> takes a data folder with a run of the link store.
/// </summary>
public static class ServeMillionPages
{
    private const string Filter = "{\"and\":[{\"field\":\"is_dofollow\",\"is\":[\"eq\",true]},{\"field\":\"anchor\",\"is\":[\"neq\",\"\"]}]}";

    private sealed record Target(string Name, long Backlinks, long Followed);

    public static int Run(string[] args)
    {
        string? kept = RankMillionDomains.Text(args, "--work"), given = RankMillionDomains.Text(args, "--data");
        int seconds = ImportWarc.Option(args, "--seconds", 30), rate = ImportWarc.Option(args, "--rate", 50), clients = ImportWarc.Option(args, "--clients", 8);
        string work = kept is null ? Directory.CreateTempSubdirectory("serve-million-pages-").FullName : Directory.CreateDirectory(kept).FullName;
        try
        {
            string data = given ?? Path.Combine(work, "data");
            if (given is null && !File.Exists(Path.Combine(data, "runs", "current")))
                RankMillionDomains.Run(["--work", work, "--only", "full"]);
            using var served = new Served(data);
            Measure(served, data, seconds, rate, clients, ImportWarc.Option(args, "--warm", 1000));
            return 0;
        }
        finally
        {
            if (kept is null)
                Directory.Delete(work, recursive: true);
        }
    }

    private static void Measure(Served served, string data, int seconds, int rate, int clients, int warm)
    {
        string run = File.ReadAllText(Path.Combine(data, "runs", "current")).Trim(), rows = Path.Combine(data, "runs", run, "rows.duckdb");
        Target[] targets = Read(rows, $"SELECT d.name, d.backlinks, 0 FROM domains d WHERE d.backlinks > 0 ORDER BY hash(d.no) LIMIT {Math.Max(20_000, seconds * rate * 2)}");
        Target[] hubs = Read(rows, "SELECT d.name, d.backlinks, 0 FROM domains d ORDER BY abs(d.backlinks::BIGINT - 50000), d.no LIMIT 5");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {run}, rows {new FileInfo(rows).Length >> 20} MB; hubs with {string.Join(", ", hubs.Select(h => h.Backlinks.ToString("N0", CultureInfo.InvariantCulture)))} links from other domains"));
        Check(served, rows, [.. targets.Take(20), hubs[0]]);

        for (int i = 0; i < warm; i++) // a service is asked all day: its code is made, though most blocks that are asked for are not in memory
            served.Get(Question(i, targets[targets.Length - 1 - i]));
        served.ProcessorSeconds();
        Report("all-backlinks, 100 rows, filter, order", OpenLoop(served, seconds, rate, i => Backlinks(targets[i % targets.Length])), served);
        Report("overview", OpenLoop(served, seconds, Math.Max(1, rate / 5), i => $"/site-explorer/overview?target={targets[(i * 7 + 3) % targets.Length].Name}"), served);
        Report("a hub's backlinks, filter, order, varied", OpenLoop(served, seconds, Math.Max(1, rate / 10), i => Backlinks(hubs[i % hubs.Length], i)), served);
        Report("a hub's overview, made anew each time", OpenLoop(served, seconds, Math.Max(1, rate / 25), i => $"/site-explorer/overview?target={hubs[i % hubs.Length].Name}", anew: true), served);
        Report("the largest of these hubs alone", OpenLoop(served, seconds, Math.Max(1, rate / 25), _ => $"/site-explorer/overview?target={hubs[0].Name}", anew: true), served);
        Mixed("mixed, no target twice", served, seconds, clients, targets, hubs, zipf: false);
        Mixed("mixed, targets by Zipf", served, seconds, clients, targets, hubs, zipf: true);
        (double perSecond, _) = ClosedLoop(served, Math.Min(seconds, 10), clients, _ => "/health");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"/health, what HTTP costs here",-46} {perSecond,8:N0} requests/s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory of the service: {served.Memory("VmHWM:") >> 20} MB resident at most, {served.Memory("RssAnon:") >> 20} MB private now"));
    }

    /// <param name="hour">Makes the filter, and so the question, another one; 0 for none.</param>
    private static string Backlinks(Target target, int hour = 0)
    {
        string filter = hour == 0 ? Filter : Filter.Replace("]}]}", string.Create(CultureInfo.InvariantCulture, $"]}},{{\"field\":\"first_seen_link\",\"is\":[\"gte\",\"{new DateTime(2000, 1, 1).AddHours(hour):yyyy-MM-ddTHH:mm:ss}Z\"]}}]}}"), StringComparison.Ordinal);
        return $"/site-explorer/all-backlinks?target={target.Name}&mode=subdomains&where={Uri.EscapeDataString(filter)}&order_by=domain_rating_source:desc&limit=100";
    }

    /// <summary>What analysts ask: lists most, then overviews, referring domains, anchors, scores, best pages.</summary>
    private static string Question(int i, Target target) => (i % 10) switch
    {
        0 or 1 or 2 or 3 => Backlinks(target),
        4 or 5 => $"/site-explorer/overview?target={target.Name}",
        6 => $"/site-explorer/refdomains?target={target.Name}&order_by=domain_rating:desc&limit=50",
        7 => $"/site-explorer/anchors?target={target.Name}&limit=50",
        8 => $"/site-explorer/domain-rating?target={target.Name}",
        _ => $"/site-explorer/pages-by-backlinks?target={target.Name}&limit=50",
    };

    private static void Mixed(string what, Served served, int seconds, int clients, Target[] targets, Target[] hubs, bool zipf)
    {
        var random = new Random(5);
        int[] drawn = [.. Enumerable.Range(0, 1 << 16).Select(_ => (int)Math.Min(targets.Length - 1, Math.Pow(targets.Length, random.NextDouble()) - 1))];
        (double perSecond, Latencies latencies) = ClosedLoop(served, seconds, clients,
            i => Question(i, i % 1000 == 999 ? hubs[i / 1000 % hubs.Length] : targets[zipf ? drawn[i % drawn.Length] : (int)(i * 2_654_435_761L % targets.Length)]));
        Report(what, latencies, served, perSecond);
    }

    private static void Report(string what, Latencies latencies, Served served, double? perSecond = null) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-46} p50 {latencies.At(.5),7:F1} ms  p99 {latencies.At(.99),7:F1} ms  most {latencies.At(1),7:F1} ms  of {latencies.Count:N0}")
            + string.Create(CultureInfo.InvariantCulture, $"  {1000 * served.ProcessorSeconds() / latencies.Count,6:F1} ms of its processor time")
            + (perSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $"  {rate:N0} requests/s") : "") + string.Create(CultureInfo.InvariantCulture, $"  {served.Memory("VmRSS:") >> 20} MB"));

    private static void Check(Served served, string rows, Target[] targets)
    {
        foreach (Target target in targets)
        {
            long told = JsonDocument.Parse(served.Get(Backlinks(target))).RootElement.GetProperty("meta").GetProperty("total_count").GetInt64();
            long counted = Read(rows, $"SELECT '', count(*), 0 FROM links WHERE target_domain_no = (SELECT no FROM domains WHERE name = '{target.Name.Replace("'", "''", StringComparison.Ordinal)}') AND NOT is_internal AND status <> 'lost' AND is_dofollow AND anchor <> ''")[0].Backlinks;
            if (told != counted)
                throw new InvalidOperationException($"{target.Name}: the service tells of {told} links, its rows of {counted}; do not trust the times either");
        }
    }

    private static Target[] Read(string rows, string sql)
    {
        using var connection = new DuckDBConnection($"Data Source={rows};ACCESS_MODE=READ_ONLY");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using DuckDBDataReader reader = command.ExecuteReader();
        var found = new List<Target>();
        while (reader.Read())
            found.Add(new Target(reader.GetString(0), Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture), 0));
        return [.. found];
    }

    /// <summary>Questions at a fixed rate, whatever becomes of those before.</summary>
    /// <param name="anew">No answer from a cache.</param>
    private static Latencies OpenLoop(Served served, int seconds, int rate, Func<int, string> question, bool anew = false)
    {
        int count = seconds * rate;
        var latencies = new double[count];
        for (int i = 0; i < 5; i++)
            served.Get(question(count + i), anew); // connections and code are warm
        long start = Stopwatch.GetTimestamp();
        Task[] asked = new Task[count];
        for (int i = 0; i < count; i++)
        {
            double due = i / (double)rate;
            while (Stopwatch.GetElapsedTime(start).TotalSeconds is var now && now < due)
                Thread.Sleep(TimeSpan.FromSeconds(Math.Min(due - now, 0.01)));
            int number = i;
            asked[i] = Task.Run(async () =>
            {
                await served.GetAsync(question(number), anew);
                latencies[number] = 1000 * (Stopwatch.GetElapsedTime(start).TotalSeconds - due);
            });
        }
        Task.WaitAll(asked);
        return new Latencies(latencies);
    }

    /// <summary>As many questions as some clients get answered, each asking again at once.</summary>
    private static (double PerSecond, Latencies Latencies) ClosedLoop(Served served, int seconds, int clients, Func<int, string> question)
    {
        int next = 0;
        var all = new List<double>();
        long start = Stopwatch.GetTimestamp();
        Task.WaitAll([.. Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            var mine = new List<double>();
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
            {
                long sent = Stopwatch.GetTimestamp();
                await served.GetAsync(question(Interlocked.Increment(ref next) - 1));
                mine.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
            lock (all)
                all.AddRange(mine);
        }))]);
        return (all.Count / Stopwatch.GetElapsedTime(start).TotalSeconds, new Latencies([.. all]));
    }

    private sealed class Latencies
    {
        private readonly double[] _sorted;

        public Latencies(double[] milliseconds)
        {
            _sorted = milliseconds;
            Array.Sort(_sorted);
        }

        public int Count => _sorted.Length;

        public double At(double quantile) => _sorted.Length == 0 ? double.NaN : _sorted[Math.Min(_sorted.Length - 1, (int)Math.Ceiling(quantile * _sorted.Length) - 1)];
    }

    /// <summary>The program's own process, until disposed.</summary>
    private sealed class Served : IDisposable
    {
        private readonly Process _process;
        private readonly HttpClient _client;
        private double _counted;

        public Served(string data)
        {
            int port = FreePort();
            _process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "backlinks.dll"), "serve", "--data", data, "--urls", $"http://127.0.0.1:{port}"]) { RedirectStandardError = true })!;
            _process.ErrorDataReceived += (_, line) =>
            {
                if (line.Data is { Length: > 0 } text && !text.Contains(" info: ", StringComparison.Ordinal)) // the access log is written, for that is part of serving
                    Console.Error.WriteLine("serve: " + text);
            };
            _process.BeginErrorReadLine();
            _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
            for (int tries = 0; ; tries++)
                try
                {
                    Get("/health");
                    break;
                }
                catch (HttpRequestException) when (tries < 300 && !_process.HasExited)
                {
                    Thread.Sleep(100);
                }
        }

        public long Memory(string key) => Machine.StatusOf(_process.Id, key);

        /// <summary>What the service used since this was asked last.</summary>
        public double ProcessorSeconds()
        {
            _process.Refresh();
            (double now, double before) = (_process.TotalProcessorTime.TotalSeconds, _counted);
            _counted = now;
            return now - before;
        }

        public string Get(string path, bool anew = false) => GetAsync(path, anew).GetAwaiter().GetResult();

        public async Task<string> GetAsync(string path, bool anew = false)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1" + path);
            request.Headers.CacheControl = anew ? new CacheControlHeaderValue { NoCache = true } : null;
            using HttpResponseMessage answer = await _client.SendAsync(request);
            string body = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? body : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {body}");
        }

        public void Dispose()
        {
            _client.Dispose();
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        private static int FreePort()
        {
            using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
