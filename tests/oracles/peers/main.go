// Command peers answers what Flux and Keel would do, with the packages that they are made of: Flux's own reading of
// versions, its package of ranges, the one that Keel compares versions with, its globs, and Go's regular expressions,
// numbers and order of texts. The tests hold the stock policies image-policy and keel against it. It reads one JSON object a
// line and writes one a line.
package main

import (
	"bufio"
	"encoding/json"
	"os"
)

// Question is one of four: versions in a range, a regular expression with texts, a selection, an update.
type Question struct {
	Ask string `json:"ask"`

	Range    string   `json:"range"`
	Versions []string `json:"versions"`

	Pattern   string   `json:"pattern"`
	Template  string   `json:"template"`
	Texts     []string `json:"texts"`
	Exclusion []string `json:"exclusion"`
	Filter    bool     `json:"filter"`
	Policy    string   `json:"policy"`
	Order     string   `json:"order"`
	Tags      []string `json:"tags"`

	Current         string `json:"current"`
	New             string `json:"new"`
	MatchPreRelease bool   `json:"matchPreRelease"`
}

// Answer holds what its question asks for.
type Answer struct {
	// Whether the range, the expression or the policy is one.
	Valid    bool      `json:"valid"`
	Admits   []bool    `json:"admits,omitempty"`
	Expanded []*string `json:"expanded,omitempty"`
	// Every tag that may be selected: where several compare the same, a filter's order decides, which is random.
	Selected []string `json:"selected,omitempty"`
	Updates  bool     `json:"updates"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 1<<20), 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	for input.Scan() {
		var question Question
		if err := json.Unmarshal(input.Bytes(), &question); err != nil {
			panic(err)
		}
		if err := encoder.Encode(answer(question)); err != nil {
			panic(err)
		}
	}
	if err := input.Err(); err != nil {
		panic(err)
	}
}

func answer(question Question) Answer {
	switch question.Ask {
	case "range":
		return inRange(question)
	case "regexp":
		return expand(question)
	case "select":
		return selection(question)
	case "update":
		return update(question)
	}
	panic("nobody asks " + question.Ask)
}
