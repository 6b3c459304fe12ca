package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/nn"
)

// A problem is data with a network for it, of which the best learning rate is looked for.
type problem struct {
	name   string
	layers []nn.Layer
	batch  int
	epochs int // of the short training that says how good a rate is
	sig    nn.Signature

	train, validation nn.Data

	// right is the learning rate of Adam that the grid has shown to be the best.
	right float64
}

// spec is the network.
func (p *problem) spec() nn.Spec {
	return nn.Spec{Inputs: len(p.sig.Features), Layers: p.layers, Outputs: p.sig.Outputs()}
}

func dense(units ...int) []nn.Layer {
	var list []nn.Layer
	for _, n := range units {
		list = append(list, nn.NewLayer("dense", &nn.Dense{Units: n, Activation: nn.ReLU}))
	}
	return list
}

// problems are ten: data of the examples, and data made by counter-based random numbers.
func problems(data string) ([]problem, error) {
	list := []problem{
		{name: "penguins", layers: dense(32), batch: 16, epochs: 10, right: 0.059049},
		{name: "cars", layers: dense(64, 64), batch: 32, epochs: 10, right: 0.019683},
		{name: "digits", layers: dense(64), batch: 64, epochs: 5, right: 0.019683},
		{name: "diamonds", layers: dense(32, 32), batch: 128, epochs: 3, right: 0.006561},
		{name: "flights", layers: dense(32), batch: 128, epochs: 3, right: 0.019683},
		{name: "sine", layers: dense(64, 64), batch: 32, epochs: 30, right: 0.059049},
		{name: "small", layers: dense(32, 32), batch: 32, epochs: 10, right: 0.059049},
		{name: "linear", batch: 64, epochs: 10, right: 0.059049},
		{name: "spirals", layers: dense(64, 64), batch: 64, epochs: 20, right: 0.059049},
		{name: "deep", layers: dense(32, 32, 32, 32, 32, 32), batch: 64, epochs: 10, right: 0.019683},
	}
	for i := range list {
		p := &list[i]
		t, err := load(data, p.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		t.divide(p)
	}
	return list, nil
}

// A table is rows of features with what is to be predicted.
type table struct {
	rows    [][]float64
	target  []float64
	classes []string // none of numbers
}

func load(data, name string) (*table, error) {
	switch name {
	case "penguins":
		return read(filepath.Join(data, "penguins.csv"), "species", 1, true)
	case "cars":
		return read(filepath.Join(data, "cars.csv"), "miles_per_gallon", 1, false, "name")
	case "digits":
		return read(filepath.Join(data, "digits.csv"), "digit", 1, true)
	case "diamonds":
		return read(filepath.Join(data, "diamonds.csv.gz"), "price", 10, false)
	case "flights":
		return read(filepath.Join(data, "flights.csv.gz"), "arr_delay", 4, false, "tailnum", "time_hour", "dest")
	case "sine":
		return read(filepath.Join(data, "sine.csv"), "y", 1, false, "range")
	case "small":
		return classify(97+40, 6, func(x []float64, noise float64) bool { return x[0]-x[1]+2*noise > 0 }), nil
	case "linear":
		return generated(600, 20, func(x []float64, noise float64) float64 {
			y := noise
			for i, v := range x {
				y += float64(v * float64(i%5-2))
			}
			return y
		}), nil
	case "spirals":
		return spirals(800), nil
	case "deep":
		return classify(1000, 8, func(x []float64, noise float64) bool { return x[0]*x[1]+x[2]*x[3]+0.2*noise > 0 }), nil
	}
	return nil, fmt.Errorf("there is no such data")
}

// generated are rows of normal numbers, and what a function makes of them and of noise.
func generated(rows, inputs int, f func(x []float64, noise float64) float64) *table {
	s, noise := random.New(5, "features", uint64(inputs)), random.New(5, "noise", uint64(inputs))
	t := &table{}
	for i := range rows {
		x := make([]float64, inputs)
		for j := range x {
			x[j] = s.Normal(uint64(i*inputs + j))
		}
		t.rows, t.target = append(t.rows, x), append(t.target, f(x, noise.Normal(uint64(i))))
	}
	return t
}

func classify(rows, inputs int, f func(x []float64, noise float64) bool) *table {
	t := generated(rows, inputs, func(x []float64, noise float64) float64 {
		if f(x, noise) {
			return 1
		}
		return 0
	})
	t.classes = []string{"no", "yes"}
	return t
}

// spirals are two of them, of one and a half turns, with noise.
func spirals(rows int) *table {
	s := random.New(5, "spirals", 0)
	t := &table{classes: []string{"one", "other"}}
	for i := range rows {
		at, class := s.Float64(uint64(3*i)), i%2
		angle := 3*math.Pi*at + math.Pi*float64(class)
		t.rows = append(t.rows, []float64{float64(at*math.Cos(angle)) + float64(0.03*s.Normal(uint64(3*i+1))), float64(at*math.Sin(angle)) + float64(0.03*s.Normal(uint64(3*i+2)))})
		t.target = append(t.target, float64(class))
	}
	return t
}

// read takes every n-th row of a file. Texts become columns of their values, what is missing
// the mean, and rows without a target are left out.
func read(path, target string, every int, classes bool, without ...string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	lines, err := csv.NewReader(text).ReadAll()
	if err != nil {
		return nil, err
	}
	header, t := lines[0], &table{}
	at := slices.Index(header, target)
	var cells [][]string
	for i, line := range lines[1:] {
		if i%every == 0 && line[at] != "NA" && line[at] != "" {
			cells = append(cells, line)
		}
	}
	t.rows = make([][]float64, len(cells))
	for j, name := range header {
		if j == at || slices.Contains(without, name) {
			continue
		}
		t.column(cells, j)
	}
	for _, line := range cells {
		y, err := strconv.ParseFloat(line[at], 64)
		if classes {
			if !slices.Contains(t.classes, line[at]) {
				t.classes = append(t.classes, line[at])
			}
			y, err = float64(slices.Index(t.classes, line[at])), nil
		}
		if err != nil {
			return nil, err
		}
		t.target = append(t.target, y)
	}
	return t, nil
}

// column adds a column: as it is, or with a feature for each of its texts.
func (t *table) column(cells [][]string, j int) {
	var words []string
	numbers, sum, n := make([]float64, len(cells)), 0.0, 0.0
	for i, line := range cells {
		v, err := strconv.ParseFloat(line[j], 64)
		switch {
		case err == nil:
			numbers[i] = v
			sum, n = sum+v, n+1
		case line[j] == "NA" || line[j] == "":
			numbers[i] = math.NaN()
		case !slices.Contains(words, line[j]):
			words = append(words, line[j])
		}
	}
	for i, line := range cells {
		if len(words) > 0 {
			for _, w := range words {
				v := 0.0
				if w == line[j] {
					v = 1
				}
				t.rows[i] = append(t.rows[i], v)
			}
			continue
		}
		if math.IsNaN(numbers[i]) {
			numbers[i] = sum / n
		}
		t.rows[i] = append(t.rows[i], numbers[i])
	}
}

// divide makes training and validation data of the rows: features by their mean and standard
// deviation, a fifth of the rows, drawn at random, for validation.
func (t *table) divide(p *problem) {
	perm := random.New(5, "divide", 0).Perm(len(t.rows))
	validation := len(perm) / 5
	mean, scale := standard(t.rows, perm[validation:])
	p.sig = nn.Signature{Column: "y", Task: task.Regression}
	for j := range mean {
		p.sig.Features = append(p.sig.Features, "x"+strconv.Itoa(j))
	}
	switch len(t.classes) {
	case 0:
		column := make([][]float64, len(t.target))
		for i, y := range t.target {
			column[i] = []float64{y}
		}
		m, s := standard(column, perm[validation:])
		p.sig.Center, p.sig.Scale = m[0], s[0]
	case 2:
		p.sig.Task, p.sig.Classes = task.Binary, t.classes
	default:
		p.sig.Task, p.sig.Classes = task.Multiclass, t.classes
	}
	take := func(rows []int) nn.Data {
		d := nn.Data{Rows: len(rows)}
		for _, i := range rows {
			for j, v := range t.rows[i] {
				d.Features = append(d.Features, float32((v-mean[j])/scale[j]))
			}
			d.Target = append(d.Target, t.target[i])
		}
		return d
	}
	p.validation, p.train = take(perm[:validation]), take(perm[validation:])
}

func standard(rows [][]float64, of []int) (mean, scale []float64) {
	for j := range rows[0] {
		sum, squares := 0.0, 0.0
		for _, i := range of {
			sum += rows[i][j]
		}
		m := sum / float64(len(of))
		for _, i := range of {
			d := rows[i][j] - m
			squares += float64(d * d)
		}
		s := math.Sqrt(squares / float64(len(of)))
		if s == 0 {
			s = 1
		}
		mean, scale = append(mean, m), append(scale, s)
	}
	return mean, scale
}
