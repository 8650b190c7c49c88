{{/*
The server's configuration: what `config` says, and what the chart alone decides. Both directories lie below their volume's root,
which may hold `lost+found`, and leave room beside them for what a restore sets aside.
*/}}
{{- define "semel.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "listen" "0.0.0.0:7420" -}}
{{- $_ := set $config "data_dir" "/var/lib/semel/data" -}}
{{- $_ := set $config "admin" (merge (dict "listen" "0.0.0.0:7421") ($config.admin | default dict)) -}}
{{- if .Values.backup.enabled -}}
{{- $_ := set $config "backup" (merge (dict "directory" "/var/backups/semel/backups") ($config.backup | default dict)) -}}
{{- end -}}
{{- if .Values.tls.enabled -}}
{{- $tls := dict "certificate" "/etc/semel-tls/tls.crt" "private_key" "/etc/semel-tls/tls.key" -}}
{{- with .Values.tls.clientCa -}}
{{- $_ := set $tls "client_ca" (printf "/etc/semel-tls/%s" .) -}}
{{- end -}}
{{- $_ := set $config "tls" $tls -}}
{{- end -}}
{{ toYaml $config }}
{{- end }}

{{/* Seconds that an orderly end takes: the pre-stop pause, the calls in flight, and closing the database. */}}
{{- define "semel.orderlyEnd" -}}
{{- $timeout := include "semel.measure" .Values.config.shutdown.timeout | int64 -}}
{{- add .Values.preStopSeconds (div (add $timeout 999999) 1000000) 30 -}}
{{- end }}

{{- define "semel.terminationGracePeriod" -}}
{{- .Values.terminationGracePeriodSeconds | int | default (include "semel.orderlyEnd" . | int) -}}
{{- end }}
