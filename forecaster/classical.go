package forecaster

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"pipe/base/diag"
	"pipe/data/timeline"
	"pipe/forecast"
)

// Forecasts are those of a series from some origins.
type Forecasts struct {
	Points [][]float64 // of each origin, the steps behind it
	// Quantiles are of each origin and step those that a network has learned, in their order; nil: none.
	Quantiles [][][]float64
}

// An Engine forecasts series that it knows from its fit, or, if it can, others.
type Engine interface {
	// Roll forecasts the steps behind origins of a series, see forecast.Fitted. It may be called from several
	// goroutines.
	Roll(ctx context.Context, s *Subject, origins []int, steps int) (Forecasts, error)
	// First is the earliest origin of a series, in known steps.
	First(s *Subject) int
}

// Classical is a method of package forecast, fitted to each series by itself.
type Classical struct {
	Method string                     `json:"method"`
	Models map[string]*forecast.Model `json:"models"`          // by the key of the series
	Lacks  map[string]string          `json:"lacks,omitempty"` // what series lack for it
	// Begins are the steps that the fits begin at, of methods that follow a series from there. Older models have none.
	Begins map[string]int64 `json:"begins,omitempty"`
}

// FitClassical fits a method to the values of each series before a step.
func FitClassical(ctx context.Context, m forecast.Method, list []Subject, before int64, threads int) (*Classical, error) {
	c := &Classical{Method: m.Name, Models: map[string]*forecast.Model{}, Lacks: map[string]string{}, Begins: map[string]int64{}}
	fits, errs := make([]*forecast.Model, len(list)), make([]error, len(list))
	err := Each(ctx, threads, len(list), func(i int) {
		s := &list[i]
		n := min(before, s.End()) - s.First
		if n < 1 {
			errs[i] = fmt.Errorf("it has no value in the training part")
			return
		}
		fits[i], errs[i] = forecast.Fit(m, s.Until(int(n)))
	})
	if err != nil {
		return nil, err
	}
	for i, err := range errs {
		key := KeyOf(list[i].Key)
		if err != nil {
			c.Lacks[key] = err.Error()
		} else {
			c.Models[key] = fits[i]
			if m.Name == forecast.ETSName || m.Name == forecast.ThetaName {
				c.Begins[key] = list[i].First
			}
		}
	}
	if len(c.Models) == 0 {
		return nil, diag.WithHint(fmt.Errorf("%s: %s", m.Name, c.Lacks[KeyOf(list[0].Key)]), "if it needs more steps, give more rows or make the test shorter; `naive` can do with any")
	}
	return c, nil
}

// First implements Engine.
func (c *Classical) First(s *Subject) int {
	if m := c.Models[KeyOf(s.Key)]; m != nil {
		if r, ok := m.Fitted.(*forecast.Ridge); ok {
			return r.Lags
		}
	}
	return 1
}

// Roll implements Engine.
func (c *Classical) Roll(_ context.Context, s *Subject, origins []int, steps int) (Forecasts, error) {
	key := KeyOf(s.Key)
	m := c.Models[key]
	if m == nil {
		if why, ok := c.Lacks[key]; ok {
			return Forecasts{}, &LackError{c.Method, s.Name, why}
		}
		return Forecasts{}, &LackError{c.Method, s.Name, "it was not there in training"}
	}
	if first := c.First(s); origins[0] < first {
		return Forecasts{}, &LackError{c.Method, s.Name, fmt.Sprintf("there are %d steps before an origin, and %d are needed", origins[0], first)}
	}
	points, err := m.Roll(s.Series, origins, steps)
	return Forecasts{Points: points}, err
}

// begins says whether a series begins where its fit does. From elsewhere the season would be that of other steps,
// and the level one of long ago.
func (c *Classical) begins(s *Subject, clock timeline.Clock) error {
	at, ok := c.Begins[KeyOf(s.Key)]
	if !ok || at == s.First {
		return nil
	}
	return diag.WithHint(&LackError{c.Method, s.Name, fmt.Sprintf("its first value is of %s, and %s follows it from %s, as in training", clock.Text(s.First), c.Method, clock.Text(at))},
		"give all rows from there on; methods that need the last ones alone are ridge, seasonal_naive and naive")
}

// A LackError says what a series lacks to be forecast.
type LackError struct{ Method, Series, Lack string }

func (e *LackError) Error() string {
	if e.Series == "" {
		return fmt.Sprintf("%s cannot forecast the series: %s", e.Method, e.Lack)
	}
	return fmt.Sprintf("%s cannot forecast the series %s: %s", e.Method, e.Series, e.Lack)
}

// KeyOf is the key of a series as one text, another one for each.
func KeyOf(key []string) string {
	text := ""
	for i, v := range key {
		if i > 0 {
			text += "\x1f"
		}
		if strings.ContainsAny(v, "\x1f\x1b") {
			v = strings.ReplaceAll(strings.ReplaceAll(v, "\x1b", "\x1b\x1b"), "\x1f", "\x1b\x1f")
		}
		text += v
	}
	return text
}

// Each does n things on some threads.
func Each(ctx context.Context, threads, n int, do func(i int)) error {
	var next sync.Mutex
	at := 0
	var all sync.WaitGroup
	for range max(1, min(threads, n)) {
		all.Go(func() {
			for {
				next.Lock()
				i := at
				at++
				next.Unlock()
				if i >= n || ctx.Err() != nil {
					return
				}
				do(i)
			}
		})
	}
	all.Wait()
	return ctx.Err()
}
