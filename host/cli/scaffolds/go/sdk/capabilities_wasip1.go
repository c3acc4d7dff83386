package plimsoll

import "unsafe"

//go:wasmimport plimsoll:policy/log@0.1.0 write
func importLogWrite(level uint32, message string)

//go:wasmimport plimsoll:policy/registry@0.1.0 tags
func importRegistryTags(repository string, answer unsafe.Pointer)

//go:wasmimport plimsoll:policy/registry@0.1.0 digest
func importRegistryDigest(repository, tag string, answer unsafe.Pointer)

//go:wasmimport plimsoll:policy/registry@0.1.0 labels
func importRegistryLabels(repository, digest string, answer unsafe.Pointer)

//go:wasmimport plimsoll:policy/history@0.1.0 releases
func importHistoryReleases(limit uint32, answer unsafe.Pointer)

//go:wasmimport plimsoll:policy/history@0.1.0 deployments
func importHistoryDeployments(environment string, limit uint32, answer unsafe.Pointer)

// looked is the answer of a look-up: a value of the shape R, or a variant that says why there is none.
type looked[R any] struct {
	tag   uint8
	value R
	// A failure may be larger than the value.
	rest [3]uint32
}

func (l *looked[R]) failure() error {
	if l.tag == 0 {
		return nil
	}
	reason := (*struct {
		tag     uint32
		message text
	})(unsafe.Pointer(&l.value))
	return LookupFailure{uint8(reason.tag) == 0, reason.message.lift()}
}

// LogLine writes one line for whoever operates the host.
func LogLine(level Level, message string) { importLogWrite(uint32(level), message) }

// RegistryTags are all tags of a repository.
func RegistryTags(repository string) ([]string, error) {
	var answer looked[list[text]]
	importRegistryTags(repository, unsafe.Pointer(&answer))
	if err := answer.failure(); err != nil {
		return nil, err
	}
	return liftAll(answer.value, liftText), nil
}

// RegistryDigest is the digest that a tag points to, nil where there is no such tag.
func RegistryDigest(repository, tag string) (*string, error) {
	var answer looked[option[text]]
	importRegistryDigest(repository, tag, unsafe.Pointer(&answer))
	if err := answer.failure(); err != nil {
		return nil, err
	}
	return liftSome(answer.value, liftText), nil
}

// RegistryLabels are the labels of the image with this digest, nil where there is no such image.
func RegistryLabels(repository, digest string) ([]Label, error) {
	var answer looked[option[list[rawLabel]]]
	importRegistryLabels(repository, digest, unsafe.Pointer(&answer))
	if err := answer.failure(); err != nil || answer.value.tag == 0 {
		return nil, err
	}
	return liftAll(answer.value.value, liftLabel), nil
}

type rawPastRelease struct {
	release         text
	opened          int64
	gitRef          rawGitRef
	commit          text
	version, digest option[text]
}

// HistoryReleases are earlier releases, newest first.
func HistoryReleases(limit uint32) ([]PastRelease, error) {
	var answer looked[list[rawPastRelease]]
	importHistoryReleases(limit, unsafe.Pointer(&answer))
	if err := answer.failure(); err != nil {
		return nil, err
	}
	return liftAll(answer.value, func(r rawPastRelease) PastRelease {
		return PastRelease{
			Release: r.release.lift(), Opened: r.opened, GitRef: r.gitRef.lift(), Commit: r.commit.lift(),
			Version: liftSome(r.version, liftText), Digest: liftSome(r.digest, liftText),
		}
	}), nil
}

type rawDeployment struct {
	release text
	state   uint8
	digest  text
	version option[text]
	at      int64
}

// HistoryDeployments are deployments into an environment, newest first.
func HistoryDeployments(environment string, limit uint32) ([]Deployment, error) {
	var answer looked[list[rawDeployment]]
	importHistoryDeployments(environment, limit, unsafe.Pointer(&answer))
	if err := answer.failure(); err != nil {
		return nil, err
	}
	return liftAll(answer.value, func(r rawDeployment) Deployment {
		return Deployment{r.release.lift(), PassageState(r.state), r.digest.lift(), liftSome(r.version, liftText), r.at}
	}), nil
}
