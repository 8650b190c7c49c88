{{/* What every pod of the chart has in common: the server's, the backup job's and the test's. */}}
{{- define "semel.podDefaults" -}}
serviceAccountName: {{ include "semel.serviceAccountName" . | quote }}
automountServiceAccountToken: false
# Or a Service called semel makes variables SEMEL_..., as the command line has them.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "semel.containerDefaults" -}}
image: {{ include "semel.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.containerSecurityContext | nindent 2 }}
{{- end }}
