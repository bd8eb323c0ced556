using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Backlinks.Api;

/// <summary>What keeps one caller, or many, from taking the service away from all others: sizes, rates, times, and how much is worked on at once.</summary>
internal static class RequestLimits
{
    /// <summary>Seconds that an expensive question waits for its turn.</summary>
    private const double QueueSeconds = 5;

    public static void AddRequestLimits(this WebApplicationBuilder builder, ApiOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            KestrelServerLimits limits = kestrel.Limits;
            limits.MaxRequestBodySize = options.MaxBodyBytes;
            limits.MaxRequestLineSize = 32 << 10; // a filter of some hundred conditions, percent-encoded; longer ones are answered 414
            limits.MaxRequestHeadersTotalSize = 32 << 10; // 431 beyond
            limits.MaxRequestHeaderCount = 64;
            limits.RequestHeadersTimeout = TimeSpan.FromSeconds(options.HeaderSeconds);
            limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            // Who sends less than that for five seconds on end only holds a connection; who takes less, AnswerBody lets go of sooner where much
            // waits to be taken. An open stream with nothing to say is not slow.
            limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
            limits.MinResponseDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
            limits.MaxConcurrentConnections = options.MaxConnections;
            limits.MaxConcurrentUpgradedConnections = options.MaxConnections; // live pages of the dashboard
            limits.Http2.MaxStreamsPerConnection = 100;
        });
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy
        {
            Timeout = TimeSpan.FromSeconds(options.RequestSeconds),
            TimeoutStatusCode = 504,
            WriteTimeoutResponse = context => ProblemAnswers.Answer(context, Problems.Of("too_slow", string.Create(CultureInfo.InvariantCulture, $"given up after {options.RequestSeconds} s: ask for less, such as a lower limit or a narrower filter"))),
        });
        builder.Services.AddRateLimiter(limiter =>
        {
            // Thousandths of a minute's share come back at a time, so that callers at an even pace never meet the limit.
            int portion = Math.Max(1, options.RequestsPerMinute / 600), burst = Math.Max(1, options.RequestsPerMinute / 10);
            TimeSpan period = TimeSpan.FromMinutes((double)portion / options.RequestsPerMinute);
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => RateLimitPartition.GetTokenBucketLimiter(
                Caller.Of(context) is { Ambient: false } shown ? shown.Id : Addresses.Of(context),
                _ => new TokenBucketRateLimiterOptions { TokenLimit = burst, TokensPerPeriod = portion, ReplenishmentPeriod = period, QueueLimit = 0 }));
            limiter.OnRejected = async (rejected, _) =>
            {
                TimeSpan wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan told) ? told : period;
                await ProblemAnswers.Answer(rejected.HttpContext, new ProblemException(429, "too_many_requests", string.Create(CultureInfo.InvariantCulture, $"more than {options.RequestsPerMinute} requests a minute")) { RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) });
            };
        });
        builder.Services.AddSingleton(new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = options.ExpensiveAtOnce,
            QueueLimit = 4 * options.ExpensiveAtOnce,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        }));
    }

    /// <summary>After admission, for limits are by caller.</summary>
    public static void UseRequestLimits(this WebApplication app)
    {
        app.UseRateLimiter();
        app.UseRequestTimeouts();
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() => Begun(context, stopping));
            return next(context);
        });
        var expensive = app.Services.GetRequiredService<ConcurrencyLimiter>();
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<ExpensiveQuestion>() is null)
            {
                await next(context);
                return;
            }
            using RateLimitLease turn = await Turn(expensive, context.RequestAborted);
            await next(context);
        });
    }

    private static async Task<RateLimitLease> Turn(ConcurrencyLimiter expensive, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(QueueSeconds));
        RateLimitLease? lease = null;
        try
        {
            lease = await expensive.AcquireAsync(1, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // waited long enough
        }
        if (lease is { IsAcquired: true })
            return lease;
        lease?.Dispose();
        throw new ProblemException(503, "busy", "as many such questions as can be worked on are being worked on") { RetryAfter = 2 };
    }

    /// <summary>An answer that has begun may go on as long as it moves; but a stream of events, which has no end, ends with the service.</summary>
    private static Task Begun(HttpContext context, CancellationToken stopping)
    {
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true)
        {
            CancellationTokenRegistration ending = stopping.Register(context.Abort);
            context.Response.RegisterForDispose(ending);
        }
        return Task.CompletedTask;
    }
}
