namespace Quoin.Server.Gateway.Admission;

/// <summary>What the header X-Quoin-Priority asks for; the numbers are accepted too.</summary>
internal enum Priority
{
    High = 0,
    Normal = 1,
    Low = 2,
}

internal static class Priorities
{
    public const string Header = "X-Quoin-Priority";

    /// <summary>
    /// Parts of the slots while all three wait. Weighted, not strict: a flood of high ones leaves the low ones every
    /// 21st slot, so that they are slow and not dead.
    /// </summary>
    public static readonly int[] Weights = [16, 4, 1];

    /// <summary>Label values and field names, by number.</summary>
    public static readonly string[] Names = ["high", "normal", "low"];

    public static bool TryParse(string text, out Priority priority)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (Names[i].Equals(text, StringComparison.OrdinalIgnoreCase) || (text.Length == 1 && text[0] == '0' + i))
            {
                priority = (Priority)i;
                return true;
            }
        }

        priority = Priority.Normal;
        return false;
    }
}
