namespace Quoin.MessagePack;

/// <summary>Why a <see cref="MessagePackException"/> was thrown.</summary>
public enum MessagePackError
{
    /// <summary>The input ends before the value does. More bytes may make it whole.</summary>
    Incomplete = 0,

    /// <summary>No MessagePack: <c>0xc1</c>, text that is not UTF-8, a timestamp of no form.</summary>
    Malformed = 1,

    /// <summary>A sound value of another type than was asked for.</summary>
    WrongType = 2,

    /// <summary>A sound number or time that the type asked for cannot hold.</summary>
    OutOfRange = 3,

    /// <summary>More than <see cref="MessagePackLimits"/> allows.</summary>
    LimitExceeded = 4,

    /// <summary>
    /// What the other format has no word for: a lone surrogate in UTF-8; in JSON not a number, infinity, a key that is
    /// not a string or comes twice.
    /// </summary>
    Unrepresentable = 5,
}
