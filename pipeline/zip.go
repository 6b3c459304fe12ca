package pipeline

import (
	"slices"
	"strings"

	"pipe/pipeline/settings"
)

// groups are what is combined: each axis by itself, but for those that are zipped, which
// stand where the first of them does.
func (r *matrixReader) groups(n *settings.Node, axes []axis) (groups [][]variant, ok bool) {
	zipped, ok := r.zippedAxes(n, axes)
	if !ok {
		return nil, false
	}
	done := false
	for _, a := range axes {
		switch {
		case !slices.ContainsFunc(zipped, func(z axis) bool { return z.name == a.name }):
			r.once(a)
			group := make([]variant, len(a.values))
			for i, b := range a.values {
				group[i] = variant{b}
			}
			groups = append(groups, group)
		case !done:
			group := r.zipped(zipped)
			if group == nil {
				return nil, false
			}
			groups, done = append(groups, group), true
		}
	}
	return groups, true
}

// once reports values of an axis that are there twice. Of one that is zipped they may be:
// it counts what they are taken with.
func (r *matrixReader) once(a axis) {
	seen := map[string]bool{}
	for _, b := range a.values {
		if seen[b.label] {
			r.p.At(b.value, "", "the value %s of %s is there twice", b.label, a.name)
		}
		seen[b.label] = true
	}
}

// zippedAxes are the axes of which the first values belong together, the second ones and
// so on: those that `zip` names, or all.
func (r *matrixReader) zippedAxes(n *settings.Node, axes []axis) (zipped []axis, ok bool) {
	_, z := n.Child(zipKey)
	switch {
	case z == nil:
		return nil, true
	case z.Is(settings.Bool):
		if strings.EqualFold(z.Value, "true") {
			return axes, true
		}
		return nil, true
	case !z.Is(settings.List):
		r.p.At(z, "write `zip: true`, or a list of axes", "zip is true or false or a list of axes, not %s", z.Describe())
		return nil, false
	case len(z.Content) < 2:
		r.p.At(z, "write `zip: true`, or name two axes or more", "a single axis has nothing to be zipped with")
		return nil, false
	}
	for _, name := range z.Content {
		at := slices.IndexFunc(axes, func(a axis) bool { return a.name == name.Value })
		if at < 0 || !name.IsScalar() {
			r.noAxis(name, axes)
			return nil, false
		}
		if slices.ContainsFunc(zipped, func(a axis) bool { return a.name == name.Value }) {
			r.p.At(name, "remove one", "zip names %s twice", name.Value)
			return nil, false
		}
		zipped = append(zipped, axes[at])
	}
	return zipped, true
}

// zipped are the first values of all axes, the second ones and so on.
func (r *matrixReader) zipped(axes []axis) []variant {
	cases := make([]variant, len(axes[0].values))
	for _, a := range axes {
		if len(a.values) != len(cases) {
			r.p.At(a.at, "axes that are zipped have the same number of values", "%s has %d values, and %s has %d", a.name, len(a.values), axes[0].name, len(cases))
			return nil
		}
		for i, b := range a.values {
			cases[i] = append(cases[i], b)
		}
	}
	return cases
}
