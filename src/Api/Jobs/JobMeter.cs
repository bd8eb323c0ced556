using System.Diagnostics;
using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Api;

/// <summary>Turns the steps that a library reports into what a job tells: with rate and time left, no more often than people can read.</summary>
internal sealed class JobMeter(Action<JobProgress> tell, TimeSpan atLeast) : IProgress<StepProgress>
{
    private readonly Lock _gate = new();
    private string _step = "";
    private long _began, _told;
    private long _doneBefore;

    public void Report(StepProgress value)
    {
        JobProgress progress;
        lock (_gate)
        {
            long now = Stopwatch.GetTimestamp();
            bool first = value.Step != _step;
            if (first)
                (_step, _began, _doneBefore) = (value.Step, now, value.Done); // what was done before the step was seen, as in a crawl that goes on, is no speed
            else if (Stopwatch.GetElapsedTime(_told, now) < atLeast && !(value.Total > 0 && value.Done >= value.Total))
                return;
            _told = now;
            double seconds = Stopwatch.GetElapsedTime(_began, now).TotalSeconds, rate = seconds > 0 ? (value.Done - _doneBefore) / seconds : 0;
            double? left = rate > 0 && value.Total > 0 ? Math.Max(0, value.Total - value.Done) / rate : null;
            progress = new JobProgress(value.Step, value.Done, value.Total, value.Unit, rate, left, "",
                value.Kinds?.ToDictionary(kind => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.Key), kind => kind.Value));
        }
        tell(progress);
    }
}
