using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>Jobs that the clock starts, by a clock that moves when told.</summary>
public sealed class ScheduleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 3, 27, 12, 0, 0, TimeSpan.Zero)); // a Friday; on Sunday the clocks of Europe go forward

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_job_is_started_at_each_of_its_times_and_missed_ones_are_made_up_for_once()
    {
        string id;
        await using (JobService service = await StartAsync())
        {
            using HttpResponseMessage added = await service.Client.PostAsJsonAsync("schedules", new { cron = "30 4 * * *", kind = "run", request = new { with = new[] { "core" } } }, JobService.Cancel);
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
            JsonElement schedule = await added.Content.ReadFromJsonAsync<JsonElement>(JobService.Cancel);
            id = schedule.GetProperty("id").GetString()!;
            Assert.Equal(new DateTimeOffset(2026, 3, 28, 4, 30, 0, TimeSpan.Zero), schedule.GetProperty("next").GetDateTimeOffset());
            service.Schedules.Tick();
            Assert.Empty(service.Jobs.List());
            _time.Advance(TimeSpan.FromHours(17));
            Job first = await TickedAsync(service, 1);
            Assert.Equal((id, "core"), (first.Schedule, first.Request.GetProperty("with")[0].GetString()));
            service.Schedules.Tick();
            Assert.Single(service.Jobs.List());
        }
        _time.Advance(TimeSpan.FromDays(5));
        await using (JobService service = await StartAsync())
        {
            Job made = await TickedAsync(service, 2); // five times were missed, one job makes up for them
            JsonElement schedule = Assert.Single((await service.GetAsync("schedules")).GetProperty("schedules").EnumerateArray());
            Assert.Equal(made.Id, schedule.GetProperty("last_job").GetString());
            Assert.Equal(new DateTimeOffset(2026, 4, 3, 4, 30, 0, TimeSpan.Zero), schedule.GetProperty("next").GetDateTimeOffset());
            using HttpResponseMessage removed = await service.Client.DeleteAsync($"schedules/{id}", JobService.Cancel);
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
            using HttpResponseMessage again = await service.Client.DeleteAsync($"schedules/{id}", JobService.Cancel);
            Assert.Equal("not_found", (await JobService.ProblemOf(again, HttpStatusCode.NotFound)).GetProperty("code").GetString());
            _time.Advance(TimeSpan.FromDays(5));
            service.Schedules.Tick();
            Assert.Equal(2, service.Jobs.List().Count);
        }
    }

    [Fact]
    public async Task Times_are_those_of_the_time_zone_across_a_change_of_its_clocks()
    {
        await using JobService service = await StartAsync();
        service.Schedules.Add(new ScheduleRequest { Cron = "0 3 * * *", TimeZone = "Europe/Berlin", Kind = JobKind.Run });
        var next = new List<DateTimeOffset>();
        for (int day = 0; day < 3; day++)
        {
            next.Add(service.Schedules.List()[0].Next!.Value);
            _time.Now = next[^1];
            await TickedAsync(service, day + 1);
        }
        Assert.Equal([At(28, 2), At(29, 1), At(30, 1)], next); // from Sunday on Berlin is two hours ahead of UTC

        static DateTimeOffset At(int day, int hour) => new(2026, 3, day, hour, 0, 0, TimeSpan.Zero);
    }

    [Fact]
    public async Task A_job_that_has_not_ended_is_not_started_again()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        await using JobService service = await StartAsync();
        service.Schedules.Add(new ScheduleRequest { Cron = "* * * * *", Kind = JobKind.Crawl, Request = JsonSerializer.SerializeToElement(JobService.CrawlOf(web.Server)) });
        _time.Advance(TimeSpan.FromMinutes(1));
        service.Schedules.Tick();
        await JobService.Until(() => web.Reached, "the crawl to come to the gate");
        _time.Advance(TimeSpan.FromMinutes(1));
        service.Schedules.Tick();
        Job crawl = Assert.Single(service.Jobs.List());
        Assert.Contains($"job {crawl.Id} had not ended", service.Schedules.List()[0].Problem, StringComparison.Ordinal);
        web.Open();
        await service.WaitAsync(crawl.Id, "done");
        _time.Advance(TimeSpan.FromMinutes(1));
        service.Schedules.Tick();
        Assert.Equal(2, service.Jobs.List().Count);
        Assert.Equal("", service.Schedules.List()[0].Problem);
    }

    [Fact]
    public async Task A_kill_between_job_and_schedule_starts_no_job_twice()
    {
        string file = Path.Combine(_folder.File("data"), "schedules", "000001-run.json");
        string before;
        await using (JobService service = await StartAsync())
        {
            service.Schedules.Add(new ScheduleRequest { Cron = "* * * * *", Kind = JobKind.Run });
            before = File.ReadAllText(file);
            _time.Advance(TimeSpan.FromMinutes(1));
            await TickedAsync(service, 1);
        }
        File.WriteAllText(file, before); // the job is kept, the schedule's new time is not
        await using (JobService service = await StartAsync())
        {
            Job job = Assert.Single(service.Jobs.List());
            Assert.Equal(job.Id, service.Schedules.List()[0].LastJob);
        }
    }

    /// <summary>Looks at the clock and waits for the jobs to end: they fail, for there is nothing to rank.</summary>
    private static async Task<Job> TickedAsync(JobService service, int jobs)
    {
        service.Schedules.Tick();
        Assert.Equal(jobs, service.Jobs.List().Count);
        Job newest = service.Jobs.List()[0];
        await service.WaitAsync(newest.Id, "failed");
        return newest;
    }

    private Task<JobService> StartAsync() => JobService.StartAsync(_folder.File("data"), services: services => services.AddSingleton<TimeProvider>(_time));
}
