{{/* What objects are called, and the labels by which they find each other. */}}

{{- define "syncwatch.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for what a StatefulSet appends to the names of its pod and claim, and without the dots that a release may have
in its name and a Service may not. */}}
{{- define "syncwatch.fullname" -}}
{{- $name := include "syncwatch.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | replace "." "-" | trunc 48 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | replace "." "-" | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 48 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "syncwatch.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* They never change, because nothing may change them: those of a StatefulSet and its claims are for ever. */}}
{{- define "syncwatch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "syncwatch.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "syncwatch.labels" -}}
{{ include "syncwatch.selectorLabels" . }}
{{ include "syncwatch.otherLabels" . }}
{{- end }}

{{- define "syncwatch.otherLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Not the daemon's: neither its Service nor its NetworkPolicy may take the pod of `helm test` for it. */}}
{{- define "syncwatch.testLabels" -}}
app.kubernetes.io/name: {{ include "syncwatch.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "syncwatch.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "syncwatch.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "syncwatch.image" -}}
{{- with .Values.global.imageRegistry | default .Values.image.registry }}{{ . }}/{{ end }}
{{- .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "syncwatch.imagePullSecrets" -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets | uniq }}
- name: {{ . | quote }}
{{- end }}
{{- end }}
