{{/* What ServiceMonitor and PodMonitor have in common. */}}

{{- define "syncwatch.monitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: {{ .kind }}
{{ with .root -}}
metadata:
  name: {{ include "syncwatch.fullname" . }}
  namespace: {{ .Values.serviceMonitor.namespace | default (include "syncwatch.namespace" .) | quote }}
  labels:
    {{- merge (deepCopy .Values.serviceMonitor.labels) (include "syncwatch.labels" . | fromYaml) | toYaml | nindent 4 }}
  {{- with .Values.serviceMonitor.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  jobLabel: app.kubernetes.io/name
  selector:
    matchLabels:
      {{- include "syncwatch.selectorLabels" . | nindent 6 }}
  namespaceSelector:
    matchNames: [{{ include "syncwatch.namespace" . | quote }}]
  {{- with .Values.serviceMonitor.sampleLimit }}
  sampleLimit: {{ int . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "syncwatch.endpoint" -}}
port: http
path: /metrics
scheme: {{ .Values.web.tls | ternary "https" "http" }}
# The daemon's labels are those of the firm: a target's own `region` or `team` must not rename them.
honorLabels: true
{{- range $key := list "interval" "scrapeTimeout" "tlsConfig" "basicAuth" "authorization" "relabelings" "metricRelabelings" }}
{{- with get $.Values.serviceMonitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
