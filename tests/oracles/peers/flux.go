package main

import (
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
)

func inRange(question Question) Answer {
	constraint, err := semver.NewConstraint(question.Range)
	if err != nil {
		return Answer{}
	}
	answer := Answer{Valid: true}
	for _, text := range question.Versions {
		read, err := version.ParseVersion(text)
		answer.Admits = append(answer.Admits, err == nil && constraint.Check(read))
	}
	return answer
}

func expand(question Question) Answer {
	expression, err := regexp.Compile(question.Pattern)
	if err != nil {
		return Answer{}
	}
	answer := Answer{Valid: true}
	for _, text := range question.Texts {
		var expanded *string
		if match := expression.FindStringSubmatchIndex(text); match != nil {
			filled := string(expression.ExpandString(nil, question.Template, text, match))
			expanded = &filled
		}
		answer.Expanded = append(answer.Expanded, expanded)
	}
	return answer
}

// selection is what the documentation of ImageRepository and ImagePolicy says: leave out, filter, extract, order, take.
func selection(question Question) Answer {
	kept := keep(question)
	slices.SortFunc(kept, func(one, other string) int { return strings.Compare(other, one) })
	// By what is compared: the tag.
	tags := map[string]string{}
	var compared []string
	if question.Filter {
		expression, err := regexp.Compile(question.Pattern)
		if err != nil {
			return Answer{}
		}
		for _, tag := range kept {
			match := expression.FindStringSubmatchIndex(tag)
			if match == nil {
				continue
			}
			key := tag
			if question.Template != "" {
				key = string(expression.ExpandString(nil, question.Template, tag, match))
			}
			if _, known := tags[key]; !known {
				compared = append(compared, key)
			}
			tags[key] = tag
		}
	} else {
		compared = kept
		for _, tag := range kept {
			tags[tag] = tag
		}
	}
	answer := Answer{Valid: true}
	for _, chosen := range choose(question, compared) {
		answer.Selected = append(answer.Selected, tags[chosen])
	}
	return answer
}

func keep(question Question) []string {
	exclusion := question.Exclusion
	if len(exclusion) == 0 {
		exclusion = []string{`^.*\.sig$`}
	}
	kept := []string{}
	for _, tag := range question.Tags {
		out := slices.ContainsFunc(exclusion, func(pattern string) bool {
			return regexp.MustCompile(pattern).MatchString(tag)
		})
		if !out {
			kept = append(kept, tag)
		}
	}
	return kept
}

// choose gives all texts that are equally good where their order is random, and the one where it is not.
func choose(question Question, texts []string) []string {
	var best []string
	switch question.Policy {
	case "semver":
		best = highest(question.Range, texts)
		if !question.Filter && len(best) > 1 {
			best = best[:1]
		}
	case "numerical":
		best = extreme(question.Order, texts)
		if !question.Filter && len(best) > 1 {
			best = best[len(best)-1:]
		}
	case "alphabetical":
		sorted := slices.Clone(texts)
		sort.Strings(sorted)
		if question.Order != "desc" {
			slices.Reverse(sorted)
		}
		if len(sorted) > 0 {
			best = sorted[:1]
		}
	}
	return best
}

func highest(text string, texts []string) []string {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return nil
	}
	var best []*semver.Version
	for _, text := range texts {
		read, err := version.ParseVersion(text)
		switch {
		case err != nil || !constraint.Check(read):
		case len(best) == 0 || read.GreaterThan(best[0]):
			best = []*semver.Version{read}
		case read.Equal(best[0]):
			best = append(best, read)
		}
	}
	var originals []string
	for _, version := range best {
		originals = append(originals, version.Original())
	}
	return originals
}

func extreme(order string, texts []string) []string {
	var best []string
	value := math.NaN()
	for _, text := range texts {
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		if order == "desc" {
			number = -number
		}
		switch {
		case len(best) == 0 || number > value:
			best, value = []string{text}, number
		case number == value:
			best = append(best, text)
		}
	}
	return best
}
