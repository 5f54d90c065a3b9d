namespace Ledger.EventStore.Projections;

/// <summary>All projections of a program.</summary>
public sealed class ProjectionCatalog
{
    /// <summary>A catalogue.</summary>
    /// <param name="projections">Every projection; their names and tables must be unique.</param>
    public ProjectionCatalog(IEnumerable<Projection> projections)
    {
        All = [.. projections.OrderBy(p => p.Name, StringComparer.Ordinal)];
        foreach (var projection in All)
        {
            if (projection.Name.Length is 0 or > 50 || projection.Name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_')) throw new ArgumentException($"{projection.Name} is no name: it has 1 to 50 of a-z 0-9 _.", nameof(projections));
            if (projection.Version < 1) throw new ArgumentException($"The version of {projection.Name} begins with 1.", nameof(projections));
        }

        if (All.Select(p => p.Name).Distinct().Count() < All.Count) throw new ArgumentException("Two projections have one name.", nameof(projections));
        if (All.SelectMany(p => p.Tables).Select(t => t.Name).GroupBy(name => name).FirstOrDefault(of => of.Count() > 1) is { } twice)
            throw new ArgumentException($"The table {twice.Key} is written by two projections.", nameof(projections));
        Async = [.. All.Where(p => !p.IsInline)];
        Inline = [.. All.Where(p => p.IsInline)];
    }

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<Projection> All { get; }

    /// <summary>Those that the daemon writes.</summary>
    public IReadOnlyList<Projection> Async { get; }

    /// <summary>Those that are written in the commit of their events.</summary>
    public IReadOnlyList<Projection> Inline { get; }

    /// <summary>The projection of a name; null where there is none.</summary>
    public Projection? Find(string name) => All.FirstOrDefault(p => p.Name == name);
}
