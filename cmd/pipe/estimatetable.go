package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/nn/estimate"
	"pipe/nn/xla"
)

// printEstimates prints what trainings will cost.
func (a *app) printEstimates(list []stageEstimate, asJSON bool) error {
	if asJSON {
		return ui.WriteJSON(a.out, map[string]any{"stages": list})
	}
	for i, s := range list {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		if err := a.printEstimate(&s); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printEstimate(s *stageEstimate) error {
	row := func(name, format string, words ...any) {
		fmt.Fprintf(a.out, "%s%s\n", ui.Pad(name, 10), fmt.Sprintf(format, words...))
	}
	if c := s.Trees; c != nil {
		validation := ""
		if c.Validation > 0 {
			validation = fmt.Sprintf(" and %s of validation", counted(c.Validation))
		}
		row("stage", "%s, trees", s.Stage)
		row("rows", "%s%s, from %s", counted(c.Rows), validation, s.Source)
		row("training", "at most %s of %s, on %s", plural(c.Rounds, "round"), plural(c.Outputs, "tree"), plural(c.Features, "feature"))
		row("memory", "%s", ui.Bytes(c.Memory))
		row("time", "%s of a processor, shared by those that it has, if all rounds are run", ui.Duration(time.Duration(c.Seconds*float64(time.Second))))
		return nil
	}
	row("stage", "%s, %s parameters", s.Stage, counted(s.Parameters))
	validation := ""
	if s.Validation > 0 {
		validation = fmt.Sprintf(" and %s of validation", counted(s.Validation))
	}
	row("rows", "%s%s, from %s", counted(s.Rows), validation, s.Source)
	row("training", "at most %s of %s, in batches of %s", plural(s.Epochs, "epoch"), plural(s.Steps, "step"), counted(s.Batch))
	fmt.Fprintln(a.out)
	if err := a.printHere(s); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if s.Problem != "" {
		_, err := fmt.Fprintf(a.out, "A GPU cannot do it: %s\n", diag.Visible(s.Problem))
		return err
	}
	if err := a.printThere(s); err != nil {
		return err
	}
	for _, l := range s.There {
		if l.Refused != "" {
			fmt.Fprintf(a.out, "%s, batches of %d: %s\n", l.GPU, l.Batch, ui.OneLine(l.Refused))
		}
	}
	fmt.Fprintf(a.out, "\nTimes on a GPU are those of a model, for %s.\n%s\n\n", precisionText(s), memorySource(s))
	return a.printMemory(&s.There[0])
}

func precisionText(s *stageEstimate) string {
	if s.Deterministic {
		return s.Precision + ", deterministic"
	}
	return s.Precision
}

// memorySource says where the memory of GPUs is known from.
func memorySource(s *stageEstimate) string {
	compiled := 0
	for _, l := range s.There {
		if l.Compiled {
			compiled++
		}
	}
	switch {
	case compiled == len(s.There):
		return "Memory is what the compiler says."
	case compiled > 0:
		return "Memory is what the compiler says, or that of the model where it says nothing."
	case s.Plugin:
		return "So is memory: name GPUs with --gpu, and the step is compiled for them."
	}
	return "So is memory: name a GPU with --gpu and install a plugin of XLA (see pipe doctor),\nand the step is compiled for it."
}

// printHere prints what was found out on this machine.
func (a *app) printHere(s *stageEstimate) error {
	header := []string{"HERE", "BATCH", "MEMORY", "FITS", "STEP", "EPOCH", epochsTitle(s)}
	var rows [][]string
	var notes []string
	for _, m := range s.Here {
		memory := byteText(m.Memory)
		if m.Rough {
			memory = "~" + memory
		}
		rows = append(rows, []string{m.Name, strconv.Itoa(m.Batch), memory, yesNo(m.Fits), took(m.Step), took(m.Epoch), took(m.Total)})
		if m.Modelled > 0 {
			notes = append(notes, fmt.Sprintf("%s, batches of %d: measured %s a step, modelled %s (%+.0f %%)\n", m.Name, m.Batch, took(m.Step), took(m.Modelled), 100*m.Error))
		}
	}
	if err := ui.Table(a.out, header, rows); err != nil {
		return err
	}
	_, err := fmt.Fprint(a.out, strings.Join(notes, ""))
	return err
}

// printThere prints what the model says.
func (a *app) printThere(s *stageEstimate) error {
	header := []string{"GPU", "BATCH", "MEMORY", "FITS", "UP TO", "STEP", "EPOCH", epochsTitle(s)}
	several := s.Deadline > 0 || slices.ContainsFunc(s.There, func(l estimate.Line) bool { return l.GPUs > 1 })
	if several {
		header = []string{"GPU", "BATCH", "MEMORY", "FITS", "STEP", "EXCHANGE", epochsTitle(s), "GPUS", "EFFICIENCY"}
	}
	if s.Deadline > 0 {
		header = append(header, "IN "+strings.ToUpper(short(s.Deadline.Duration())))
	}
	var rows [][]string
	for _, l := range s.There {
		row := []string{l.GPU, strconv.Itoa(l.Batch), ui.Bytes(l.Memory), yesNo(l.Fits)}
		switch {
		case !several:
			row = append(row, upTo(l.Largest, s.Rows), took(l.Step), took(l.Epoch), took(l.Total))
		case !l.Fits: // which is all there is to say
			row = append(row, make([]string, len(header)-len(row))...)
		default:
			row = append(row, took(l.Step), took(l.Exchange), took(l.Total), strconv.Itoa(l.GPUs), percent(l.Efficiency))
			if l.InTime != nil {
				row = append(row, yesNo(*l.InTime))
			}
		}
		rows = append(rows, row)
	}
	return ui.Table(a.out, header, rows)
}

// mostLayers is how many layers are listed with their memory.
const mostLayers = 3

// printMemory prints what memory on a GPU is made of.
func (a *app) printMemory(l *estimate.Line) error {
	m := &l.Parts
	rows := [][]string{{"weights", ui.Bytes(m.Weights)}, {"optimizer", ui.Bytes(m.Optimizer)}}
	if m.Compiled > 0 {
		rows = append(rows, []string{"compiled step", ui.Bytes(m.Compiled)})
	} else {
		rows = append(rows, []string{"gradients", ui.Bytes(m.Gradients)}, []string{"activations", ui.Bytes(m.Activations), layersText(m.Layers)})
		rows = append(rows, []string{"workspace", ui.Bytes(m.Workspace)})
	}
	rows = append(rows, []string{"batches", ui.Bytes(m.Batches)}, []string{"data", ui.Bytes(m.Data)})
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[1] == ui.Bytes(0) })
	for i := range rows {
		if len(rows[i]) < 3 {
			rows[i] = append(rows[i], "")
		}
	}
	return ui.Table(a.out, []string{"MEMORY OF " + l.GPU, ui.Bytes(m.Total()), "LAYERS"}, rows)
}

// layersText names the layers with most of the activations.
func layersText(list []xla.Share) string {
	var words []string
	for _, s := range list[:min(len(list), mostLayers)] {
		if s.Layer != "" && s.Bytes >= list[0].Bytes/100 {
			words = append(words, diag.Visible(strings.TrimPrefix(s.Layer, "layers."))+": "+ui.Bytes(s.Bytes))
		}
	}
	if more := len(list) - mostLayers; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return strings.Join(words, ", ")
}

func epochsTitle(s *stageEstimate) string { return strings.ToUpper(plural(s.Epochs, "epoch")) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return counted(n) + " " + noun + "s"
}

// short is a duration as people write it: 8h.
func short(d time.Duration) string {
	s := d.String()
	if rest, ok := strings.CutSuffix(s, "m0s"); ok {
		s = rest + "m"
	}
	if rest, ok := strings.CutSuffix(s, "h0m"); ok {
		s = rest + "h"
	}
	return s
}

func took(t estimate.Time) string {
	switch d := t.Duration(); {
	case t == 0:
		return ""
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gµs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	default:
		return ui.Duration(d)
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func percent(f float64) string {
	if f == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*f)
}

// upTo is the largest batch that fits.
func upTo(batch, rows int) string {
	switch {
	case batch == 0:
		return "none"
	case batch >= rows:
		return "all"
	}
	return strconv.Itoa(batch)
}
