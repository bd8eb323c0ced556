using System.CommandLine;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval WHAT PATH</c>: how good the scores are, measured on labelled data that the user points at.
/// Each subcommand is a file of its own beside this one.</summary>
internal static class EvalCommand
{
    public static Command Create(Session session) => new("eval", "Measure how good the scores are, on labelled data of yours.")
    {
        EvalClicks.Create(session),
        EvalFarms.Create(session),
        EvalTopics.Create(session),
        EvalStability.Create(session),
        EvalWebspam.Create(session),
    };
}
