namespace Quoin.Server.Gateway.Accounting;

/// <summary>Bounds of usage and budgets that are no settings, with their reason.</summary>
internal static class UsageLimits
{
    /// <summary>
    /// Records not yet in the database, those of requests under way included: about 40 MB, a minute and a half of a
    /// thousand requests a second.
    /// </summary>
    public const int Pending = 100_000;

    /// <summary>Records in one transaction: some 10 ms.</summary>
    public const int Batch = 1000;

    /// <summary>
    /// How long a record waits for others to share its transaction; at most so much is lost by a kill.
    /// </summary>
    public static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50);

    /// <summary>The first pause after the database failed, and the longest.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Told to who is refused because nothing more can be written down.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>For a reader of usage to wait until what was used is in the database.</summary>
    public static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(2);

    /// <summary>How often records that have outlived their time are removed, and how many at once.</summary>
    public static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);

    public const int Removed = 10_000;

    /// <summary>Days of the sums by day, and of what was spent: a month and what may be asked of it.</summary>
    public const int SummedDays = 400;

    public const int SpentDays = 70;

    /// <summary>Characters of a model's name: what a client invents is cut.</summary>
    public const int NameChars = 200;

    /// <summary>Rows of a page of usage.</summary>
    public const int Page = 100;

    public const int DefaultPage = 50;

    /// <summary>Models that are told once to have no price.</summary>
    public const int Unpriced = 1000;

    /// <summary>Keys whose budgets are metrics.</summary>
    public const int KeyLabels = 100;

    /// <summary>
    /// Bytes of an event around its text: OpenAI's chunks have some 200, others less for more text. Where a stream
    /// told no usage its tokens are estimated: one an event, or a token for four bytes beyond these.
    /// </summary>
    public const int EventBytes = 200;
}
