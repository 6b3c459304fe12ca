package evaluate_test

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/random"
	"pipe/data/feature"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/task"
	"pipe/data/token"
	"pipe/nn"
	"pipe/nn/dataset"
	"pipe/pipeline/pipelinetest"
	"pipe/stages/evaluate"
)

// reviews are texts of which "good" and "bad" say what they are, but for every fourth.
func reviews(rows int) (texts, labels []string) {
	others := []string{"the", "film", "<b>plot</b>", "\u2764\ufe0f", "I", "saw", "and", "was"}
	noise := random.New(1, "reviews", 0)
	for i := range rows {
		var words []string
		for j := range 4 {
			words = append(words, others[noise.IntN(uint64(8*i+j), len(others))])
		}
		said, label := "Good", "stays"
		if i%2 == 0 {
			said = "bad"
		}
		if (i%2 == 0) != (i%4 == 0) {
			label = "leaves"
		}
		words[noise.IntN(uint64(8*i+5), 4)] = said + "!"
		texts, labels = append(texts, strings.Join(words, " ")), append(labels, label)
	}
	return texts, labels
}

// library is what a stage is given about reviews: a transform that makes inputs of the texts, and a model that looks
// at the two words.
func library(t testing.TB, keep bool, steps ...feature.Step) map[string][]byte {
	t.Helper()
	texts, labels := reviews(48)
	return libraryOf(t, texts, labels, keep, steps...)
}

func libraryOf(t testing.TB, texts, labels []string, keep bool, steps ...feature.Step) map[string][]byte {
	t.Helper()
	positive := "leaves"
	spec := feature.Spec{Target: &feature.Target{Column: "churn", Positive: &positive}}
	for i, step := range steps {
		spec.Features = append(spec.Features, feature.Column{Name: []string{"text", "terms"}[i], Chain: []feature.Step{step}})
	}
	if keep {
		spec.Keep = []string{"other", "said"}
	}
	rec := tabletest.Record(t, "text", texts, "terms", texts, "churn", labels, "other", labels, "said", texts)
	tr, err := feature.Fit(t.Context(), spec, tabletest.Open(t, tabletest.Bytes(t, rec)), feature.All(), feature.Resources{})
	if err != nil {
		t.Fatal(err)
	}
	var document bytes.Buffer
	if _, err := tr.WriteTo(&document); err != nil {
		t.Fatal(err)
	}
	out, err := tr.Apply(rec, true)
	if err != nil {
		t.Fatal(err)
	}
	m := reader(t, tr)
	return map[string][]byte{"data": tabletest.Bytes(t, []arrow.RecordBatch{out}...), "transform": document.Bytes(), "model": encode(t, m)}
}

// reader is a model that takes "good" for stays and "bad" for leaves: it adds what a layer or an embedding says of each input.
func reader(t testing.TB, tr *feature.Transform) *nn.Model {
	t.Helper()
	info := tr.Info()
	m := churn()
	m.Signature = dataset.Signature(info, []int{64, 64})
	m.Spec = nn.Spec{Outputs: 1}
	for i, in := range info.Inputs {
		given := m.Signature.Inputs[i]
		branch := nn.Branch{Input: in.Name, Shape: given.Shape, Ragged: given.Ragged, Sparse: given.Sparse}
		if in.Kind == table.Tokens {
			branch.Layers = []nn.Layer{nn.NewLayer("embedding", &nn.Embedding{Vocabulary: in.Size, Dimensions: 1}), nn.NewLayer("time_pool", &nn.TimePool{Kind: "mean"})}
		} else {
			branch.Layers = []nn.Layer{nn.NewLayer("dense", &nn.Dense{Units: 1, Activation: nn.Linear})}
		}
		m.Spec.Branches = append(m.Spec.Branches, branch)
	}
	m.Summary.Features = nil
	shapes, err := m.Spec.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	m.Params = nil
	for _, p := range shapes.Params() {
		param := nn.Param{Name: p.Name, Shape: p.Shape}
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		param.Data = make([]float32, size)
		text, _ := tr.TextInput("text")
		if strings.Contains(p.Name, "inputs.1.") {
			text, _ = tr.TextInput("terms")
		}
		for i := range param.Data {
			switch piece, _ := text.Piece(i); {
			case strings.Contains(p.Name, "bias"):
			case size <= len(info.Inputs):
				param.Data[i] = 1 // behind them
			case strings.TrimSpace(strings.ToLower(piece)) == "bad":
				param.Data[i] = 8
			case strings.TrimSpace(strings.ToLower(piece)) == "good":
				param.Data[i] = -8
			}
		}
		m.Params = append(m.Params, param)
	}
	if m.Signature.Task != task.Binary {
		t.Fatalf("the task is %s", m.Signature.Task)
	}
	return m
}

// The words that change the answer are those that the model looks at, whatever texts became.
func TestWordsSayWhatTheModelReadInThem(t *testing.T) {
	words := func(s feature.Words) feature.Step {
		s.MinFrequency, s.Lowercase = 1, true
		return feature.Step{Kind: "words", Setting: &s}
	}
	grams := feature.Grams{Lowercase: true, NgramRange: []int{1, 2}, MaxDF: 1, MinDF: 1}
	for name, c := range map[string]struct {
		step feature.Step
		keep bool
	}{
		"ids":                  {words(feature.Words{}), false},
		"ids, kept":            {words(feature.Words{}), true},
		"padded at the end":    {words(feature.Words{Length: 9, Pad: token.PadEnd}), false},
		"padded at the start":  {words(feature.Words{Length: 9, Pad: token.PadStart}), false},
		"padded, kept":         {words(feature.Words{Length: 9, Pad: token.PadStart}), true},
		"tf-idf":               {feature.Step{Kind: "tf_idf", Setting: &feature.TFIDF{Grams: grams, Norm: feature.NormL2, UseIDF: true}}, false},
		"tf-idf, kept":         {feature.Step{Kind: "tf_idf", Setting: &feature.TFIDF{Grams: grams, Norm: feature.NormL2, UseIDF: true}}, true},
		"bag":                  {feature.Step{Kind: "bag_of_words", Setting: &feature.BagOfWords{Grams: grams}}, true},
		"pairs of bytes":       {feature.Step{Kind: "bpe", Setting: &feature.BPE{MaxSize: 300, MinFrequency: 2}}, true},
		"pairs of bytes, bare": {feature.Step{Kind: "bpe", Setting: &feature.BPE{MaxSize: 300, MinFrequency: 2}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			stage := pipelinetest.Case{Kind: evaluate.Kind(), With: `{explain: {rows: 6}}`, Inputs: library(t, c.keep, c.step)}
			r := pipelinetest.Run(t, stage)
			found := map[string]float64{}
			for _, e := range explanations(t, r) {
				part := strings.Trim(strings.ToLower(e["part"]), ` !"`)
				found[part] = max(found[part], math.Abs(number(t, e["fall"])))
			}
			for part, fall := range found {
				if counts := part == "good" || part == "bad"; counts != (fall > .2) {
					t.Errorf("%q changes a probability by %v", part, fall)
				}
			}
			if _, alone := found["\ufe0f"]; alone && (c.keep || c.step.Kind != "bpe") {
				t.Error("what says how an emoji looks is a word of its own")
			}
			if len(found) < 6 {
				t.Errorf("only %d words are explained", len(found))
			}
			page := string(r.Outputs["report"])
			for _, want := range []string{`class="for4"`, "stays, taken for leaves", "Words that moved most", "the probability of leaves falls from"} {
				if !strings.Contains(page, want) {
					t.Errorf("the report does not say %q", want)
				}
			}
			bare := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "")
			if asked := strings.Contains(page, "shows them as they were written"); asked == c.keep || c.keep && !strings.Contains(bare, "bad!") {
				t.Errorf("texts as they were written: %v", !asked)
			}
			checkPage(t, page)
		})
	}
}

// Where several inputs are made of a text, a word is left out of all of them, or the report says of which it is not.
func TestWordsAreLeftOutOfAllInputs(t *testing.T) {
	ids := feature.Step{Kind: "words", Setting: &feature.Words{MinFrequency: 1, Lowercase: true}}
	terms := feature.Step{Kind: "tf_idf", Setting: &feature.TFIDF{Grams: feature.Grams{Lowercase: true, MaxDF: 1, MinDF: 1}, Norm: feature.NormL2}}
	most := func(keep bool) (fall float64, page string) {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: `{explain: {rows: 6}}`, Inputs: library(t, keep, ids, terms)})
		for _, e := range explanations(t, r) {
			fall = max(fall, number(t, e["fall"]))
		}
		return fall, string(r.Outputs["report"])
	}
	const stays = "Words were left out of text alone, and stay in what else the model reads (terms)"
	if fall, page := most(true); fall < .4 || strings.Contains(page, stays) {
		t.Errorf("a word changes a probability by %v at most, its copy in the other input remains", fall)
	}
	if fall, page := most(false); fall > .2 || !strings.Contains(page, stays) {
		t.Errorf("without the texts a word changes a probability by %v, and the report does not say that it stays in terms", fall)
	}
}

// A mistake without a word is told, and not an empty line.
func TestMistakesWithoutWords(t *testing.T) {
	step := feature.Step{Kind: "words", Setting: &feature.Words{MinFrequency: 1, Lowercase: true}}
	texts, labels := reviews(48)
	for i := range texts {
		if i%4 != 0 {
			texts[i] = " "
		}
	}
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: evaluate.Kind(), With: `{explain: {rows: 6}}`, Inputs: libraryOf(t, texts, labels, true, step)})
	if page := string(r.Outputs["report"]); !strings.Contains(page, "The model reads no word here") {
		t.Error("the report does not say that a text has no words")
	}
}

func TestWordsConform(t *testing.T) {
	step := feature.Step{Kind: "tf_idf", Setting: &feature.TFIDF{Grams: feature.Grams{Lowercase: true, MaxDF: 1, MinDF: 1}, Norm: feature.NormL2}}
	pipelinetest.Conform(t, pipelinetest.Case{Kind: evaluate.Kind(), With: `{}`, Inputs: library(t, true, step)})
}

// Without the transform nobody knows the words, and the report says what to connect; that of other data is refused.
func TestWordsNeedTheirTransform(t *testing.T) {
	ids := library(t, true, feature.Step{Kind: "words", Setting: &feature.Words{MinFrequency: 1, Lowercase: true}})
	fewer := library(t, true, feature.Step{Kind: "words", Setting: &feature.Words{MinFrequency: 1, Lowercase: true, MaxSize: 5}})
	stage := pipelinetest.Case{Kind: evaluate.Kind(), With: `{}`, Inputs: map[string][]byte{"data": ids["data"], "model": ids["model"]}}
	if page := string(pipelinetest.Run(t, stage).Outputs["report"]); !strings.Contains(page, "connect the transform that made the data set") {
		t.Error("the report does not say how to see words")
	}
	stage.Inputs["transform"] = fewer["transform"]
	if _, err := pipelinetest.RunErr(t, stage); err == nil || !strings.Contains(err.Error(), "transform: the data set was not made by it: text differs") {
		t.Errorf("got error %v", err)
	}
	step := feature.Step{Kind: "words", Setting: &feature.Words{MinFrequency: 1, Lowercase: true}}
	both := library(t, true, step, step)
	stage.Inputs = map[string][]byte{"data": both["data"], "model": both["model"], "transform": ids["transform"]}
	if _, err := pipelinetest.RunErr(t, stage); err == nil || !strings.Contains(err.Error(), "transform: the data set was not made by it: terms differs") {
		t.Errorf("of a column that it does not have: got error %v", err)
	}
}
