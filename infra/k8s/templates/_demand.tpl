{{/* Whether what a group of jobs asks for ("asked", jsonb) is there in a pool: the rule of packages/spec/src/worker-needs.ts */}}
{{- define "stillhouse.fits" -}}
(coalesce((asked->>'gpus')::int, 0) <= {{ int .gpus }} AND coalesce((asked->>'gpuMemoryGb')::numeric, 0) <= {{ .gpuMemoryGb }} AND coalesce(asked->'labels', '{}') <@ '{{ include "stillhouse.poolLabels" . | replace "'" "''" }}')
{{- end }}

{{/*
How many slots of the pool there is work for: what its workers hold, and what waits, fits here and fits no earlier pool.
Of a team no more waits than its maxRunning leaves. Arguments: root, pool (with defaults)
*/}}
{{- define "stillhouse.demand" -}}
{{- $root := .root -}}
{{- $pool := .pool -}}
{{- $ours := list (include "stillhouse.fits" $pool) -}}
{{- $before := true -}}
{{- range $root.Values.pools -}}
{{- if eq .name $pool.name }}{{ $before = false }}{{ end -}}
{{- if $before -}}
{{- $earlier := include "stillhouse.pool" (dict "root" $root "pool" .) | fromYaml -}}
{{- $ours = append $ours (printf "NOT %s" (include "stillhouse.fits" $earlier)) -}}
{{- end -}}
{{- end -}}
WITH held AS (
  SELECT job.team_id, count(*) AS jobs, count(*) FILTER (WHERE worker.labels->>'pool' = '{{ $pool.name }}') AS here
  FROM job LEFT JOIN worker ON worker.id = job.worker_id
  WHERE job.state IN ('dispatched', 'running') GROUP BY job.team_id
), kinds AS (
  SELECT team_id, coalesce(nullif(needs, ''), '{}')::jsonb AS asked, count(*) AS jobs
  FROM job WHERE state = 'queued' GROUP BY team_id, needs
), waiting AS (
  SELECT team_id, sum(jobs) AS jobs FROM kinds
  WHERE {{ join "\n    AND " $ours }}
  GROUP BY team_id
)
SELECT (coalesce((SELECT sum(here) FROM held), 0) + coalesce((
  SELECT sum(greatest(0, least(waiting.jobs, team.max_running - coalesce(held.jobs, 0))))
  FROM waiting JOIN team ON team.id = waiting.team_id LEFT JOIN held ON held.team_id = waiting.team_id
), 0))::float8
{{- end }}
