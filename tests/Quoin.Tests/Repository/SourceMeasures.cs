using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Quoin.Tests.Repository;

/// <summary>One measured thing: where it is and how large.</summary>
/// <param name="Where">The path, and for a function <c>path: name</c>.</param>
internal readonly record struct Measure(string Where, int Size);

/// <summary>Sizes and names in C# sources, as the compiler's own parser sees them.</summary>
internal static class SourceMeasures
{
    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Preview);

    public static CompilationUnitSyntax Parse(string source) =>
        CSharpSyntaxTree.ParseText(source, ParseOptions).GetCompilationUnitRoot();

    public static int Lines(string source) => source.AsSpan().Count('\n');

    /// <summary>Each function with a body, its attributes and documentation left out.</summary>
    public static IEnumerable<Measure> Functions(string file, CompilationUnitSyntax unit)
    {
        foreach (var node in unit.DescendantNodes())
        {
            var name = node switch
            {
                MethodDeclarationSyntax method => method.Identifier.Text,
                ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
                LocalFunctionStatementSyntax local => local.Identifier.Text,
                PropertyDeclarationSyntax property => property.Identifier.Text,
                AccessorDeclarationSyntax accessor => accessor.Keyword.Text,
                BaseMethodDeclarationSyntax other => other.Kind().ToString(),
                _ => null,
            };
            if (name is not null)
                yield return new Measure($"{file}: {name}", LinesOf(unit, FirstToken(node), node.GetLastToken()));
        }

        var statements = unit.Members.OfType<GlobalStatementSyntax>().ToList();
        if (statements.Count > 0)
        {
            var size = LinesOf(unit, statements[0].GetFirstToken(), statements[^1].GetLastToken());
            yield return new Measure($"{file}: top-level statements", size);
        }
    }

    /// <summary>Lines over the limit, but for those inside a raw string, which are data.</summary>
    public static IEnumerable<Measure> LongLines(string file, CompilationUnitSyntax unit, int limit)
    {
        var text = unit.SyntaxTree.GetText();
        var data = unit.DescendantTokens().Where(IsString).Select(token => text.Lines.GetLinePositionSpan(token.Span))
            .Where(span => span.End.Line > span.Start.Line).ToList();
        foreach (var line in text.Lines.Where(line => line.Span.Length > limit))
        {
            var number = line.LineNumber;
            if (!data.Exists(span => number > span.Start.Line && number < span.End.Line))
                yield return new Measure($"{file}:{number + 1}", line.Span.Length);
        }
    }

    /// <summary>Every namespace that the source names: in usings, and in qualified names.</summary>
    public static IEnumerable<string> NamesUsed(CompilationUnitSyntax unit)
    {
        var declared = unit.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().Select(n => n.Name).ToHashSet();
        return unit.DescendantNodes(node => node is not QualifiedNameSyntax, descendIntoTrivia: true)
            .Where(node => node is QualifiedNameSyntax or MemberAccessExpressionSyntax)
            .Where(node => node is not QualifiedNameSyntax name || !declared.Contains(name))
            .Select(node => node.ToString());
    }

    private static bool IsString(SyntaxToken token) => token.Kind() is SyntaxKind.MultiLineRawStringLiteralToken
        or SyntaxKind.Utf8MultiLineRawStringLiteralToken or SyntaxKind.InterpolatedStringTextToken
        or SyntaxKind.StringLiteralToken;

    private static SyntaxToken FirstToken(SyntaxNode node)
    {
        var attributes = node.ChildNodes().OfType<AttributeListSyntax>().LastOrDefault();
        return attributes is null ? node.GetFirstToken() : attributes.GetLastToken().GetNextToken();
    }

    private static int LinesOf(CompilationUnitSyntax unit, SyntaxToken first, SyntaxToken last)
    {
        var span = TextSpan.FromBounds(first.SpanStart, last.Span.End);
        var lines = unit.SyntaxTree.GetLineSpan(span);
        return lines.EndLinePosition.Line - lines.StartLinePosition.Line + 1;
    }
}
