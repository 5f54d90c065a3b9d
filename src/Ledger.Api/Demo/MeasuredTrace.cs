namespace Ledger.Api.Demo;

/// <summary>
/// Figures measured on a real trace, from which <see cref="MadeTrace"/> makes one of the same shape.
/// </summary>
/// <remarks>
/// Measured on the "Azure LLM inference trace 2023", conversation (AzurePublicDataset on GitHub, data/AzureLLMInferenceTrace_conv.csv; licence CC-BY 4.0),
/// 19,366 calls to a hosted chat model on 2023-11-16. To be cited as: Patel et al., "Splitwise: Efficient generative LLM inference using phase splitting",
/// ISCA 2024. Only these figures are taken from it. Quantiles are interpolated between order statistics; between the shares given here they are taken as straight.
/// </remarks>
internal static class MeasuredTrace
{
    /// <summary>How many calls the trace has.</summary>
    public const int Calls = 19_366;

    /// <summary>Spearman's rank correlation of input and output tokens. It is low because the dependence is no monotone one: see <see cref="OutputByInput"/>.</summary>
    public const double RankCorrelation = 0.0728;

    /// <summary>Calls in each minute; the last one lasted 21.7 s and is scaled to a whole one.</summary>
    public static IReadOnlyList<int> CallsByMinute { get; } =
    [
        191, 265, 329, 353, 307, 273, 268, 261, 322, 298, 301, 302, 345, 326, 283, 279, 280, 308, 343, 351, 351, 343, 408, 396, 386, 398, 432, 480, 476, 453,
        448, 507, 438, 413, 423, 418, 465, 311, 329, 316, 333, 355, 319, 360, 334, 375, 330, 249, 221, 249, 265, 280, 256, 254, 242, 260, 246, 225, 102,
    ];

    /// <summary>The time between two calls, in units of its mean in that minute: close to a Poisson process, with more of very short and of long gaps.</summary>
    public static Quantiles Gap { get; } = new(
        [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 1],
        [
            0, 0.0029, 0.0083, 0.0376, 0.0938, 0.1531, 0.2134, 0.2774, 0.347, 0.4203, 0.499, 0.5816, 0.6792, 0.7868, 0.9114, 1.0476, 1.2087, 1.3911, 1.6161, 1.8972,
            2.3068, 3.0372, 3.7847, 4.703, 5.3878, 7.2344, 13.7347,
        ]);

    /// <summary>Tokens read by a call.</summary>
    public static Quantiles Input { get; } = new(
        [
            0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.275, 0.3, 0.325, 0.35, 0.375, 0.4, 0.425, 0.45, 0.475, 0.5,
            0.525, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.725, 0.75, 0.775, 0.8, 0.825, 0.85, 0.875, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999, 1,
        ],
        [
            2, 17, 29, 91, 161, 181, 181, 200, 207, 235, 372, 379, 387, 393, 396, 400, 403, 407, 414, 428, 703, 922, 984, 1005, 1020,
            1034, 1045, 1058, 1071, 1083, 1097, 1112, 1130, 1153, 1189, 1277, 1315, 1434, 1876, 2309, 2734, 4075, 4083, 4086, 4090, 4098, 4142, 4831, 6179, 14050,
        ]);

    /// <summary>
    /// Tokens written by a call, for each twentieth of the calls by rank of their input: short questions and middling ones get long answers, long ones short.
    /// </summary>
    public static IReadOnlyList<Quantiles> OutputByInput { get; } =
    [
        .. ((double[][])
        [
            [11, 12, 12, 16, 83, 108, 122, 136, 154, 168, 187, 208, 223, 319, 1000],
            [47, 53, 73, 89, 122, 157, 162, 170, 181, 191, 217, 217, 217, 267, 1000],
            [14, 14, 14, 18, 18, 54, 68, 79, 95, 124, 162, 183, 217, 219, 436],
            [7, 33, 48, 53, 60, 66, 69, 74, 79, 84, 90, 99, 111, 143, 189],
            [24, 49, 64, 75, 83, 87, 90, 93, 97, 101, 109, 124, 136, 163, 199],
            [43, 63, 80, 83, 88, 91, 95, 99, 103, 109, 119, 135, 147, 174, 200],
            [25, 69, 81, 85, 89, 93, 97, 101, 105, 112, 125, 141, 151, 182, 200],
            [31, 46, 64, 78, 85, 89, 93, 96, 101, 107, 115, 137, 158, 328, 739],
            [10, 31, 45, 65, 85, 95, 113, 153, 392, 399, 413, 431, 465, 596, 921],
            [29, 51, 117, 375, 388, 394, 397, 403, 411, 418, 429, 465, 535, 619, 722],
            [33, 56, 364, 378, 390, 395, 398, 404, 411, 418, 429, 475, 552, 647, 992],
            [44, 78, 373, 379, 393, 396, 400, 408, 414, 424, 435, 478, 535, 937, 1000],
            [31, 57, 371, 378, 390, 396, 399, 410, 415, 426, 440, 501, 563, 647, 1000],
            [28, 50, 138, 375, 388, 395, 397, 405, 414, 423, 435, 497, 572, 668, 1000],
            [29, 41, 75, 155, 386, 395, 397, 404, 413, 421, 432, 501, 561, 648, 992],
            [26, 42, 56, 79, 136, 157, 181, 208, 376, 396, 410, 428, 466, 619, 954],
            [24, 37, 47, 52, 68, 82, 93, 107, 129, 152, 182, 230, 374, 483, 918],
            [15, 28, 41, 48, 56, 71, 79, 88, 97, 109, 125, 146, 164, 201, 458],
            [17, 26, 29, 34, 40, 46, 50, 58, 69, 84, 107, 137, 164, 300, 535],
            [17, 26, 31, 36, 41, 47, 52, 59, 66, 75, 91, 122, 144, 229, 757],
        ]).Select(values => new Quantiles([0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1], values)),
    ];
}

/// <summary>A distribution by its quantiles, straight between them.</summary>
/// <param name="shares">Shares of all values, from 0 to 1, rising.</param>
/// <param name="values">The value that so large a share does not exceed.</param>
internal sealed class Quantiles(double[] shares, double[] values)
{
    /// <summary>The mean.</summary>
    public double Mean { get; } = Enumerable.Range(1, shares.Length - 1).Sum(i => (shares[i] - shares[i - 1]) * (values[i] + values[i - 1]) / 2);

    /// <summary>The value at a share from 0 to 1.</summary>
    public double At(double share)
    {
        var i = Array.BinarySearch(shares, share);
        if (i >= 0) return values[i];
        i = ~i;
        return values[i - 1] + ((share - shares[i - 1]) / (shares[i] - shares[i - 1]) * (values[i] - values[i - 1]));
    }
}
