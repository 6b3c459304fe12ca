package settings

import (
	"regexp"
	"strconv"
)

// Texts that are themselves in YAML, and those of them that mean something
// else to some reader of it.
var (
	plainYAML    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	reservedYAML = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|nan)$`)
)

// Quote writes a text as it can stand in a pipeline file, in quotes if it must be.
func Quote(s string) string {
	if plainYAML.MatchString(s) && !reservedYAML.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}
