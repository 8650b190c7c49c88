package semel

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/resolver"
)

// Where semeld listens, as people write it: looked at before gRPC gets it, which takes nearly everything and then finds nobody there. The
// rules are those of the command line.

const hostAndPortNeeded = "host:port, without a scheme, is needed, such as localhost:7420"

var (
	hostName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	// After a %, the zone.
	hostInBrackets = regexp.MustCompile(`^\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%.*)?\]$`)
)

// checkAddress: with dial options of its own, a program may have schemes of its own, too.
func (c *config) checkAddress() error {
	problem := addressProblem(c.address, len(c.dialOptions) > 0)
	if problem == "" {
		return nil
	}
	return optionError("the address", fmt.Sprintf("%q %s", shown(c.address), problem))
}

// addressProblem is what is wrong with an address; empty where it may lead to a server.
func addressProblem(address string, mayHaveOtherSchemes bool) string {
	scheme, rest, hasScheme := strings.Cut(address, ":")
	switch {
	case hasScheme && scheme == "dns":
		return dnsProblem(rest)
	case hasScheme && resolver.Get(scheme) != nil: // no host and port: gRPC's own to judge
		if rest == "" {
			return "says nothing after its scheme"
		}
		return ""
	case strings.HasPrefix(rest, "//"):
		if mayHaveOtherSchemes && scheme != "http" && scheme != "https" {
			return ""
		}
		return "is a URL: " + hostAndPortNeeded
	}
	return hostAndPortProblem(address)
}

// dnsProblem: "//NAMESERVER/HOST:PORT", mostly without a name server, or HOST:PORT alone.
func dnsProblem(text string) string {
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		_, target, ok := strings.Cut(rest, "/")
		if !ok {
			return "names a name server and no host: dns:///host:port is needed"
		}
		text = target
	}
	return hostAndPortProblem(text)
}

func hostAndPortProblem(text string) string {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		return "has no port: " + hostAndPortNeeded
	}
	host := text[:colon]
	switch {
	case strings.Contains(host, ":") && !strings.HasPrefix(host, "["):
		return "is not host:port; an IPv6 address stands in brackets, such as [::1]:7420"
	case !hostName.MatchString(host) && !hostInBrackets.MatchString(host):
		return "is wrong: " + hostAndPortNeeded
	}
	if port, err := strconv.ParseUint(text[colon+1:], 10, 16); err != nil || port == 0 {
		return "has no port from 1 to 65535: " + hostAndPortNeeded
	}
	return ""
}
