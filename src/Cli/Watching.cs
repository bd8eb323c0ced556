using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Backlinks.Cli;

/// <summary>
/// Shows how far work is, with rate and time left, on standard error: live bars where that is a screen, else a line
/// when a step of a second or more ends and one every ten seconds in between.
/// </summary>
internal static class Watching
{
    public static T Watch<T>(Session session, Func<IProgress<StepProgress>, T> work)
    {
        Terminal terminal = session.Terminal;
        if (!terminal.ErrorIsScreen)
        {
            var lines = new Lines(terminal.Error);
            T result = work(lines);
            lines.End();
            return result;
        }
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Error) });
        var rates = new RateColumn();
        return console.Progress().AutoClear(true).AutoRefresh(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), rates, new RemainingTimeColumn())
            .Start(context => work(new Bars(context, rates)));
    }

    /// <summary>An amount a second with its unit: <c>12.3 M links/s</c>.</summary>
    public static string Rate(double perSecond, string unit) => perSecond switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e9:0.0} G {unit}/s"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e6:0.0} M {unit}/s"),
        >= 1e4 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e3:0.0} k {unit}/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.#} {unit}/s"),
    };

    private sealed class Lines(TextWriter error) : IProgress<StepProgress>
    {
        private readonly Lock _gate = new();
        private StepProgress _last;
        private long _start, _said;

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                if (value.Step != _last.Step)
                {
                    Say(ended: true);
                    _start = _said = Stopwatch.GetTimestamp();
                }
                _last = value;
                if (Stopwatch.GetElapsedTime(_said) > TimeSpan.FromSeconds(10))
                {
                    Say(ended: false);
                    _said = Stopwatch.GetTimestamp();
                }
            }
        }

        public void End()
        {
            lock (_gate)
                Say(ended: true);
        }

        private void Say(bool ended)
        {
            if (_last.Step is null)
                return;
            double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds, rate = _last.Done / Math.Max(seconds, 1e-6);
            if (seconds < 1)
                return; // nobody had to wait for it
            string amount = _last.Done == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" {_last.Done:N0}")
                + (_last.Total > 0 && !ended ? string.Create(CultureInfo.InvariantCulture, $" of {_last.Total:N0}") : "")
                + $" {_last.Unit}, {Rate(rate, _last.Unit)},";
            string left = ended || rate <= 0 || _last.Total <= 0 ? "" :
                string.Create(CultureInfo.InvariantCulture, $", {Math.Max(0, _last.Total - _last.Done) / rate:0} s left");
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_last.Step}:{amount} {seconds:0.0} s{left}"));
        }
    }

    private sealed class Bars(ProgressContext context, RateColumn rates) : IProgress<StepProgress>
    {
        private readonly Lock _gate = new();
        private ProgressTask? _task;

        public void Report(StepProgress value)
        {
            lock (_gate)
            {
                if (_task?.Description != Markup.Escape(value.Step))
                {
                    _task?.StopTask();
                    _task = context.AddTask(Markup.Escape(value.Step), autoStart: true);
                    rates.Unit = value.Unit;
                }
                _task.IsIndeterminate = value.Total <= 0;
                _task.MaxValue = Math.Max(1, value.Total);
                _task.Value = value.Done;
            }
        }
    }

    private sealed class RateColumn : ProgressColumn
    {
        /// <summary>Of the running step; a step that has ended shows no rate.</summary>
        public string Unit { get; set; } = "";

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(!task.IsFinished && task.Speed is > 0 and { } speed ? Rate(speed, Unit) : "");
    }
}
