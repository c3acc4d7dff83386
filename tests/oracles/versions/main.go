// Command versions answers questions about versions with the Go packages that Flux and Keel use: the tests compare the
// stock policies image-policy and keel with it. It reads one JSON object a line and writes one a line.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"

	loose "github.com/Masterminds/semver"
	"github.com/Masterminds/semver/v3"
)

// Question is a range with versions, or two versions.
type Question struct {
	Range    *string  `json:"range"`
	Versions []string `json:"versions"`
	Current  string   `json:"current"`
	New      string   `json:"new"`
}

// Answer says which versions are in the range, or how two versions compare.
type Answer struct {
	Valid    bool   `json:"valid"`
	Admits   []bool `json:"admits,omitempty"`
	Less     bool   `json:"less"`
	SamePre  bool   `json:"samePre"`
	SameMain []bool `json:"sameMain,omitempty"`
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
		answer := compare(question)
		if question.Range != nil {
			answer = inRange(question)
		}
		if err := encoder.Encode(answer); err != nil {
			panic(err)
		}
	}
}

func inRange(question Question) Answer {
	constraint, err := semver.NewConstraint(*question.Range)
	if err != nil {
		return Answer{}
	}
	answer := Answer{Valid: true}
	for _, text := range question.Versions {
		// Flux takes strict versions, with a `v` in front or not.
		version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
		answer.Admits = append(answer.Admits, err == nil && constraint.Check(version))
	}
	return answer
}

func compare(question Question) Answer {
	current, err := loose.NewVersion(question.Current)
	if err != nil {
		return Answer{}
	}
	next, err := loose.NewVersion(question.New)
	if err != nil {
		return Answer{}
	}
	return Answer{
		Valid:    true,
		Less:     current.LessThan(next),
		SamePre:  current.Prerelease() == next.Prerelease(),
		SameMain: []bool{current.Major() == next.Major(), current.Minor() == next.Minor()},
	}
}
