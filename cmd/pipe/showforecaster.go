package main

import (
	"fmt"
	"strings"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
)

func (a *app) showForecaster(f *format.Forecaster) error {
	fmt.Fprintf(a.out, "\nforecasts %s by %s: %s of %s ahead, of %s\n", diag.Visible(f.Target), diag.Visible(f.Method), ui.Plural(f.Horizon, "step"), diag.Visible(f.Step), counted(f.Series)+" series")
	for _, list := range []struct {
		name    string
		columns []string
	}{{"series by", f.By}, {"past", f.Past}, {"known ahead", f.Known}, {"static", f.Static}, {"calendar", f.Calendar}} {
		if len(list.columns) > 0 {
			fmt.Fprintf(a.out, "%s: %s\n", list.name, diag.Visible(strings.Join(list.columns, ", ")))
		}
	}
	if f.Network == nil {
		return nil
	}
	fmt.Fprintf(a.out, "the network sees %s", ui.Plural(f.Lookback, "step"))
	if f.Base != "none" {
		fmt.Fprintf(a.out, ", and adds to %s", diag.Visible(f.Base))
	}
	fmt.Fprintln(a.out)
	return a.showNetwork(f.Network)
}
