{{- define "stillhouse.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "stillhouse.selector" -}}
app.kubernetes.io/name: stillhouse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stillhouse.labels" -}}
{{ include "stillhouse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "stillhouse.apiSelector" -}}
{{ include "stillhouse.selector" . }}
app.kubernetes.io/component: api
{{- end }}

{{- define "stillhouse.workerSelector" -}}
{{ include "stillhouse.selector" . }}
app.kubernetes.io/component: worker
{{- end }}

{{/* "repository:tag" of one of .Values.images. Arguments: root, image, and optional: tag */}}
{{- define "stillhouse.image" -}}
{{- $image := get .root.Values.images .image -}}
{{- printf "%s:%s" $image.repository (coalesce .tag $image.tag .root.Chart.AppVersion) | quote -}}
{{- end }}

{{- define "stillhouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "stillhouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Variables from Secrets. Arguments: secret, names, and optional: names that may be missing */}}
{{- define "stillhouse.secretEnv" -}}
{{- $secret := .secret -}}
{{- $optional := .optional | default list -}}
{{- range .names }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ . }}
      {{- if has . $optional }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}

{{/* NAME: value pairs as variables, sorted by name. Whole numbers come out without an exponent. */}}
{{- define "stillhouse.settingsEnv" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ if kindIs "float64" $value }}{{ if eq $value (floor $value) }}{{ int64 $value | toString | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- end }}

{{/* Where the artifact store is, and how it is reached. */}}
{{- define "stillhouse.artifactEnv" -}}
{{- if and (hasPrefix "file:" .Values.artifacts.url) (not .Values.artifacts.existingClaim) }}
{{- fail "artifacts.url is a folder, but artifacts.existingClaim names no volume for it: every replica would have a store of its own, gone with the Pod" }}
{{- end }}
- name: ARTIFACT_URL
  value: {{ required "artifacts.url: s3://bucket/prefix, or file:///data/artifacts with artifacts.existingClaim" .Values.artifacts.url | quote }}
{{- with .Values.artifacts.s3 }}
{{- if .region }}
- name: AWS_REGION
  value: {{ .region | quote }}
{{- end }}
{{- if .endpoint }}
- name: S3_ENDPOINT
  value: {{ .endpoint | quote }}
{{- end }}
{{- if .forcePathStyle }}
- name: S3_FORCE_PATH_STYLE
  value: "true"
{{- end }}
{{- if .existingSecret }}
{{- include "stillhouse.secretEnv" (dict "secret" .existingSecret "names" (list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY")) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A pool with the defaults filled in, as YAML. Arguments: root, pool */}}
{{- define "stillhouse.pool" -}}
{{- mergeOverwrite (deepCopy .root.Values.poolDefaults) (deepCopy .pool) | toYaml -}}
{{- end }}

{{/* Jobs that a worker of the pool runs at a time. */}}
{{- define "stillhouse.slots" -}}
{{- if gt (int .slots) 0 }}{{ int .slots }}{{ else }}{{ max 1 (int .gpus) }}{{ end -}}
{{- end }}

{{- define "stillhouse.poolLabels" -}}
{{- mergeOverwrite (deepCopy .labels) (dict "pool" .name) | toJson -}}
{{- end }}

{{/* Gi of a Kubernetes quantity in Gi or Ti, as GB for caches: a fifth is left for what is being written. */}}
{{- define "stillhouse.cacheGb" -}}
{{- $number := regexFind "^[0-9]+" .size | int64 -}}
{{- $gi := ternary (mul $number 1024) $number (hasSuffix "Ti" .size) -}}
{{- div (mul $gi 107 .percent) 10000 -}}
{{- end }}
