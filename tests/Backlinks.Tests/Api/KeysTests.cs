using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.Stores;
using Microsoft.AspNetCore.Http;
using static Backlinks.Tests.Api.Asking;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Api;

public sealed class KeysTests
{
    private const string Asked = "/openapi/v1.json";

    [Fact]
    public void Key_is_shown_once_and_only_its_hash_is_kept()
    {
        using TemporaryFolder data = new();
        var made = Program.Run(data, "keys", "add", "night build", "--scopes", "read,jobs").Ok();
        string key = made.Output.Trim();
        Assert.Matches("^blk_[0-9a-f]{8}_[0-9a-f]{64}$", key);
        string file = File.ReadAllText(data.File("keys.json")), secret = key[13..];
        Assert.DoesNotContain(secret, file, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), file, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data.File("keys.json")));
        string list = Program.Run(data, "keys", "list", "--csv").Ok().Output;
        Assert.Contains($"{key[4..12]},night build,read jobs,", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);

        Assert.Contains("revoked", Program.Run(data, "keys", "revoke", key[4..12]).Ok().Error, StringComparison.Ordinal);
        Assert.Contains("no key 'ffffffff'", Program.Run(data, "keys", "revoke", "ffffffff").Fails(2), StringComparison.Ordinal);
        Assert.Contains("read, jobs, admin", Program.Run(data, "keys", "add", "x", "--scopes", "write").Fails(2), StringComparison.Ordinal);
        Assert.Contains("one line", Program.Run(data, "keys", "add", "a\nb").Fails(2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_made_by_several_programs_at_once_are_all_kept()
    {
        using TemporaryFolder data = new();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => new ApiKeys(new DataFolder(data.Path)).Add($"key {i}", [Scopes.Read]))));
        Assert.Equal(12, new ApiKeys(new DataFolder(data.Path)).All.Count);
        Assert.Single(Directory.GetFiles(data.Path)); // neither lock nor half a file is left
    }

    [Fact]
    public async Task On_this_machine_no_key_is_needed_unless_asked_for()
    {
        await using OwnService service = await OwnService.StartAsync();
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked)));
        await using OwnService strict = await OwnService.StartAsync(o => o with { KeysOnLoopback = true });
        await strict.Client.RefusedAsync(Get(Asked), "no_key");
        await strict.Client.RefusedAsync(Get("/no/such/address"), "no_key"); // strangers do not learn what there is
    }

    [Fact]
    public async Task Keys_made_and_revoked_are_seen_by_a_running_service()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { KeysOnLoopback = true });
        ApiKeys keys = new(new DataFolder(service.Data));
        var (key, text) = keys.Add("one", [Scopes.Read]);
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Authorization", "Bearer " + text)));
        keys.Add("another", [Scopes.Read]);
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Authorization", "bearer " + text)));
        Assert.True(keys.Revoke(key.Id));
        await service.Client.RefusedAsync(Get(Asked).With("Authorization", "Bearer " + text), "no_key");
    }

    [Fact]
    public async Task A_key_does_what_its_scopes_say()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { KeysOnLoopback = true }, app => app.MapPostForTest("/api/v1/ask", Scopes.Read));
        ApiKeys keys = new(new DataFolder(service.Data));
        string read = keys.Add("r", [Scopes.Read]).Text, jobs = keys.Add("j", [Scopes.Jobs]).Text, admin = keys.Add("a", [Scopes.Admin]).Text;
        HttpRequestMessage Start(string key) => Post("/api/v1/runs").With("Authorization", "Bearer " + key);
        JsonElement problem = await service.Client.RefusedAsync(Start(read), "not_allowed");
        Assert.Contains("scope jobs", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.Forbidden, await service.Client.StatusAsync(Start(jobs)));
        Assert.NotEqual(HttpStatusCode.Forbidden, await service.Client.StatusAsync(Start(admin)));
        await service.Client.RefusedAsync(Get(Asked).With("Authorization", "Bearer " + jobs), "not_allowed");
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Post("/api/v1/ask").With("Authorization", "Bearer " + read))); // a POST that only asks
    }

    [Fact]
    public async Task Wrong_keys_are_refused_logged_without_the_secret_and_slowed_while_right_ones_pass()
    {
        await using OwnService service = await OwnService.StartAsync();
        var (key, text) = new ApiKeys(new DataFolder(service.Data)).Add("right", [Scopes.Read]);
        string wrong = text[..^1] + (text[^1] == '0' ? '1' : '0');
        foreach (string header in new[] { "Bearer " + wrong, "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer blk_", $"Bearer {text} {text}", "Bearer " + new string('k', 20_000) })
            await service.Client.RefusedAsync(Get(Asked).With("Authorization", header), "no_key");
        HttpStatusCode last = HttpStatusCode.OK;
        int slowed = 0;
        for (int i = 0; i < 30; i++)
        {
            using HttpResponseMessage response = await service.Client.SendAsync(Get(Asked).With("Authorization", "Bearer " + wrong));
            last = response.StatusCode;
            if (last == HttpStatusCode.TooManyRequests)
            {
                Assert.NotNull(response.Headers.RetryAfter?.Delta);
                slowed++;
            }
        }
        Assert.InRange(slowed, 1, 30);
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Authorization", "Bearer " + text)));
        Assert.Contains(service.Log, line => line.Contains($"a wrong key ({key.Id}) from 127.0.0.1", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Log, line => line.Contains(text[13..60], StringComparison.Ordinal));
        Assert.Contains(service.Log, line => line.Contains($"by {key.Id} trace", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_file_of_keys_lets_nobody_in_and_nothing_start()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { KeysOnLoopback = true });
        string text = new ApiKeys(new DataFolder(service.Data)).Add("one", [Scopes.Admin]).Text, path = Path.Combine(service.Data, "keys.json"), whole = File.ReadAllText(path);
        foreach (string damaged in new[] { "", "{", "null", "{\"version\":1}", whole[..^20], whole.Replace("\"secret_sha256\": \"", "\"secret_sha256\": \"zz", StringComparison.Ordinal), whole.Replace("\"version\": 1", "\"version\": 9", StringComparison.Ordinal) })
        {
            File.WriteAllText(path, damaged);
            await service.Client.RefusedAsync(Get(Asked).With("Authorization", "Bearer " + text), "no_key");
            Assert.Contains("keys.json", Program.Run("serve", "--data", service.Data, "--urls", "http://127.0.0.1:0").Fails(1), StringComparison.Ordinal);
            Assert.Contains("keys.json", Program.Run("keys", "add", "two", "--data", service.Data).Fails(1), StringComparison.Ordinal);
            Assert.Equal(damaged, File.ReadAllText(path)); // what can be saved by hand is not overwritten
        }
        File.WriteAllText(path, whole);
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Authorization", "Bearer " + text)));
    }

    [Fact]
    public void Beyond_this_machine_nothing_starts_without_keys_or_an_open_door()
    {
        using TemporaryFolder data = new();
        foreach (string[] args in new[] { new[] { "--urls", "http://0.0.0.0:0" }, ["--urls", "http://[::]:0"], ["--urls", "http://*:0"], ["--behind-proxy", "127.0.0.1"], ["--urls", "http://127.0.0.1:0", "--urls", "http://10.1.2.3:0"] })
        {
            string line = Program.Run(data, ["serve", .. args]).Fails(2);
            Assert.Contains("backlinks keys add NAME", line, StringComparison.Ordinal);
            Assert.Contains("--open", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Where_it_is_open_strangers_read_and_start_nothing()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { Open = true, Proxies = ["127.0.0.1"] });
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked)));
        await service.Client.RefusedAsync(Post("/api/v1/runs"), "no_key");
    }

    [Fact]
    public async Task Forwarded_headers_count_for_proxies_alone_and_never_make_a_caller_local()
    {
        string[] claims = ["127.0.0.1", "::1", "localhost"];
        await using OwnService strict = await OwnService.StartAsync(o => o with { Proxies = ["127.0.0.1"] }, prepare: data => new ApiKeys(new DataFolder(data)).Add("k", [Scopes.Read]));
        foreach (string claim in claims)
            await strict.Client.RefusedAsync(Get(Asked).With("X-Forwarded-For", claim).With("Forwarded", $"for={claim}").With("X-Real-IP", claim), "no_key");
        await strict.Client.RefusedAsync(Get(Asked), "no_key");
        await strict.Client.RefusedAsync(Get(Asked).With("X-Forwarded-For", "203.0.113.9").With("Authorization", "Bearer wrong"), "no_key");
        Assert.Contains(strict.Log, line => line.Contains("from 203.0.113.9", StringComparison.Ordinal));

        await using OwnService direct = await OwnService.StartAsync();
        await direct.Client.RefusedAsync(Get(Asked).With("X-Forwarded-For", "203.0.113.9").With("Authorization", "Bearer wrong"), "no_key");
        Assert.Contains(direct.Log, line => line.Contains("from 127.0.0.1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_dashboard_asks_once_for_a_key_and_keeps_a_cookie_that_scripts_and_other_sites_cannot_use()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { KeysOnLoopback = true }, app => app.MapPageForTest("/page"));
        ApiKeys keys = new(new DataFolder(service.Data));
        var (key, text) = keys.Add("me", [Scopes.Read]);
        HttpRequestMessage Page() => Get("/page?a=1").With("Accept", "text/html,*/*");
        HttpRequestMessage Show(string shown, string to) => new HttpRequestMessage(HttpMethod.Post, "/key") { Content = new FormUrlEncodedContent([new("key", shown), new("to", to)]) };

        using (HttpResponseMessage led = await service.Client.SendAsync(Page()))
            Assert.Equal("/key?to=%2Fpage%3Fa%3D1", led.Headers.Location?.ToString());
        string form = await (await service.Client.SendAsync(Get("/key?to=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))).Content.ReadAsStringAsync();
        Assert.DoesNotContain("<script>", form, StringComparison.Ordinal);
        using (HttpResponseMessage wrong = await service.Client.SendAsync(Show("<b>" + text[..^1], "/page")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
            Assert.False(wrong.Headers.Contains("Set-Cookie"));
        }
        await service.Client.RefusedAsync(Show(text, "/").With("Origin", "https://evil.example"), "not_allowed"); // nobody is logged in by another site
        foreach (string to in new[] { "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "" })
            using (HttpResponseMessage astray = await service.Client.SendAsync(Show(text, to)))
                Assert.Equal("/", astray.Headers.Location?.ToString());

        string cookie;
        using (HttpResponseMessage right = await service.Client.SendAsync(Show(text, "/page?a=1")))
        {
            Assert.Equal("/page?a=1", right.Headers.Location?.ToString());
            cookie = Assert.Single(right.Headers.GetValues("Set-Cookie"));
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(text[13..], cookie, StringComparison.Ordinal);
        }
        string kept = cookie.Split(';')[0];
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Page().With("Cookie", kept)));
        await service.Client.RefusedAsync(Post("/api/v1/runs").With("Cookie", kept), "not_allowed"); // its key may read
        Assert.Equal(HttpStatusCode.Redirect, await service.Client.StatusAsync(Page().With("Cookie", kept[..^4] + "AAAA")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(service.Data, ".keys")));
        Assert.DoesNotContain(service.Log, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("XML", StringComparison.Ordinal));

        keys.Revoke(key.Id);
        Assert.Equal(HttpStatusCode.Redirect, await service.Client.StatusAsync(Page().With("Cookie", kept)));
    }
}
