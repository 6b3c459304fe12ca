package openlineage

import (
	"crypto/sha1"
	"encoding/hex"
	"time"
)

// The parts of the published schema that are used. Field names are those of
// the standard.

type event struct {
	EventType string    `json:"eventType"`
	EventTime string    `json:"eventTime"`
	Run       run       `json:"run"`
	Job       job       `json:"job"`
	Inputs    []dataset `json:"inputs"`
	Outputs   []dataset `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// The states of a run that OpenLineage has and pipe uses.
const (
	started   = "START"
	completed = "COMPLETE"
	failed    = "FAIL"
	aborted   = "ABORT"
)

type facets map[string]any

type run struct {
	ID     string `json:"runId"`
	Facets facets `json:"facets,omitempty"`
}

type job struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Facets    facets `json:"facets,omitempty"`
}

type dataset struct {
	Namespace    string `json:"namespace"`
	Name         string `json:"name"`
	Facets       facets `json:"facets,omitempty"`
	InputFacets  facets `json:"inputFacets,omitempty"`
	OutputFacets facets `json:"outputFacets,omitempty"`
}

const (
	specURL      = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
	eventURL     = specURL + "#/$defs/RunEvent"
	runFacetURL  = specURL + "#/$defs/RunFacet"
	facetURLRoot = "https://openlineage.io/spec/facets/"
)

// facetURLs are the schemas of the facets, by the key under which they stand.
var facetURLs = map[string]string{
	"parent":             facetURLRoot + "1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet",
	"errorMessage":       facetURLRoot + "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
	"processing_engine":  facetURLRoot + "1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
	"jobType":            facetURLRoot + "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
	"sourceCodeLocation": facetURLRoot + "1-1-0/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet",
	"schema":             facetURLRoot + "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
	"version":            facetURLRoot + "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
	"columnLineage":      facetURLRoot + "1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
	"dataQualityMetrics": facetURLRoot + "1-0-0/DataQualityMetricsDatasetFacet.json#/$defs/DataQualityMetricsDatasetFacet",
	"inputStatistics":    facetURLRoot + "1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet",
	"outputStatistics":   facetURLRoot + "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet",
	"pipe":               runFacetURL, // our own: the run ID of pipe and why a stage ran
}

// A maker makes events and facets in the name of one producer.
type maker struct{ producer string }

func (m maker) event(kind string, at time.Time) event {
	return event{EventType: kind, EventTime: at.UTC().Format(time.RFC3339Nano), Producer: m.producer, SchemaURL: eventURL,
		Inputs: []dataset{}, Outputs: []dataset{}}
}

// put adds a facet to those of something.
func (m maker) put(f *facets, key string, fields map[string]any) {
	if *f == nil {
		*f = facets{}
	}
	fields["_producer"], fields["_schemaURL"] = m.producer, facetURLs[key]
	(*f)[key] = fields
}

// uuid derives a UUID of version 5 (RFC 9562) from a name, so that the run ID
// of pipe leads to that of OpenLineage without a table. The name space is that
// of URLs.
func uuid(name string) string {
	space := [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	h := sha1.New()
	h.Write(space[:])
	h.Write([]byte("pipe:run/" + name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
