package semel_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

var exampleInReadme = regexp.MustCompile("(?s)<!-- (example\\w*_test\\.go): (\\w+) -->\n```go\n(.*?)```")

// Every example of README.md is a function of the examples that ran.
func TestReadmeShowsTheExamplesThatRan(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := exampleInReadme.FindAllSubmatch(readme, -1)
	if len(shown) < 8 {
		t.Errorf("README.md shows %d examples", len(shown))
	}
	for _, example := range shown {
		file, name, text := string(example[1]), string(example[2]), string(example[3])
		if ran := functionsOf(t, file)[name]; ran != text {
			t.Errorf("README.md shows another %s than %s has:\n%s", name, file, ran)
		}
	}
}

// The repository's own README shows a part of one of them.
func TestTheRepositorysReadmeDoesSoToo(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```go\n")
	shown, _, found := strings.Cut(shown, "```")
	if ran := functionsOf(t, "example_test.go")["placeOrder"]; !found || !strings.Contains(ran, regexp.MustCompile("(?m)^").ReplaceAllString(strings.TrimSpace(shown), "\t")) {
		t.Errorf("the README shows what no example has:\n%s", shown)
	}
}

func functionsOf(t *testing.T, name string) map[string]string {
	t.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments)
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
	return functions
}
