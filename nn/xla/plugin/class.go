package plugin

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Engine is what this program adds to the numeric class: it goes up when a recipe
// changes what is computed.
const Engine = "xla/1"

// Class is the numeric class: what decides the bits of a result, on one line. Two
// trainings of one class with the same input and seed give the same bits, if they
// are deterministic. precision is that of the products; devices is how many
// compute together. No class is that of the engine of the processor (nn.Engine).
func (x *Plugin) Class(precision string, deterministic bool, devices int) string {
	known := func(s string) string { return cmp.Or(s, "unknown") }
	words := []string{
		Engine + " " + known(x.Platform),
		fmt.Sprintf("plugin %s sha256 %s", known(strings.TrimSpace(x.Package+" "+x.Version)), x.SHA256),
	}
	for _, l := range x.Libraries {
		if l.part.bits && l.Path != "" {
			words = append(words, l.Name+" "+known(l.Version))
		}
	}
	device := known(x.Processor)
	if x.Platform != CPU {
		words = append(words, "driver "+known(x.Driver.Version))
		device = known(strings.Join(x.Driver.Models(), " and "))
	}
	words = append(words, strconv.Itoa(devices)+" x "+device, precision)
	if deterministic {
		words = append(words, "deterministic")
	} else {
		words = append(words, "not deterministic")
	}
	return strings.Join(append(words, x.Environment...), "; ")
}
