package scenario

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Micros is a length of time in microseconds, as transcripts have them: longer than a time.Duration can be.
type Micros int64

var units = []struct {
	name   string
	micros Micros
}{{"d", 86_400_000_000}, {"h", 3_600_000_000}, {"m", 60_000_000}, {"s", 1_000_000}, {"ms", 1_000}, {"us", 1}}

var (
	spanPattern = regexp.MustCompile(`^[+-]?(\d+(d|h|ms|us|m|s))+$`)
	partPattern = regexp.MustCompile(`(\d+)(d|h|ms|us|m|s)`)
)

// parseMicros reads 31s, 1h30m, -1us, 0s.
func parseMicros(text string) (Micros, error) {
	if !spanPattern.MatchString(text) {
		return 0, fmt.Errorf("not a duration: %s", text)
	}
	var sum Micros
	for _, part := range partPattern.FindAllStringSubmatch(text, -1) {
		count, err := strconv.ParseInt(part[1], 10, 64)
		if err != nil {
			return 0, err
		}
		for _, unit := range units {
			if unit.name == part[2] {
				sum += Micros(count) * unit.micros
			}
		}
	}
	if text[0] == '-' {
		return -sum, nil
	}
	return sum, nil
}

func (m Micros) String() string {
	if m == 0 {
		return "0s"
	}
	var b strings.Builder
	if m < 0 {
		b.WriteByte('-')
		m = -m
	}
	for _, unit := range units {
		if m >= unit.micros {
			fmt.Fprintf(&b, "%d%s", m/unit.micros, unit.name)
			m %= unit.micros
		}
	}
	return b.String()
}

// duration is as much of it as a time.Duration can be: 292 years are too long for everything, too.
func (m Micros) duration() time.Duration {
	if m > math.MaxInt64/1000 {
		return math.MaxInt64
	}
	return time.Duration(m) * time.Microsecond
}
