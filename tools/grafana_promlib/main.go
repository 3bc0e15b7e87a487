// Command grafana_promlib is the backend of Grafana's own Prometheus data source, driven by lines of JSON: each line of
// the input asks for a health check, queries or a resource call of one data source, each line of the output is what
// Grafana's backend would hand to its front end. Tests use it as a client; it serves nothing.
//
//	{"url": "http://127.0.0.1:9090/prometheus", "health": {}}
//	{"url": "…", "queries": [{"refId": "A", "expr": "up", "range": true, "from_ms": 0, "to_ms": 60000, "step_ms": 15000}]}
//	{"url": "…", "resource": {"method": "POST", "path": "api/v1/labels", "body": "match[]=up"}}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana/pkg/promlib"
)

var version = "unknown"

const longestLine = 64 << 20

type request struct {
	URL      string          `json:"url"`
	JSONData json.RawMessage `json:"jsonData"`
	Health   *struct{}       `json:"health"`
	Queries  []query         `json:"queries"`
	Resource *resource       `json:"resource"`
}

type query struct {
	RefID    string `json:"refId"`
	Expr     string `json:"expr"`
	Instant  bool   `json:"instant"`
	Range    bool   `json:"range"`
	Exemplar bool   `json:"exemplar"`
	FromMs   int64  `json:"from_ms"`
	ToMs     int64  `json:"to_ms"`
	StepMs   int64  `json:"step_ms"`
}

type resource struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query"`
	Body   string `json:"body"`
}

type answer struct {
	Error   string                     `json:"error,omitempty"`
	Status  int                        `json:"status,omitempty"`
	Message string                     `json:"message,omitempty"`
	Details json.RawMessage            `json:"details,omitempty"`
	Body    string                     `json:"body,omitempty"`
	Queries map[string]json.RawMessage `json:"queries,omitempty"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Printf("grafana_promlib, version %s\n", version)
		return
	}
	service := promlib.NewService(httpclient.NewProvider(), log.NewNullLogger(), nil)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	encoder := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		told := answer{}
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			told.Error = err.Error()
		} else {
			told = serve(service, asked)
		}
		if err := encoder.Encode(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func serve(service *promlib.Service, asked request) answer {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if len(asked.JSONData) == 0 {
		asked.JSONData = json.RawMessage(`{"httpMethod":"POST"}`)
	}
	// Grafana keeps one client for each data source; another URL or other settings are another data source here.
	source := backend.PluginContext{
		OrgID: 1, PluginID: "prometheus",
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: identity(asked), UID: "tested", Type: "prometheus", URL: asked.URL, JSONData: asked.JSONData,
		},
	}
	var told answer
	var err error
	switch {
	case asked.Health != nil:
		told, err = checkHealth(ctx, service, source)
	case asked.Resource != nil:
		told, err = callResource(ctx, service, source, *asked.Resource)
	default:
		told, err = runQueries(ctx, service, source, asked.Queries)
	}
	if err != nil {
		told.Error = err.Error()
	}
	return told
}

func identity(asked request) int64 {
	hash := fnv.New32a()
	hash.Write([]byte(asked.URL))
	hash.Write(asked.JSONData)
	return int64(hash.Sum32())
}

func checkHealth(ctx context.Context, service *promlib.Service, source backend.PluginContext) (answer, error) {
	result, err := service.CheckHealth(ctx, &backend.CheckHealthRequest{PluginContext: source})
	if err != nil {
		return answer{}, err
	}
	return answer{Status: int(result.Status), Message: result.Message, Details: result.JSONDetails}, nil
}

func callResource(
	ctx context.Context, service *promlib.Service, source backend.PluginContext, asked resource,
) (answer, error) {
	var told answer
	path := asked.Path
	url := path
	if asked.Query != "" {
		url += "?" + asked.Query
	}
	request := &backend.CallResourceRequest{
		PluginContext: source, Path: path, Method: asked.Method, URL: url, Body: []byte(asked.Body),
		Headers: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
	sender := backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
		told.Status, told.Body = response.Status, string(response.Body)
		return nil
	})
	return told, service.CallResource(ctx, request, sender)
}

func runQueries(
	ctx context.Context, service *promlib.Service, source backend.PluginContext, asked []query,
) (answer, error) {
	request := &backend.QueryDataRequest{PluginContext: source}
	for _, one := range asked {
		model, err := json.Marshal(map[string]any{
			"refId": one.RefID, "expr": one.Expr, "instant": one.Instant, "range": one.Range,
			"exemplar": one.Exemplar, "interval": fmt.Sprintf("%dms", one.StepMs), "intervalMs": one.StepMs,
		})
		if err != nil {
			return answer{}, err
		}
		request.Queries = append(request.Queries, backend.DataQuery{
			RefID: one.RefID, JSON: model, Interval: time.Duration(one.StepMs) * time.Millisecond, MaxDataPoints: 11000,
			TimeRange: backend.TimeRange{From: time.UnixMilli(one.FromMs).UTC(), To: time.UnixMilli(one.ToMs).UTC()},
		})
	}
	response, err := service.QueryData(ctx, request)
	if err != nil {
		return answer{}, err
	}
	told := answer{Queries: map[string]json.RawMessage{}}
	for name, one := range response.Responses {
		encoded, err := json.Marshal(one)
		if err != nil {
			return answer{}, err
		}
		told.Queries[name] = encoded
	}
	return told, nil
}
