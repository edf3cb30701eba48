using System.Globalization;

namespace Quoin.Server.Configuration.Binding;

/// <summary>Reads one value from its text and holds it to its range and choices.</summary>
internal static class ScalarReader
{
    /// <param name="quoted">Quoted in the file: text, so no number and no truth value.</param>
    /// <param name="loose">From a variable or an option, which spell truth values in more ways.</param>
    public static bool TryRead(
        ValueShape shape, OriginKind origin, string text, bool quoted, bool loose, out object? value,
        out ConfigurationErrorKind fault)
    {
        var literal = quoted && !loose;
        fault = ConfigurationErrorKind.WrongType;
        value = shape.Kind switch
        {
            ValueKind.Boolean when !literal => (object?)ReadBoolean(text, loose),
            ValueKind.Integer when !literal => ReadInteger(text, ref fault),
            ValueKind.Number when !literal => ReadNumber(text),
            ValueKind.Size => Sizes.TryParse(text, out var bytes) ? bytes : null,
            ValueKind.Duration => ReadDuration(shape, origin, text),
            ValueKind.Text => text,
            _ => null,
        };
        if (value is null)
            return false;
        if (shape.Kind == ValueKind.Text)
            return FitsText(shape, text, ref fault);
        fault = ConfigurationErrorKind.OutOfRange;
        var measure = value switch
        {
            TimeSpan duration => duration.TotalSeconds,
            long integer => integer,
            double number => number,
            _ => 0,
        };
        if (measure < shape.Rules.Min || measure > shape.Rules.Max)
            return false;
        if (value is long whole && shape.Type == typeof(int))
        {
            if (whole is < int.MinValue or > int.MaxValue)
                return false;
            value = (int)whole;
        }

        return true;
    }

    public static string Message(ConfigurationErrorKind fault, ValueShape shape) => fault switch
    {
        ConfigurationErrorKind.OutOfRange => "out of range",
        ConfigurationErrorKind.NotAChoice => "not a known value",
        _ when shape.Rules.Url => "not a URL of a server",
        _ => "wrong type",
    };

    private static bool? ReadBoolean(string text, bool loose)
    {
        if (text is "true" or "True" or "TRUE")
            return true;
        if (text is "false" or "False" or "FALSE")
            return false;
        // Shells and compose files spell it in more ways.
        return (loose, text.ToLowerInvariant()) switch
        {
            (true, "1" or "yes" or "on" or "true") => true,
            (true, "0" or "no" or "off" or "false") => false,
            _ => null,
        };
    }

    private static long? ReadInteger(string text, ref ConfigurationErrorKind fault)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        var digits = text.AsSpan().TrimStart("+-");
        if (!digits.IsEmpty && !digits.ContainsAnyExceptInRange('0', '9'))
            fault = ConfigurationErrorKind.OutOfRange;
        return null;
    }

    private static double? ReadNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) &&
        double.IsFinite(number)
            ? number
            : null;

    private static TimeSpan? ReadDuration(ValueShape shape, OriginKind origin, string text)
    {
        if (origin == OriginKind.Environment && Durations.TryNumber(text, out var number))
            return TimeSpan.FromTicks((long)(number * (shape.Rules.EnvMilliseconds ? 10_000 : 10_000_000)));
        return Durations.TryParse(text, out var duration) ? duration : null;
    }

    private static bool FitsText(ValueShape shape, string text, ref ConfigurationErrorKind fault)
    {
        fault = ConfigurationErrorKind.NotAChoice;
        if (shape.Rules.Choices.Length > 0)
            return shape.Rules.Choices.Contains(text, StringComparer.Ordinal);
        fault = ConfigurationErrorKind.WrongType;
        return !shape.Rules.Url || (Uri.TryCreate(text, UriKind.Absolute, out var uri) &&
            (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.Host.Length > 0);
    }
}
