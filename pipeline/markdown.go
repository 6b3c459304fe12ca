package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
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
		fmt.Fprintf(b, "| [%s](#%s) | %s |\n", code(k.Name), k.Name, cellText(k.Summary()))
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
	settingTable(w, reference(k.configType()))
	fmt.Fprintf(w, "\nVersion %d.\n", k.Version)
}

func portTable(w io.Writer, title, column string, ports []Port) {
	if len(ports) == 0 {
		return
	}
	fmt.Fprintf(w, "\n**%s**\n\n| %s | Type | Meaning |\n| --- | --- | --- |\n", title, column)
	for _, p := range ports {
		fmt.Fprintf(w, "| %s | %s | %s |\n", code(portName(p)), portType(p), cellText(p.Doc))
	}
}

func settingTable(w io.Writer, rows []row) {
	if len(rows) == 0 {
		fmt.Fprint(w, "\nThere are no settings.\n")
		return
	}
	fmt.Fprint(w, "\n**Settings**\n\n| Setting | Value | If absent | Meaning |\n| --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", code(r.path), cellText(r.typ), absentCell(r.value), cellText(r.doc))
	}
}

func absentCell(value string) string {
	if preset, ok := strings.CutPrefix(value, "default "); ok {
		return code(preset)
	}
	return value
}

// tagStart is a < that Markdown would take for HTML.
var tagStart = regexp.MustCompile(`<([A-Za-z/!?])`)

// cellText is text that stays within its table cell and shows < as written.
func cellText(s string) string {
	parts := strings.Split(oneLine(s), "`")
	for i := 0; i < len(parts); i += 2 { // those between are code
		parts[i] = tagStart.ReplaceAllString(parts[i], "&lt;$1")
	}
	return strings.ReplaceAll(strings.Join(parts, "`"), "|", `\|`)
}

// code is a text in backticks, within a table.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
