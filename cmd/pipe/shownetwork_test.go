package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/cmd/pipe/ui"
	"pipe/data/format"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// A network of several inputs lists their layers by the names of the inputs.
func TestShowNetworkOfInputs(t *testing.T) {
	padding := 0
	m := &nn.Model{
		Spec: nn.Spec{Outputs: 1, Layers: []nn.Layer{nn.NewLayer("dense", &nn.Dense{Units: 4, Activation: nn.ReLU})}, Branches: []nn.Branch{
			{Input: "text", Shape: nn.Shape{9}, Ragged: true, Layers: []nn.Layer{nn.NewLayer("embedding", &nn.Embedding{Vocabulary: 10, Dimensions: 3, Padding: &padding}), nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"})}},
			{Input: "features", Shape: nn.Shape{2}},
		}},
		Signature: nn.Signature{Task: task.Regression, Column: "price", Scale: 1, Inputs: []nn.Input{
			{Name: "text", Type: tensor.I32, Shape: nn.Shape{9}, Ragged: true}, {Name: "features", Type: tensor.F32, Shape: nn.Shape{2}, Features: []string{"a", "b"}}}},
		Summary: nn.Summary{Device: "NVIDIA H200, bfloat16\x1b[1m"},
	}
	network, err := format.NetworkOf(m)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&app{out: ui.NewOutput(&out)}).showNetwork(network); err != nil {
		t.Fatal(err)
	}
	const want = `
text up to (9) i32, features (2) f32 in, the number price out
trained on NVIDIA H200, bfloat16\x1b[1m

        LAYER              OUTPUT  PARAMETERS  SIZE   PER ROW  FLOPS
text.0  embedding 3 of 10  (9, 3)  30          120 B  108 B
text.1  time pool mean     (3)                        12 B     27
0       dense 4 relu       (4)     24          96 B   16 B     44
output  dense 1 linear     (1)     5           20 B   4 B      9
total                              59          236 B  140 B    80
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A network is listed layer by layer, those within others indented.
func TestShowNetwork(t *testing.T) {
	m := &nn.Model{
		Spec:      nn.Spec{Inputs: 64, Outputs: 3, Layers: nn.Expand([]nn.Layer{nn.NewLayer("resnet", &nn.ResNet{Image: []int{1, 8, 8}, Filters: []int{4, 8}, Blocks: 1})}, "")},
		Signature: nn.Signature{Task: task.Multiclass, Column: "shape", Classes: []string{"a", "b", "c"}},
	}
	network, err := format.NetworkOf(m)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&app{out: ui.NewOutput(&out)}).showNetwork(network); err != nil {
		t.Fatal(err)
	}
	const want = `
64 features in, 3 classes of shape out

                LAYER                  OUTPUT     PARAMETERS  SIZE     PER ROW   FLOPS
0               reshape (1, 8, 8)      (1, 8, 8)                       256 B
1               conv2d 4 3x3           (4, 8, 8)  36          144 B    1.0 KiB   4.864 k
2               batch norm             (4, 8, 8)  8           64 B     1.0 KiB   512
3               activation relu        (4, 8, 8)                       1.0 KiB   256
4               residual               (4, 8, 8)                       1.0 KiB   38.91 k
  4.0           conv2d 4 3x3           (4, 8, 8)  144         576 B    1.0 KiB   18.69 k
  4.1           batch norm             (4, 8, 8)  8           64 B     1.0 KiB   512
  4.2           activation relu        (4, 8, 8)                       1.0 KiB   256
  4.3           conv2d 4 3x3           (4, 8, 8)  144         576 B    1.0 KiB   18.69 k
  4.4           batch norm             (4, 8, 8)  8           64 B     1.0 KiB   512
5               activation relu        (4, 8, 8)                       1.0 KiB   256
6               residual               (8, 4, 4)                       512 B     29.82 k
  6.0           conv2d 8 3x3 stride 2  (8, 4, 4)  288         1.1 KiB  512 B     9.344 k
  6.1           batch norm             (8, 4, 4)  16          128 B    512 B     256
  6.2           activation relu        (8, 4, 4)                       512 B     128
  6.3           conv2d 8 3x3           (8, 4, 4)  576         2.2 KiB  512 B     18.56 k
  6.4           batch norm             (8, 4, 4)  16          128 B    512 B     256
  6.projection  conv2d 8 1x1 stride 2  (8, 4, 4)  40          160 B    512 B     1.152 k
7               activation relu        (8, 4, 4)                       512 B     128
8               global pool average    (8)                             32 B      128
output          dense 3 linear         (3)        27          108 B    12 B      51
total                                             1,311       5.3 KiB  14.3 KiB  74.93 k

56 more numbers are running statistics
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, err := json.Marshal(network)
	if err != nil || !strings.Contains(string(text), `"path":"layers.6.projection","kind":"conv2d","layer":"conv2d 8 1x1 stride 2","output":[8,4,4]`) {
		t.Errorf("%v, %s", err, text)
	}
}
