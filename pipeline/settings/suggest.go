package settings

import (
	"cmp"
	"fmt"
	"slices"

	"pipe/base/diag"
)

// elsewhere finds a setting that was written one or two levels too high, or what
// stands for it, and says how to write it. What has its place here comes first.
func (d decoder) elsewhere(name string, sh *shape) string {
	exact := func(names []string) (string, bool) { return name, slices.Contains(names, name) }
	short := func(names []string) (string, bool) { return diag.Abbreviated(name, names) }
	if at := cmp.Or(d.within(sh, 1, exact), d.within(sh, 2, exact)); at != "" {
		return at
	}
	if _, ok := short(sh.names()); ok {
		return ""
	}
	return cmp.Or(d.within(sh, 1, short), d.within(sh, 2, short))
}

// within looks for a name in the settings that are structs or choices, and
// writes it with what is around it. Of a choice the default is looked at first.
func (d decoder) within(sh *shape, levels int, match func([]string) (string, bool)) string {
	for i := range sh.fields {
		f := &sh.fields[i]
		t := valueType(f.typ)
		c := classOf(t)
		if c != structClass && c != choiceClass || f.short {
			continue
		}
		inner := d.p.shapes.of(t)
		if name, ok := match(inner.names()); ok && c == structClass {
			return fmt.Sprintf("%s: {%s: ...}", f.name, name)
		}
		if levels < 2 {
			continue
		}
		if f.preset != nil && f.preset.IsScalar() && c == choiceClass {
			if v := inner.field(f.preset.Value); v != nil {
				inner = &shape{fields: append([]field{*v}, inner.fields...)}
			}
		}
		if at := d.within(inner, levels-1, match); at != "" {
			return fmt.Sprintf("%s: {%s}", f.name, at)
		}
	}
	return ""
}
