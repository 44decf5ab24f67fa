// Command driver runs one release of the sample operators against an API server.
//
//	driver URL
//
// reads one order as JSON from each line of its standard input, carries it out with the operators' own code, and
// answers with one line of JSON. It is built once for each release, from the sources of that release.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/go-logr/logr"
)

// order says what to do (create an object, handle a live one, handle a deleted one) with which operator's object.
type order struct {
	Do       string `json:"do"`
	Operator string `json:"operator"`
	Name     string `json:"name"`
}

type answer struct {
	Error    string   `json:"error"`
	Warnings []string `json:"warnings"`
}

// operator is what the operators' code has in common.
type operator struct {
	create  func(ctx context.Context, name string) error
	live    func(ctx context.Context, name string) error
	deleted func(ctx context.Context, name string) error
}

// warnings keeps what the server warned about.
type warnings []string

func (w *warnings) HandleWarningHeader(code int, agent, text string) { *w = append(*w, text) }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: driver URL")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func run(url string, in io.Reader, out io.Writer) error {
	log.SetLogger(logr.Discard())
	warned := &warnings{}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	c, err := client.New(&rest.Config{Host: url, QPS: -1, WarningHandler: warned},
		client.Options{Scheme: scheme, WarningHandler: client.WarningHandlerOptions{SuppressWarnings: true}})
	if err != nil {
		return err
	}
	operators := newOperators(c)

	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		*warned = warnings{}
		a := answer{}
		if err := carryOut(operators, o); err != nil {
			a.Error = err.Error()
		}
		a.Warnings = *warned
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func carryOut(operators map[string]operator, o order) error {
	chosen, ok := operators[o.Operator]
	if !ok {
		return fmt.Errorf("no operator %q", o.Operator)
	}
	ctx := context.Background()
	switch o.Do {
	case "create":
		return chosen.create(ctx, o.Name)
	case "live":
		return chosen.live(ctx, o.Name)
	case "deleted":
		return chosen.deleted(ctx, o.Name)
	}
	return fmt.Errorf("cannot %q", o.Do)
}
