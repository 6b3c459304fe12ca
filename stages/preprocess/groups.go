package preprocess

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/feature"
	"pipe/data/leak"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

const (
	groupRows    = 20_000 // the first ones of a table, which are looked at for groups
	groupColumns = 64     // that are looked at
)

// tellGroups warns of columns that are no features, such as a number of a patient, whose rows with
// one value have one target and are in train and in another table.
func (s *Preprocess) tellGroups(ctx context.Context, env pipeline.Env, transform *feature.Transform) error {
	info := transform.Info()
	if info.Target() == nil || slices.Contains(s.Allow, string(leak.SharedGroups)) {
		return nil
	}
	used := []string{info.Target().Column}
	sources := transform.Sources()
	for _, f := range info.Features() {
		used = append(append(used, f.Column), sources[f.Column]...)
	}
	for _, t := range info.Targets {
		used = append(used, t.Column)
	}
	in, train, err := openTable(env, trainPort)
	if err != nil {
		return err
	}
	defer in.Close()
	defer train.Close()
	target := info.Target()
	if _, err := table.Column(train.Schema(), target.Column); err != nil {
		return nil // it is made of others
	}
	targets, _, err := firstValues(ctx, train, target.Column, false)
	if err != nil {
		return err
	}
	n := 0
	for _, f := range train.Schema().Fields() {
		class := table.ClassOf(f.Type)
		if class != table.ClassText && class != table.ClassWhole || slices.Contains(used, f.Name) || slices.Contains(s.Allow, f.Name) {
			continue
		}
		if n++; n > groupColumns {
			break
		}
		values, numbers, err := firstValues(ctx, train, f.Name, class == table.ClassWhole)
		if err != nil {
			return err
		}
		if things, ok := leak.FindThings(f.Name, values, numbers, targets, target.Task.IsClassification()); ok {
			if err := s.tellThings(ctx, env, f.Name, things); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellThings says in which table there are rows of things that have rows in train.
func (s *Preprocess) tellThings(ctx context.Context, env pipeline.Env, column string, things *leak.Things) error {
	for _, port := range s.tables(env) {
		if port == trainPort {
			continue
		}
		in, r, err := openTable(env, port)
		if err != nil {
			return err
		}
		var values []string
		if _, absent := table.Column(r.Schema(), column); absent == nil {
			values, _, err = firstValues(ctx, r, column, false)
		}
		r.Close()
		in.Close()
		if err != nil {
			return err
		}
		if found, ok := things.Meet(port, values); ok {
			env.Log().Warn(found.Msg, "column", column,
				"hint", fmt.Sprintf("let the rows of each go to one part: `group: %s` in `split`; `allow: [%[1]s]` says that it is meant", settings.Quote(column)))
			return nil
		}
	}
	return nil
}

// firstValues are those of the first rows of a table as texts, and as numbers if these are wanted.
func firstValues(ctx context.Context, r *table.Reader, name string, numbers bool) (texts []string, list []float64, err error) {
	only, err := r.Select(name)
	if err != nil {
		return nil, nil, err
	}
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, err
		}
		column := rec.Column(0)
		if left := groupRows - len(texts); column.Len() > left {
			column = array.NewSlice(column, 0, int64(left))
			defer column.Release()
		}
		values, valid, err := table.Texts(column)
		if err != nil {
			return nil, nil, err
		}
		for i, text := range values {
			if valid != nil && !valid[i] {
				text = leak.Missing
			}
			texts = append(texts, leak.Keep(text))
		}
		if numbers {
			more, _, err := table.FloatsOrNaN(column, nil)
			if err != nil {
				return nil, nil, err
			}
			list = append(list, more...)
		}
		if len(texts) >= groupRows {
			break
		}
	}
	return texts, list, nil
}
