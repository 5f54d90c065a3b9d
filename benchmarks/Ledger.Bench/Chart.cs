using System.Globalization;
using System.Text;

namespace Ledger.Bench;

/// <summary>A chart as SVG text: lines over a logarithmic axis, each with its points. Readable on light and on dark paper.</summary>
internal sealed record Chart(string Title, string Across, string Up, IReadOnlyList<ChartLine> Lines)
{
    private const int Width = 720;
    private const int Height = 300;
    private const int Left = 70;
    private const int Right = 20;
    private const int Top = 40;
    private const int Bottom = 70;
    private const int Steps = 4;

    private static readonly string[] Colours = ["#2563eb", "#dc2626", "#059669", "#9333ea"];

    /// <summary>Charts below each other, as one file.</summary>
    public static string Draw(IReadOnlyList<Chart> charts)
    {
        var svg = new StringBuilder();
        Add(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height * charts.Count}\" font-family=\"sans-serif\" font-size=\"12\">");
        Add(svg, $"<rect width=\"{Width}\" height=\"{Height * charts.Count}\" fill=\"#ffffff\"/>");
        for (var i = 0; i < charts.Count; i++)
        {
            Add(svg, $"<g transform=\"translate(0 {i * Height})\">");
            charts[i].Draw(svg);
            Add(svg, $"</g>");
        }

        Add(svg, $"</svg>");
        return svg.ToString();
    }

    private static void Add(StringBuilder svg, FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private void Draw(StringBuilder svg)
    {
        var all = Lines.SelectMany(l => l.Points).ToList();
        var across = all.Select(p => p.X).Distinct().Order().ToList();
        var top = Round(all.Max(p => p.Y));
        // Zero has no logarithm: it stands a step before the first place.
        var lowest = across.FirstOrDefault(x => x > 0, 1);
        double Log(double x) => x > 0 ? Math.Log10(x) : Math.Log10(lowest) - 1;
        var (from, to) = (Log(across[0]), Math.Max(Log(across[^1]), Log(across[0]) + 0.1));
        double X(double x) => Left + ((Log(x) - from) / (to - from) * (Width - Left - Right - 20)) + 10;
        double Y(double y) => Height - Bottom - (y / top * (Height - Top - Bottom));

        Add(svg, $"<text x=\"{Left}\" y=\"20\" font-size=\"14\" font-weight=\"bold\" fill=\"#111827\">{Title}</text>");
        for (var step = 0; step <= Steps; step++)
        {
            var y = top / Steps * step;
            Add(svg, $"<line x1=\"{Left}\" y1=\"{Y(y):0.#}\" x2=\"{Width - Right}\" y2=\"{Y(y):0.#}\" stroke=\"#e5e7eb\"/>");
            Add(svg, $"<text x=\"{Left - 8}\" y=\"{Y(y) + 4:0.#}\" text-anchor=\"end\" fill=\"#4b5563\">{y:#,0.##}</text>");
        }

        foreach (var x in across) Add(svg, $"<text x=\"{X(x):0.#}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\" fill=\"#4b5563\">{x:#,0}</text>");
        Add(svg, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - Bottom + 36}\" text-anchor=\"middle\" fill=\"#4b5563\">{Across}</text>");
        Add(svg, $"<text transform=\"translate(14 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\" fill=\"#4b5563\">{Up}</text>");
        for (var i = 0; i < Lines.Count; i++)
        {
            var (line, colour) = (Lines[i], Colours[i % Colours.Length]);
            var path = string.Join(' ', line.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.X):0.#},{Y(p.Y):0.#}")));
            Add(svg, $"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            foreach (var (x, y) in line.Points) Add(svg, $"<circle cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"3.5\" fill=\"{colour}\"><title>{line.Name}: {y:#,0.##} at {x:#,0}</title></circle>");
            Add(svg, $"<text x=\"{Left + (i * 170)}\" y=\"{Height - 12}\" fill=\"{colour}\">{line.Name}</text>");
        }
    }

    /// <summary>The next round figure above.</summary>
    private static double Round(double value)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-9))));
        return ((double[])[1, 2, 4, 6, 8, 10]).First(step => step * unit >= value) * unit;
    }
}

/// <summary>One line of a chart.</summary>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);
