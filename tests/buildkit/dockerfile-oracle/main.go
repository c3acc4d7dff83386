// Command dockerfile-oracle answers what BuildKit makes of words with variables, and of .dockerignore files. It reads one JSON
// object a line and writes one a line.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Question is one of two: a word with variables, or a .dockerignore with paths.
type Question struct {
	Word      *string  `json:"word"`
	Variables []string `json:"variables"`

	Ignore string   `json:"ignore"`
	Paths  []string `json:"paths"`
}

// Answer is empty where the question is none.
type Answer struct {
	Value    *string `json:"value,omitempty"`
	Excluded []bool  `json:"excluded,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var question Question
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			panic(err)
		}
		if err := answers.Encode(answer(question)); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func answer(question Question) Answer {
	if question.Word != nil {
		value, _, err := shell.NewLex('\\').ProcessWord(*question.Word, shell.EnvsFromSlice(question.Variables))
		if err != nil {
			return Answer{}
		}
		return Answer{Value: &value}
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(question.Ignore))
	if err != nil {
		return Answer{}
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return Answer{}
	}
	excluded := make([]bool, len(question.Paths))
	for index, path := range question.Paths {
		if excluded[index], err = matcher.MatchesOrParentMatches(path); err != nil {
			return Answer{}
		}
	}
	return Answer{Excluded: excluded}
}
