package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// An oracleCase is a transform with what scikit-learn makes of it.
type oracleCase struct {
	Name          string
	Impute        Strategy
	Scale         Scaling
	Encode        string
	Unseen        Unseen
	Drop          Drop
	MinFrequency  float64 `json:"min_frequency"`
	MaxCategories int     `json:"max_categories"`
	Train, Rows   []any
	Want          [][]float64
}

func readOracle(t *testing.T) (numbers, texts []oracleCase) {
	t.Helper()
	b, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Numbers, Texts []oracleCase }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Numbers) < 400 || len(file.Texts) < 200 {
		t.Fatalf("oracle.json has %d and %d cases, which cannot be all", len(file.Numbers), len(file.Texts))
	}
	return file.Numbers, file.Texts
}

func (c oracleCase) column() Column {
	column := Column{Name: "x", Scale: c.Scale, Impute: by(c.Impute)}
	switch {
	case c.Impute == Constant && c.Encode != "":
		column.Impute = constant("unknown")
	case c.Impute == Constant:
		column.Impute = constant("2.75")
	}
	switch c.Encode {
	case "one_hot":
		column.Encode = asOneHot(OneHot{Unseen: c.Unseen, MinFrequency: c.MinFrequency, MaxCategories: c.MaxCategories, Drop: c.Drop})
	case "ordinal":
		column.Encode = asOrdinal(Ordinal{Unseen: c.Unseen, MinFrequency: c.MinFrequency, MaxCategories: c.MaxCategories})
	}
	return column
}

func TestNumbersAreThoseOfScikitLearn(t *testing.T) {
	cases, _ := readOracle(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			tr := fit(t, Spec{Features: []Column{c.column()}}, col{"x", c.Train})
			got := apply(t, tr, col{"x", c.Rows})
			fitted := documented(t, tr).Columns[0]
			for i, row := range c.Rows {
				want := c.Want[i][0]
				x, ok := row.(float64)
				if !ok {
					x = *fitted.Impute.Number
				}
				// MinMaxScaler multiplies first and so cancels digits: rounding
				// of center/scale is its error, not ours.
				slack := 0.0
				if c.Scale == MinMax {
					slack = 4 * epsilon * math.Abs(fitted.Number.Center/fitted.Number.Scale)
				}
				if v := (x - fitted.Number.Center) / fitted.Number.Scale; !close12(v, want) && math.Abs(v-want) > slack {
					t.Errorf("row %d (%v): got %v, want %v, with %+v", i, row, v, want, *fitted.Number)
				}
				if v := got[i][0]; v != float32((x-fitted.Number.Center)/fitted.Number.Scale) {
					t.Errorf("row %d (%v): the vector has %v, want the nearest float32 of %v", i, row, v, want)
				}
			}
		})
	}
}

func TestCategoriesAreThoseOfScikitLearn(t *testing.T) {
	_, cases := readOracle(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			spec := Spec{Features: []Column{{Name: "n", Scale: None}, c.column()}}
			counting := make([]any, len(c.Train))
			for i := range counting {
				counting[i] = float64(i)
			}
			tr := fit(t, spec, col{"n", counting}, col{"x", c.Train})
			zeros := make([]any, len(c.Rows))
			for i := range zeros {
				zeros[i] = 0.0
			}
			got := apply(t, tr, col{"n", zeros}, col{"x", c.Rows})
			for i := range c.Rows {
				if have, want := fmt.Sprint(got[i][1:]), fmt.Sprint(c.Want[i]); have != want {
					t.Errorf("%v: got %v, want %v; features are %q", c.Rows[i], have, want, names(tr))
				}
			}
		})
	}
}
