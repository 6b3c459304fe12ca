package compare

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pipe/data/metric"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// Conditions may be about any variant, and compare it with another.
func TestConditionsOnVariants(t *testing.T) {
	for text, met := range map[string]bool{
		`"accuracy.mean[network=mlp]": ">= 0.7"`:                             true,
		`"accuracy.mean[network=mlp]": "< accuracy.mean[network=cnn]"`:       true,
		`"accuracy.mean": "> 1.1 * accuracy.min[network=mlp]"`:               true,
		`"log_loss.max[network=cnn]": "<= 0.5 * log_loss.max[network=mlp]"`:  true,
		`"log_loss.max[network=cnn]": "<= 0.49 * log_loss.max[network=mlp]"`: false,
		`"accuracy.mean[network=mlp]": "== accuracy.mean"`:                   false,
	} {
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: "require: {" + text + "}", Inputs: example()})
		_, unmet := errors.AsType[*pipeline.RequirementError](err)
		if err != nil && !unmet || unmet == met {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`"accuracy.mean[network=rnn]": ">= 0.7"`:    "no variant has network=rnn",
		`"accuracy.mean[network=mlp]": "< f1.mean"`: `no case has a metric "f1"`,
		`"accuracy.mean[seed=1]": ">= 0"`:           "no variant has seed=1",
	} {
		if _, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: "require: {" + text + "}", Inputs: example()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"> x * accuracy.mean[network=mlp]": `"x" is not a number`,
		"1.5 * accuracy.mean[network=mlp]": "it begins with",
		"> accuracy.mean[network=mlp] + 1": "is not a number",
	} {
		if err := new(Condition).UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"> 1.5 * accuracy.mean[network=mlp]", "<= accuracy.mean", ">= 0.5"} {
		var c Condition
		if err := c.UnmarshalText([]byte(text)); err != nil || c.String() != text {
			t.Errorf("%s is %s, %v", text, c, err)
		}
	}
}

// A condition may be on the lower end of the interval of the best over another, and on
// that of the best, which is behind nobody.
func TestAhead(t *testing.T) {
	inputs, better, worse := folds(t, 3, false)
	want, err := differences(t.Context(), better, worse, metric.All().Named("accuracy", "roc_auc"), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range want {
		for text, met := range map[string]bool{
			fmt.Sprintf(`"%s.ahead[network=mlp]": ">= %v"`, d.Name, d.Interval.Low):           true,
			fmt.Sprintf(`"%s.ahead[network=mlp]": "> %v"`, d.Name, d.Interval.Low):            false,
			fmt.Sprintf(`"%s.ahead[network=cnn]": ">= %v"`, d.Name, -d.Interval.High):         true,
			fmt.Sprintf(`"%s.ahead[network=cnn]": "> %v"`, d.Name, -d.Interval.High):          false,
			fmt.Sprintf(`"%s.ahead[network=cnn]": "> %s.ahead[network=mlp]"`, d.Name, d.Name): false,
		} {
			_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: "{by: roc_auc, require: {" + text + "}}", Inputs: inputs})
			_, unmet := errors.AsType[*pipeline.RequirementError](err)
			if err != nil && !unmet || unmet == met {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if _, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: `require: {"accuracy.ahead[network=mlp]": ">= 0"}`, Inputs: example()}); err == nil || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("without predictions: %v", err)
	}
}
