package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"pipe/nn"
)

// A network is a folder for peers: case.json, and the arrays that it names, as
// float32 in little endian.

// An array is a file of numbers.
type array struct {
	Name  string `json:"name,omitempty"`
	Shape []int  `json:"shape"`
	File  string `json:"file"`
}

// writeData makes the data set of a network and puts it into its folder.
func (n *network) writeData(folder string) error {
	dir := filepath.Join(folder, n.Name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	x, y := n.data()
	if err := writeArray(filepath.Join(dir, "x"), x); err != nil {
		return err
	}
	return writeArray(filepath.Join(dir, "y"), y)
}

// readData is what writeData has written.
func (n *network) readData(folder string) (nn.Data, error) {
	d := nn.Data{Rows: n.rows(), Target: make([]float64, n.rows())}
	var err error
	if d.Features, err = readArray(filepath.Join(folder, n.Name, "x")); err != nil {
		return d, err
	}
	y, err := readArray(filepath.Join(folder, n.Name, "y"))
	for i, v := range y {
		d.Target[i] = float64(v)
	}
	return d, err
}

// writeCase adds the parameters and what else peers have to know.
func (n *network) writeCase(folder string, params []nn.Param) error {
	dir := filepath.Join(folder, n.Name)
	doc := struct {
		*network
		Params []array `json:"params"`
		X      array   `json:"x"`
		Y      array   `json:"y"`
	}{n, nil, array{"", []int{n.rows(), n.Inputs}, "x"}, array{"", []int{n.rows()}, "y"}}
	for i, p := range params {
		name := fmt.Sprint("p", i)
		doc.Params = append(doc.Params, array{p.Name, p.Shape, name})
		if err := writeArray(filepath.Join(dir, name), p.Data); err != nil {
			return err
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "case.json"), text, 0o666)
}

func writeArray(path string, data []float32) error {
	raw := make([]byte, 0, 4*len(data))
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return os.WriteFile(path, raw, 0o666)
}

func readArray(path string) ([]float32, error) {
	raw, err := os.ReadFile(path)
	data := make([]float32, len(raw)/4)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return data, err
}
