package openlineage

import (
	"path/filepath"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// Data sets are named by where they come from, not by their hash, so that
// they are the same ones in every run: PIPELINE.STAGE.PORT. The hash is their
// version. External files are named as the standard says.

func (o *Observer) name(stage, port string) dataset {
	return dataset{Namespace: o.Namespace, Name: o.Plan.Pipeline + "." + stage + "." + port}
}

// inputName names what is connected to an input port.
func (o *Observer) inputName(s *pipeline.Step, port string) (dataset, bool) {
	for _, f := range s.Files {
		if f.Port == port && f.Address != nil {
			return dataset{Namespace: f.Address.Server(), Name: f.Address.Path()}, true
		}
		if f.Port == port {
			path, err := filepath.Abs(f.Resolved)
			if err != nil {
				path = f.Resolved
			}
			return dataset{Namespace: "file", Name: filepath.ToSlash(path)}, true
		}
	}
	for _, e := range s.Inputs {
		switch {
		case e.Port != port:
		case !e.Artifact.IsZero():
			return dataset{Namespace: o.Namespace, Name: "artifact." + e.Artifact.String()}, true
		default:
			return o.name(e.From.Stage, e.From.Port), true
		}
	}
	return dataset{}, false
}

func (o *Observer) inputs(s *pipeline.Step) []dataset {
	list := []dataset{}
	for _, f := range s.Files {
		d, _ := o.inputName(s, f.Port)
		list = append(list, d)
	}
	for _, e := range s.Inputs {
		d, _ := o.inputName(s, e.Port)
		out, known := o.outputs[e.From]
		if e.Artifact.IsZero() && !known {
			continue // an optional output that was not written
		}
		if known && e.Artifact.IsZero() {
			o.putVersion(&d, out)
			o.put(&d.InputFacets, "inputStatistics", o.statistics(out))
		}
		list = append(list, d)
	}
	return list
}

func (o *Observer) putVersion(d *dataset, out lineage.Output) {
	o.put(&d.Facets, "version", map[string]any{"datasetVersion": out.ID.String()})
	schema := o.schema(out.Type, out.ID)
	if schema == nil || len(schema.Fields) == 0 {
		return
	}
	fields := make([]map[string]any, len(schema.Fields))
	for i, f := range schema.Fields {
		fields[i] = map[string]any{"name": f.Name, "type": f.Type, "ordinal_position": i + 1}
	}
	o.put(&d.Facets, "schema", map[string]any{"fields": fields})
}

func (o *Observer) statistics(out lineage.Output) map[string]any {
	stats := map[string]any{"size": out.Size}
	if schema := o.schema(out.Type, out.ID); schema != nil && schema.Rows >= 0 {
		stats["rowCount"] = schema.Rows
	}
	return stats
}

// schema describes an artifact once.
func (o *Observer) schema(portType string, id artifacts.ID) *Schema {
	if s, ok := o.schemas[id]; ok || o.Describe == nil {
		return s
	}
	s, err := o.Describe(portType, id)
	if err != nil {
		o.queue.problem(err)
	}
	o.schemas[id] = s
	return s
}

func (o *Observer) output(s *pipeline.Step, out lineage.Output, columns []lineage.ColumnEdge) dataset {
	d := o.name(s.Name, out.Port)
	o.putVersion(&d, out)
	stats := o.statistics(out)
	o.put(&d.OutputFacets, "outputStatistics", stats)
	o.putQuality(&d, out)

	fields := map[string]any{}
	lists := map[string][]map[string]any{}
	for _, c := range columns {
		in, ok := o.inputName(s, c.InPort)
		if c.OutPort != out.Port || !ok {
			continue
		}
		lists[c.OutColumn] = append(lists[c.OutColumn], map[string]any{"namespace": in.Namespace, "name": in.Name, "field": c.InColumn})
	}
	for column, list := range lists {
		fields[column] = map[string]any{"inputFields": list}
	}
	if len(fields) > 0 {
		o.put(&d.Facets, "columnLineage", map[string]any{"fields": fields})
	}
	return d
}

// putQuality adds what has been counted of the columns.
func (o *Observer) putQuality(d *dataset, out lineage.Output) {
	schema := o.schema(out.Type, out.ID)
	if schema == nil || schema.Rows < 0 {
		return
	}
	columns := map[string]any{}
	for _, f := range schema.Fields {
		if f.Missing >= 0 {
			columns[f.Name] = map[string]any{"nullCount": f.Missing, "count": schema.Rows - f.Missing}
		}
	}
	if len(columns) > 0 {
		o.put(&d.Facets, "dataQualityMetrics", map[string]any{"rowCount": schema.Rows, "bytes": out.Size, "columnMetrics": columns})
	}
}
