using Microsoft.Extensions.Logging;

namespace Quoin.Server.Gateway.Jobs;

internal static partial class JobLog
{
    [LoggerMessage(3100, LogLevel.Information, "{Count} jobs of before the start go on", EventName = nameof(Resumed))]
    public static partial void Resumed(ILogger logger, int count);

    [LoggerMessage(3101, LogLevel.Critical, "No more jobs are run: restart the server", EventName = nameof(Died))]
    public static partial void Died(ILogger logger, Exception exception);

    [LoggerMessage(3102, LogLevel.Error, "Job {Job} failed inside the gateway and is tried again",
        EventName = nameof(Faulted))]
    public static partial void Faulted(ILogger logger, Exception exception, string job);

    [LoggerMessage(3103, LogLevel.Warning, "Job {Job}: its webhook failed ({Reason}); call {Call} of {Calls}",
        EventName = nameof(WebhookFailed))]
    public static partial void WebhookFailed(ILogger logger, string job, string reason, int call, int calls);

    [LoggerMessage(3104, LogLevel.Error, "Job {Job}: its webhook could not be called at all",
        EventName = nameof(WebhookFaulted))]
    public static partial void WebhookFaulted(ILogger logger, Exception exception, string job);
}
