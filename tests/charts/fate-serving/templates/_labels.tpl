{{- define "labels" -}}
name: {{ .root.Values.partyName | quote }}
partyId: {{ .root.Values.partyId | quote }}
owner: kubefate
cluster: fate-serving
heritage: {{ .root.Release.Service }}
release: {{ .root.Release.Name }}
chart: {{ .root.Chart.Name }}
fateMoudle: {{ .module }}
{{- end }}
{{- define "selector" -}}
fateMoudle: {{ .module }}
name: {{ .root.Values.partyName | quote }}
partyId: {{ .root.Values.partyId | quote }}
{{- end }}
{{- define "image" -}}
{{ .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag }}
{{- end }}
{{- define "pods" }}
    spec:
      {{- with .root.Values.image.imagePullSecrets }}
      imagePullSecrets:
{{ toYaml . | indent 8 }}
      {{- end }}
{{- end }}
