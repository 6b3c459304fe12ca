package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/workspace"
	"pipe/workspace/trace"
)

// parseRow reads FILE:NUMBER.
func parseRow(text string) (trace.Row, error) {
	at := strings.LastIndexByte(text, ':')
	if at > 0 {
		if n, err := strconv.ParseInt(text[at+1:], 10, 64); err == nil && n > 0 {
			return trace.Row{File: text[:at], Row: n}, nil
		}
	}
	return trace.Row{}, diag.Usage(diag.WithHint(fmt.Errorf("%s names no row of a file", diag.Quote(text)),
		"write FILE:NUMBER, as in data/penguins.csv:17; the first row below the header has the number 1"))
}

// A sighting is where a row of a file is.
type sighting struct {
	Pipeline string       `json:"pipeline"`
	Run      string       `json:"run"`
	Stage    string       `json:"stage"`
	Port     string       `json:"port"`
	Type     string       `json:"type"`
	ID       artifacts.ID `json:"id"`
	File     artifacts.ID `json:"file"`           // the bytes that the file had then
	Rows     []int64      `json:"rows,omitempty"` // of the artifact, from 1; of a model none
	As       []string     `json:"as,omitempty"`   // of a model: the inputs that have the row
	Labels   []string     `json:"labels,omitempty"`
}

// A sightings is what is known of a row.
type sightings struct {
	Row       trace.Row  `json:"row"`
	Sightings []sighting `json:"sightings"`
	Lost      []string   `json:"not_followed"` // where it may be without being seen
	Notes     []string   `json:"notes"`
}

// seek follows a row through the run that words name, or through the newest run of
// each pipeline and each run that made a model.
func seek(ctx context.Context, ws *workspace.Workspace, text string, words []string) (*sightings, error) {
	row, err := parseRow(text)
	if err != nil {
		return nil, err
	}
	ids, err := runsToSearch(ctx, ws, words)
	if err != nil {
		return nil, err
	}
	labels, err := registry.Labels(ctx, ws.DB, time.Time{})
	if err != nil {
		return nil, err
	}
	found := &sightings{Row: row, Sightings: []sighting{}, Lost: []string{}, Notes: []string{}}
	follower := trace.NewFollower(ws)
	name := row.File
	var files []string
	versions := make(map[artifacts.ID]bool)
	for _, id := range ids {
		run, err := ws.DB.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		in, err := follower.Run(ctx, run)
		if err != nil {
			var none *workspace.NoFileError
			switch {
			case ctx.Err() != nil:
				return nil, err
			case errors.As(err, &none): // nobody learns in it
				continue
			}
			found.Lost = append(found.Lost, fmt.Sprintf("run %s of %s: %v", id, run.Pipeline, err))
			continue
		}
		var paths []string
		for _, f := range in.Files() {
			paths = append(paths, f.Path)
		}
		files = append(files, paths...)
		row.File = fileOf(name, paths)
		version := artifacts.ID{}
		for _, f := range in.Files() {
			if f.Path == row.File {
				version = f.ID
			}
		}
		for _, a := range in.Artifacts {
			if at := a.Find(row); len(at) > 0 {
				versions[version] = true
				found.Sightings = append(found.Sightings, sighting{Pipeline: in.Pipeline, Run: id, Stage: a.Stage, Port: a.Port, Type: a.Type, ID: a.ID, File: version, Rows: at})
			}
		}
		for _, m := range in.Models {
			s := sighting{Pipeline: in.Pipeline, Run: id, Stage: m.Stage, Port: m.Port, Type: "model", ID: m.ID, File: version}
			for _, d := range m.Data {
				if len(d.Find(row)) > 0 {
					s.As = append(s.As, d.Port)
				}
			}
			for _, l := range labels {
				if l.Model == m.ID && l.Pipeline == in.Pipeline {
					s.Labels = append(s.Labels, l.Label)
				}
			}
			if len(s.As) > 0 {
				found.Sightings = append(found.Sightings, s)
			}
		}
		for _, l := range in.Lost {
			if l.Reads(row) || l.Reads(trace.Row{File: name, Row: row.Row}) {
				found.Lost = append(found.Lost, fmt.Sprintf("%s/%s (%s): %s", in.Pipeline, l.Stage, l.Kind, l.Why))
			}
		}
	}
	slices.Sort(found.Lost)
	found.Lost = slices.Compact(found.Lost)
	if len(found.Sightings)+len(found.Lost) == 0 {
		slices.Sort(files)
		return nil, noSuchRow(trace.Row{File: name, Row: row.Row}, slices.Compact(files))
	}
	if len(versions) > 1 {
		found.Notes = append(found.Notes, fmt.Sprintf("%s had %d different contents in these runs, and row %d is that of each as it was then", name, len(versions), row.Row))
	}
	if now, err := hashOf(name); err == nil && !versions[now] && len(versions) > 0 {
		found.Notes = append(found.Notes, name+" has changed since: its row "+strconv.FormatInt(row.Row, 10)+" may be another one now")
	}
	return found, nil
}

// hashOf is the hash of a file as it is now.
func hashOf(name string) (id artifacts.ID, err error) {
	f, err := infile.Open(name)
	if err != nil {
		return id, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return id, err
	}
	h.Sum(id[:0])
	return id, nil
}

func noSuchRow(row trace.Row, files []string) error {
	hint := "rows are followed from files that one stage reads into one table, without leaving records out"
	if len(files) > 0 {
		hint = "the files whose rows can be followed are " + strings.Join(files, ", ")
	}
	return diag.WithHint(fmt.Errorf("no run has a row %d of %s", row.Row, diag.Quote(row.File)), hint)
}

// fileOf is the file that a run knows by a name, or by the end of its path.
func fileOf(name string, files []string) string {
	if slices.Contains(files, name) {
		return name
	}
	for _, f := range files {
		if path.Clean(f) == path.Clean(name) || strings.HasSuffix("/"+path.Clean(name), "/"+path.Clean(f)) {
			return f
		}
	}
	return name
}

// runsToSearch are the run that is named, or the newest of each pipeline and each that
// made a model.
func runsToSearch(ctx context.Context, ws *workspace.Workspace, words []string) ([]string, error) {
	if len(words) > 0 {
		ref, err := ws.DB.Resolve(ctx, words[0])
		if err != nil {
			return nil, err
		}
		if ref.RunID == "" {
			return nil, diag.Usagef("%s names no run", words[0])
		}
		return []string{ref.RunID}, nil
	}
	runs, err := ws.DB.Runs(ctx, lineage.RunFilter{})
	if err != nil {
		return nil, err
	}
	models, err := registry.Models(ctx, ws.DB, "")
	if err != nil {
		return nil, err
	}
	made := make(map[string]bool)
	for _, m := range models {
		made[m.RunID] = true
	}
	var ids []string
	newest := make(map[string]bool)
	for _, r := range runs {
		if ended := r.Status == lineage.Succeeded; made[r.ID] || ended && !newest[r.Pipeline] {
			newest[r.Pipeline] = newest[r.Pipeline] || ended
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// lineageOfRow says which parts and models a row came into.
func (a *app) lineageOfRow(ctx context.Context, ws *workspace.Workspace, text string, words []string, asJSON bool) error {
	found, err := seek(ctx, ws, text, words)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, found)
	}
	var cells [][]string
	for _, s := range found.Sightings {
		where := numbers(s.Rows)
		if s.Type == "model" {
			where = "learned from it as " + strings.Join(s.As, " and ")
			for _, l := range s.Labels {
				where += ", " + s.Pipeline + "@" + l
			}
		}
		cells = append(cells, []string{s.Pipeline, s.Run, s.Stage + "." + s.Port, s.Type, s.ID.Short(), where})
	}
	if len(cells) > 0 {
		if err := ui.Table(a.out, []string{"pipeline", "run", "artifact", "type", "id", "row"}, cells); err != nil {
			return err
		}
	}
	return writeLost(a.out, found)
}

func writeLost(w io.Writer, found *sightings) error {
	var errs []error
	for i, note := range found.Notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		_, err := fmt.Fprintln(w, "note: "+diag.Visible(note))
		errs = append(errs, err)
	}
	lost := found.Lost
	for i, l := range lost {
		if i == 0 {
			fmt.Fprintln(w, "\nnot followed through:")
		}
		_, err := fmt.Fprintln(w, "  "+diag.Visible(l))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// numbers writes rows as 1-5, 8, 10.
func numbers(rows []int64) string {
	var b strings.Builder
	for i := 0; i < len(rows); {
		end := i + 1
		for end < len(rows) && rows[end] == rows[end-1]+1 {
			end++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(rows[i], 10))
		if end-i > 1 {
			fmt.Fprintf(&b, "-%d", rows[end-1])
		}
		i = end
	}
	return b.String()
}

// rowsOf lists the rows of files that a model was trained on, or that are in a table.
func (a *app) rowsOf(ctx context.Context, ws *workspace.Workspace, words []string, asJSON bool) error {
	if len(words) == 0 {
		return diag.Usagef("name a model or a table, such as penguins/model")
	}
	ref, err := ws.DB.Resolve(ctx, words[0])
	if err != nil {
		return err
	}
	if ref.RunID == "" {
		return diag.Usagef("%s names no artifact of a run", words[0])
	}
	run, err := ws.DB.Run(ctx, ref.RunID)
	if err != nil {
		return err
	}
	in, err := trace.NewFollower(ws).Run(ctx, run)
	if err != nil {
		return err
	}
	type list struct {
		As   string  `json:"as"`
		File string  `json:"file"`
		Rows []int64 `json:"rows"`
	}
	var lists []list
	add := func(as string, d *trace.ArtifactRows) {
		by := make(map[string][]int64)
		for i := range d.Len() {
			r := d.At(i + 1)
			by[r.File] = append(by[r.File], r.Row)
		}
		for _, f := range slices.Sorted(maps.Keys(by)) {
			slices.Sort(by[f])
			lists = append(lists, list{as, f, slices.Compact(by[f])})
		}
	}
	for _, m := range in.Models {
		if m.Stage == ref.Stage && (ref.Port == "" || m.Port == ref.Port) {
			for i := range m.Data {
				add(m.Data[i].Port, &m.Data[i])
			}
		}
	}
	for i, t := range in.Artifacts {
		if t.Stage == ref.Stage && (ref.Port == "" || t.Port == ref.Port) {
			add(t.Port, &in.Artifacts[i])
		}
	}
	if len(lists) == 0 {
		err := fmt.Errorf("the rows of %s are those of no file that could be followed", words[0])
		for _, l := range in.Lost {
			return diag.WithHint(err, fmt.Sprintf("they cannot be followed through %s (%s): %s", l.Stage, l.Kind, l.Why))
		}
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, lists)
	}
	for _, l := range lists {
		if _, err := fmt.Fprintf(a.out, "%s  %s  %d rows: %s\n", diag.Visible(l.As), diag.Visible(l.File), len(l.Rows), numbers(l.Rows)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) forgetCommand() *cobra.Command {
	var row string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "forget --row FILE:NUMBER",
		Short: "List the models that must be made again without a row",
		Long: `List the models that learned from a row of a file, and what to do so that none of them has: nobody can take a row out of a
model that has seen it, but one can be made without it. Nothing is changed by this command.`,
		Example: `  pipe forget --row data/patients.csv:1204`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if row == "" {
				return diag.Usagef("say which row: --row data/patients.csv:1204")
			}
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				found, err := seek(cmd.Context(), ws, row, nil)
				if err != nil {
					return err
				}
				models := &sightings{Row: found.Row, Sightings: []sighting{}, Lost: found.Lost, Notes: found.Notes}
				for _, s := range found.Sightings {
					if s.Type == "model" {
						models.Sightings = append(models.Sightings, s)
					}
				}
				if asJSON {
					return ui.WriteJSON(a.out, models)
				}
				return a.writeForget(models, found)
			})
		},
	}
	cmd.Flags().StringVar(&row, "row", "", "FILE:NUMBER: the row, from 1 and without the header")
	jsonFlag(cmd, &asJSON, "the models as JSON")
	return cmd
}

func (a *app) writeForget(models, found *sightings) error {
	switch {
	case len(models.Sightings) == 0 && len(found.Lost) > 0:
		fmt.Fprintf(a.out, "whether a model has learned from row %d of %s is not known: it went where it cannot be followed\n", found.Row.Row, diag.Visible(found.Row.File))
		return writeLost(a.out, found)
	case len(models.Sightings) == 0:
		fmt.Fprintf(a.out, "no model has learned from row %d of %s; it is in %d tables\n", found.Row.Row, diag.Visible(found.Row.File), len(found.Sightings))
		return writeLost(a.out, found)
	}
	var cells [][]string
	var pipelines []string
	for _, s := range models.Sightings {
		cells = append(cells, []string{s.Pipeline, s.Run, s.Stage + "." + s.Port, s.ID.Short(), strings.Join(s.As, ", "), strings.Join(s.Labels, ", ")})
		if !slices.Contains(pipelines, s.Pipeline) {
			pipelines = append(pipelines, s.Pipeline)
		}
	}
	if err := ui.Table(a.out, []string{"pipeline", "run", "model", "id", "as", "labels"}, cells); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n1. take row %d out of %s\n2. run %s again, and promote what takes the place of a labelled model\n3. `pipe gc` removes the models, and the tables that have the row, once no run that is kept has them\n",
		found.Row.Row, diag.Visible(found.Row.File), diag.Visible(strings.Join(pipelines, ", ")))
	return writeLost(a.out, found)
}
