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
	switch t := s.Target; {
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
