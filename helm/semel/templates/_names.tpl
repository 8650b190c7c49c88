{{/*
The name of every object. A Service's must be a DNS label that begins with a letter (a release's may begin with a digit
and have dots), and with what is appended to it (`-backup` to the CronJob, whose jobs append ten more) have 52 bytes at most.
*/}}
{{- define "semel.fullname" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = contains $chart .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $chart) -}}
{{- $name = regexReplaceAll "[^a-z0-9-]" (lower $name) "-" -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- $name = printf "semel-%s" $name -}}
{{- end -}}
{{- end -}}
{{- if gt (len $name) 45 -}}
{{- /* A piece of the hash keeps two long names apart that begin alike. */ -}}
{{- $name = printf "%s-%s" ($name | trunc 36 | trimSuffix "-") ($name | sha256sum | trunc 8) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{- define "semel.selectorLabels" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* What the StatefulSet, the budget and the policy select: the server's pods, never those of a job or a test. */}}
{{- define "semel.serverLabels" -}}
{{ include "semel.selectorLabels" . }}
app.kubernetes.io/component: server
{{- end }}

{{/*
What the Services select: the one pod that has the volume. Whoever scales the StatefulSet to 2 by hand gets a second server with
an empty volume, which would tell half of the callers that nothing has been done yet.
*/}}
{{- define "semel.onlyPod" -}}
{{ include "semel.serverLabels" . }}
statefulset.kubernetes.io/pod-name: {{ include "semel.fullname" . }}-0
{{- end }}

{{/* Labels of an object: `include "semel.labels" (list . "backup")` names its component. */}}
{{- define "semel.labels" -}}
{{- $root := index . 0 -}}
{{ include "semel.selectorLabels" $root }}
app.kubernetes.io/component: {{ index . 1 }}
{{- /* A tag may be longer than a label, and end otherwise. */}}
app.kubernetes.io/version: {{ regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" ($root.Values.image.tag | default $root.Chart.AppVersion | trunc 63) "" | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where the command line finds the server: the name that stands in its certificate. */}}
{{- define "semel.host" -}}
{{ include "semel.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "semel.image" -}}
{{- with .Values.image.digest -}}
{{ $.Values.image.repository }}@{{ . }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "semel.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "semel.fullname" .) "default") }}
{{- end }}
