package semel_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"testing"
)

var exampleInReadme = regexp.MustCompile("(?s)<!-- example_test.go: (\\w+) -->\n```go\n(.*?)```")

// Every example of README.md is a function of example_test.go, which ran.
func TestReadmeShowsTheExamplesThatRan(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "example_test.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]string{}
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			from, to := files.Position(function.Pos()).Offset, files.Position(function.End()).Offset
			functions[function.Name.Name] = string(source[from:to]) + "\n"
		}
	}
	shown := exampleInReadme.FindAllSubmatch(readme, -1)
	if len(shown) < 8 {
		t.Errorf("README.md shows %d examples", len(shown))
	}
	for _, example := range shown {
		name, text := string(example[1]), string(example[2])
		if functions[name] != text {
			t.Errorf("README.md shows another %s than example_test.go has:\n%s", name, functions[name])
		}
	}
}
