package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// numbers are the columns of the mixed table that are imputed and scaled. Its
// column s1 is encoded.
var numbers = []string{"i1", "i2", "i3", "i4", "f1", "f2", "f3", "f4", "f5", "f6"}

// prepare is the task from the table of pipe to the features of a train and a
// test part. Each round has a seed of its own, so that pipe finds nothing made.
func (m *measurement) prepare() (task, error) {
	var settings strings.Builder
	for _, name := range numbers {
		fmt.Fprintf(&settings, "        %s: {impute: median, scale: standard}\n", name)
	}
	if _, err := m.shop.ingest(m.file, `  split:
    uses: split
    inputs: {table: load}
    with: {parts: {train: 0.8, test: 0.2}}
  features:
    uses: preprocess
    inputs: {train: split.train, test: split.test}
    with:
      features:
`+settings.String()+"        s1: {encode: one_hot}\n"); err != nil {
		return task{}, err
	}
	table := filepath.Join(m.shop.dir, "pipe.arrow")
	if err := m.shop.get("load", table); err != nil {
		return task{}, err
	}
	info, err := os.Stat(table)
	if err != nil {
		return task{}, err
	}
	m.size = info.Size()
	seed := 0
	t := task{"prepare", []*program{{name: "pipe", run: func() (usage, error) {
		seed++
		return m.shop.run("--seed", fmt.Sprint(seed))
	}}}}
	if m.python == "" {
		return t, nil
	}
	for _, peer := range []string{"sklearn", "polars", "polars-columns"} {
		t.programs = append(t.programs, m.preparer(peer, table))
	}
	return t, nil
}

// preparer is a peer that makes features. The first time it makes those of the
// parts of pipe, and they are compared.
func (m *measurement) preparer(peer, table string) *program {
	compared := false
	return &program{name: peer, run: func() (usage, error) {
		if !compared {
			compared = true
			if err := m.compareFeatures(peer); err != nil {
				return usage{}, err
			}
		}
		train, test := filepath.Join(m.temp, "train.arrow"), filepath.Join(m.temp, "test.arrow")
		defer os.Remove(train)
		defer os.Remove(test)
		return call(m.limit, m.python, "bench/data/prepare.py", peer, table, train, test)
	}}
}

// compareFeatures holds what a peer learns and makes of the parts that pipe made
// against the features of pipe.
func (m *measurement) compareFeatures(peer string) error {
	args := []string{"bench/data/prepare.py", peer}
	for _, artifact := range []string{"split.train", "split.test", "features.train", "features.test"} {
		path := filepath.Join(m.shop.dir, artifact+".arrow")
		defer os.Remove(path)
		if err := m.shop.get(artifact, path); err != nil {
			return err
		}
		args = append(args, path)
	}
	u, err := call(m.limit, m.python, args...)
	if err == nil && u.Differs != "" {
		err = fmt.Errorf("other values: %s", u.Differs)
	}
	return err
}
