package main

import (
	"regexp"
	"strings"

	"github.com/Masterminds/semver"
	"github.com/ryanuber/go-glob"
)

// update is what Keel's documentation says of each policy, on the packages that Keel reads with.
func update(question Question) Answer {
	kind, text, _ := strings.Cut(question.Policy, ":")
	switch kind {
	case "force":
		return Answer{Valid: true, Updates: true}
	case "glob":
		return Answer{Valid: !strings.Contains(text, ":"), Updates: glob.Glob(text, question.New)}
	case "regexp":
		expression, err := regexp.Compile(text)
		return Answer{Valid: err == nil, Updates: err == nil && expression.MatchString(question.New)}
	}
	return Answer{Valid: true, Updates: step(question)}
}

func step(question Question) bool {
	if question.Current == "latest" {
		return true
	}
	if !strings.Contains(question.New, ".") {
		return false
	}
	current, err := semver.NewVersion(question.Current)
	if err != nil {
		return false
	}
	next, err := semver.NewVersion(question.New)
	if err != nil {
		return false
	}
	samePre := current.Prerelease() == next.Prerelease()
	if question.Policy != "all" && question.MatchPreRelease && !samePre {
		return false
	}
	sameMajor := current.Major() == next.Major()
	sameMinor := sameMajor && current.Minor() == next.Minor()
	of := map[string]bool{"all": true, "major": true, "minor": sameMajor, "patch": sameMinor}
	return current.LessThan(next) && of[question.Policy]
}
