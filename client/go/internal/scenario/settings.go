package scenario

import (
	"fmt"
	"strings"
)

// The settings of the service's YAML configuration are called as in the transcripts.
var (
	namespaceSettings = "lease_default lease_max result_retention result_retention_max key_retention on_lapse abandoned_retention " +
		"max_attempts max_result_bytes max_checkpoint_bytes require_fingerprint"
	serverSettings = "max_waiters max_waiters_per_key max_open_keys"
)

// config is the configuration of the server that a transcript asks for. It drains for as long as the runner lets it.
func (s *Scenario) config() (string, error) {
	var b strings.Builder
	b.WriteString("shutdown:\n  drain_delay: 10m\n  timeout: 20m\n")
	if len(s.Server) > 0 {
		b.WriteString("limits:\n")
		if err := writeSettings(&b, "  ", s.Server, serverSettings); err != nil {
			return "", err
		}
	}
	if len(s.Namespaces) > 0 {
		b.WriteString("namespaces:\n")
	}
	for _, namespace := range s.Namespaces {
		if len(namespace.Fields) == 0 {
			fmt.Fprintf(&b, "  %s: {}\n", namespace.Name)
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", namespace.Name)
		if err := writeSettings(&b, "    ", namespace.Fields, namespaceSettings); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func writeSettings(b *strings.Builder, indent string, fields []Field, known string) error {
	for _, field := range fields {
		if !strings.Contains(" "+known+" ", " "+field.Name+" ") {
			return fmt.Errorf("there is no setting %s", field.Name)
		}
		value := field.Value.Text
		switch {
		case value == "yes":
			value = "true"
		case value == "no":
			value = "false"
		case strings.HasSuffix(field.Name, "_bytes"):
			value += "B"
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, field.Name, value)
	}
	return nil
}
