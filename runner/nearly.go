package runner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// DefaultTolerance is by how much what a stage measures of its work may differ
// where its bytes need not be the same, as a share of what it has changed by in the
// course of the work.
const DefaultTolerance = 0.05

// A VerifiedValue is a metric of a stage whose bytes need not be the same.
type VerifiedValue struct {
	Name            string
	Recorded, Fresh float64
	// Deviation is how far they are apart, as a share of the span of the curve that
	// leads to the metric, or of the recorded value if there is none.
	Deviation float64
	Within    bool // the tolerance
}

// again says where the stages of a run are to be repeated, and of which of them the
// bytes need not be the same, with the reason.
func (c *cleanRoom) again(ctx context.Context, plan *pipeline.Plan, recorded map[string]lineage.Execution) (on map[string]pipeline.Placement, inexact map[string]string, err error) {
	on, inexact = map[string]pipeline.Placement{}, map[string]string{}
	for _, s := range plan.Steps {
		e, ok := recorded[s.Name]
		if _, placer := s.Stage.(pipeline.Placer); !ok || !placer {
			continue
		}
		parts, err := c.DB.KeyParts(ctx, e.ID)
		if err != nil {
			return nil, nil, err
		}
		on[s.Name], inexact[s.Name] = c.nearest(ctx, s, &e, engineOf(parts))
	}
	return on, inexact, nil
}

// nearest is the processor that is most like the one of an execution: itself, if it
// is here, or else whatever the stage would take. The CPU is everywhere.
func (c *cleanRoom) nearest(ctx context.Context, s *pipeline.Step, e *lineage.Execution, class string) (on pipeline.Placement, inexact string) {
	if class != s.Kind.Engine && e.Device.Name != "" {
		var err error
		if on, err = c.place(ctx, s, e.Inputs); err != nil {
			on = pipeline.Placement{} // there always is the CPU
		}
		if on.Engine != class {
			return on, fmt.Sprintf("it was made on %s, which is not here: made again on %s", e.Device.Name, deviceName(on))
		}
	}
	switch {
	case e.Device.BegunOn != "":
		return on, fmt.Sprintf("it was begun on %s, and went on on %s", e.Device.BegunOn, e.Device.Name)
	case on.Varies:
		return on, fmt.Sprintf("two runs on %s give different bits", e.Device.Name)
	}
	return on, ""
}

// values compares what a stage measured of its work, then and now.
func (c *cleanRoom) values(ctx context.Context, e *lineage.Execution, now []lineage.Metric, tolerance float64) ([]VerifiedValue, error) {
	points, err := c.DB.Points(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	span := map[string][2]float64{}
	for _, p := range points {
		s, ok := span[p.Name]
		if !ok {
			s = [2]float64{p.Value, p.Value}
		}
		span[p.Name] = [2]float64{min(s[0], p.Value), max(s[1], p.Value)}
	}
	var list []VerifiedValue
	for _, m := range e.Metrics {
		i := slices.IndexFunc(now, func(n lineage.Metric) bool { return n.Name == m.Name })
		if m.Goal == "" || i < 0 {
			continue
		}
		v := VerifiedValue{Name: m.Name, Recorded: m.Value, Fresh: now[i].Value}
		v.Deviation = deviation(v.Recorded, v.Fresh, span[m.Name][1]-span[m.Name][0])
		v.Within = v.Deviation <= tolerance
		list = append(list, v)
	}
	return list, nil
}

// deviation is how far two values are apart, as a share of a span or, if that is 0,
// of the first.
func deviation(a, b, span float64) float64 {
	if span <= 0 {
		span = math.Abs(a)
	}
	const most = 1e6 // also of 0 and something else
	if a == b {
		return 0
	}
	return min(math.Abs(a-b)/max(span, math.SmallestNonzeroFloat64), most)
}

// nearly fills in what a stage whose bytes need not be the same is judged by.
func (c *cleanRoom) nearly(ctx context.Context, out *VerifiedStage, e *lineage.Execution, now []lineage.Metric) error {
	if out.Inexact == "" || out.Err != nil {
		return nil
	}
	for _, o := range out.Outputs {
		if (o.Recorded == artifacts.ID{}) != (o.Fresh == artifacts.ID{}) {
			return nil // one is missing, which is said there
		}
	}
	var err error
	out.Values, err = c.values(ctx, e, now, c.tolerance)
	return err
}
