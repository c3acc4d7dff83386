//go:build !wasip1

package plimsoll

// Fakes answer in the host's place where there is no host: in tests. A look-up without one has no answer.
var Fakes struct {
	LogLine            func(level Level, message string)
	RegistryTags       func(repository string) ([]string, error)
	RegistryDigest     func(repository, tag string) (*string, error)
	RegistryLabels     func(repository, digest string) ([]Label, error)
	HistoryReleases    func(limit uint32) ([]PastRelease, error)
	HistoryDeployments func(environment string, limit uint32) ([]Deployment, error)
}

var unanswered = LookupFailure{Message: "the test says nothing about this look-up: set plimsoll.Fakes"}

// LogLine writes one line for whoever operates the host.
func LogLine(level Level, message string) {
	if Fakes.LogLine != nil {
		Fakes.LogLine(level, message)
	}
}

// RegistryTags are all tags of a repository.
func RegistryTags(repository string) ([]string, error) {
	if Fakes.RegistryTags == nil {
		return nil, unanswered
	}
	return Fakes.RegistryTags(repository)
}

// RegistryDigest is the digest that a tag points to, nil where there is no such tag.
func RegistryDigest(repository, tag string) (*string, error) {
	if Fakes.RegistryDigest == nil {
		return nil, unanswered
	}
	return Fakes.RegistryDigest(repository, tag)
}

// RegistryLabels are the labels of the image with this digest, nil where there is no such image.
func RegistryLabels(repository, digest string) ([]Label, error) {
	if Fakes.RegistryLabels == nil {
		return nil, unanswered
	}
	return Fakes.RegistryLabels(repository, digest)
}

// HistoryReleases are earlier releases, newest first.
func HistoryReleases(limit uint32) ([]PastRelease, error) {
	if Fakes.HistoryReleases == nil {
		return nil, unanswered
	}
	return Fakes.HistoryReleases(limit)
}

// HistoryDeployments are deployments into an environment, newest first.
func HistoryDeployments(environment string, limit uint32) ([]Deployment, error) {
	if Fakes.HistoryDeployments == nil {
		return nil, unanswered
	}
	return Fakes.HistoryDeployments(environment, limit)
}
