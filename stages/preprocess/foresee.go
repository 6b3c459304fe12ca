package preprocess

import (
	"pipe/data/feature"
	"pipe/data/task"
	"pipe/pipeline"
)

var _ pipeline.Foreseer = (*Preprocess)(nil)

// Foresee tells what there is to learn, as far as the settings say so.
func (s *Preprocess) Foresee(map[string]pipeline.Facts) (pipeline.Facts, error) {
	facts := pipeline.Facts{Keep: append([]string{}, s.Keep...)}
	spec := s.spec()
	if names := spec.KeepsMissing(); len(names) > 0 {
		facts.Missing = "impute: keep of " + names[0]
	}
	switch t := s.Target; {
	case len(s.Targets) > 0:
		facts.Tasks, facts.Why = []task.Kind{task.Multioutput, task.Multilabel}, "several targets"
		for i := range s.Targets {
			each := s.Targets[i].target()
			switch {
			case each.Positive != nil || each.Task == feature.Classification:
				facts.Tasks, facts.Why = []task.Kind{task.Multilabel}, "targets that are classes"
			case each.Transform != nil || each.Task == feature.Regression || each.Scale != "":
				facts.Tasks, facts.Why = []task.Kind{task.Multioutput}, "targets that are numbers"
			}
		}
	case t == nil:
		facts.Tasks, facts.Why = []task.Kind{}, "no target"
	case t.Positive != nil:
		facts.Tasks, facts.Why = []task.Kind{task.Binary}, "positive: "+t.Positive.Text
	case t.Task == string(feature.Classification):
		facts.Tasks, facts.Why = []task.Kind{task.Binary, task.Multiclass}, "task: classification"
	case t.Task == string(feature.Regression):
		facts.Tasks, facts.Why = []task.Kind{task.Regression}, "task: regression"
	case t.target().Transform != nil:
		facts.Tasks, facts.Why = []task.Kind{task.Regression}, "a target with a transform"
	case t.Scale != targetScaling(auto):
		facts.Tasks, facts.Why = []task.Kind{task.Regression}, "a target with a scale"
	}
	return facts, nil
}
