using System.Text;
using Ledger.Api.Exports;
using Ledger.Api.Tests.Contract;

namespace Ledger.Api.Tests.Exports;

public sealed class The_columns
{
    private const string Mark = "The tables below are made from the program by a test.\n";

    [Fact]
    public void of_every_export_stand_in_its_page()
    {
        var file = Path.Combine(MappedRoute.Root, "docs", "exports.md");
        var page = File.ReadAllText(file);
        var head = page[..(page.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)];
        var made = new StringBuilder(head);
        foreach (var export in Export.All)
        {
            made.Append("\n## `").Append(export.Name).Append("`\n\n").Append(export.Summary).Append(' ').Append(export.Order).Append("\n\n| column | type | |\n| --- | --- | --- |\n");
            foreach (var column in export.Columns) made.Append("| `").Append(column.Name).Append("` | ").Append(column.Type).Append(" | ").Append(column.Description).Append(" |\n");
        }

        if (Environment.GetEnvironmentVariable("LEDGER_WRITE_DOCS") == "1") File.WriteAllText(file, made.ToString());
        File.ReadAllText(file).ShouldBe(made.ToString(), "the columns have changed: run the test with LEDGER_WRITE_DOCS=1 and look at the difference");
    }

    [Fact]
    public void have_names_types_and_descriptions()
    {
        foreach (var export in Export.All)
        {
            export.Columns.Select(column => column.Name).ShouldBeUnique();
            foreach (var column in export.Columns)
            {
                column.Name.ShouldMatch("^[a-z][A-Za-z]*$");
                column.Type.ShouldBeOneOf("text", "word", "decimal", "integer", "time", "boolean", "json");
                column.Description.ShouldEndWith(".");
                column.Description.ShouldNotContain("|");
            }
        }
    }
}
