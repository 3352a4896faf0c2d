{{/* The pod, the same for a StatefulSet and a Deployment; `data` is its volume of that name, where there is one. */}}
{{- define "syncwatch.pod" -}}
{{- $folders := include "syncwatch.folders" . | fromYaml }}
metadata:
  labels:
    {{- include "syncwatch.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $annotations := deepCopy .Values.podAnnotations }}
  {{- if .Values.journal.postgresql.enabled }}
  {{- /* The one part of the configuration that takes a restart. */}}
  {{- $_ := set $annotations "syncwatch/journal" (pick .Values.journal.postgresql "url" "journalKey" "passwordKey" | toJson | sha256sum) }}
  {{- end }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "syncwatch.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "syncwatch.imagePullSecrets" . }}
  imagePullSecrets:
    {{- . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  # Beyond the time for the way down itself: the daemon ends 5 s after its grace, whatever hangs.
  terminationGracePeriodSeconds: {{ add .Values.shutdownGraceSeconds 10 }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: syncwatch
      image: {{ include "syncwatch.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/syncwatch/config/{{ .Values.existingConfig.key }}]
      env:
        - {name: SYNCWATCH_LISTEN, value: ":9797"}
        - {name: SYNCWATCH_LOG_FORMAT, value: {{ .Values.log.format }}}
        - {name: SYNCWATCH_LOG_LEVEL, value: {{ .Values.log.level }}}
        - {name: SYNCWATCH_SHUTDOWN_GRACE, value: {{ .Values.shutdownGraceSeconds }}s}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - {name: http, containerPort: 9797, protocol: TCP}
      {{- $probes := dict "startupProbe" "/-/healthy" "livenessProbe" "/-/healthy" "readinessProbe" "/-/ready" }}
      {{- range $probe, $path := $probes }}
      {{- with get $.Values $probe }}
      {{ $probe }}:
        {{- if not (or .httpGet .tcpSocket .exec) }}
        httpGet: {path: {{ $path }}, port: http, scheme: {{ $.Values.web.tls | ternary "HTTPS" "HTTP" }}}
        {{- end }}
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if not .Values.journal.postgresql.enabled }}
        - {name: data, mountPath: /var/lib/syncwatch}
        {{- end }}
        {{- range $name, $_ := $folders }}
        - {name: {{ $name }}, mountPath: /etc/syncwatch/{{ $name }}, readOnly: true}
        {{- end }}
        {{- range $index, $secret := .Values.secrets }}
        - {name: secret-{{ $index }}, mountPath: /etc/syncwatch/secrets/{{ $secret }}, readOnly: true}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- with .Values.journal }}
    {{- if or .postgresql.enabled (and .persistence.enabled (not .persistence.existingClaim)) }}
    {{- else if .persistence.enabled }}
    - name: data
      persistentVolumeClaim: {claimName: {{ .persistence.existingClaim | quote }}}
    {{- else }}
    - name: data
      emptyDir: {}
    {{- end }}
    {{- end }}
    {{- range $name, $source := $folders }}
    - name: {{ $name }}
      {{- toYaml $source | nindent 6 }}
    {{- end }}
    {{- range $index, $secret := .Values.secrets }}
    - name: secret-{{ $index }}
      secret: {secretName: {{ $secret | quote }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- range $key := list "priorityClassName" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "hostAliases" "dnsConfig" }}
  {{- with get $.Values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
