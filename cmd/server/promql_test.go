package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// interval is the time between scrapes.
const interval = time.Minute

// target are the labels Prometheus gives to what it scrapes.
var target = map[string]string{"namespace": "default", "job": "lockstep", "instance": "10.0.0.1:9090", "pod": "lockstep-0"}

// sample is a served value; counters are those that only grow.
type sample struct {
	labels  labels.Labels
	value   float64
	counter bool
}

// parseMetrics reads what /metrics serves.
func parseMetrics(t *testing.T, text string) map[string]sample {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("/metrics is malformed: %v", err)
	}
	out := map[string]sample{}
	for name, family := range families {
		for _, m := range family.Metric {
			add := func(suffix string, value float64, counter bool, more ...string) {
				b := labels.NewBuilder(labels.FromStrings(append(more, model.MetricNameLabel, name+suffix)...))
				for _, l := range m.Label {
					b.Set(l.GetName(), l.GetValue())
				}
				for n, v := range target {
					b.Set(n, v)
				}
				l := b.Labels()
				out[l.String()] = sample{l, value, counter}
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				add("", m.Counter.GetValue(), true)
			case dto.MetricType_GAUGE:
				add("", m.Gauge.GetValue(), false)
			case dto.MetricType_UNTYPED:
				add("", m.Untyped.GetValue(), false)
			case dto.MetricType_SUMMARY:
				add("_sum", m.Summary.GetSampleSum(), true)
				add("_count", float64(m.Summary.GetSampleCount()), true)
			case dto.MetricType_HISTOGRAM:
				add("_sum", m.Histogram.GetSampleSum(), true)
				add("_count", float64(m.Histogram.GetSampleCount()), true)
				for _, bucket := range m.Histogram.Bucket {
					add("_bucket", float64(bucket.GetCumulativeCount()), true, "le", strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64))
				}
			}
		}
	}
	return out
}

// series is a database of Prometheus: what it would hold if it had scraped at fixed times.
type series []promql.Series

// history is what Prometheus holds after six quiet hours and then two in which, every minute, happens what happened between
// the two scrapes: counters grow by as much each time, gauges stay as they were found.
func history(before, after map[string]sample) (s series, fault, end time.Time) {
	const quiet, faulty = 360, 120
	fault = time.Unix(0, 0).Add(quiet * interval)
	end = fault.Add((faulty - 1) * interval)
	for _, key := range slices.Sorted(maps.Keys(union(before, after))) {
		was, existed := before[key]
		is, exists := after[key]
		one := promql.Series{Metric: is.labels}
		if !exists {
			one.Metric = was.labels
		}
		for n := range quiet + faulty {
			at := time.Unix(0, 0).Add(time.Duration(n) * interval).UnixMilli()
			value := was.value
			if n >= quiet {
				value = is.value
				if is.counter {
					value = was.value + (is.value-was.value)*float64(n-quiet+1)
				}
			}
			if n < quiet && existed || n >= quiet && exists {
				one.Floats = append(one.Floats, promql.FPoint{T: at, F: value})
			}
		}
		s = append(s, one)
	}
	return s, fault, end
}

func union(a, b map[string]sample) map[string]sample {
	out := map[string]sample{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// Querier implements storage.Queryable.
func (s series) Querier(int64, int64) (storage.Querier, error) { return querier{s}, nil }

type querier struct{ series series }

func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.New("not needed")
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errors.New("not needed")
}

func (querier) Close() error { return nil }

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{}
	for _, one := range q.series {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.Metric.Get(m.Name)) }) {
			set.series = append(set.series, one)
		}
	}
	return set
}

type seriesSet struct {
	series series
	next   int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next <= len(s.series) }
func (s *seriesSet) At() storage.Series                { return promql.NewStorageSeries(s.series[s.next-1]) }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

var (
	promParser = parser.NewParser(parser.Options{})
	engine     = promql.NewEngine(promql.EngineOpts{MaxSamples: math.MaxInt32, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: promParser})
)

// evaluate returns the expression's value at each step from start to end.
func evaluate(s series, expr string, start, end time.Time) (promql.Matrix, error) {
	query, err := engine.NewRangeQuery(context.Background(), s, nil, expr, start, end, interval)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	matrix, err := query.Exec(context.Background()).Matrix()
	if err != nil {
		return nil, err
	}
	out := make(promql.Matrix, len(matrix))
	for i, one := range matrix { // the query's memory is used again
		out[i] = promql.Series{Metric: one.Metric.Copy(), Floats: slices.Clone(one.Floats)}
	}
	return out, nil
}

// readRules reads deploy/observability/rules.yaml.
func readRules(t *testing.T) (recording, alerts []rulefmt.Rule) {
	t.Helper()
	groups, errs := rulefmt.ParseFile("../../deploy/observability/rules.yaml", false, model.UTF8Validation, promParser)
	if len(errs) > 0 {
		t.Fatal(errors.Join(errs...))
	}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				recording = append(recording, r)
			} else {
				alerts = append(alerts, r)
			}
		}
	}
	return recording, alerts
}

// record adds the series of recording rules.
func (s series) record(t *testing.T, recording []rulefmt.Rule, start, end time.Time) series {
	t.Helper()
	for _, r := range recording {
		matrix, err := evaluate(s, r.Expr, start, end)
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		for _, one := range matrix {
			one.Metric = labels.NewBuilder(one.Metric).Set(model.MetricNameLabel, r.Record).Labels()
			s = append(s, one)
		}
	}
	return s
}

// dashboardExpressions are all of deploy/observability/dashboard.json, by where they are, with Grafana's variables filled in.
func dashboardExpressions(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/observability/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	type query struct{ Expr string }
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []query
		}
		Annotations struct{ List []query }
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	fill := strings.NewReplacer("$namespace", ".*", "$job", ".*", "$__rate_interval", "5m")
	for _, panel := range dashboard.Panels {
		for i, q := range panel.Targets {
			out[fmt.Sprintf("panel %q, query %d", panel.Title, i+1)] = fill.Replace(q.Expr)
		}
	}
	for i, q := range dashboard.Annotations.List {
		out[fmt.Sprintf("annotation %d", i+1)] = fill.Replace(q.Expr)
	}
	return out
}

// unserved names what an expression selects and nothing serves: selectors without a series, and labels to group by that no
// selected series has.
func unserved(s series, expr string) []string {
	parsed, err := promParser.ParseExpr(expr)
	if err != nil {
		return []string{err.Error()}
	}
	var missing []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			if len(selected(s, n)) == 0 {
				missing = append(missing, n.String())
			}
		case *parser.AggregateExpr:
			for _, name := range n.Grouping {
				if !n.Without && !labelled(s, n.Expr, name) {
					missing = append(missing, fmt.Sprintf("label %s in %s", name, n))
				}
			}
		}
		return nil
	})
	return missing
}

func selected(s series, selector *parser.VectorSelector) series {
	return querier{s}.Select(context.Background(), false, nil, selector.LabelMatchers...).(*seriesSet).series
}

func labelled(s series, expr parser.Expr, name string) bool {
	found := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			for _, one := range selected(s, n) {
				found = found || one.Metric.Has(name)
			}
		}
		return nil
	})
	return found
}
