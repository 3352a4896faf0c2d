{{/*
The daemon's configuration: what the values say under `config`, and what only the chart can know, as the places of what it
mounts. The address is in the pod's environment, so that it holds for an existing configuration as well.
*/}}
{{- define "syncwatch.configuration" -}}
{{- $config := deepCopy .Values.config }}
{{- $web := get $config "web" | default dict }}
{{- if .Values.web.existingSecret }}
{{- $_ := set $web "config_file" (printf "/etc/syncwatch/web/%s" .Values.web.key) }}
{{- else }}
{{- $_ := set $web "allow_unauthenticated" true }}
{{- end }}
{{- $_ := set $config "web" $web }}
{{- $state := get $config "state" | default dict }}
{{- with .Values.journal.postgresql }}
{{- if .enabled }}
{{- $_ := set $state "url" .url }}
{{- $_ := set $state "key_file" (printf "/etc/syncwatch/journal/%s" .journalKey) }}
{{- with .passwordKey }}
{{- $_ := set $state "password_file" (printf "/etc/syncwatch/journal/%s" .) }}
{{- end }}
{{- else }}
{{- $_ := set $state "path" "/var/lib/syncwatch" }}
{{- end }}
{{- end }}
{{- $_ := set $config "state" $state }}
{{- range $section, $folder := dict "panels" .Values.panelProfiles "rules" .Values.classificationRules }}
{{- if or $folder.files $folder.existingConfigMap }}
{{- $part := get $config $section | default dict }}
{{- $pattern := printf "/etc/syncwatch/%s/*.yaml" $section }}
{{- $_ := set $part "files" (append (get $part "files" | default list) $pattern) }}
{{- $_ := set $config $section $part }}
{{- end }}
{{- end }}
{{- if or .Values.targets.files .Values.targets.existingConfigMap }}
{{- $discovery := get $config "discovery" | default dict }}
{{- $files := list "/etc/syncwatch/targets/*.json" "/etc/syncwatch/targets/*.yaml" "/etc/syncwatch/targets/*.yml" }}
{{- $_ := set $discovery "file_sd" (append (get $discovery "file_sd" | default list) (dict "files" $files)) }}
{{- $_ := set $config "discovery" $discovery }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* What mounts: folders by name, each a ConfigMap or a Secret; whole folders, because a `subPath` is never updated. */}}
{{- define "syncwatch.folders" -}}
config:
{{- if .Values.existingConfig.secret }}
  secret: {secretName: {{ .Values.existingConfig.secret | quote }}, defaultMode: 0440}
{{- else }}
  configMap: {name: {{ .Values.existingConfig.configMap | default (include "syncwatch.fullname" .) | quote }}}
{{- end }}
{{- range $name, $folder := dict "panels" .Values.panelProfiles "rules" .Values.classificationRules "targets" .Values.targets }}
{{- if or $folder.files $folder.existingConfigMap }}
{{ $name }}:
  configMap: {name: {{ $folder.existingConfigMap | default (printf "%s-%s" (include "syncwatch.fullname" $) $name) | quote }}}
{{- end }}
{{- end }}
{{- with .Values.web.existingSecret }}
web:
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.journal.postgresql }}
{{- if .enabled }}
journal:
  secret: {secretName: {{ .existingSecret | quote }}, defaultMode: 0440}
{{- end }}
{{- end }}
{{- end }}

{{/* What does not fit together, in words; what a schema can say is in values.schema.json. */}}
{{- define "syncwatch.refuse" -}}
{{- with .Values }}
{{- $existing := or .existingConfig.configMap .existingConfig.secret }}
{{- if and .existingConfig.configMap .existingConfig.secret }}
{{- fail "existingConfig: name a configMap or a secret, not both" }}
{{- end }}
{{- if and $existing (ne (toJson .config) (toJson (dict "tenants" list))) }}
{{- fail "config: an existing configuration (existingConfig) counts instead: leave config away, or existingConfig" }}
{{- end }}
{{- if and .journal.postgresql.enabled (not .journal.postgresql.url) (not $existing) }}
{{- fail "journal.postgresql.url: say where the database is: postgresql+asyncpg://syncwatch@db.example.com/syncwatch?ssl=verify-full" }}
{{- end }}
{{- $url := urlParse .journal.postgresql.url }}
{{- if or (contains ":" $url.userinfo) (contains "password=" (lower $url.query)) }}
{{- fail "journal.postgresql.url: must not carry a password: put it into the Secret that existingSecret names" }}
{{- end }}
{{- if and .serviceMonitor.enabled .podMonitor.enabled }}
{{- fail "podMonitor.enabled: Prometheus would get everything twice: enable serviceMonitor or podMonitor, not both" }}
{{- end }}
{{- if not (or .web.existingSecret $existing .networkPolicy.enabled .web.allowUnauthenticated) }}
{{- fail "web.existingSecret: without users and without networkPolicy.enabled everybody in the cluster could read the figures: name a Secret with users, or set web.allowUnauthenticated: true" }}
{{- end }}
{{- if and .web.tls (not .web.existingSecret) (not $existing) }}
{{- fail "web.tls: TLS comes from the web configuration: name its Secret in web.existingSecret" }}
{{- end }}
{{- range $name, $folder := dict "panelProfiles" .panelProfiles "classificationRules" .classificationRules "targets" .targets }}
{{- if and $folder.files $folder.existingConfigMap }}
{{- fail (printf "%s: give files or an existingConfigMap, not both" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
