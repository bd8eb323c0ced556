using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.Api;

namespace Backlinks.Cli;

/// <summary><c>backlinks keys</c>: who may ask a service that others can reach.</summary>
internal static class KeysCommand
{
    private static readonly string[] Columns = ["id", "name", "scopes", "created"];

    public static Command Create(Session session) => new("keys", "Make, list and revoke the keys of the API; a running service sees it at once.")
    {
        Add(session),
        List(session),
        Revoke(session),
    };

    private static Command Add(Session session)
    {
        Argument<string> name = new("NAME") { Description = "What the key is for, to know it by." };
        Option<string> scopes = new("--scopes") { Description = $"What it may do, comma-separated: {string.Join(", ", Scopes.All)}.", HelpName = "SCOPES", DefaultValueFactory = _ => Scopes.Read };
        scopes.CompletionSources.Add([.. Scopes.All]);
        var command = new Command("add", "Make a key and print it: the only time it is shown.") { name, scopes, session.Json };
        command.SetAction(parsed =>
        {
            var (key, text) = new ApiKeys(session.Folder(parsed)).Add(parsed.GetValue(name)!, parsed.GetValue(scopes)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            if (session.Layout(parsed, csv: false) == Layout.Json)
                Printing.Json(session.Terminal, new JsonObject { ["id"] = key.Id, ["name"] = key.Name, ["scopes"] = new JsonArray([.. key.Scopes.Select(s => (JsonNode)s)]), ["key"] = text });
            else
            {
                session.Note($"key {key.Id} ({key.Name}) may {string.Join(", ", key.Scopes)}; send it as Authorization: Bearer KEY. It is not shown again:");
                Printing.Lines(session.Terminal, text);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List(Session session)
    {
        var command = new Command("list", "List the keys, without their secrets.") { session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            IReadOnlyList<ApiKey> keys = new ApiKeys(session.Folder(parsed)).All;
            Layout layout = session.Layout(parsed);
            if (keys.Count == 0 && layout == Layout.Text)
                session.Note($"{session.Folder(parsed).Path}: no key yet; make one with 'backlinks keys add NAME'");
            else
                Printing.Table(session.Terminal, layout, Columns, keys.Select(Row));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Revoke(Session session)
    {
        Argument<string> id = new("ID") { Description = "As 'backlinks keys list' shows it." };
        id.CompletionSources.Add(context => Session.Known(() => new ApiKeys(session.Folder(context.ParseResult)).All.Select(k => k.Id)));
        var command = new Command("revoke", "Take a key away; its next request is refused.") { id };
        command.SetAction(parsed =>
        {
            string given = parsed.GetValue(id)!;
            if (!new ApiKeys(session.Folder(parsed)).Revoke(given))
                throw new UsageException($"there is no key '{given}'; 'backlinks keys list' shows them");
            session.Note($"key {given} is revoked");
            return ExitCode.Done;
        });
        return command;
    }

    private static object?[] Row(ApiKey key) => [key.Id, key.Name, string.Join(' ', key.Scopes), key.Created.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)];
}
