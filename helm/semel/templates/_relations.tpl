{{/* A duration in microseconds, its smallest unit; a number as it is. */}}
{{- define "semel.measure" -}}
{{- if regexMatch "[a-z]$" . -}}
{{- $factors := dict "us" 1 "ms" 1000 "s" 1000000 "m" 60000000 "h" 3600000000 "d" 86400000000 -}}
{{- mul (regexFind "^[0-9]+" . | atoi) (get $factors (regexFind "[a-z]+$" .)) -}}
{{- else -}}
{{- int64 . -}}
{{- end -}}
{{- end }}

{{/* Fails where `values` break one of `relations`, as the server would when it starts: the old one would have stopped by then. */}}
{{- define "semel.refuseContradictions" -}}
{{- range .relations -}}
{{- $value := include "semel.setting" (dict "in" $.values "of" .value) -}}
{{- $bound := include "semel.setting" (dict "in" $.values "of" .bound) -}}
{{- $over := sub (include "semel.measure" $value | int64) (include "semel.measure" $bound | int64) -}}
{{- if or (gt $over 0) (and (eq $over 0) (not .reaches)) -}}
{{- fail (printf "%[1]s.%[2]s (%[3]s) %[4]s %[1]s.%[5]s (%[6]s)" $.at (join "." .value.path) $value .words (join "." .bound.path) $bound) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What `in` says about a setting, or the server's default. Numbers of YAML come as floats, and must not look like 1e+06. */}}
{{- define "semel.setting" -}}
{{- $value := .in -}}
{{- range .of.path -}}
{{- $value = get ($value | default dict) . -}}
{{- end -}}
{{- if kindIs "string" $value -}}
{{- $value | default .of.default -}}
{{- else -}}
{{- int64 $value -}}
{{- end -}}
{{- end }}
