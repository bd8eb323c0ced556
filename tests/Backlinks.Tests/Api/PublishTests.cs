using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Backlinks.Stores;
using static Backlinks.Tests.Api.Asking;

namespace Backlinks.Tests.Api;

/// <summary>Runs that appear while people read.</summary>
public sealed class PublishTests(SampleWebRun sample)
{
    [Fact]
    public async Task Runs_published_while_fifty_questions_a_second_go_on_break_none_and_mix_none_within_a_cursor()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        DataFolder opened = new(data);
        IReadOnlyList<string> before = opened.RunIds();
        Assert.True(before.Count >= 2);
        await using RunningService service = await sample.ServeAsync(data);
        service.Client.Timeout = TimeSpan.FromMinutes(5);

        // One run is ranked and published as users do it; meanwhile those that are there take turns in being the current one, as fast as files can be replaced.
        Assert.Equal(HttpStatusCode.Accepted, await service.Client.StatusAsync(Post("/api/v1/runs", """{"store":true}""")));
        using CancellationTokenSource enough = new(TimeSpan.FromMinutes(4));
        bool Published() => opened.RunIds().Count > before.Count;
        Task turns = Task.Run(async () =>
        {
            for (int i = 0; !Published() && !enough.IsCancellationRequested; i++)
            {
                Durable.WriteText(Path.Combine(opened.Runs, "current"), before[i % before.Count] + "\n");
                await Task.Delay(50);
            }
        });

        ConcurrentBag<string> seen = [], wrong = [];
        ConcurrentBag<Task> readers = [];
        int asked = 0;
        async Task ReadAsync(int reader)
        {
            string question = $"/api/v1/site-explorer/all-backlinks?target={(reader % 2 == 0 ? "best-guitar-deals.example" : "casino-royal-slots.example")}&order_by=url_from&limit=1";
            string? run = null, cursor = null;
            HashSet<string> rows = [];
            long total = -1;
            for (int page = 0; page < 4; page++)
            {
                Interlocked.Increment(ref asked);
                using HttpResponseMessage response = await service.Client.GetAsync(question + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
                string text = await response.Content.ReadAsStringAsync();
                if (response.StatusCode != HttpStatusCode.OK)
                {
                    wrong.Add($"{(int)response.StatusCode} {text}");
                    return;
                }
                using var answer = JsonDocument.Parse(text);
                JsonElement meta = answer.RootElement.GetProperty("meta");
                string of = meta.GetProperty("run").GetProperty("id").GetString()!;
                seen.Add(of);
                if ((run ??= of) != of)
                    wrong.Add($"page {page} is of {of}, the first was of {run}");
                if (total >= 0 && total != meta.GetProperty("total_count").GetInt64())
                    wrong.Add($"page {page} counts {meta.GetProperty("total_count")}, the first {total}");
                total = meta.GetProperty("total_count").GetInt64();
                foreach (JsonElement row in answer.RootElement.GetProperty("backlinks").EnumerateArray())
                    if (!rows.Add(row.GetRawText()))
                        wrong.Add($"page {page} repeats a row");
                cursor = meta.GetProperty("next_cursor").GetString();
                if (cursor is null)
                    return;
            }
        }
        using SemaphoreSlim atOnce = new(64);
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(4 * 20)); // four pages each: fifty a second where the machine can
        int started = 0, after = 0;
        while ((!Published() || after++ < 25) && !enough.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync();
            await atOnce.WaitAsync();
            int reader = started++;
            readers.Add(Task.Run(async () =>
            {
                try
                {
                    await ReadAsync(reader);
                }
                finally
                {
                    atOnce.Release();
                }
            }));
        }
        await turns;
        await Task.WhenAll(readers);
        Assert.True(Published(), "no run was published");
        Assert.True(wrong.IsEmpty, $"{wrong.Count} of {asked}:\n{string.Join('\n', wrong.Take(10))}");
        string current = opened.CurrentRun!;
        await ReadAsync(0);
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
        Assert.Contains(current, seen);
        Assert.Superset(before.ToHashSet(), seen.ToHashSet());
        Assert.True(asked > 100, $"only {asked} questions were asked");
        TestContext.Current.SendDiagnosticMessage($"{asked} questions, {seen.Distinct().Count()} runs");
    }
}
