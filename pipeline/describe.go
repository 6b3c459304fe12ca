package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"pipe/base/markdown"
	"pipe/pipeline/settings"
)

// Summary is the first sentence of the documentation, without its period.
func (k *Kind) Summary() string { return settings.Summary(k.Doc) }

// Describe writes all that there is to know about a kind as plain text.
func (k *Kind) Describe(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s (version %d)\n\n%s\n", k.Name, k.Version, strings.TrimSpace(k.Doc))
	for _, fact := range k.facts() {
		fmt.Fprintf(b, "\n%s\n", fact)
	}
	describePorts(b, "Inputs", k.Inputs)
	describePorts(b, "Outputs", k.Outputs)
	if k.choosesOutputs() {
		fmt.Fprintf(b, "\nOutputs\n  %s\n", outputsFollow)
	}
	settings.WriteText(b, k.New())
	if k.Example != "" {
		fmt.Fprintf(b, "\nExample\n%s", indent(k.Example, "  "))
	}
	return b.Flush()
}

// outputsFollow stands in place of outputs that only a stage knows.
const outputsFollow = "They follow from the settings and the inputs of the stage."

// choosesOutputs reports whether the outputs are not the same for all stages.
func (k *Kind) choosesOutputs() bool {
	_, ok := k.New().(OutputPorter)
	return ok && len(k.Outputs) == 0
}

// facts is what a user has to know beyond ports and settings.
func (k *Kind) facts() []string {
	var facts []string
	if k.Seeded {
		facts = append(facts, "It draws random numbers from the seed of the pipeline.")
	}
	return facts
}

func describePorts(w io.Writer, title string, ports []Port) {
	if len(ports) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range ports {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", portName(p), portType(p), markdown.Line(p.Doc))
	}
	tw.Flush()
}

func portName(p Port) string {
	if p.Name == "*" {
		return "<name>"
	}
	return p.Name
}

func portType(p Port) string {
	text := string(p.Type)
	if p.Many {
		text += " of each case"
	}
	switch {
	case p.InPlaceOf != nil:
		return text + ", in place of " + strings.Join(p.InPlaceOf, " and ")
	case p.Optional:
		return text + ", optional"
	}
	return text
}

// indent puts a prefix in front of each line that is not empty, between the
// first and the last one.
func indent(text, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		if line != "\n" {
			b.WriteString(prefix)
		}
		b.WriteString(line)
	}
	return b.String()
}
