package main

import (
	"fmt"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
	"pipe/data/task"
	"pipe/nn"
)

func (a *app) showNetwork(n *format.Network) error {
	fmt.Fprintf(a.out, "\n%s in, %s\n", givenText(n), taskText(n))
	if n.Threshold != nil {
		fmt.Fprintln(a.out, thresholdText(n))
	}
	if n.Device != "" {
		fmt.Fprintf(a.out, "trained on %s\n", diag.Visible(n.Device))
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, l := range n.Layers {
		name := strings.TrimPrefix(l.Path, "layers.")
		for i, in := range n.Named {
			if rest, ok := strings.CutPrefix(l.Path, nn.BranchPath(i)+"."); ok {
				name = diag.Visible(in.Name) + "." + rest
			}
		}
		rows = append(rows, []string{strings.Repeat("  ", l.Depth) + name, l.Layer, nn.Shape(l.Output).String(),
			counted(l.Parameters), byteText(int64(l.Bytes)), byteText(int64(l.RowBytes)), flopsText(l.Flops)})
	}
	rows = append(rows, []string{"total", "", "", counted(n.Parameters), byteText(int64(n.Bytes)), byteText(int64(n.RowBytes)), flopsText(n.Flops)})
	if err := ui.Table(a.out, []string{"", "LAYER", "OUTPUT", "PARAMETERS", "SIZE", "PER ROW", "FLOPS"}, rows); err != nil {
		return err
	}
	if n.Buffers > 0 {
		fmt.Fprintf(a.out, "\n%s more numbers are running statistics\n", counted(n.Buffers))
	}
	return nil
}

// givenText says what a network is given.
func givenText(n *format.Network) string {
	if len(n.Named) == 0 {
		return fmt.Sprintf("%d features", n.Inputs)
	}
	var list []string
	for _, in := range n.Named {
		steps := ""
		if in.Ragged {
			steps = "up to "
		}
		list = append(list, fmt.Sprintf("%s %s%s %s", diag.Visible(in.Name), steps, in.Shape, in.Type))
	}
	return strings.Join(list, ", ")
}

func taskText(n *format.Network) string {
	switch n.Task {
	case task.Multioutput:
		return "the numbers " + n.Target + " out"
	case task.Multilabel:
		return "the labels " + n.Target + " out"
	case task.Regression:
		return "the number " + n.Target + " out"
	}
	return fmt.Sprintf("%d classes of %s out", len(n.Classes), n.Target)
}

// thresholdText says what a binary model takes for the positive class.
func thresholdText(n *format.Network) string {
	text := fmt.Sprintf("%s is %s above a probability of %.4g", n.Target, *n.Positive, *n.Threshold)
	if c := n.Cut; c != nil {
		text += fmt.Sprintf(", where %s was best on the validation data: %.4g", c.Metric, c.Value)
	}
	return diag.Visible(text)
}

func byteText(n int64) string {
	if n == 0 {
		return ""
	}
	return ui.Bytes(n)
}

// counted is a number with its thousands apart.
func counted(n int) string {
	if n == 0 {
		return ""
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func flopsText(n float64) string {
	if n == 0 {
		return ""
	}
	for _, unit := range []string{"", " k", " M", " G"} {
		if n < 1000 {
			return strconv.FormatFloat(n, 'g', 4, 64) + unit
		}
		n /= 1000
	}
	return strconv.FormatFloat(n, 'g', 4, 64) + " T"
}
