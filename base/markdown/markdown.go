// Package markdown writes texts so that they stay within a table of Markdown.
package markdown

import (
	"regexp"
	"strings"
)

// Line is a text in one line.
func Line(s string) string { return strings.Join(strings.Fields(s), " ") }

// tagStart is a < that Markdown would take for HTML.
var tagStart = regexp.MustCompile(`<([A-Za-z/!?])`)

// Cell is text that stays within its table cell and shows < as written.
func Cell(s string) string {
	parts := strings.Split(Line(s), "`")
	for i := 0; i < len(parts); i += 2 { // those between are code
		parts[i] = tagStart.ReplaceAllString(parts[i], "&lt;$1")
	}
	return strings.ReplaceAll(strings.Join(parts, "`"), "|", `\|`)
}

// Code is a text in backticks, within a table.
func Code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
