package relation

import (
	"context"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// someKeys is how many rows of the left table Nearly looks at.
const someKeys = 1000

// Nearly finds out why nothing matches: it looks for a text of the left table and one
// of the right that are the same but for upper and lower case, blanks around them, or
// zeros in front. ok is false if it finds none.
func (j *Joiner) Nearly(ctx context.Context, left, right *table.Reader) (a, b string, ok bool) {
	for i, form := range j.leftKeys.forms {
		if form != keyText {
			continue
		}
		some := map[string]string{} // by what is left of them
		err := texts(ctx, left, j.leftKeys.names[i], func(text string) bool {
			some[bare(text)] = strings.Clone(text)
			return len(some) < someKeys
		})
		if err != nil {
			return "", "", false
		}
		err = texts(ctx, right, j.rightKeys.names[i], func(text string) bool {
			other, there := some[bare(text)]
			if there && other != text {
				a, b, ok = other, strings.Clone(text), true
			}
			return !ok
		})
		if ok || err != nil {
			return a, b, ok
		}
	}
	return "", "", false
}

// bare is a text without what people and programs write differently.
func bare(text string) string {
	return strings.TrimLeft(strings.ToLower(strings.TrimSpace(text)), "0")
}

// texts gives the values of a column of texts, until it is enough.
func texts(ctx context.Context, r *table.Reader, name string, more func(text string) bool) error {
	only, err := r.Select(name)
	if err != nil {
		return err
	}
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if !textsOf(rec, more) {
			return nil
		}
	}
	return nil
}

func textsOf(rec arrow.RecordBatch, more func(text string) bool) bool {
	values, valid, err := table.Texts(rec.Column(0))
	for row, text := range values {
		if err == nil && (valid == nil || valid[row]) && !more(text) {
			return false
		}
	}
	return true
}
