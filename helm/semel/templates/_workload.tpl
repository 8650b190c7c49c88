{{/*
The server's pod. Whatever runs it brings a volume `data`: the StatefulSet by its claim template, or by a claim that is there
already. A workload of another kind would take this pod as it is.
*/}}
{{- define "semel.pod" -}}
metadata:
  labels:
    {{- /* Not the chart's version: a chart that changes nothing here must not restart the server. */}}
    {{- include "semel.serverLabels" . | nindent 4 }}
    {{- with .Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: semeld
    checksum/config: {{ include "semel.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "semel.podDefaults" . | nindent 2 }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  terminationGracePeriodSeconds: {{ include "semel.terminationGracePeriod" . }}
  containers:
    - name: semeld
      {{- include "semel.containerDefaults" . | nindent 6 }}
      args: [--config, /etc/semel/semeld.yaml]
      ports:
        - {name: grpc, containerPort: 7420}
        - {name: admin, containerPort: 7421}
      {{- include "semel.probes" . | nindent 6 }}
      lifecycle:
        preStop:
          # Callers are sent here until every node has heard that the pod ends: go on serving meanwhile.
          exec: {command: [/bin/sleep, {{ .Values.preStopSeconds | quote }}]}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /var/lib/semel}
        - {name: config, mountPath: /etc/semel, readOnly: true}
        {{- if .Values.backup.enabled }}
        - {name: backup, mountPath: /var/backups/semel}
        {{- end }}
        {{- if .Values.tls.enabled }}
        - {name: tls, mountPath: /etc/semel-tls, readOnly: true}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "semel.fullname" . | quote }}}
    {{- with .Values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim: {claimName: {{ . | quote }}}
    {{- end }}
    {{- if .Values.backup.enabled }}
    - name: backup
      persistentVolumeClaim: {claimName: {{ include "semel.backupClaim" . | quote }}}
    {{- end }}
    {{- if .Values.tls.enabled }}
    - name: tls
      secret: {secretName: {{ include "semel.tlsSecret" . | quote }}, defaultMode: 0440}
    {{- end }}
{{- end }}

{{/*
/livez answers as long as the process does, also where the storage has failed: another start then would meet the same disk.
Readiness sends callers away, and the alert SemelStorageFailed a person here.
The admin port opens when the database is read, which the startup probe waits for.
*/}}
{{- define "semel.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: {{ div (add .Values.startupSeconds 1) 2 }}
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}

{{- define "semel.backupClaim" -}}
{{ .Values.backup.existingClaim | default (printf "%s-backup" (include "semel.fullname" .)) }}
{{- end }}
