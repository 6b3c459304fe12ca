package workspace

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"pipe/lineage"
)

// An Answer is the rows of a question to the database.
type Answer lineage.Rows

// Query asks the database with one SELECT; nothing can be changed. limit is how
// many rows to give; 0 is all.
func (w *Workspace) Query(ctx context.Context, sql string, limit int) (*Answer, error) {
	rows, err := w.DB.Query(ctx, sql, limit)
	if err != nil {
		return nil, err
	}
	return (*Answer)(rows), nil
}

// WriteJSON writes an array with an object for each row. It keeps the columns in
// the order of the query, which a map would not.
func (rows *Answer) WriteJSON(w io.Writer) error {
	names, err := memberNames(rows.Columns)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("[")
	for i, r := range rows.Rows {
		b.WriteString(separator(i) + "  {")
		for j, v := range r {
			if j > 0 {
				b.WriteString(", ")
			}
			if blob, ok := v.([]byte); ok {
				v = hex.EncodeToString(blob)
			}
			value, err := jsonValue(v)
			if err != nil {
				return fmt.Errorf("row %d, column %q: %w", i+1, rows.Columns[j], err)
			}
			b.WriteString(names[j] + ": " + value)
		}
		b.WriteString("}")
	}
	if len(rows.Rows) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("]\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// jsonValue writes a value. Infinity is what SQLite writes for it and reads as
// it: JSON has no word for it, and no largest number.
func jsonValue(v any) (string, error) {
	if f, ok := v.(float64); ok && math.IsInf(f, 0) {
		if f < 0 {
			return "-9e999", nil
		}
		return "9e999", nil
	}
	return jsonText(v)
}

// memberNames gives each column a name of its own, as JSON: of two that are
// called id, the second becomes id_1.
func memberNames(columns []string) ([]string, error) {
	taken := map[string]bool{}
	for _, c := range columns {
		taken[c] = true
	}
	seen := map[string]bool{}
	texts := make([]string, len(columns))
	for i, c := range columns {
		name := c
		for n := 1; seen[name] || name != c && taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", c, n)
		}
		seen[name] = true
		var err error
		if texts[i], err = jsonText(name); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

func jsonText(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
