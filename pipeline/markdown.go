package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"pipe/base/markdown"
	"pipe/pipeline/settings"
)

// markdownHeader begins the file that WriteMarkdown makes.
const markdownHeader = `<!-- Code generated from the registry of stages. DO NOT EDIT. -->

# Kinds of stages

A stage of a pipeline names its kind with ` + "`uses`" + `, connects its inputs with
` + "`inputs`" + ` and has its settings in ` + "`with`" + `.
`

// WriteMarkdown writes the reference of all kinds. The same registry always
// gives the same bytes.
func WriteMarkdown(w io.Writer, r *Registry) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, markdownHeader)
	if len(r.kinds) > 0 {
		fmt.Fprint(b, "\n| Kind | What it does |\n| --- | --- |\n")
	}
	for _, k := range r.kinds {
		fmt.Fprintf(b, "| [%s](#%s) | %s |\n", markdown.Code(k.Name), k.Name, markdown.Cell(k.Summary()))
	}
	for _, k := range r.kinds {
		k.writeMarkdown(b)
	}
	return b.Flush()
}

func (k *Kind) writeMarkdown(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n", k.Name, strings.TrimSpace(k.Doc))
	for _, fact := range k.facts() {
		fmt.Fprintf(w, "\n%s\n", fact)
	}
	if k.Example != "" {
		fmt.Fprintf(w, "\n```yaml\n%s\n```\n", strings.Trim(k.Example, "\n"))
	}
	portTable(w, "Inputs", "Input", k.Inputs)
	portTable(w, "Outputs", "Output", k.Outputs)
	if k.choosesOutputs() {
		fmt.Fprintf(w, "\n**Outputs**\n\n%s\n", outputsFollow)
	}
	settings.WriteMarkdown(w, k.New())
	fmt.Fprintf(w, "\nVersion %d.\n", k.Version)
}

func portTable(w io.Writer, title, column string, ports []Port) {
	if len(ports) == 0 {
		return
	}
	fmt.Fprintf(w, "\n**%s**\n\n| %s | Type | Meaning |\n| --- | --- | --- |\n", title, column)
	for _, p := range ports {
		fmt.Fprintf(w, "| %s | %s | %s |\n", markdown.Code(portName(p)), portType(p), markdown.Cell(p.Doc))
	}
}
