// The quick way in for jobs that wait for nobody and whose teams may send what they like: the jobs, their first events, the
// record of who sent them and the call to the dispatcher in one statement, which is its own transaction.
import type { JobEventBody } from '@stillhouse/spec'
import { CHANNELS } from '../channels.ts'
import type { Connection } from '../connection.ts'
import type { NewAuditEntry } from './audit-repository.ts'
import type { NewJob } from './job-repository.ts'

export interface WholeJob {
  readonly job: NewJob
  /** Its first event. */
  readonly event: JobEventBody
  readonly entry: NewAuditEntry
}

export interface WrittenJob {
  readonly id: string
  readonly createdAt: Date
  /** Name of its team. */
  readonly team: string
}

export function createNewJobRepository(db: Connection) {
  return {
    /** Those that were written: not the ones whose id or key is taken, or whose team is bounded in what it sends. */
    async insertWhole(jobs: readonly WholeJob[]): Promise<WrittenJob[]> {
      return db.$queryRaw<WrittenJob[]>`
        /* prepared insert_jobs */ WITH sent AS (
          SELECT sent.*, team.name AS team
          FROM json_to_recordset(${JSON.stringify(jobs.map(recordOf))}::json) AS sent (
            id uuid, team_id uuid, name text, spec text, spec_hash text, body_hash text, idempotency_key text, priority int,
            preemptible boolean, needs text, training_units float8, pace_key text, traceparent text, state job_state,
            labels jsonb, event_type text, event json, key_id uuid, key_name text, action text, target_kind text,
            request_id text, detail json)
          JOIN team ON team.id = sent.team_id AND max_queued IS NULL AND max_artifact_bytes IS NULL
        ), added AS (
          INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, idempotency_key, priority, preemptible, needs,
            training_units, pace_key, traceparent, state, labels, event_seq)
          SELECT id, team_id, name, spec::json, spec_hash, body_hash, idempotency_key, priority, preemptible, needs,
            training_units, pace_key, traceparent, state, labels, 1
          FROM sent ON CONFLICT DO NOTHING RETURNING id, created_at
        ), told AS (
          INSERT INTO job_event (job_id, seq, type, data) SELECT id, 1, event_type, event FROM added JOIN sent USING (id)
        ), recorded AS (
          INSERT INTO audit_entry (key_id, key_name, team_id, action, target_kind, target_id, request_id, detail)
          SELECT key_id, key_name, team_id, action, target_kind, id::text, request_id, detail FROM added JOIN sent USING (id)
        )
        SELECT id, created_at AS "createdAt", team, pg_notify(${CHANNELS.work}, '')::text FROM added JOIN sent USING (id)`
    },
  }
}

/** One record of what is sent. */
function recordOf({ job, event, entry }: WholeJob) {
  const { name, priority, preemptible = false, labels } = job.spec
  return {
    id: job.id,
    team_id: job.teamId,
    name,
    // a text of its own: a spec may hold what PostgreSQL would refuse to read out of a record
    spec: JSON.stringify(job.spec),
    spec_hash: job.specHash,
    body_hash: job.bodyHash,
    idempotency_key: job.idempotencyKey,
    priority,
    preemptible,
    needs: job.needs,
    training_units: job.trainingUnits,
    pace_key: job.paceKey,
    traceparent: job.traceparent,
    state: job.state,
    labels,
    event_type: event.type,
    event: event.data,
    key_id: entry.keyId,
    key_name: entry.keyName,
    action: entry.action,
    target_kind: entry.target.kind,
    request_id: entry.requestId,
    detail: entry.detail,
  }
}
