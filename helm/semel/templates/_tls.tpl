{{/* The Secret of the server's certificate. */}}
{{- define "semel.tlsSecret" -}}
{{ .Values.tls.secretName | default (printf "%s-tls" (include "semel.fullname" .)) }}
{{- end }}

{{/* Whether the chart has cert-manager issue a certificate for its own callers. */}}
{{- define "semel.issuesClientCertificate" -}}
{{- with .Values.tls -}}
{{- if and .enabled .clientCa .certManager.enabled (not .clientSecretName) -}}true{{- end -}}
{{- end -}}
{{- end }}

{{/* The Secret of the callers' certificate: empty where they need none. */}}
{{- define "semel.clientTlsSecret" -}}
{{- if include "semel.issuesClientCertificate" . -}}
{{ include "semel.fullname" . }}-client-tls
{{- else -}}
{{ .Values.tls.clientSecretName }}
{{- end -}}
{{- end }}

{{/* How the command line finds the server and, with TLS, knows it. */}}
{{- define "semel.clientEnv" -}}
- {name: SEMEL_ADDRESS, value: "{{ include "semel.host" . }}:7420"}
{{- if .Values.tls.enabled }}
- {name: SEMEL_TLS, value: "true"}
- {name: SEMEL_TLS_CA, value: /etc/semel-tls/ca.crt}
{{- with .Values.tls.serverName }}
- {name: SEMEL_TLS_SERVER_NAME, value: {{ . | quote }}}
{{- end }}
{{- if include "semel.clientTlsSecret" . }}
- {name: SEMEL_TLS_CERTIFICATE, value: /etc/semel-tls/tls.crt}
- {name: SEMEL_TLS_KEY, value: /etc/semel-tls/tls.key}
{{- end }}
{{- end }}
{{- end }}

{{- define "semel.clientVolumeMounts" -}}
{{- if .Values.tls.enabled -}}
volumeMounts:
  - {name: tls, mountPath: /etc/semel-tls, readOnly: true}
{{- end -}}
{{- end }}

{{/* Callers without a certificate of their own are given the server's CA, and not its private key. */}}
{{- define "semel.clientVolumes" -}}
{{- if .Values.tls.enabled -}}
volumes:
  - name: tls
    secret:
      defaultMode: 0440
      {{- with include "semel.clientTlsSecret" . }}
      secretName: {{ . | quote }}
      {{- else }}
      secretName: {{ include "semel.tlsSecret" . | quote }}
      items: [{key: ca.crt, path: ca.crt}]
      {{- end }}
{{- end -}}
{{- end }}

{{/* A duration as cert-manager writes it (90h30m) in seconds. */}}
{{- define "semel.goSeconds" -}}
{{- $hours := regexFind "[0-9]+h" . | trimSuffix "h" | atoi -}}
{{- $minutes := regexFind "[0-9]+m" . | trimSuffix "m" | atoi -}}
{{- $seconds := regexFind "[0-9]+s" . | trimSuffix "s" | atoi -}}
{{- add (mul $hours 3600) (mul $minutes 60) $seconds -}}
{{- end }}
