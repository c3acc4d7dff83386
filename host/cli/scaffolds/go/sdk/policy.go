// Package plimsoll is what a policy in Go is written with: the questions, the answers, and settings.
//
// It came with the plimsoll command that made this project, and is part of the project: `plimsoll policy build` fetches
// nothing.
package plimsoll

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Policy is a whole policy. S are its settings: a struct whose fields have the tags `json` (the name in plimsoll.toml)
// and `doc` (what it is for).
type Policy[S any] struct {
	Name, Version, Summary string
	// Defaults are the settings where nothing else is said.
	Defaults S
	// Check finds what the types of the settings cannot say. It may be nil.
	Check func(S) []Problem
	// Derive answers the question of tags. An error means that the policy cannot answer.
	Derive func(TaggingRequest, S) (Derivation, error)
	// Decide answers the question of promotion. An error means that the policy cannot answer.
	Decide func(PromotionRequest, S) (Verdict, error)
}

// Problem is one thing that is wrong with settings.
type Problem struct {
	// Pointer says where: a JSON Pointer such as /branch, empty for all of it.
	Pointer string
	Message string
}

// Settings reads settings from their JSON text, on top of the defaults.
func (p Policy[S]) Settings(text string) (S, []Problem) {
	settings := p.Defaults
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return settings, []Problem{problem(err)}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return settings, []Problem{{Message: "there is more than one JSON value"}}
	}
	if p.Check == nil {
		return settings, nil
	}
	return settings, p.Check(settings)
}

func problem(err error) Problem {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		pointer := "/" + strings.ReplaceAll(mismatch.Field, ".", "/")
		return Problem{pointer, "must be of the type " + mismatch.Type.String() + ", not " + mismatch.Value}
	}
	message := strings.TrimPrefix(err.Error(), "json: ")
	if name, found := strings.CutPrefix(message, "unknown field "); found {
		return Problem{"/" + strings.Trim(name, `"`), "there is no such setting"}
	}
	return Problem{"", message}
}

// Register makes this the policy of the component. Call it from init.
func Register[S any](p Policy[S]) {
	registered = policy{
		describe: func() [4]string {
			return [4]string{p.Name, p.Version, p.Summary, schema(p.Defaults)}
		},
		check: func(settings string) []Problem {
			_, problems := p.Settings(settings)
			return problems
		},
	}
	if p.Derive != nil {
		registered.derive = func(request TaggingRequest, text string) (Derivation, error) {
			settings, problems := p.Settings(text)
			if len(problems) > 0 {
				return nil, refused(problems)
			}
			return p.Derive(request, settings)
		}
	}
	if p.Decide != nil {
		registered.decide = func(request PromotionRequest, text string) (Verdict, error) {
			settings, problems := p.Settings(text)
			if len(problems) > 0 {
				return Verdict{}, refused(problems)
			}
			return p.Decide(request, settings)
		}
	}
}

// policy is a Policy without the type of its settings.
type policy struct {
	describe func() [4]string
	check    func(settings string) []Problem
	derive   func(request TaggingRequest, settings string) (Derivation, error)
	decide   func(request PromotionRequest, settings string) (Verdict, error)
}

var registered = policy{
	describe: func() [4]string { return [4]string{} },
	check:    func(string) []Problem { return nil },
}

func refused(problems []Problem) error {
	var text bytes.Buffer
	for _, problem := range problems {
		fmt.Fprintf(&text, "; %s %s", problem.Pointer, problem.Message)
	}
	return errors.New("the settings are wrong: " + strings.TrimPrefix(text.String(), "; "))
}
